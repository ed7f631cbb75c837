"""PyG's `Data` and mixcli's `Graph`: how attributes become topology and payload, and back.

Reading. `edge_index` (or a sparse `adj`, `adj_t`) lists arcs; symmetric, weights included, means undirected.
`edge_weight` is the conductance. The number of nodes is `num_nodes`, else the length of `x`, `feat`, `pos`, `batch`,
`node_type`, `n_id`, of another name with "node" in it, or of a `*_mask`, else the largest node plus one.
Every other array belongs to the nodes if its first axis has their number, to the edges if it has the number of arcs,
and to the graph otherwise, in every graph of a file alike. Where both fit, names with "edge" in them belong to the
edges and others to the nodes, as in PyG. An axis of length one proves nothing: with one node only the names above are
the nodes', with one arc only names with "edge" in them the edges'. Names with "index" in them, and `face`, belong to
the graph.

Writing. `edge_index` holds both arcs of an undirected edge, sorted by tail and head; `edge_weight` is float32, which is
what PyG's layers multiply features with, and `edge_weight_exact` the float64 where rounding lost something.
`node_labels`, `mixcli_provenance`, `mixcli_plan` and `mixcli_layout` (which attribute is what) are text.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mixcli import provenance
from mixcli.graph import Graph, LayerPlan
from mixcli.io.arrays import compressed_rows, from_listing, integer_pairs
from mixcli.io.checks import check_nodes
from mixcli.io.tensors import Unusable, as_array, shape_of, sparse_parts, stated_size
from mixcli.io.values import column

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.io.base import Reading

__all__ = ["TOPOLOGY", "Part", "graph_of", "levels_of", "mapping_of_data"]

Part = Literal["node", "edge", "graph"]
NODE_NAMES = ("x", "feat", "pos", "batch", "node_type", "n_id")
TOPOLOGY = {
    "edge_index", "edge_weight", "edge_weight_exact", "adj", "adj_t", "num_nodes", "_num_nodes", "node_labels",
    "mixcli_provenance", "mixcli_plan", "mixcli_layout",
}  # fmt: skip
Store = Mapping[str, Any]


def mapping_of_data(data: Any) -> dict[str, Any]:
    """The attributes of a `Data`, taken out of its storage without calling anything on it.

    Raises:
        Unusable: it has no storage that looks like PyG's.
    """
    fields = vars(data)
    store = fields.get("_store")
    if store is None:  # torch_geometric 1.x kept attributes on the object itself
        mapping = {k: v for k, v in fields.items() if isinstance(k, str) and not k.startswith("_")}
        return mapping | ({"num_nodes": fields["__num_nodes__"]} if fields.get("__num_nodes__") is not None else {})
    inner = vars(store).get("_mapping") if hasattr(store, "__dict__") else None
    if not isinstance(inner, dict):
        raise Unusable("a Data without attributes")
    mapping = {k: v for k, v in dict.items(inner) if isinstance(k, str)}
    numbers = vars(store).get("_num_nodes")
    return mapping if numbers is None else {**mapping, "_num_nodes": numbers}


def graph_of(
    store: Store,
    reading: Reading,
    *,
    format: str = "pt",
    limit: float = math.inf,
    levels: Mapping[str, Part] | None = None,
    step: provenance.Step | None = None,
) -> Graph:
    """The graph in a mapping of attributes.

    Args:
        store: attribute -> tensor, array, number or text.
        reading: what the user decided; its name is the graph's unless the file has one.
        format: for provenance.
        limit: bytes of the file.
        levels: attribute -> what it belongs to, where several graphs decide together.
        step: provenance of this read, made from `reading` by default.

    Raises:
        InputError: no topology, or one that contradicts itself.
    """
    try:
        arcs, weight = _topology(store, reading, limit)
        n, how = count_nodes(store, limit, arcs)
    except Unusable as error:
        raise reading.error("edge_index as a (2, k) integer tensor", str(error), "pass a valid Data") from error
    if not math.isinf(limit):
        check_nodes(n, int(limit), reading)
    layout = _layout(store)
    levels = levels_of([store], limit) if levels is None else levels
    parts, notes = _payload(store, n, len(arcs), levels, layout, limit)
    if how:
        notes["nodes"] = how
    names = store.get("node_labels")
    labels = tuple(names) if isinstance(names, (list, tuple)) and _is_text(names) and len(names) == n > 0 else None
    if step is None:
        step = reading.step(format)
    step = provenance.Step(step.op, step.spec, step.seed, step.sha256, {**step.notes, **notes}, step.version)
    name, steps, plan = layout.get("name"), store.get("mixcli_provenance"), _json(store.get("mixcli_plan"))
    return from_listing(
        n, arcs, reading, step, weight=weight, known_directed=layout.get("directed") is True, labels=labels,
        name=name if isinstance(name, str) and name else reading.name,
        provenance=provenance.loads(steps) if isinstance(steps, str) else (), plan=LayerPlan.from_json(plan), **parts,
    )  # fmt: skip


def count_nodes(store: Store, limit: float = math.inf, arcs: NDArray[np.int64] | None = None) -> tuple[int, str]:
    """Number of nodes, and where it was taken from if that was a guess."""
    if store.get("num_nodes") is not None:
        value = as_array(store["num_nodes"])
        if value.size != 1 or value.dtype.kind not in "iu":
            raise Unusable(f"num_nodes of {value.dtype} and shape {value.shape}")
        return int(value.ravel()[0]), ""
    names = [k for k in NODE_NAMES if k in store] + [k for k in store if "node" in k or k.endswith("_mask")]
    for name in names:
        rows = _rows(store[name])
        if rows is not None and name not in TOPOLOGY:
            return rows, ""
    for name in ("adj", "adj_t"):
        if (rows := _rows(store.get(name))) is not None:
            return rows, ""
    if (size := stated_size(store.get("edge_index"))) is not None:
        return size, ""
    if arcs is None:
        arcs = _edge_index(store["edge_index"], limit) if "edge_index" in store else np.zeros((0, 2), np.int64)
    return (int(arcs.max()) + 1 if arcs.size else 0), "counted from edge_index"


def levels_of(stores: Iterable[Store], limit: float = math.inf) -> dict[str, Part]:
    """What each attribute belongs to, judged over all graphs of a file.

    Args:
        stores: the attributes of each graph.
        limit: bytes of the file.
    """
    fits: dict[str, set[str]] = {}
    proof: dict[str, set[str]] = {}
    for store in stores:
        try:
            n = count_nodes(store, limit)[0]
        except Unusable:
            continue
        k = _arc_count(store)
        for key, value in store.items():
            rows = _rows(value)
            if key in TOPOLOGY or rows is None:
                continue
            lengths = (("node", n), ("edge", k))
            here = {part for part, length in lengths if rows == length}
            fits[key] = fits.get(key, here) & here
            proof.setdefault(key, set()).update(part for part, length in lengths if length != 1)
    return {key: _level(key, fits[key], proof[key]) for key in fits}


def _level(key: str, fits: set[str], proof: set[str]) -> Part:
    """One attribute's level: the parts whose length it has, and those for which that length is telling."""
    if "index" in key or key == "face":
        return "graph"
    edge = "edge" in fits and ("edge" in proof or "edge" in key)
    named = key in NODE_NAMES or key.endswith("_mask") or "node" in key
    node = "node" in fits and ("node" in proof or named)
    if edge and (not node or "edge" in key):
        return "edge"
    return "node" if node else "graph"


def _topology(store: Store, reading: Reading, limit: float) -> tuple[NDArray[np.int64], NDArray[Any] | None]:
    if store.get("edge_index") is not None:
        return _edge_index(store["edge_index"], limit), _weights(store, limit)
    for key in ("adj_t", "adj"):
        value = store.get(key)
        if value is None:
            continue
        arcs, weight = adjacency(value, reading, limit)
        return (arcs[:, ::-1] if key == "adj_t" else arcs), weight
    keys = ", ".join(map(str, list(store)[:8]))
    found = f"attributes {keys:.120}" if keys else "no attributes"
    raise reading.error("a graph with edge_index", found, "save a Data that has edge_index")


def adjacency(value: Any, reading: Reading, limit: float) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Arcs and weights of a square matrix, dense or sparse."""
    sparse = sparse_parts(value, limit)
    if sparse is None:
        dense = as_array(value, limit)
        if dense.ndim != 2 or dense.shape[0] != dense.shape[1]:
            raise Unusable(f"an adjacency matrix of shape {dense.shape}")
        u, v = np.nonzero(dense)
        return np.stack([u, v], axis=1), dense[u, v]
    kind, shape, parts = sparse
    if len(shape) != 2 or shape[0] != shape[1]:
        raise Unusable(f"an adjacency matrix of shape {shape}")
    if kind == "coo":
        return integer_pairs(parts[0], reading, columns=True), parts[1]
    u, v = compressed_rows(parts[0], parts[1], check_nodes(shape[0], 0, reading), reading)
    return np.stack([v, u] if kind == "csc" else [u, v], axis=1), parts[2]


def _edge_index(value: Any, limit: float) -> NDArray[np.int64]:
    array = as_array(value, limit)
    if array.dtype.kind not in "iu" or array.ndim != 2 or len(array) != 2:
        raise Unusable(f"{array.dtype} of shape {array.shape}")
    return np.ascontiguousarray(array.T, dtype=np.int64)


def _weights(store: Store, limit: float) -> NDArray[Any] | None:
    """`edge_weight`, in full precision where that stands beside it and still agrees."""
    if store.get("edge_weight") is None:
        return None
    weight = as_array(store["edge_weight"], limit)
    if store.get("edge_weight_exact") is not None:
        exact = as_array(store["edge_weight_exact"], limit)
        if exact.shape == weight.shape and (exact.astype(weight.dtype) == weight).all():
            return exact
    return weight


def _payload(
    store: Store, n: int, k: int, levels: Mapping[str, Part], layout: Mapping[str, Any], limit: float
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arrays by what they belong to, and what provenance should say about the rest."""
    parts: dict[str, dict[str, NDArray[Any]]] = {"node": {}, "edge": {}, "graph": {}}
    stated = {
        attribute: (part, name)
        for part in parts
        for name, attribute in (layout.get(part) or {}).items()
        if isinstance(attribute, str)
    }
    left_out: list[str] = []
    for key, value in store.items():
        if key in TOPOLOGY or value is None:
            continue
        try:
            listed = isinstance(value, (list, tuple, str))
            array = _listed(value, layout.get("text", {}).get(key)) if listed else as_array(value, limit)
        except Unusable:
            left_out.append(key[:80])
            continue
        part, name = stated.get(key, (levels.get(key, "graph"), key))
        length = {"node": n, "edge": k}.get(part)
        if length is not None and (array.ndim == 0 or len(array) != length):
            part, name = "graph", key
        parts[part][name] = array
    return parts, {"left_out": left_out[:50]} if left_out else {}


def _listed(value: Any, shape: Any = None) -> NDArray[Any]:
    """Text, or a list of text or of numbers, as an array; `shape` is what the writer of an empty list noted."""
    if isinstance(value, str):
        return np.array(value)
    if isinstance(shape, list) and 0 in shape and len(shape) < 8 and all(type(s) is int and s >= 0 for s in shape):
        return np.zeros(shape, dtype=np.str_)
    if not value:
        return np.zeros(0, dtype=np.str_)
    array = column(list(value))
    if array is None:
        raise Unusable("a list of mixed values")
    return array


def _rows(value: Any) -> int | None:
    """Length of the first axis, or None for what has no axes."""
    shape = (len(value),) if isinstance(value, (list, tuple)) else shape_of(value)
    return int(shape[0]) if shape else None


def _arc_count(store: Store) -> int:
    shape = shape_of(store.get("edge_index"))
    return int(shape[1]) if shape and len(shape) == 2 else -1


def _layout(store: Store) -> dict[str, Any]:
    layout = _json(store.get("mixcli_layout"))
    return {k: v for k, v in layout.items() if k not in ("node", "edge", "graph", "text") or isinstance(v, dict)}


def _json(text: Any) -> dict[str, Any]:
    try:
        value = json.loads(text) if isinstance(text, str) and text else {}
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _is_text(values: Iterable[Any]) -> bool:
    return all(isinstance(s, str) for s in values)
