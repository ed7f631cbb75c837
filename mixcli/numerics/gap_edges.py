"""The edges that first-order spectral rewiring adds to many graphs, in one pass of compiled loops.

For each graph the steps of `mixcli.numerics.slow_mode.Diffusion` and the search of `mixcli.numerics.extreme_pair`, on a
table of all graphs. Sums run in the same order, so the edges are the same and the numbers the same bits. The pair is
found without sorting: the lowest score is matched first, and then only the nodes that could still do better; what ties
with the least product is searched in order of (u, v) afterwards.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from mixcli.numerics.jit import Plan
from mixcli.numerics.union import union

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.graph import Graph

__all__ = ["GapEdge", "gap_edges", "pays"]

GapEdge = tuple[int, int, float, float, float]
"""An edge u < v to add, the slow mode at u and at v, and the product of the scores."""

PLAN = Plan("gap_edges", ("gap_edges_kernel.py", "jit.py"), loading=0.4, compiling=4.0)
PLAIN_EDGE = 1.5e-4  # seconds for an edge on the plain path
PLAIN_NODE = 1.5e-7  # and for each node and edge of its graph
ENTRIES = 1 << 21  # edges that one thread is given room for at a time


def pays(graphs: Sequence[Graph], wanted: Sequence[int]) -> bool:
    """Whether to take this path rather than one graph after the other in plain Python."""
    plain = sum(k * (PLAIN_EDGE + PLAIN_NODE * (g.n + 2 * g.m)) for g, k in zip(graphs, wanted, strict=True))
    return PLAN.compiled(plain)


def gap_edges(
    graphs: Sequence[Graph],
    starts: Sequence[NDArray[np.float64]],
    power_steps: int,
    wanted: Sequence[int],
    threads: int = 1,
) -> list[list[GapEdge]]:
    """The edges of each graph, in order.

    Args:
        graphs: undirected graphs; weights are ignored.
        starts: for each graph (n,) the start of its slow mode.
        power_steps: power steps before the first edge.
        wanted: for each graph how many edges to add.
        threads: threads; each takes runs of graphs.

    Cost: O(n + m) per edge and O(Σ (n + m)) memory.

    Example:
        >>> from mixcli.generators.graphs import lollipop
        >>> from mixcli.numerics.slow_mode import slow_mode
        >>> mode = slow_mode(lollipop(5, 3), np.arange(8.0))
        >>> [edge[:2] for edge in gap_edges([lollipop(5, 3)], [mode], 0, [3])[0]]
        [(0, 7), (1, 6), (2, 6)]
    """
    bounds = _runs(graphs, wanted, threads)

    def run(bound: tuple[int, int]) -> list[list[GapEdge]]:
        return _run(graphs[slice(*bound)], starts[slice(*bound)], power_steps, wanted[slice(*bound)])

    if threads < 2 or len(bounds) < 2:
        parts = [run(bound) for bound in bounds]
    else:
        with ThreadPoolExecutor(threads) as pool:
            parts = list(pool.map(run, bounds))
    return [edges for part in parts for edges in part]


def _run(
    graphs: Sequence[Graph], starts: Sequence[NDArray[np.float64]], power_steps: int, wanted: Sequence[int]
) -> list[list[GapEdge]]:
    from mixcli.numerics.gap_edges_kernel import widen

    whole = union(graphs)
    indptr, indices, _ = whole.graph.csr
    room = np.array([_room(g, k) for g, k in zip(graphs, wanted, strict=True)], dtype=np.int64)
    place = np.cumsum(room) - room
    ends, values = np.zeros((int(room.sum()), 2), np.int64), np.zeros((int(room.sum()), 3))
    made = np.zeros(len(graphs), np.int64)
    start = np.concatenate([np.zeros(0), *starts])
    widen(whole.first, indptr, indices, start, power_steps, room, place, ends, values, made)
    PLAN.used()
    edges = list(zip(*ends.T.tolist(), *values.T.tolist(), strict=True))
    return [edges[a : a + k] for a, k in zip(place.tolist(), made.tolist(), strict=True)]


def _room(graph: Graph, wanted: int) -> int:
    return min(wanted, graph.n * (graph.n - 1) // 2 - graph.m)


def _runs(graphs: Sequence[Graph], wanted: Sequence[int], threads: int) -> list[tuple[int, int]]:
    """Runs of graphs with about as much work each, and bounded room for their edges."""
    room = np.array([_room(g, k) for g, k in zip(graphs, wanted, strict=True)], dtype=np.int64)
    work = room * np.array([g.n + 2 * g.m + 20 for g in graphs], dtype=np.int64)
    share = max(int(work.sum()) // (4 * threads), 1) if threads > 1 else 1 << 62
    group = np.maximum(np.cumsum(work) // share, np.cumsum(room) // ENTRIES)
    cuts = np.flatnonzero(np.diff(group)) + 1
    return list(itertools.pairwise([0, *cuts.tolist(), len(graphs)])) if len(graphs) else []
