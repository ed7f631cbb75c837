"""Compiled elimination of the vertices of a large graph; imports numba.

Edge e is the pair of half-edges 2e and 2e + 1: `neighbour[h]` is where half-edge h points (-1: gone), `following[h]`
the next one of the same vertex (-1: none). A half-edge that is gone stays in its list until the list is next walked.
Vertices wait in buckets by degree, doubly linked; the rows of `queue` are the bucket of a vertex (-1: eliminated), the
first vertex of a bucket, the next one and the one before.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mixcli.numerics import elimination
from mixcli.numerics.jit import kernel

__all__ = ["backward", "eliminate", "feed", "look_up", "settle", "tail_conductances"]

backward = kernel(elimination.backward)
feed = kernel(elimination.feed)
settle = kernel(elimination.settle)
look_up = kernel(elimination.look_up)

ALWAYS = elimination.ALWAYS


@kernel
def _link(v: int, k: int, queue: Any) -> None:
    b = queue[1, k]
    queue[0, v], queue[1, k], queue[2, v], queue[3, v] = k, v, b, -1
    if b >= 0:
        queue[3, b] = v


@kernel
def _unlink(v: int, queue: Any) -> None:
    a, b = queue[3, v], queue[2, v]
    if a >= 0:
        queue[2, a] = b
    else:
        queue[1, queue[0, v]] = b
    if b >= 0:
        queue[3, b] = a


@kernel
def _append(owner: int, other: int, h: int, head: Any, neighbour: Any, following: Any) -> None:
    neighbour[h] = other
    following[h] = head[owner]
    head[owner] = h


@kernel
def _take(v: int, head: Any, neighbour: Any, following: Any, weight: Any, near: Any, flow: Any) -> int:
    """Neighbours of v and conductances to them into near and flow, v taken out of their lists; how many there are."""
    k = 0
    h = head[v]
    while h >= 0:
        if neighbour[h] >= 0:
            near[k] = neighbour[h]
            flow[k] = weight[h >> 1]
            neighbour[h ^ 1] = -1
            k += 1
        h = following[h]
    return k


@kernel
def _find(a: int, i: int, k: int, place: Any, found: Any, head: Any, neighbour: Any, following: Any) -> int:
    """Half-edges of a that lead to near[i+1 … k-1] into found, -1 where there is none; entries walked past.

    Drops what is gone from the list on the way.
    """
    for j in range(i + 1, k):
        found[j] = -1
    steps, before, h = 0, -1, head[a]
    while h >= 0:
        b, next_h = neighbour[h], following[h]
        if b >= 0:
            if place[b] > i:
                found[place[b]] = h
            before = h
        elif before < 0:
            head[a] = next_h
        else:
            following[before] = next_h
        h = next_h
        steps += 1
    return steps


class Halves:
    """Half-edge lists of a graph under elimination, and the queue of its vertices by degree.

    Args:
        n: number of vertices.
        u: (m,) int32 one end of each edge.
        v: (m,) int32 the other end.
        conductance: (m,).
    """

    def __init__(self, n: int, u: Any, v: Any, conductance: Any) -> None:
        self.edges = len(u)
        self.head = np.full(n, -1, np.int32)
        self.neighbour, self.following = np.empty((2, 2 * self.edges + 64), np.int32)
        self.weight = np.concatenate([conductance, np.zeros(32)])
        self.queue = np.full((4, n + 1), -1, np.int32)  # bucket, first, after, before
        self.degree = np.zeros(n, np.int32)
        _enlist(u, v, self.head, self.neighbour, self.following, self.degree, self.queue)

    @property
    def lists(self) -> tuple[Any, Any, Any, Any]:
        """head, neighbour, following, weight."""
        return self.head, self.neighbour, self.following, self.weight

    def reserve(self, edges: int) -> None:
        """Make room for so many edges in all."""
        if edges > len(self.weight):
            size = max(edges, 2 * len(self.weight))
            self.weight = _longer(self.weight, size)
            self.neighbour, self.following = _longer(self.neighbour, 2 * size), _longer(self.following, 2 * size)


def _longer(array: Any, size: int) -> Any:
    larger = np.empty(size, array.dtype)
    larger[: len(array)] = array
    return larger


def eliminate(n: int, u: Any, v: Any, conductance: Any, balance: float, most: int) -> Any:
    """Eliminate vertices of least degree until one more costs more than it saves the dense tail.

    The tail of r vertices is worth 3 r² operations less with each vertex; the cost of eliminating one is the list
    entries walked (moving average), so it stops where entries > balance · r², or after `most` entries in all.

    Args:
        n: number of vertices.
        u: (m,) int32 one end of each edge.
        v: (m,) int32 the other end.
        conductance: (m,).
        balance: list entries per r².
        most: list entries in all.

    Returns:
        order, pivot, start, rows (vertices), share as in `Elimination`, and the half-edge lists of the tail.
    """
    halves = Halves(n, u, v, conductance)
    order, pivot, start = np.empty(n, np.int64), np.zeros(n), np.zeros(n + 1, np.int64)
    rows, share = np.empty(4 * len(u) + n, np.int64), np.empty(4 * len(u) + n)
    near, flow, found, place = np.empty(n, np.int32), np.empty(n), np.empty(n, np.int32), np.full(n, -1, np.int32)
    state = np.array([0, 0, len(u), 0, 0])  # vertices, neighbours, edges, entries walked, least degree
    recent = np.zeros(1)
    while True:
        need = _advance(
            *halves.lists, halves.queue, halves.degree, order, pivot, start, rows, share, near, flow, found, place,
            state, recent, balance, most,
        )  # fmt: skip
        if need < 0:
            break
        halves.reserve(int(state[2] + need * (need - 1) // 2))
        if state[1] + need > len(rows):
            rows, share = _longer(rows, 2 * len(rows) + need), _longer(share, 2 * len(share) + need)
    count, filled = int(state[0]), int(state[1])
    order[count:] = np.flatnonzero(halves.queue[0, :n] >= 0)
    return order, pivot[:count], start[: count + 1], rows[:filled], share[:filled], halves.lists


@kernel
def _enlist(u: Any, v: Any, head: Any, neighbour: Any, following: Any, degree: Any, queue: Any) -> None:
    for e in range(len(u)):
        _append(u[e], v[e], 2 * e, head, neighbour, following)
        _append(v[e], u[e], 2 * e + 1, head, neighbour, following)
        degree[u[e]] += 1
        degree[v[e]] += 1
    for x in range(len(head) - 1, -1, -1):
        _link(np.int32(x), degree[x], queue)


@kernel
def _advance(
    head: Any, neighbour: Any, following: Any, weight: Any, queue: Any, degree: Any, order: Any, pivot: Any,
    start: Any, rows: Any, share: Any, near: Any, flow: Any, found: Any, place: Any, state: Any, recent: Any,
    balance: float, most: int,
) -> int:  # fmt: skip
    """Eliminate until the stop of `eliminate` (-1) or until there is no room for a vertex; its degree then."""
    n = len(head)
    count, filled, edges, work, low = state
    need = -1
    while count < n:
        while queue[1, low] < 0:
            low += 1
        left = n - count
        if (low > ALWAYS and recent[0] > balance * left * left) or work > most:
            break
        if edges + low * (low - 1) // 2 > len(weight) or filled + low > len(rows):
            need = low
            break
        x = queue[1, low]
        _unlink(x, queue)
        queue[0, x] = -1
        k = _take(x, head, neighbour, following, weight, near, flow)
        total = 0.0
        for i in range(k):
            total += flow[i]
            place[near[i]] = i
            rows[filled + i] = near[i]
        steps = k
        for i in range(k):
            share[filled + i] = flow[i] / total
            steps += k + _find(near[i], i, k, place, found, head, neighbour, following)
            edges = _join(i, k, edges, share[filled + i], near, flow, found, head, neighbour, following, weight, degree)
        for i in range(k):
            a = near[i]
            place[a] = -1
            degree[a] -= 1
            if degree[a] != queue[0, a]:
                _unlink(a, queue)
                _link(a, degree[a], queue)
                low = min(low, degree[a])
        order[count], pivot[count] = x, total
        count += 1
        filled += k
        start[count] = filled
        work += steps
        recent[0] += 0.05 * (steps - recent[0])
    state[0], state[1], state[2], state[3], state[4] = count, filled, edges, work, low
    return need


@kernel
def _join(
    i: int, k: int, edges: int, part: float, near: Any, flow: Any, found: Any,
    head: Any, neighbour: Any, following: Any, weight: Any, degree: Any,
) -> int:  # fmt: skip
    """Join near[i] to near[i+1 … k-1]: more conductance where there is an edge, a new edge elsewhere; edges then."""
    a = near[i]
    for j in range(i + 1, k):
        if found[j] >= 0:
            weight[found[j] >> 1] += part * flow[j]
            continue
        b = near[j]
        weight[edges] = part * flow[j]
        _append(a, b, 2 * edges, head, neighbour, following)
        _append(b, a, 2 * edges + 1, head, neighbour, following)
        degree[a] += 1
        degree[b] += 1
        edges += 1
    return edges


@kernel
def tail_conductances(vertices: Any, head: Any, neighbour: Any, following: Any, weight: Any, tail: Any) -> None:
    """The conductances of what is left into tail (r, r), zero before; vertices (r,) are its rows."""
    row = np.full(len(head), -1, np.int32)
    for i in range(len(vertices)):
        row[vertices[i]] = i
    for i in range(len(vertices)):
        h = head[vertices[i]]
        while h >= 0:
            if neighbour[h] >= 0:
                tail[i, row[neighbour[h]]] = weight[h >> 1]
            h = following[h]
