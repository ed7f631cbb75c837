"""What `weighted_transport` looks up for which edges: arrays of a graph, and blocks of edges that share a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mixcli.errors import NotApplicable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.graph import Graph

__all__ = ["Problem", "blocks", "problem", "support"]


@dataclass(frozen=True)
class Problem:
    """A graph as the loops want it.

    Args:
        indptr: (n+1,) row starts of the neighbour lists.
        indices: (2m,) neighbours.
        length: (2m,) lengths of the arcs, 1 / w.
        share: (2m,) what part of its weight a node has on the arc, w / Σ w.
        first: (m,) the end of each edge with fewer neighbours.
        second: (m,) the other end.
        bound: (n,) no distance asked of a node is longer than this.
        pairs: Σ over the edges of the possible sources times the possible sinks.
    """

    indptr: NDArray[np.int64]
    indices: NDArray[np.int64]
    length: NDArray[np.float64]
    share: NDArray[np.float64]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    bound: NDArray[np.float64]
    pairs: float

    @property
    def n(self) -> int:
        """Number of nodes."""
        return len(self.indptr) - 1

    def owned(self, edges: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Some edges by their first end: row starts (n+1,), and the second ends."""
        order = np.argsort(self.first[edges], kind="stable")
        count = np.bincount(self.first[edges], minlength=self.n)
        return np.concatenate([[0], np.cumsum(count)]), self.second[edges][order]

    def neighbourhood(self, nodes: NDArray[np.int64]) -> NDArray[np.int64]:
        """The nodes and their neighbours, ascending."""
        count = self.indptr[nodes + 1] - self.indptr[nodes]
        offset = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        return np.unique(np.concatenate([nodes, self.indices[np.repeat(self.indptr[nodes], count) + offset]]))


def problem(graph: Graph) -> Problem:
    """The arrays of a graph.

    Raises:
        NotApplicable: lengths or sums of weights that overflow.
    """
    indptr, indices, edge = graph.csr
    weight = np.ones(graph.m) if graph.weight is None else graph.weight
    with np.errstate(over="ignore"):
        span = weight.max() / weight.min() * 4 * (graph.degree.max() + 1)
    if not np.isfinite(span):
        raise NotApplicable(
            "weights whose ratios are finite numbers",
            f"weights from {weight.min():.3g} to {weight.max():.3g}",
            "leave out the extreme ones, or the weights",
            where=graph.name,
        )
    relative = weight / weight.max()  # curvature does not depend on the unit; sums and lengths stay in range
    strength = np.bincount(graph.edges.T.ravel(), weights=np.tile(relative, 2), minlength=graph.n)
    share = relative[edge] / np.repeat(strength, np.diff(indptr))
    length = (weight.min() / weight)[edge]
    u, v = graph.edges.T
    swap = graph.degree[u] > graph.degree[v]
    first, second = np.where(swap, v, u), np.where(swap, u, v)
    pairs = float(((graph.degree[u] + 1.0) * (graph.degree[v] + 1.0)).sum())
    bound = _bounds(graph.n, first, second, weight.min() / weight)
    return Problem(indptr, indices.astype(np.int64), length, share, first, second, bound, pairs)


def _bounds(
    n: int, first: NDArray[np.int64], second: NDArray[np.int64], length: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How far each node may have to look: over an edge to i (or from itself), along ij, and to a neighbour of j."""
    farthest, beyond, bound = np.zeros(n), np.full(n, -np.inf), np.zeros(n)
    for end in (first, second):
        np.maximum.at(farthest, end, length)
    np.maximum.at(beyond, first, length + farthest[second])
    np.maximum(bound, beyond, out=bound)
    for end, other in ((first, second), (second, first)):
        np.maximum.at(bound, end, length + beyond[other])
    return bound * (1 + 1e-12)


def blocks(p: Problem, graph: Graph, table: int) -> list[NDArray[np.int64]]:
    """The edges in groups whose distances fit into a table of so many entries, first ends close together in each."""
    m = len(p.first)
    if p.n**2 <= table:
        return [np.arange(m)]
    from scipy.sparse.csgraph import reverse_cuthill_mckee

    place = np.empty(p.n, np.int64)
    place[reverse_cuthill_mckee(graph.adjacency, symmetric_mode=True)] = np.arange(p.n)
    order = np.lexsort((p.second, place[p.first]))
    degree = np.diff(p.indptr)
    _, start = np.unique(place[p.first[order]], return_index=True)
    rows = degree[p.first[order[start]]] + 1
    columns = np.add.reduceat(degree[p.second[order]] + 1, start)
    cuts, height, width = [], 0, 0
    for begin, r, c in zip(start.tolist(), rows.tolist(), columns.tolist(), strict=True):
        height, width = height + r, width + c
        if min(height, p.n) * min(width, p.n) > table:
            cuts.append(begin)
            height, width = r, c
    return [part for part in np.split(order, cuts) if len(part)]


def support(p: Problem, edges: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Nodes that distances are needed from, and to, for some edges."""
    return p.neighbourhood(np.unique(p.first[edges])), p.neighbourhood(np.unique(p.second[edges]))
