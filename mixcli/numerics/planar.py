"""Finishing an elimination by a sparse factor where the graph has small separators, as grids and roads have.

Minimum degree alone leaves a dense part of some 11 √n vertices on a grid. SuperLU orders what the cheap eliminations
leave and factors it to the end; its columns are shares of current like our own, so the way back is the same. Measured
against going on to the dense part: half the time at 10⁵ nodes of a grid, a fifth of what would be refused at 5·10⁵.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixcli.numerics.elimination import Elimination

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.graph import Graph
    from mixcli.limits import Limits
    from mixcli.numerics.eliminating import Eliminating

__all__ = ["PAUSE", "WORTH", "applies", "finished"]

PAUSE = 24  # least degree at which to ask
WORTH = 8000  # vertices left below which the dense part is as quick
WIDTH = 4.0  # of a breadth-first level over √n: 1 to 2 on grids, some hundred on random graphs
EVEN = 1e6  # ratio of weights beyond which a share read off as a difference would lose digits
NONE = 1e-13  # share that is rounding


def applies(graph: Graph, left: int, limits: Limits) -> bool:
    """Whether the graph has small separators, as far as the levels around a far node tell, and the factor fits."""
    if graph.weight is not None and graph.weight.max() > EVEN * graph.weight.min():
        return False
    entries = 2.5 * graph.n * np.log2(graph.n)
    if not limits.allows(memory=100 * entries, operations=60 * float(graph.n) ** 1.5):
        return False
    return _width(graph) <= WIDTH * np.sqrt(graph.n)


def _width(graph: Graph) -> int:
    """Most nodes at one distance from a node at the far end of the largest component."""
    from scipy.sparse.csgraph import breadth_first_order

    start = int(np.flatnonzero(graph.components.of_node == graph.components.largest)[0])
    for _ in range(2):
        order, before = breadth_first_order(graph.adjacency, start, directed=False)
        start = int(order[-1])
    place = np.empty(graph.n, np.int64)
    place[order] = np.arange(len(order))
    parent = place[before[order[1:]]]  # ascending: levels are runs
    widest = low = 0
    high = 1
    while low < len(order):
        widest = max(widest, high - low)
        low, high = high, 1 + int(np.searchsorted(parent, high))
    return widest


def finished(graph: Graph, run: Eliminating) -> Elimination:
    """The elimination carried on to one vertex for each component, the tail."""
    order, pivot, start, rows, share = run.columns()
    done, left = len(pivot), run.left
    component = graph.components.of_node[order[done:]]
    roots = np.unique(component[::-1], return_index=True)
    root = np.full(graph.components.count, -1)
    root[roots[0]] = left - 1 - roots[1]
    inner = np.ones(left, bool)
    inner[root[root >= 0]] = False
    sequence, pivots, starts, targets, shares = _factored(run, inner, root[component])
    sequence = np.concatenate([sequence, np.flatnonzero(~inner)])
    position = np.empty(left, np.int64)
    position[sequence] = np.arange(left)
    order = np.concatenate([order[:done], order[done:][sequence]])
    place = np.empty(graph.n, np.int64)
    place[order] = np.arange(graph.n)
    ends = int((~inner).sum())
    return Elimination(
        order, np.concatenate([pivot, pivots]), np.concatenate([start, start[-1] + starts[1:]]),
        np.concatenate([place[rows], done + position[targets]]), np.concatenate([share, shares]),
        np.zeros((ends, ends)),
    )  # fmt: skip


def _factored(
    run: Eliminating, inner: NDArray[np.bool_], root: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Inner vertices in SuperLU's order, pivots, and columns: starts, targets (places in what is left), shares."""
    from scipy.sparse import coo_array, csc_array, diags_array
    from scipy.sparse.linalg import splu

    first, second, value = run.edges_left()
    left = len(inner)
    strength = np.bincount(first, value, left)
    conductance = coo_array((value, (first, second)), shape=(left, left)).tocsr()
    nodes = np.flatnonzero(inner)
    matrix = csc_array((diags_array(strength) - conductance).tocsr()[nodes][:, nodes])
    found = splu(matrix, "MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    lower, pivots = found.L, found.U.diagonal()
    sequence = nodes[np.argsort(found.perm_c)]
    k = len(nodes)
    owner = np.repeat(np.arange(k), np.diff(lower.indptr))
    below = lower.indices > owner
    owner, target, share = owner[below], sequence[lower.indices[below]], -lower.data[below]
    rest = 1.0 - np.bincount(owner, share, k)  # what flows to the root straight away
    to_root = np.flatnonzero(rest > NONE)
    owner = np.concatenate([owner, to_root])
    target = np.concatenate([target, root[sequence[to_root]]])
    share = np.concatenate([share, rest[to_root]])
    order = np.argsort(owner, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=k))])
    return sequence, pivots, starts, target[order], share[order]
