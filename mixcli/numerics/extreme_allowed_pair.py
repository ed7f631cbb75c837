"""The pair with the least product of scores among those that constraints allow.

Forbidden partners are blocked like neighbours, and nodes that may get no edge are left out. Where nodes have sides and
only pairs across them are allowed, each side is searched against all the others: over (negative, non-negative) levels
and over two levels of one sign the product grows with the distance from a corner, as in `extreme_pair`. (Ours.)
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

import numpy as np

from mixcli.numerics.extreme_pair import LOWER, MIXED, UPPER, Levels, first_free, search

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from mixcli.numerics.extreme_pair import Blocked
    from mixcli.numerics.neighbours import Neighbours

__all__ = ["Partners", "least_allowed_pair"]

Found = tuple[float, tuple[int, int]]


class Partners:
    """Neighbours and forbidden partners of each node, as one set.

    Args:
        around: the neighbours, which may change.
        forbidden: pairs that are never joined.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> from mixcli.numerics.neighbours import Neighbours
        >>> sorted(Partners(Neighbours(path(3)), [(2, 0)])[0])
        [1, 2]
    """

    def __init__(self, around: Neighbours, forbidden: Iterable[tuple[int, int]]) -> None:
        self._around = around
        self._forbidden: dict[int, set[int]] = {}
        for u, v in forbidden:
            self._forbidden.setdefault(u, set()).add(v)
            self._forbidden.setdefault(v, set()).add(u)

    def __getitem__(self, node: int, /) -> set[int]:
        more = self._forbidden.get(node)
        return self._around[node] | more if more else self._around[node]


def least_allowed_pair(
    scores: NDArray[np.float64],
    blocked: Blocked,
    open_nodes: NDArray[np.bool_] | None = None,
    sides: NDArray[np.int64] | None = None,
) -> tuple[int, int] | None:
    """argmin of scores[u]·scores[v] over allowed u < v that are not blocked; the smallest (u, v) among equal products.

    Args:
        scores: (n,) finite.
        blocked: the nodes that each node cannot be joined to.
        open_nodes: (n,) nodes that may get an edge; None for all.
        sides: (n,) only pairs across different sides are allowed; None for all pairs.

    Returns:
        (u, v), or None where nothing is allowed.

    Cost: O(n log n), times the number of sides, plus O(log m) for each blocked pair that is met.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> from mixcli.numerics.neighbours import Neighbours
        >>> scores = np.array([-3.0, -1.0, 1.0, 2.0])
        >>> least_allowed_pair(scores, Partners(Neighbours(path(4)), [(0, 3)]))
        (0, 2)
    """
    nodes = np.arange(len(scores)) if open_nodes is None else np.flatnonzero(open_nodes)
    if sides is None:
        found = search(Levels(scores, nodes), blocked, [MIXED, UPPER, LOWER])
        return None if found is None else found[1]
    of = sides[nodes]
    across = (
        _across(Levels(scores, nodes[of == side]), Levels(scores, nodes[of != side]), blocked)
        for side in np.unique(of).tolist()
    )
    return min((found for found in across if found is not None), default=(0.0, None))[1]


def _across(mine: Levels, theirs: Levels, blocked: Blocked) -> Found | None:
    """The least product over a level of each of two sets, the smaller one being ours where their signs differ."""
    heap: list[tuple[float, int, int, int, int, int]] = []

    def push(corner: int, i: int, j: int) -> None:
        a = mine.negative - 1 - i if corner == LOWER else i + (corner == UPPER) * mine.negative
        b = theirs.negative + j if corner == UPPER else theirs.negative - 1 - j
        if corner == MIXED:
            b = len(theirs.value) - 1 - j
        inside = 0 <= a < (len(mine.value) if corner == UPPER else mine.negative)
        inside &= (0 if corner == LOWER else theirs.negative) <= b < len(theirs.value)
        if inside:
            heapq.heappush(heap, (mine.value[a] * theirs.value[b], corner, i, j, a, b))

    for corner in (MIXED, UPPER, LOWER):
        push(corner, 0, 0)
    best: Found | None = None
    while heap and (best is None or heap[0][0] <= best[0]):
        product, corner, i, j, a, b = heapq.heappop(heap)
        one, other = mine.nodes(a), theirs.nodes(b)
        free = min((f for f in (first_free(one, other, blocked), first_free(other, one, blocked)) if f), default=None)
        if free is not None and (best is None or free < best[1]):
            best = product, free
        push(corner, i, j + 1)
        if j == 0:
            push(corner, i + 1, 0)
    return best
