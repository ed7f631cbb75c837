"""Degree-preserving random rewiring: the null model that keeps every degree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mixcli.numerics.connected import connected
from mixcli.numerics.neighbours import Neighbours
from mixcli.rewiring.base import Edit, Rewiring, topology_rng
from mixcli.spec import param

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.context import Context
    from mixcli.graph import Graph
    from mixcli.rewiring.base import Rules

__all__ = ["DoubleEdgeSwap"]

PATIENCE = 100  # draws without a swap, for each edge, after which it gives up
Pair = tuple[int, int]


@dataclass(frozen=True)
class DoubleEdgeSwap(Rewiring):
    """Swap the ends of two random edges, over and over; every degree stays what it was.

    Equation: edges ab, cd -> ad, bc or ac, bd, drawn uniformly from all swaps that leave the graph simple.

    Two edges and one of the two ways to swap are drawn until the result has no self-loop and no repeated edge. The
    control for a method whose gain could come from degrees alone. The graph may fall apart or grow together, unless
    constraints keep it connected.

    Stated rules: a graph is left alone where no swap is possible at all (its degrees then allow one graph only: stars,
    complete graphs and other threshold graphs); otherwise it stops after 100 m draws in a row without a swap, which
    happens under constraints or where few swaps are possible. Both additions come before both removals, so under a
    degree cap nodes that have reached it take no part. A budget counts edits, four for a swap, and makes no swap
    in part. Weights play no role; an added edge has conductance 1.

    Args:
        iterations: swaps.

    Yields:
        Two additions, then two removals a step; the score is 0 for all of them.

    Cost: O(1) per draw, O(n + m) memory; a search for a way around where the graph must stay connected.

    Example:
        >>> from mixcli.generators.graphs import cycle
        >>> from mixcli.rewiring.base import rewire
        >>> rewire(cycle(8), "double_edge_swap:iterations=3").graph.degree.tolist()
        [2, 2, 2, 2, 2, 2, 2, 2]

    Source: the swap is Petersen's (1891); as a null model of networks Maslov & Sneppen, Science 296 (2002). That the
    degrees alone say whether a swap exists: threshold graphs, Chvátal & Hammer 1977. Rules for stopping are ours.
    """

    iterations: int = param(10, "swaps", ge=0)

    removes = True
    whole = 4
    cost = "O(1) per draw"
    equation = "edges ab, cd -> ad, bc or ac, bd, uniformly among swaps that leave the graph simple"
    cites = "Maslov & Sneppen, Science 296 (2002)"
    score = "0"

    def edits(self, graph: Graph, context: Context, rules: Rules) -> Iterator[Edit]:
        if graph.m < 2 or is_threshold(graph.degree):
            return
        rng = topology_rng(context, "double_edge_swap", graph)
        around = Neighbours(graph)
        edges: list[Pair] = [(u, v) for u, v in graph.edges.tolist()]
        for step in range(self.iterations):
            for _ in range(PATIENCE * graph.m):
                i, j = int(rng.integers(graph.m)), int(rng.integers(graph.m - 1))
                j += j >= i
                fresh = _swapped(edges[i], edges[j], bool(rng.integers(2)))
                if _is_simple(fresh, around) and _may(edges[i], edges[j], fresh, around, rules):
                    break
            else:
                return
            old = edges[i], edges[j]
            for u, v in fresh:
                yield Edit("add", u, v, 0.0, step, "swap")
            for u, v in old:
                yield Edit("remove", u, v, 0.0, step, "swap")
            _swap(around, old, fresh)
            edges[i], edges[j] = fresh


def is_threshold(degree: NDArray[np.int64]) -> bool:
    """Whether degrees allow one graph only, so that no swap is possible: isolated or dominating nodes to the end.

    Example:
        >>> is_threshold(np.array([3, 1, 1, 1])), is_threshold(np.array([1, 2, 2, 1]))
        (True, False)
    """
    ascending = np.sort(degree).tolist()
    low, high, dominating = 0, len(ascending) - 1, 0
    while low <= high:
        if ascending[low] == dominating:
            low += 1
        elif ascending[high] - dominating == high - low:
            high -= 1
            dominating += 1
        else:
            return False
    return True


def _swapped(one: Pair, other: Pair, crossed: bool) -> tuple[Pair, Pair]:
    (a, b), (c, d) = one, other
    if crossed:
        c, d = d, c
    return (min(a, d), max(a, d)), (min(b, c), max(b, c))


def _is_simple(fresh: tuple[Pair, Pair], around: Neighbours) -> bool:
    (a, d), (b, c) = fresh
    return a != d and b != c and d not in around[a] and c not in around[b]


def _may(one: Pair, other: Pair, fresh: tuple[Pair, Pair], around: Neighbours, rules: Rules) -> bool:
    """Whether the constraints allow a swap."""
    if not rules:
        return True
    if not all(rules.may_add(*pair) for pair in fresh):
        return False
    if not rules.constraints.keep_connected:
        return True
    old = (one, other)
    _swap(around, old, fresh)
    together = connected(around, *one) and connected(around, *other)
    _swap(around, fresh, old)
    return together


def _swap(around: Neighbours, old: tuple[Pair, Pair], fresh: tuple[Pair, Pair]) -> None:
    for pair in old:
        around.remove(*pair)
    for pair in fresh:
        around.add(*pair)
