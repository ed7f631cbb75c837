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

__all__ = ["advance", "backward", "enlist", "feed", "list_edges", "look_up", "settle", "tail_conductances"]

backward = kernel(elimination.backward)
feed = kernel(elimination.feed)
settle = kernel(elimination.settle)
look_up = kernel(elimination.look_up)

ALWAYS, FEW = elimination.ALWAYS, elimination.FEW


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
def _sort(k: int, near: Any, flow: Any, degree: Any) -> None:
    """Order neighbours by degree if they are few, else just put one of the highest last: its list is never walked."""
    if k > FEW:
        top = 0
        for i in range(1, k):
            if degree[near[i]] > degree[near[top]]:
                top = i
        near[top], near[k - 1] = near[k - 1], near[top]
        flow[top], flow[k - 1] = flow[k - 1], flow[top]
        return
    for i in range(1, k):
        a, f, j = near[i], flow[i], i
        while j > 0 and degree[near[j - 1]] > degree[a]:
            near[j], flow[j] = near[j - 1], flow[j - 1]
            j -= 1
        near[j], flow[j] = a, f


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


@kernel
def enlist(u: Any, v: Any, head: Any, neighbour: Any, following: Any, degree: Any, queue: Any) -> None:
    for e in range(len(u)):
        _append(u[e], v[e], 2 * e, head, neighbour, following)
        _append(v[e], u[e], 2 * e + 1, head, neighbour, following)
        degree[u[e]] += 1
        degree[v[e]] += 1
    for x in range(len(head) - 1, -1, -1):
        _link(np.int32(x), degree[x], queue)


@kernel
def advance(
    head: Any, neighbour: Any, following: Any, weight: Any, queue: Any, degree: Any, order: Any, pivot: Any,
    start: Any, rows: Any, share: Any, near: Any, flow: Any, found: Any, place: Any, state: Any, recent: Any,
    balance: float, most: int, largest: int, pause: int,
) -> int:  # fmt: skip
    """Eliminate until `Eliminating.advance` is to stop (-1) or there is no room for a vertex; its degree then."""
    n = len(head)
    count, filled, edges, work, low = state
    need = -1
    while count < n:
        while queue[1, low] < 0:
            low += 1
        left = n - count
        if low > ALWAYS and (recent[0] > balance * left * left or recent[0] * (left - largest) > most - work):
            break
        if low >= pause:
            break
        if edges + low * (low - 1) // 2 > len(weight) or filled + low > len(rows):
            need = low
            break
        x = queue[1, low]
        _unlink(x, queue)
        queue[0, x] = -1
        k = _take(x, head, neighbour, following, weight, near, flow)
        _sort(k, near, flow, degree)
        total = 0.0
        for i in range(k):
            total += flow[i]
            place[near[i]] = i
            rows[filled + i] = near[i]
        steps = k
        for i in range(k):
            share[filled + i] = flow[i] / total
            if i == k - 1:
                break
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


@kernel
def list_edges(
    vertices: Any, head: Any, neighbour: Any, following: Any, weight: Any, first: Any, second: Any, value: Any
) -> None:
    row = np.full(len(head), -1, np.int32)
    for i in range(len(vertices)):
        row[vertices[i]] = i
    at = 0
    for i in range(len(vertices)):
        h = head[vertices[i]]
        while h >= 0:
            if neighbour[h] >= 0:
                first[at], second[at], value[at] = i, row[neighbour[h]], weight[h >> 1]
                at += 1
            h = following[h]
