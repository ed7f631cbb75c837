"""Two ways to run the loops of `weighted_transport`: as they stand, over lists, or compiled and in several threads."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from mixcli.numerics import weighted_transport_steps as steps
from mixcli.numerics.pool import in_chunks

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mixcli.numerics.weighted_transport_plan import Problem

    Found = tuple[NDArray[np.float64], NDArray[np.float64]]

__all__ = ["Compiled", "Plain"]

PARTS = 8  # pieces of work a thread, so that none waits long for the others
EDGE = 50  # pairs of a source and a sink that an edge takes as long as, whatever its ends


class Plain:
    """The loops in plain Python; for small graphs."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.graph = (problem.indptr.tolist(), problem.indices.tolist())

    def trial(self, searches: int) -> float:
        """Arcs that one search looks at; all of them at worst."""
        return len(self.problem.indices)

    def block(
        self, edges: NDArray[np.int64], sources: NDArray[np.int64], columns: NDArray[np.int64], alpha: float
    ) -> Found:
        """Curvatures of some edges, and how far each may be off."""
        p = self.problem
        column, row = (a.tolist() for a in _places(p.n, columns, sources))
        table = [0.0] * (len(sources) * len(columns))
        start, owned = p.owned(edges)
        steps.distances(
            0, len(sources), sources.tolist(), p.bound[sources].tolist(), len(columns), start.tolist(), owned.tolist(),
            *self.graph, p.length.tolist(), column, [-1] * p.n, [float("inf")] * p.n, table,
        )  # fmt: skip
        first, second = p.first[edges], p.second[edges]
        work, tree = _workspace(p, first, second)
        out = [0.0] * len(edges)
        off = [0.0] * len(edges)
        steps.curve(
            0, len(edges), first.tolist(), second.tolist(), alpha, *self.graph, p.share.tolist(), row, column,
            len(columns), table, [a.tolist() for a in work], [a.tolist() for a in tree], out, off,
        )  # fmt: skip
        return np.array(out), np.array(off)


class Compiled:
    """The loops compiled, pieces of work shared out to threads."""

    def __init__(self, problem: Problem, threads: int) -> None:
        from mixcli.numerics import weighted_transport_kernel

        self.problem, self.threads, self.loops = problem, threads, weighted_transport_kernel
        self.graph = (problem.indptr, problem.indices)

    def trial(self, searches: int) -> float:
        """Arcs that one search looks at, the mean of some."""
        p = self.problem
        sources = np.unique(np.linspace(0, p.n - 1, searches).astype(np.int64))
        everything = np.arange(p.n)
        table = np.empty((len(sources), p.n))
        owned = p.owned(np.arange(len(p.first)))
        found = self._search(0, len(sources), sources, p.bound[sources], owned, everything, table)
        return found / len(sources)

    def _search(self, lo: int, hi: int, sources: Any, bounds: Any, owned: Any, column: Any, table: Any) -> int:
        p = self.problem
        return self.loops.distances(
            lo, hi, sources, bounds, table.shape[1], *owned, *self.graph, p.length, column, np.full(p.n, -1),
            np.full(p.n, np.inf), table.ravel(),
        )  # fmt: skip

    def block(
        self, edges: NDArray[np.int64], sources: NDArray[np.int64], columns: NDArray[np.int64], alpha: float
    ) -> Found:
        """Curvatures of some edges, and how far each may be off; the same for any number of threads."""
        p = self.problem
        column, row = _places(p.n, columns, sources)
        table = np.empty((len(sources), len(columns)))
        bounds, owned = p.bound[sources], p.owned(edges)
        self._share(lambda lo, hi: self._search(lo, hi, sources, bounds, owned, column, table), np.ones(len(sources)))
        first, second = p.first[edges], p.second[edges]
        out, off = np.empty(len(edges)), np.empty(len(edges))

        def curve(lo: int, hi: int) -> None:
            work, tree = _workspace(p, first[lo:hi], second[lo:hi])
            self.loops.curve(
                lo, hi, first, second, alpha, *self.graph, p.share, row, column, len(columns), table.ravel(),
                work, tree, out, off,
            )  # fmt: skip

        self._share(curve, EDGE + (np.diff(p.indptr)[first] + 1.0) * (np.diff(p.indptr)[second] + 1.0))
        return out, off

    def _share(self, work: Callable[[int, int], Any], cost: NDArray[np.float64]) -> None:
        """Call work(lo, hi) over all the items, in pieces of about equal cost, each item's cost given."""
        running = np.cumsum(cost)
        parts = PARTS * self.threads if self.threads > 1 else 1
        cuts = np.searchsorted(running, running[-1] * np.arange(1, parts) / parts)
        bounds = np.unique([0, *cuts.tolist(), len(cost)]).tolist()
        in_chunks(work, list(itertools.pairwise(bounds)), self.threads)


def _places(n: int, *several: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """For each list of nodes: (n,) where a node stands in it, -1 for the others."""
    found = [np.full(n, -1, np.int64) for _ in several]
    for place, nodes in zip(found, several, strict=True):
        place[nodes] = np.arange(len(nodes))
    return found


def _workspace(p: Problem, first: NDArray[np.int64], second: NDArray[np.int64]) -> tuple[Any, Any]:
    """Room for the largest transport problem of some edges: `work` and `tree` of `weighted_transport_steps.curve`."""
    degree = np.diff(p.indptr)
    rows, columns = degree[first] + 1, degree[second] + 1
    nodes = int((rows + columns).max()) + 1
    floats = (np.zeros(p.n), np.zeros(nodes), np.zeros(nodes), np.zeros(int((rows * columns).max())))
    counts = tuple(np.zeros(nodes, np.int64) for _ in range(2))
    return floats + counts, tuple(np.zeros(nodes, np.int64) for _ in range(6))
