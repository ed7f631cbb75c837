"""Cayley graphs of SL(2, Z_q): the 2 × 2 matrices of determinant 1 modulo q, joined by four shears."""

from __future__ import annotations

from collections import deque
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["cayley_graph", "group_order", "least_modulus"]


def group_order(q: int) -> int:
    """|SL(2, Z_q)| = q³ Π_{p | q} (1 - 1/p²), p prime.

    Example:
        >>> [group_order(q) for q in range(2, 11)]
        [6, 24, 48, 120, 144, 336, 384, 648, 720]
    """
    order, rest, p = q**3, q, 2
    while rest > 1:
        if p * p > rest:
            p = rest
        if rest % p == 0:
            order = order // (p * p) * (p * p - 1)
            while rest % p == 0:
                rest //= p
        p += 1
    return order


def least_modulus(n: int) -> int:
    """The least q ≥ 2 with |SL(2, Z_q)| ≥ n.

    Example:
        >>> [least_modulus(n) for n in (0, 6, 7, 24, 25)]
        [2, 2, 3, 3, 4]
    """
    q = 2
    while group_order(q) < n:
        q += 1
    return q


@lru_cache(maxsize=32)
def cayley_graph(q: int, order: str) -> NDArray[np.int64]:
    """(k, 2) edges of the Cayley graph of SL(2, Z_q), numbered as a search from the identity finds the elements.

    An element M is joined to M S for the shears S = [[1, ±1], [0, 1]] and [[1, 0], [±1, 1]], tried in this order.

    Args:
        q: modulus, at least 2. For q = 2 a shear is its own inverse and the graph the 6-cycle; else it is 4-regular.
        order: "bfs" takes the oldest element found first, "dfs" the newest.

    Returns:
        Read-only, u < v, sorted; the node 0 is the identity.

    Cost: O(q³), about 2 µs an edge, once for each q.
    """
    start = (1, 0, 0, 1)
    found, waiting = {start: 0}, deque([start])
    pairs: list[tuple[int, int]] = []
    take = waiting.popleft if order == "bfs" else waiting.pop
    while waiting:
        a, b, c, d = element = take()
        for other in (
            (a, (a + b) % q, c, (c + d) % q),
            (a, (b - a) % q, c, (d - c) % q),
            ((a + b) % q, b, (c + d) % q, d),
            ((a - b) % q, b, (c - d) % q, d),
        ):
            if other not in found:
                found[other] = len(found)
                waiting.append(other)
            pairs.append((found[element], found[other]))
    edges = np.unique(np.sort(np.array(pairs, dtype=np.int64), axis=1), axis=0)
    edges.setflags(write=False)
    return edges
