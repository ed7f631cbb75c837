"""Balanced Forman curvature of a graph that is being edited, recomputed only where an edit can change it.

Adding or removing kl changes the paper's curvature of an edge ij with no end in {k, l} only if one of i, j is a
neighbour of k but not of l and the other a neighbour of l but not of k: d_i, d_j and t stay, and the bipartite graph
between the two sides of ij changes only if k and l stand on different sides. The released curvature changes only if
one of i, j is joined to both k and l and the other to one of them: a common neighbour z of i and j enters it through
the question whether z shares a second neighbour with i or with j. Edges with an end in {k, l} can always change. Values
come from integers through one formula, so they equal those of a full pass bit for bit. (Both sets are ours.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from mixcli.numerics import curvature, motifs
from mixcli.numerics.neighbours import Neighbours

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from mixcli.graph import Graph

__all__ = ["EdgeValue", "LocalCurvature"]


class EdgeValue(NamedTuple):
    """An edge u < v and its curvature."""

    u: int
    v: int
    value: float


class LocalCurvature:
    """The curvature of every edge under additions and removals.

    Args:
        graph: the graph at the start; weights are ignored.
        variant: "paper" or "released", as in the measure balanced_forman.
        threads: threads for the first pass.

    Cost: one full pass; then, per edit, the counts of the edges it can change, and O(m) to find an extreme.

    Example:
        >>> from mixcli.generators.graphs import barbell
        >>> LocalCurvature(barbell(5)).lowest()
        EdgeValue(u=4, v=5, value=-1.2)
    """

    def __init__(self, graph: Graph, variant: Literal["paper", "released"] = "paper", threads: int = 1) -> None:
        self.around = Neighbours(graph)
        self._paper = variant == "paper"
        self._n = graph.n
        self._key = graph.edges[:, 0] * graph.n + graph.edges[:, 1]  # (m,) ascending; added edges follow in time
        self._value = _full_pass(graph, self._paper, threads)
        self._there = np.ones(graph.m, dtype=bool)
        self._first = graph.m  # edges of the start, found by bisection
        self._count = graph.m
        self._row: dict[int, int] = {}  # rows of the added edges

    def lowest(self) -> EdgeValue | None:
        """The edge of least curvature, the smallest (u, v) among equal ones; None without edges."""
        return self._extreme(np.where(self._there, self._value, np.inf))

    def highest(self) -> EdgeValue | None:
        """The edge of greatest curvature, the smallest (u, v) among equal ones; None without edges."""
        return self._extreme(np.where(self._there, -self._value, np.inf))

    def ranked(self, highest: bool = False) -> Iterator[EdgeValue]:
        """All edges by curvature, the lowest (or highest) first, the smallest (u, v) first among equal ones."""
        first = self.highest() if highest else self.lowest()
        if first is None:
            return
        rows = np.flatnonzero(self._there)
        key, value = self._key[rows], self._value[rows]
        yield first  # nothing needs to be sorted for it
        order = np.lexsort((key, -value if highest else value))[1:]
        for at in order.tolist():
            yield EdgeValue(*divmod(int(key[at]), self._n), float(value[at]))

    def values(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """All edges (m, 2), sorted, and their curvature (m,)."""
        rows = np.flatnonzero(self._there)
        rows = rows[np.argsort(self._key[rows])]
        return np.stack(np.divmod(self._key[rows], max(self._n, 1)), axis=1), self._value[rows]

    def add(self, u: int, v: int) -> None:
        """Add an edge u < v that is not there."""
        if self._count == len(self._key):
            room = self._count // 2 + 64
            self._key = np.concatenate([self._key, np.zeros(room, np.int64)])
            self._value = np.concatenate([self._value, np.zeros(room)])
            self._there = np.concatenate([self._there, np.zeros(room, dtype=bool)])
        key, row = u * self._n + v, self._count
        self._key[row], self._there[row], self._row[key] = key, True, row
        self._count += 1
        self.around.add(u, v)
        self._recompute(self._touched(u, v))

    def remove(self, u: int, v: int) -> None:
        """Remove an edge u < v that is there."""
        touched = self._touched(u, v) - {u * self._n + v}
        self._there[self._rows([u * self._n + v])] = False
        self._row.pop(u * self._n + v, None)
        self.around.remove(u, v)
        self._recompute(touched)

    def _extreme(self, value: NDArray[np.float64]) -> EdgeValue | None:
        if not self._there.any():
            return None
        rows = np.flatnonzero(value == value.min())
        row = int(rows[self._key[rows].argmin()])
        u, v = divmod(int(self._key[row]), self._n)
        return EdgeValue(u, v, float(self._value[row]))

    def _touched(self, k: int, l: int) -> set[int]:  # noqa: E741 - kl is the edge that is edited, ij one near it
        """Keys of the edges that the edge kl, which is there, can have an influence on."""
        around, n = self.around, self._n
        of_k, of_l = around[k], around[l]
        pairs = [(k, w) for w in of_k] + [(l, w) for w in of_l]
        if self._paper:
            first, other = of_k - of_l - {l}, of_l - of_k - {k}
            if len(other) < len(first):
                first, other = other, first
            pairs += [(i, j) for i in first for j in around[i] & other]
        else:
            pairs += [(i, j) for i in of_k & of_l for side in (of_k, of_l) for j in around[i] & side]
        return {min(pair) * n + max(pair) for pair in pairs}

    def _rows(self, keys: list[int]) -> NDArray[np.int64]:
        rows = np.searchsorted(self._key[: self._first], keys)
        for at, key in enumerate(keys if self._row else ()):
            rows[at] = self._row.get(key, rows[at])
        return rows

    def _recompute(self, touched: set[int]) -> None:
        keys = sorted(touched)
        pairs = [divmod(key, self._n) for key in keys]
        degrees = np.array([(len(self.around[i]), len(self.around[j])) for i, j in pairs], np.int64).reshape(-1, 2).T
        if self._paper:
            numbers = np.array([motifs.edge_count(self.around, i, j) for i, j in pairs], np.int64).reshape(-1, 4).T
            fresh = curvature.balanced_forman(*degrees, *numbers[:3])
        else:
            numbers = np.array([motifs.sharp_count(self.around, i, j) for i, j in pairs], np.int64).reshape(-1, 2).T
            fresh = curvature.balanced_forman_released(*degrees, *numbers)
        self._value[self._rows(keys)] = fresh


def _full_pass(graph: Graph, paper: bool, threads: int) -> NDArray[np.float64]:
    indptr, indices, edge = graph.csr
    u, v = graph.degree[graph.edges].T
    counts = motifs.edge_counts(indptr, indices, graph.edges, threads)
    if paper:
        return curvature.balanced_forman(u, v, counts.triangles, counts.square_ends, counts.gamma)
    sharp = motifs.sharp_counts(indptr, indices, edge, graph.edges, counts.triangles, threads)
    return curvature.balanced_forman_released(u, v, counts.triangles, sharp)
