"""Which arrays of an archive mean what: mixcli's own layout, scipy.sparse, and names that data sets use.

mixcli       `mixcli` holds the head, `edges` the canonical edges
scipy        `format` is coo, csr or csc, with `data` and indices
csr parts    `adj_data`, `adj_indices`, `adj_indptr` (+ `adj_shape`), as in the Amazon and Coauthor archives
pairs        `edge_index` (2, k), or `edges` (k, 2), with `weight` or `edge_weight` beside it
dense        `adj`, `adjacency` or `A`

In the last three, other arrays are payload: of the nodes if their first axis has length n, of the edges if it has the
length of the pairs, of the graph otherwise. `node_features`, `node_labels` and `*_masks` (splits, n) become PyG's
`x`, `y` and `*_mask` (n, splits), which provenance notes under `renamed`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import numpy as np

from mixcli import provenance
from mixcli.errors import InputError
from mixcli.graph import Graph, LayerPlan
from mixcli.io.arrays import compressed_rows, from_canonical, from_dense, from_listing, integer_pairs
from mixcli.io.checks import check_nodes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.io.base import Reading

__all__ = ["PARTS", "SCHEMA", "graph_of"]

SCHEMA = "mixcli.graph/1"
PARTS = ("node", "edge", "graph")
PAIRS = {"edge_index": "arcs", "edges": "edges"}
DENSE = ("adj", "adjacency", "A")
WEIGHTS = ("weight", "edge_weight", "weights")
COUNTS = ("n", "num_nodes")
RENAMED = {"node_features": "x", "node_labels": "y"}

Arrays = Mapping[str, Any]


def graph_of(arrays: Arrays, size: int, reading: Reading) -> Graph:
    """The graph in an archive.

    Args:
        arrays: name -> array, read lazily.
        size: bytes of the file, to judge how many nodes it may claim.
        reading: what the user decided.

    Raises:
        InputError: no layout fits, or the arrays contradict each other.
    """
    if "mixcli" in arrays:
        return _own(arrays, size, reading)
    if "format" in arrays and "data" in arrays:
        return _scipy(arrays, size, reading)
    return _published(arrays, size, reading)


def _own(arrays: Arrays, size: int, reading: Reading) -> Graph:
    try:
        head = json.loads(str(arrays["mixcli"][()]))
        schema, n, directed = head["schema"], head["n"], head["directed"]
        steps = provenance.loads(json.dumps(head.get("provenance", [])))
        plan = LayerPlan.from_json(head.get("plan", {}))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, IndexError) as error:
        raise reading.error("the head of a mixcli archive", f"a damaged one ({error})") from error
    if schema != SCHEMA or type(n) is not int or type(directed) is not bool:
        raise reading.error(f"an archive of schema {SCHEMA}", repr(schema), "read it with the mixcli that wrote it")
    check_nodes(n, size, reading)
    parts: dict[str, dict[str, Any]] = {part: {} for part in PARTS}
    for key in arrays:
        part, slash, name = key.partition("/")
        if slash and part in parts:
            parts[part][unquote(name)] = arrays[key]
    edges = integer_pairs(_array(arrays, "edges", reading), reading, columns=False)
    for part, length in (("node", n), ("edge", len(edges))):
        for name, values in parts[part].items():
            if values.ndim == 0 or len(values) != length:
                raise reading.error(f"{part} payload {name!r} of length {length}", f"shape {values.shape}")
    labels = tuple(_array(arrays, "labels", reading).tolist()) if "labels" in arrays else None
    return from_canonical(
        n, edges, reading, reading.step("npz"), directed=directed, weight=arrays.get("weight"), labels=labels,
        name=str(head.get("name") or reading.name), provenance=steps, plan=plan, **parts,
    )  # fmt: skip


def _array(arrays: Arrays, key: str, reading: Reading) -> NDArray[Any]:
    if key not in arrays:
        raise reading.error(f"array {key!r}", "none", "the archive is incomplete")
    return np.asarray(arrays[key])


def _scipy(arrays: Arrays, size: int, reading: Reading) -> Graph:
    kind = arrays["format"][()]
    kind = kind.decode("ascii", "replace") if isinstance(kind, bytes) else str(kind)
    shape = _array(arrays, "shape", reading).tolist()
    if not (isinstance(shape, list) and len(shape) == 2 and shape[0] == shape[1] and type(shape[0]) is int):
        raise reading.error("a square matrix", f"shape {shape}", "an adjacency matrix has one row and column per node")
    n, data = check_nodes(shape[0], size, reading), _array(arrays, "data", reading)
    if kind == "coo":
        u, v = (_array(arrays, key, reading) for key in ("row", "col"))
        if u.shape != v.shape or u.ndim != 1 or u.dtype.kind not in "iu" or v.dtype.kind not in "iu":
            raise reading.error("row and col of the same length", f"shapes {u.shape} and {v.shape}")
    elif kind in ("csr", "csc"):
        u, v = compressed_rows(_array(arrays, "indptr", reading), _array(arrays, "indices", reading), n, reading)
        u, v = (v, u) if kind == "csc" else (u, v)
    else:
        raise reading.error("a scipy matrix in coo, csr or csc form", repr(kind), "save matrix.tocsr() instead")
    arcs = np.stack([u, v], axis=1).astype(np.int64)
    return from_listing(n, arcs, reading, reading.step("npz", layout=f"scipy {kind}"), weight=data)


def _published(arrays: Arrays, size: int, reading: Reading) -> Graph:
    dense = next((key for key in DENSE if key in arrays), None)
    pairs = next((key for key in PAIRS if key in arrays), None)
    used: set[str] = {k for k in (*WEIGHTS, *COUNTS) if k in arrays}
    weight = next((arrays[k] for k in WEIGHTS if k in arrays), None)
    if pairs is not None:
        used.add(pairs)
        listed = integer_pairs(arrays[pairs], reading, columns=True if pairs == "edge_index" else None)
    elif {"adj_data", "adj_indices", "adj_indptr"} <= set(arrays):
        used |= {"adj_data", "adj_indices", "adj_indptr", "adj_shape"}
        indptr = arrays["adj_indptr"]
        n = check_nodes(indptr.size - 1, size, reading)
        listed = np.stack(compressed_rows(indptr, arrays["adj_indices"], n, reading), axis=1)
        weight = arrays["adj_data"]
    elif dense is not None:
        used.add(dense)
    else:
        wanted = ", ".join(("edge_index", "edges", "adj"))
        found = ", ".join(sorted(arrays)[:8])
        raise reading.error(f"an array named {wanted} …", found, "save the edges under one of these names")
    n, k = (len(arrays[dense]), -1) if dense and pairs is None else (_nodes(arrays, listed), len(listed))
    check_nodes(n, size, reading)
    payload, notes = _payload(arrays, used, n, k, reading)
    if dense and pairs is None:
        return from_dense(arrays[dense], reading, reading.step("npz", layout=dense, **notes), **payload)
    return from_listing(
        n, listed, reading, reading.step("npz", layout=pairs or "csr parts", **notes), weight=weight,
        convention="edges" if pairs == "edges" else "arcs", **payload,
    )  # fmt: skip


def _nodes(arrays: Arrays, listed: NDArray[np.int64]) -> int:
    for key in COUNTS:
        if key in arrays and arrays[key].size == 1 and arrays[key].dtype.kind in "iu":
            return int(arrays[key].ravel()[0])
    if "adj_indptr" in arrays:
        return int(arrays["adj_indptr"].size - 1)
    for key in ("node_features", "x", "features", "node_labels", "y"):
        if key in arrays and arrays[key].ndim:
            return len(arrays[key])
    return int(listed.max()) + 1 if listed.size else 0


def _payload(arrays: Arrays, used: set[str], n: int, k: int, reading: Reading) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arrays that are not topology, by what they belong to; and what provenance should say about them."""
    parts: dict[str, dict[str, Any]] = {part: {} for part in PARTS}
    renamed: dict[str, str] = {}
    refused: list[str] = []
    for key in arrays:
        if key in used:
            continue
        try:
            values = arrays[key]
            values = values.astype(np.str_) if values.dtype.kind == "S" else values
        except (InputError, UnicodeDecodeError):  # an array of objects or bytes: the others can still be read
            refused.append(key)
            continue
        name = RENAMED.get(key, key)
        if key.endswith("_masks") and values.ndim == 2 and values.shape[1] == n:
            name, values = key.removesuffix("s"), np.ascontiguousarray(values.T)
        if name != key and name in arrays:
            name = key
        if name != key:
            renamed[key] = name
        first = values.shape[0] if values.ndim else -1
        edge_first = first == k and (first != n or "edge" in key)
        part = "edge" if edge_first else "node" if first == n else "graph"
        parts[part][name] = values
    notes: dict[str, Any] = {"renamed": renamed} if renamed else {}
    if refused:
        notes["left_out"] = refused
    return parts, notes
