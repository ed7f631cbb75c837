"""A Laplacian factored by eliminating vertices, kept to read resistances from it and to solve with it, exactly."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np

from mixcli.limits import available_memory
from mixcli.numerics import elimination
from mixcli.numerics.blas import one_blas_thread
from mixcli.numerics.dense_resistance import all_resistances
from mixcli.numerics.elimination import Elimination

if TYPE_CHECKING:
    from types import ModuleType

    from numpy.typing import NDArray

    from mixcli.graph import Graph
    from mixcli.limits import Limits

__all__ = ["Factor"]

BALANCE = 0.01  # list entries per r² from where one more elimination costs more than it saves, measured
ENTRY = 40  # elementary operations for one list entry of the elimination
TAIL = 0.03  # elementary operations per r³ of the dense part
TAIL_BYTES = 8.5  # of memory per r²
ONE_THREAD = 4000
INSTEAD = (
    "use method=sketch (as in effective_resistance:method=sketch), which estimates with error bars, "
    "or raise the limits (--max-memory, Limits(operations=…) from Python)"
)


class Factor:
    """Elimination of a graph down to a dense tail, whose resistances are all known.

    Args:
        graph: undirected; weights are conductances.
        limits: memory and operations it may take.
        small: stay in plain Python, without a compiler; the values are the same to the last bit.

    Raises:
        LimitExceeded: what the cheap eliminations leave is too large to be inverted.
    """

    def __init__(self, graph: Graph, limits: Limits, small: bool) -> None:
        weight = np.ones(graph.m) if graph.weight is None else graph.weight
        limits.check("eliminating nodes", memory=200.0 * graph.m + 200.0 * graph.n, instead=INSTEAD)
        split = (_eliminate_plain if small else _eliminate)(graph, weight, limits)
        self.graph, self.eliminated = graph, len(split.pivot)
        self._component = graph.components.of_node[split.order]
        self.tail = _tail_resistances(split.tail, self._component[self.eliminated :], not small)
        self._place = np.empty(graph.n, np.int64)
        self._place[split.order] = np.arange(graph.n)
        self._order = split.order
        last = np.zeros(graph.components.count, np.int64)  # position of the last vertex of each component: the largest
        last[self._component] = np.arange(graph.n)
        self._root = last[self._component]
        self._run, self._form = _runner(small)
        self._columns = tuple(map(self._form, (split.start, split.rows, split.share, split.pivot)))

    def resistances(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(m,) across each edge, and (n,) between each vertex and the last one of its component."""
        start, rows, _, _ = self._columns
        n, k, form, dense = self.graph.n, self.eliminated, self._form, self._form(self.tail)
        to_root = np.zeros(n)
        to_root[k:] = self.tail[np.arange(n - k), self._root[k:] - k]
        resistance, distance = form(np.zeros(len(rows))), form(to_root)
        self._run.backward(*self._columns, dense, resistance, distance, form(np.full(n, -1)), form(np.zeros(n)))
        ends = np.sort(self._place[self.graph.edges], axis=1)
        edge = form(np.zeros(self.graph.m))
        self._run.look_up(start, rows, resistance, dense, k, form(ends[:, 0].copy()), form(ends[:, 1].copy()), edge)
        return np.array(edge, np.float64), np.array(distance, np.float64)[self._place]

    def potential(self, current: NDArray[np.float64]) -> NDArray[np.float64]:
        """Potentials, 0 at the last vertex of each component, when the current (n,) is fed in and leaves there."""
        form, k = self._form, self.eliminated
        start, rows, share, pivot = self._columns
        fed = form(np.asarray(current, np.float64)[self._order])
        self._run.feed(start, rows, share, pivot, fed)
        fed = np.array(fed, np.float64)
        fed[k:] = self._tail_potentials(fed[k:])
        potential = form(fed)
        self._run.settle(start, rows, share, pivot, potential)
        return np.array(potential, np.float64)[self._place]

    def _tail_potentials(self, fed: NDArray[np.float64]) -> NDArray[np.float64]:
        """Potentials of the tail, 0 at each root: x = -½ R b up to a constant, where b sums to 0."""
        component, root = self._component[self.eliminated :], self._root[self.eliminated :] - self.eliminated
        potential = np.zeros(len(self.tail))
        for c in np.unique(component):
            nodes = np.flatnonzero(component == c)
            ground = root[nodes[0]]
            current = fed[nodes]
            current[nodes == ground] = 0.0
            current[nodes == ground] = -current.sum()
            within = self.tail if len(nodes) == len(self.tail) else self.tail[np.ix_(nodes, nodes)]
            value = -0.5 * (within @ current)
            potential[nodes] = value - value[nodes == ground]
        return potential


def _check(r: int, limits: Limits) -> None:
    what = "the dense part of effective resistance"
    limits.check(what, memory=TAIL_BYTES * r * r, operations=TAIL * r**3, instead=INSTEAD)


def _stop(limits: Limits) -> tuple[float, int, int]:
    """Balance, entries to walk at most and the largest dense part that the limits allow."""
    memory = limits.memory or available_memory() // 2
    largest = int(min((memory / TAIL_BYTES) ** 0.5, (limits.operations / TAIL) ** (1 / 3)))
    return BALANCE, int(limits.operations / 4 / ENTRY), largest


def _eliminate_plain(graph: Graph, weight: NDArray[np.float64], limits: Limits) -> Elimination:
    split = elimination.eliminate_plain(graph.n, graph.edges, weight, *_stop(limits))
    _check(len(split.tail), limits)
    return split


def _eliminate(graph: Graph, weight: NDArray[np.float64], limits: Limits) -> Elimination:
    from mixcli.numerics import planar
    from mixcli.numerics.eliminating import Eliminating

    u, v = np.ascontiguousarray(graph.edges.T.astype(np.int32))
    limit = _stop(limits)
    run = Eliminating(graph.n, u, v, weight)
    run.advance(*limit, planar.PAUSE)
    if run.left > planar.WORTH and planar.applies(graph, run.left, limits):
        return planar.finished(graph, run)
    run.advance(*limit, graph.n + 1)
    _check(run.left, limits)
    order, pivot, start, rows, share = run.columns()
    place = np.empty(graph.n, np.int64)
    place[order] = np.arange(graph.n)
    return Elimination(order, pivot, start, place[rows], share, run.tail())


def _tail_resistances(tail: NDArray[np.float64], component: NDArray[np.int64], kernels: bool) -> NDArray[np.float64]:
    """All resistances within each component of the tail, in place of its conductances (across: meaningless)."""
    # Measured: below some thousand nodes several BLAS threads lose more by waiting for each other than they gain.
    with one_blas_thread() if len(tail) < ONE_THREAD else nullcontext():
        for c in np.unique(component):
            nodes = np.flatnonzero(component == c)
            if len(nodes) == len(tail):
                return all_resistances(tail, kernels)
            block = np.ix_(nodes, nodes)
            tail[block] = all_resistances(tail[block], kernels)
    return tail


def _runner(small: bool) -> tuple[ModuleType, Any]:
    """Where to find the loops, and the form they take their arrays in."""
    if small:
        return elimination, lambda array: array.tolist()
    from mixcli.numerics import elimination_kernel

    return elimination_kernel, lambda array: array
