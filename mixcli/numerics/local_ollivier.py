"""Ollivier-Ricci curvature of a graph that is edited in batches, recomputed only near the edits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixcli.graph import Graph
from mixcli.numerics import ollivier, transport_pair
from mixcli.numerics.near_edges import near_edges

if TYPE_CHECKING:
    from fractions import Fraction

    from numpy.typing import NDArray

__all__ = ["LocalOllivier"]


class LocalOllivier:
    """The curvature of every edge under batches of additions and removals.

    Values are quotients of exact integers rounded once, so they equal those of a full recomputation bit for bit.
    Several graphs side by side, as one graph without edges between them, cost no more than one after the other.

    Args:
        graph: the graph at the start; weights are ignored.
        alpha: the mass that stays.
        threads: threads for large passes.

    Cost: one pass over all edges; then, for a batch, the edges on a closed walk of length ≤ 5 with an edited one.

    Example:
        >>> from mixcli.generators.graphs import barbell
        >>> state = LocalOllivier(barbell(5))
        >>> state.change(np.array([[3, 6]]), np.array([[0, 1]]))
        >>> round(float(state.values.min()), 6), state.recomputed
        (-0.8, 21)
    """

    def __init__(self, graph: Graph, alpha: float | Fraction = 0.0, threads: int = 1) -> None:
        self.alpha = ollivier.idleness(alpha)
        self.recomputed = 0
        """Edges solved since the first pass."""
        self._threads = threads
        self._graph = Graph(graph.n, graph.edges)
        self._values = self._solve(graph.edges)

    @property
    def edges(self) -> NDArray[np.int64]:
        """(m, 2) edges now, ascending."""
        return self._graph.edges

    @property
    def values(self) -> NDArray[np.float64]:
        """(m,) their curvature; brought up to date when asked for."""
        stale = np.isnan(self._values)
        if stale.any():
            self._values[stale] = self._solve(self.edges[stale])
            self.recomputed += int(stale.sum())
        return self._values

    @property
    def degree(self) -> NDArray[np.int64]:
        """(n,) number of neighbours now."""
        return self._graph.degree

    def farthest_pairs(self, edges: NDArray[np.int64]) -> NDArray[np.int64]:
        """Source, target, distance and value of some edges; see `mixcli.numerics.transport_pair`."""
        p, q = self.alpha.as_integer_ratio()
        indptr, indices, _ = self._graph.csr
        return transport_pair.farthest_pairs(indptr, indices, edges, p, q)

    def change(self, added: NDArray[np.int64], removed: NDArray[np.int64]) -> None:
        """Make a batch of edits at once.

        Args:
            added: (a, 2) pairs u < v that are no edges.
            removed: (r, 2) edges.
        """
        before, came, gone = self._keys(self.edges), self._keys(added), self._keys(removed)
        both = np.union1d(before, came)
        indptr, indices, _ = self._graph_of(both).csr
        near = self._keys(near_edges(indptr, indices, np.concatenate([added, removed])))
        now = np.setdiff1d(both, gone, assume_unique=True)
        self._graph = self._graph_of(now)
        kept = np.isin(before, now)
        values = np.full(len(now), np.nan)
        values[np.searchsorted(now, before[kept])] = self._values[kept]
        values[np.isin(now, near)] = np.nan
        self._values = values

    def _solve(self, edges: NDArray[np.int64]) -> NDArray[np.float64]:
        indptr, indices, _ = self._graph.csr
        return ollivier.ollivier(indptr, indices, edges, self.alpha, self._threads).values

    def _graph_of(self, keys: NDArray[np.int64]) -> Graph:
        n = max(self._graph.n, 1)
        return Graph(self._graph.n, np.stack([keys // n, keys % n], axis=1))

    def _keys(self, edges: NDArray[np.int64]) -> NDArray[np.int64]:
        return edges[:, 0] * max(self._graph.n, 1) + edges[:, 1]
