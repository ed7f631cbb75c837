"""The pair of unjoined nodes with the least product of scores, without looking at all n² pairs.

Group the nodes by score. Over (negative, non-negative) pairs of levels the product grows when the negative score goes
up or the other one goes down, and over pairs of one sign when either grows in size; so a best-first search from the
corners meets the pairs in order of their product, and stops at the first one that is no edge. Every pair of levels it
discards is a set of edges, so it looks at O(n + m) of them at most, in practice at a handful. (Search and rule for ties
are ours.)
"""

from __future__ import annotations

import heapq
from collections.abc import Collection
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["LOWER", "MIXED", "UPPER", "Blocked", "Levels", "first_free", "least_product_pair", "search"]

ENDS = 64  # nodes looked at from either end of the order before all of them are sorted


class Blocked(Protocol):
    """The nodes that a node cannot be joined to: its neighbours, or these and more."""

    def __getitem__(self, node: int, /) -> Collection[int]: ...


MIXED = 0  # corners: lowest × highest,
UPPER = 1  # the two levels above zero,
LOWER = 2  # the two below


def least_product_pair(scores: NDArray[np.float64], around: Blocked) -> tuple[int, int] | None:
    """argmin of scores[u]·scores[v] over u < v that are no edge; the smallest (u, v) among equal products.

    Args:
        scores: (n,) finite.
        around: the neighbours of each node.

    Returns:
        (u, v), or None where every pair is an edge.

    Cost: O(n), plus O(log m) for each pair looked at; O(n log n) where the extreme nodes are all joined.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> from mixcli.numerics.neighbours import Neighbours
        >>> least_product_pair(np.array([-3.0, -1.0, 1.0, 2.0]), Neighbours(path(4)))
        (0, 3)
    """
    n = len(scores)
    if n > 8 * ENDS:
        low, high = np.partition(scores, (ENDS - 1, n - ENDS))[[ENDS - 1, n - ENDS]]
        if low < 0 < high:
            levels = Levels(scores, np.flatnonzero((scores <= low) | (scores >= high)))
            found = search(levels, around, [MIXED])
            # Every pair with a node left out has at least this product.
            if found is not None and found[0] < min(low * levels.value[-1], levels.value[0] * high):
                return found[1]
    found = search(Levels(scores, np.arange(n)), around, [MIXED, UPPER, LOWER])
    return None if found is None else found[1]


class Levels:
    """Nodes grouped by score, the groups in ascending order of their score."""

    def __init__(self, scores: NDArray[np.float64], nodes: NDArray[np.int64]) -> None:
        order = nodes[np.argsort(scores[nodes], kind="stable")]
        ascending = scores[order]
        first = np.ones(len(order), dtype=bool)
        first[1:] = ascending[1:] != ascending[:-1]
        starts = np.flatnonzero(first)
        self.value: list[float] = ascending[starts].tolist()
        self.negative = int((ascending[starts] < 0).sum())  # number of levels below zero
        self._bounds = [*starts.tolist(), len(order)]
        self._order = order

    def pair(self, corner: int, i: int, j: int) -> tuple[int, int] | None:
        """The two levels that are i and j steps away from a corner, or None outside it."""
        above = len(self.value) - self.negative
        if corner == MIXED:
            return (i, len(self.value) - 1 - j) if i < self.negative and j < above else None
        if corner == UPPER:
            return (self.negative + i, self.negative + j) if j < above else None
        return (self.negative - 1 - i, self.negative - 1 - j) if j < self.negative else None

    def nodes(self, level: int) -> list[int]:
        """Nodes of a level, ascending."""
        return self._order[self._bounds[level] : self._bounds[level + 1]].tolist()


def search(levels: Levels, around: Blocked, corners: list[int]) -> tuple[float, tuple[int, int]] | None:
    """The least product over the pairs of levels of some corners, and the smallest free pair that has it."""
    heap: list[tuple[float, int, int, int, tuple[int, int]]] = []

    def push(corner: int, i: int, j: int) -> None:
        pair = levels.pair(corner, i, j)
        if pair is not None:
            heapq.heappush(heap, (levels.value[pair[0]] * levels.value[pair[1]], corner, i, j, pair))

    for corner in corners:
        push(corner, 0, 0)
    best: tuple[float, tuple[int, int]] | None = None
    while heap and (best is None or heap[0][0] <= best[0]):
        product, corner, i, j, pair = heapq.heappop(heap)
        free = _free_pair(levels, *pair, around)
        if free is not None and (best is None or free < best[1]):
            best = product, free
        # Each (i, j) has one parent of at most its product, so nothing is pushed twice.
        push(corner, i, j + 1)
        if corner == MIXED and j == 0:
            push(corner, i + 1, 0)
        elif corner != MIXED and i == j:
            push(corner, i + 1, i + 1)
    return best


def _free_pair(levels: Levels, a: int, b: int, around: Blocked) -> tuple[int, int] | None:
    """The smallest (u, v), u < v, with one end in each of two levels, that is no edge."""
    one, other = levels.nodes(a), levels.nodes(b)
    found = [first_free(one, other, around)]
    if a != b:
        found.append(first_free(other, one, around))
    return min((f for f in found if f is not None), default=None)


def first_free(mine: list[int], theirs: list[int], around: Blocked) -> tuple[int, int] | None:
    """The smallest (u, v) that is no edge with u from `mine`, v > u from `theirs`; both ascending."""
    at = 0
    for u in mine:
        while at < len(theirs) and theirs[at] <= u:
            at += 1
        if at == len(theirs):
            return None
        joined = around[u]
        for position in range(at, len(theirs)):  # at most d_u of these are edges
            if theirs[position] not in joined:
                return u, theirs[position]
    return None
