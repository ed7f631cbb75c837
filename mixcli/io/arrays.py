"""Numpy arrays that stand for a graph: dense adjacency, coordinate triples, rows of pairs, PyG's edge_index.

Two conventions decide on direction. A list of *arcs* (adjacency matrix, edge_index) is undirected exactly when it is
symmetric, weights included. A list of *edges* (rows of pairs) is undirected unless the user says otherwise, and may
name each edge once or twice.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mixcli.graph import REVERSE, Graph, from_arcs, is_symmetric
from mixcli.io.checks import check_nodes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.io.base import Reading
    from mixcli.provenance import Step

__all__ = [
    "both_arcs",
    "compressed_rows",
    "from_array",
    "from_canonical",
    "from_dense",
    "from_listing",
    "integer_pairs",
]

WEIGHT = "\0weight"
"""Key under which weights travel through `both_arcs`; no file can name a payload so."""

TWO_BY_TWO = ([[0, 1], [1, 0]], [[0, 0], [0, 0]])
"""The only integer 2 x 2 arrays that are taken for adjacency matrices."""


def from_listing(
    n: int,
    arcs: NDArray[np.int64],
    reading: Reading,
    step: Step,
    *,
    convention: Literal["arcs", "edges"] = "arcs",
    weight: NDArray[Any] | None = None,
    known_directed: bool = False,
    **rest: Any,
) -> Graph:
    """The graph behind a list of node pairs.

    Args:
        n: number of nodes.
        arcs: (k, 2) pairs.
        reading: what the user decided about direction and weights.
        step: provenance of this read.
        convention: "arcs": undirected if symmetric; "edges": undirected, each edge listed once or in both directions.
        weight: (k,) conductances.
        known_directed: the file says that it is directed, though the list may be symmetric.
        rest: payload, labels, provenance … for `from_arcs`.
    """
    if not reading.weighted:
        weight = None
    if weight is not None:
        weight = np.asarray(weight)
        if weight.dtype.kind not in "biuf" or weight.size != len(arcs):
            found = f"{weight.dtype} of shape {weight.shape}"
            raise reading.error(f"{len(arcs)} real edge weights", found, "give one conductance per edge")
        weight = weight.astype(np.float64).ravel()
    if convention == "edges":
        directed, both = bool(reading.directed), is_symmetric(n, arcs)
    elif reading.directed is not None:
        directed, both = reading.directed, True
    else:
        directed, both = known_directed or not is_symmetric(n, arcs, weight), True
    listing: Literal["once", "both"] = "both" if both else "once"
    rest.setdefault("name", reading.name)
    graph = from_arcs(n, arcs, directed=directed, listing=listing, weight=weight, step=step, **rest)
    return _without_the_usual(graph) if convention == "arcs" else graph


def _without_the_usual(graph: Graph) -> Graph:
    """Drop the note that edges are listed in both directions where that is how such a list is made."""
    *before, last = graph.provenance
    if "both_directions" not in last.notes or "one_direction" in last.notes:
        return graph
    notes = {key: value for key, value in last.notes.items() if key != "both_directions"}
    return graph.replace(provenance=(*before, dataclasses.replace(last, notes=notes)))


def both_arcs(
    edges: NDArray[np.int64], payload: Mapping[str, NDArray[Any]]
) -> tuple[NDArray[np.int64], dict[str, NDArray[Any]]]:
    """Both arcs of every undirected edge, sorted by tail and head, and the payload of each arc.

    A payload `name` with a `name.reverse` beside it gives the latter to the arcs that run from the larger node.

    Args:
        edges: (m, 2), u < v.
        payload: name -> array of length m.

    Returns:
        (2m, 2) arcs, and name -> array of length 2m.
    """
    m = len(edges)
    arcs = np.concatenate([edges, edges[:, ::-1]])
    order = np.lexsort((arcs[:, 1], arcs[:, 0]))
    doubled = {}
    for name, values in payload.items():
        if name.endswith(REVERSE) and name.removesuffix(REVERSE) in payload:
            continue
        back = payload.get(name + REVERSE)
        if back is not None and len(back) == m:
            doubled[name] = np.concatenate([values, back])[order]
        else:
            doubled[name] = values[order % m] if m else values
    return arcs[order], doubled


def from_canonical(
    n: int,
    edges: NDArray[np.int64],
    reading: Reading,
    step: Step,
    *,
    directed: bool,
    weight: NDArray[Any] | None,
    edge: Mapping[str, NDArray[Any]],
    **rest: Any,
) -> Graph:
    """The graph of a file in which every undirected edge stands once and the direction is stated.

    Args:
        n: number of nodes.
        edges: (m, 2) pairs.
        reading: what the user decided; an undirected file read as directed gets both arcs.
        step: provenance of this read.
        directed: what the file says.
        weight: (m,) conductances or None.
        edge: name -> array of length m.
        rest: other payload, labels, provenance … for `from_arcs`.
    """
    if weight is not None and (weight.dtype.kind not in "biuf" or weight.shape != (len(edges),)):
        found = f"{weight.dtype} of shape {weight.shape}"
        raise reading.error(f"{len(edges)} real edge weights", found, "give one conductance per edge")
    weight = weight if reading.weighted else None
    final = directed if reading.directed is None else reading.directed
    listing: Literal["once", "both"] = "both" if directed else "once"
    if final and not directed:
        columns = dict(edge) if weight is None else {**edge, WEIGHT: weight}
        edges, columns = both_arcs(edges, columns)
        weight, edge = columns.pop(WEIGHT, None), columns
    return from_arcs(n, edges, directed=final, listing=listing, weight=weight, edge=edge, step=step, **rest)


def from_dense(matrix: NDArray[Any], reading: Reading, step: Step, **rest: Any) -> Graph:
    """The graph of a square adjacency matrix: entry (i, j) != 0 is an arc i → j with that conductance."""
    if matrix.dtype.kind not in "biuf" or matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        found = f"{matrix.dtype} of shape {matrix.shape}"
        raise reading.error("a square matrix of numbers", found, "pass an adjacency matrix or a list of pairs")
    u, v = np.nonzero(matrix)  # NaN counts as an entry, so that from_arcs sees and refuses it
    return from_listing(len(matrix), np.stack([u, v], axis=1), reading, step, weight=matrix[u, v], **rest)


def compressed_rows(
    indptr: NDArray[Any], indices: NDArray[Any], n: int, reading: Reading
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row and column of every entry of a CSR matrix, after checking that it is one.

    Args:
        indptr: (n + 1,) non-decreasing.
        indices: (k,) columns.
        n: rows and columns.
        reading: for messages.
    """
    good = indptr.ndim == indices.ndim == 1 and indptr.dtype.kind in "iu" and indices.dtype.kind in "iu"
    if good:
        indptr, indices = indptr.astype(np.int64), indices.astype(np.int64)
        good = len(indptr) == n + 1 and indptr[0] == 0 and indptr[-1] == len(indices)
        good = good and bool((np.diff(indptr) >= 0).all())
    if not good:
        raise reading.error("a consistent sparse matrix", f"indptr and indices that do not fit {n} rows")
    return np.repeat(np.arange(n, dtype=np.int64), np.diff(indptr)), indices


def integer_pairs(pairs: NDArray[Any], reading: Reading, *, columns: bool | None = None) -> NDArray[np.int64]:
    """Node pairs as (k, 2) int64, from rows (k, 2) or columns (2, k).

    Args:
        pairs: the array.
        reading: for messages.
        columns: True: each column is a pair; False: each row; None: whichever axis has length 2, rows when both do.
    """
    if pairs.dtype.kind not in "iu" or pairs.ndim != 2 or 2 not in pairs.shape:
        found = f"{pairs.dtype} of shape {pairs.shape}"
        raise reading.error("integer node pairs of shape (k, 2) or (2, k)", found, "convert the array first")
    if columns is None:
        columns = pairs.shape[1] != 2
    if pairs.shape[0 if columns else 1] != 2:
        expected = "(2, k)" if columns else "(k, 2)"
        raise reading.error(f"node pairs of shape {expected}", str(pairs.shape), "transpose the array")
    if pairs.dtype == np.uint64 and pairs.size and int(pairs.max()) > np.iinfo(np.int64).max:
        raise reading.error("node numbers", str(int(pairs.max())), "number the nodes from 0")
    return np.ascontiguousarray(pairs.T if columns else pairs, dtype=np.int64)


def from_array(array: NDArray[Any], reading: Reading, step: Step, *, columns: bool = False) -> Graph:
    """The graph of a bare array.

    Square: adjacency matrix. (k, 2) integers: one edge per row, undirected by default. (2, k) integers: PyG's
    edge_index, undirected if symmetric. Integers of shape (2, 2) could be both: an adjacency matrix if symmetric,
    0/1 and with a zero diagonal, pairs otherwise.

    Args:
        array: numbers.
        reading: what the user decided.
        step: provenance of this read.
        columns: how to take the pairs of a (2, 2) array.
    """
    if array.ndim != 2:
        fix = "save an adjacency matrix (n, n) or node pairs (k, 2)"
        raise reading.error("an array with two axes", f"shape {array.shape}", fix)
    integers = array.dtype.kind in "iu"
    square = array.shape[0] == array.shape[1]
    if square and not (integers and len(array) == 2 and array.tolist() not in TWO_BY_TWO):
        return from_dense(array, reading, step)
    columns = columns if square else array.shape[1] != 2
    pairs = integer_pairs(array, reading, columns=columns)
    n = check_nodes(int(pairs.max()) + 1 if len(pairs) else 0, array.nbytes, reading)
    return from_listing(n, pairs, reading, step, convention="arcs" if columns else "edges")
