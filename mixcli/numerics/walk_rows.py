"""Rows of (A + I)^k, a block of nodes at a time: walk counts and hop distances out of the same sparse products."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from mixcli.graph import Graph

__all__ = ["Orbits", "orbit_rows", "walk_cost"]

ENTRIES = 2**22
"""Entries of a block of dense rows: 32 MB."""

WIDER = 8
"""How much wider a block may be where rows are expected to stay sparse."""

FULL = 0.05
"""Share of entries from which a block of rows goes on as a dense array."""

SAMPLE = 32
SPARSE, DENSE, PAIR = 50.0, 2.0, 600.0
"""Elementary operations for a product in a sparse row, in a block of dense ones, and for a pair; found by measuring."""


@dataclass(frozen=True)
class Orbits:
    """Some nodes' surroundings: one line for each pair (node, other) at a distance of 1 … r hops.

    Args:
        node: (k,) ascending.
        other: (k,) ascending for each node.
        hops: (k,) distance.
        walks: (k,) entry of (A + I)^power, exact up to 2⁵³.
    """

    node: NDArray[np.int64]
    other: NDArray[np.int64]
    hops: NDArray[np.int64]
    walks: NDArray[np.float64]


def orbit_rows(graph: Graph, reach: int, power: int) -> Iterator[Orbits]:
    """The surroundings of all nodes up to `reach` hops, with the number of lazy walks of `power` steps to each.

    A walk of k lazy steps leads to v if and only if v is at most k hops away, so the pattern of (A + I)^r minus that
    of (A + I)^(r-1) is the orbit at distance r.

    Args:
        graph: undirected; weights play no role.
        reach: largest distance, at most `power`.
        power: steps of a walk.

    Yields:
        Blocks of nodes, in order.

    Cost: `walk_cost`; memory of two blocks of rows.
    """
    if graph.n == 0:
        return
    lazy = _lazy(graph)
    full = _sampled(lazy, reach, power)[1]
    rows = int(ENTRIES / graph.n * min(WIDER, 1 / max(full, 1e-9)))
    for first in range(0, graph.n, max(1, rows)):
        yield _block(lazy, range(first, min(first + max(1, rows), graph.n)), reach, power)


def walk_cost(graph: Graph, reach: int, power: int) -> float:
    """Elementary operations of `orbit_rows` and of ranking what it yields, from 32 nodes spread evenly.

    Cost: that of 32 rows.
    """
    return 0.0 if graph.n == 0 else _sampled(_lazy(graph), reach, power)[0]


def _sampled(lazy: csr_array, reach: int, power: int) -> tuple[float, float]:
    """(operations for all rows, share of entries that are not zero at the end), from some rows."""
    n = lazy.shape[0]
    nodes = np.unique(np.linspace(0, n - 1, SAMPLE).astype(np.int64))
    rows, work, length = lazy[nodes], 0.0, np.diff(lazy.indptr)
    for step in range(1, power):
        if step == reach:
            work += PAIR * rows.nnz
        dense = rows.nnz > FULL * n * len(nodes)
        work += DENSE * lazy.nnz * len(nodes) if dense else SPARSE * float(length[rows.indices].sum())
        rows = rows @ lazy
    return work * n / len(nodes), rows.nnz / (n * len(nodes))


def _block(lazy: csr_array, block: range, reach: int, power: int) -> Orbits:
    n, rows = lazy.shape[0], lazy[block.start : block.stop]
    patterns = [_pattern(rows)]
    for step in range(2, power + 1):
        if not isinstance(rows, np.ndarray) and rows.nnz > FULL * n * len(block):
            rows = np.ascontiguousarray(rows.toarray().T)  # (n, rows): A + I is symmetric and multiplies from the left
        rows = lazy @ rows if isinstance(rows, np.ndarray) else rows @ lazy
        if step <= reach:
            patterns.append(_pattern(rows))
    key = patterns.pop()
    hops = np.full(len(key), reach, dtype=np.int64)
    for nearer in patterns:
        hops[np.searchsorted(key, nearer)] -= 1
    node, other = key // n, key % n
    if isinstance(rows, np.ndarray):
        walks = rows[other, node]
    else:
        rows.sort_indices()
        walks = rows.data[np.searchsorted(_pattern(rows), key)]
    far = node + block.start != other
    return Orbits(node[far] + block.start, other[far], hops[far], walks[far])


def _pattern(rows: Any) -> NDArray[np.int64]:
    """row · n + column of the entries that are not zero, ascending."""
    if isinstance(rows, np.ndarray):
        return np.flatnonzero(rows.T)
    lines = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
    return np.sort(lines * rows.shape[1] + rows.indices)


def _lazy(graph: Graph) -> csr_array:
    """A + I with entries 1, as float64."""
    from scipy.sparse import csr_array, eye_array

    indptr, indices, _ = graph.csr
    ones = np.ones(len(indices))
    return csr_array((ones, indices, indptr), (graph.n, graph.n)) + eye_array(graph.n, format="csr")
