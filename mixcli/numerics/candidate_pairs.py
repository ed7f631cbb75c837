"""Pairs whose edge would lower the total resistance much, on graphs too large for a table of all pairs.

The gain of an edge is n_c Σ_i (φ_i(s) - φ_i(t))² / λ_i² over 1 + R_st, so it is large between the two ends of the slow
modes φ_i of L. A few of these come from subspace iteration with L^+; the nodes at their ends are the first candidates.
One solve per candidate gives R and B of all pairs among them exactly, and rank-1 updates keep them exact while edges
are added. From the best pair the search climbs: the neighbours of its ends become candidates too, until none of them
makes a better pair (ours).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from mixcli.graph import Graph
from mixcli.numerics.blas import one_blas_thread
from mixcli.numerics.neighbours import Neighbours
from mixcli.numerics.pcg import LaplacianSolver

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.limits import Limits

__all__ = ["CandidatePairs"]

MODES = 8  # slow modes whose ends are candidates
ENDS = 4  # nodes at either end of each
ROUNDS = 3  # subspace iterations at the start; later ones go on from there with one each
KEPT = 8  # edges added before modes and candidates are found anew
TOLERANCE = 1e-10  # relative residual of the solves
TIE = 1e-7  # scores this close, relative to the best, are equal
NEAR = 6  # neighbours of an end, those of greatest degree, that become candidates while climbing
CLIMBS = 8
COLUMNS = 16  # right-hand sides solved together


class CandidatePairs:
    """The candidates of a graph that gains edges.

    Args:
        graph: undirected; weights are conductances.
        limits: memory and operations it may take.
        scaled: the score is n_c B / (1 + R), the drop of the total resistance; otherwise without n_c.
        allowed: which pairs may be joined; none allows all.

    Raises:
        LimitExceeded: even that is too much.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> from mixcli.limits import Limits
        >>> found = CandidatePairs(path(10), Limits(), scaled=True).best()
        >>> found and (round(found[0], 6), *found[1:])
        (83.125, 1, 8)
    """

    def __init__(
        self, graph: Graph, limits: Limits, scaled: bool, allowed: Callable[[int, int], bool] | None = None
    ) -> None:
        columns = 2 * MODES * ENDS
        limits.check(
            "gtr:search=candidates", memory=8.0 * graph.n * (columns + 6 * COLUMNS + 4 * MODES) + 300.0 * graph.m,
            operations=300.0 * (graph.m + graph.n) * (columns + ROUNDS * MODES), instead="use fosr",
        )  # fmt: skip
        self._graph, self._scaled, self._allowed = graph, scaled, allowed
        self._of_node, self._sizes = graph.components.of_node, graph.components.sizes.astype(np.float64)
        self._around = Neighbours(graph)
        self._fresh: list[tuple[int, int]] = []
        rng = np.random.default_rng(0)  # one fixed start: the result depends on the graph alone
        self._modes = rng.standard_normal((graph.n, min(MODES, max(graph.n - 1, 1))))
        self._find(ENDS, ROUNDS)

    def best(self) -> tuple[float, int, int] | None:
        """(score, u, v) of the best allowed pair; None where the graph has none left."""
        if len(self._fresh) >= KEPT:
            self._find(ENDS, 1)
        ends = ENDS
        found = self._best()
        while found is None and 2 * ends <= self._graph.n:
            ends *= 4
            self._find(ends, 1)
            found = self._best()
        for _ in range(CLIMBS):
            if found is None or not self._extend(found[1:]):
                return found
            before, found = found, self._best()
            if found == before:
                return found
        return found

    @property
    def count(self) -> int:
        """Number of pairs that are compared."""
        return int(np.triu(self._open, 1).sum())

    def add(self, u: int, v: int) -> None:
        """Join two candidates."""
        i, j = self._row[u], self._row[v]
        self._around.add(u, v)
        self._fresh.append((u, v))
        self._open[i, j] = self._open[j, i] = False
        difference = self._columns[i] - self._columns[j]
        share = float(1.0 / (1.0 + difference[u] - difference[v]))
        self._updates.append((share, difference))
        at = difference[self._nodes]
        with one_blas_thread():
            cross = share * np.outer(self._columns @ difference, at)
            self._gram -= cross + cross.T - share * share * (difference @ difference) * np.outer(at, at)
        self._columns -= (share * at)[:, None] * difference

    def _best(self) -> tuple[float, int, int] | None:
        within = self._columns[:, self._nodes]
        resistance = within.diagonal()[:, None] + within.diagonal() - within - within.T
        score = self._gram.diagonal()[:, None] + self._gram.diagonal() - 2 * self._gram
        score /= 1.0 + resistance
        if self._scaled:
            score *= self._sizes[self._of_node[self._nodes]][:, None]
        score[~np.triu(self._open, 1)] = -np.inf
        while True:
            highest = score.max(initial=-np.inf)
            if highest == -np.inf:
                return None
            i, j = np.nonzero(score >= highest * (1.0 - TIE))
            pairs = sorted(
                (*sorted((int(self._nodes[a]), int(self._nodes[b]))), a, b) for a, b in zip(i, j, strict=True)
            )
            for u, v, a, b in pairs:
                if self._allowed is None or self._allowed(u, v):
                    return float(score[a, b]), u, v
            score[i, j] = -np.inf

    def _find(self, ends: int, rounds: int) -> None:
        """Modes of the graph as it is, and the nodes at their ends with a solve each."""
        self._settle()
        graph, solver = self._graph, LaplacianSolver(self._graph)
        for _ in range(rounds):
            with one_blas_thread():
                basis, _ = np.linalg.qr(self._modes)
                image = _solve(solver, basis)
                _, turn = np.linalg.eigh(basis.T @ image)
                self._modes = image @ turn
        order = np.argsort(self._modes, axis=0, kind="stable")
        reach = min(ends, graph.n)
        nodes = np.unique(np.concatenate([order[:reach].ravel(), order[graph.n - reach :].ravel()]))
        self._solver, self._updates = solver, []
        self._nodes, self._row = np.zeros(0, np.int64), {}
        self._columns, self._gram = np.zeros((0, graph.n)), np.zeros((0, 0))
        self._open = np.zeros((0, 0), dtype=bool)
        self._append(nodes)

    def _extend(self, pair: tuple[int, int]) -> bool:
        """Make the neighbours of a pair's ends candidates; False where they are already."""
        near: list[int] = []
        for end in pair:
            ranked = sorted(self._around[end], key=lambda k: (-self._around.degree(k), k))
            near += [k for k in ranked[:NEAR] if k not in self._row]
        if near:
            self._append(np.unique(near))
        return bool(near)

    def _append(self, nodes: NDArray[np.int64]) -> None:
        """Solve for further candidates."""
        units = np.zeros((self._graph.n, len(nodes)))
        units[nodes, np.arange(len(nodes))] = 1.0
        with one_blas_thread():
            columns = np.ascontiguousarray(_solve(self._solver, units).T)
            for share, difference in self._updates:
                columns -= (share * difference[nodes])[:, None] * difference
            beside = self._columns @ columns.T
            self._gram = np.block([[self._gram, beside], [beside.T, columns @ columns.T]])
        self._columns = np.concatenate([self._columns, columns])
        known = len(self._nodes)
        self._nodes = np.concatenate([self._nodes, nodes])
        self._row.update(zip(nodes.tolist(), range(known, len(self._nodes)), strict=True))
        of_node = self._of_node[self._nodes]
        opened = of_node[:, None] == of_node
        np.fill_diagonal(opened, False)
        opened[:known, :known] = self._open
        for i in range(known, len(self._nodes)):
            joined = [self._row[k] for k in self._around[int(self._nodes[i])] if k in self._row]
            opened[i, joined] = opened[joined, i] = False
        self._open = opened

    def _settle(self) -> None:
        """Put the edges added so far into the graph that is solved on."""
        if not self._fresh:
            return
        graph = self._graph
        edges = np.concatenate([graph.edges, np.array(self._fresh, dtype=np.int64)])
        weight = None if graph.weight is None else np.concatenate([graph.weight, np.ones(len(self._fresh))])
        order = np.lexsort((edges[:, 1], edges[:, 0]))
        self._graph = Graph(graph.n, edges[order], weight=None if weight is None else weight[order])
        self._fresh = []


def _solve(solver: LaplacianSolver, right: NDArray[np.float64]) -> NDArray[np.float64]:
    """L^+ times (n, k), a few columns at a time."""
    out = np.empty_like(right)
    for low in range(0, right.shape[1], COLUMNS):
        out[:, low : low + COLUMNS] = solver.solve(right[:, low : low + COLUMNS], TOLERANCE).x
    return out
