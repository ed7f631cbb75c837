"""Compiled passes of `mixcli.numerics.approxchol`: elimination by sampling, and the two sweeps of its factor.

While eliminating, edge e is the pair of half-edges 2e and 2e + 1: `neighbour[h]` is where half-edge h points (-1:
gone), `following[h]` the next one in the list of its owner. Slots of eliminated edges are used again by the sampled
ones. Nodes wait in buckets by degree: doubly linked lists `first`, `after`, `before`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mixcli.numerics.jit import kernel

__all__ = ["eliminate", "sweep"]

_BUCKETS = 8192  # degrees from here on share the last bucket


@kernel
def _random(state: Any) -> float:
    """Next uniform number in [0, 1) of a xorshift64* stream."""
    x = state[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    state[0] = x
    return ((x * np.uint64(2685821657736338717)) >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@kernel
def _unlink(v: int, bucket: Any, first: Any, after: Any, before: Any) -> None:
    a, b = before[v], after[v]
    if a >= 0:
        after[a] = b
    else:
        first[bucket[v]] = b
    if b >= 0:
        before[b] = a


@kernel
def _link(v: int, k: int, bucket: Any, first: Any, after: Any, before: Any) -> None:
    bucket[v], b = k, first[k]
    after[v], before[v], first[k] = b, -1, v
    if b >= 0:
        before[b] = v


@kernel
def _sort(key: Any, k: int, order: Any) -> None:
    """order[:k] = positions of key[:k], ascending (Shell's method: short to compile, lists are short)."""
    gap = 1
    while gap < k // 3:
        gap = 3 * gap + 1
    for i in range(k):
        order[i] = i
    while gap > 0:
        for i in range(gap, k):
            moved = order[i]
            j = i
            while j >= gap and key[order[j - gap]] > key[moved]:
                order[j] = order[j - gap]
                j -= gap
            order[j] = moved
        gap //= 3


@kernel
def _half_edges(n: int, u: Any, v: Any, w: Any, copies: int) -> tuple[Any, ...]:
    """Linked lists of the multigraph with every edge `copies` times."""
    m = len(u) * copies
    neighbour, following, weight = np.empty(2 * m, np.int32), np.empty(2 * m, np.int32), np.empty(m)
    head, degree = np.full(n, -1, np.int32), np.zeros(n, np.int32)
    for e in range(m):
        i, h = e // copies, 2 * e
        a, b = u[i], v[i]
        neighbour[h], following[h], head[a] = b, head[a], h
        neighbour[h + 1], following[h + 1], head[b] = a, head[b], h + 1
        weight[e] = w[i] / copies
        degree[a] += 1
        degree[b] += 1
    return neighbour, following, weight, head, degree


@kernel
def _gather(
    v: int,
    copies: int,
    neighbour: Any,
    following: Any,
    weight: Any,
    head: Any,
    degree: Any,
    slot: Any,
    who: Any,
    mass: Any,
    kept: Any,
    count: Any,
) -> int:
    """Merge the parallel edges at v; returns its number k of neighbours.

    who[i], mass[i]: neighbour and total weight. kept[i]: list of at most `copies` of its half-edges, count[i] long.
    """
    k, h = 0, head[v]
    while h >= 0:
        after, x = following[h], neighbour[h]
        if x >= 0:
            i = slot[x]
            if i < 0:
                slot[x], who[k], mass[k], kept[k], count[k], following[h] = k, x, weight[h >> 1], h, 1, -1
                k += 1
            else:
                mass[i] += weight[h >> 1]
                if count[i] < copies:
                    following[h], kept[i] = kept[i], h
                    count[i] += 1
                else:
                    neighbour[h ^ 1] = -1
                    degree[x] -= 1
        h = after
    for i in range(k):
        slot[who[i]] = -1
    return k


@kernel
def _sample(
    k: int,
    rank: Any,
    above: Any,
    who: Any,
    mass: Any,
    kept: Any,
    count: Any,
    neighbour: Any,
    following: Any,
    weight: Any,
    head: Any,
    degree: Any,
    state: Any,
) -> None:
    """Replace v's star by sampled edges; above[i] = weight of the neighbours from rank i on."""
    for i in range(k):
        x = who[rank[i]]
        h = kept[rank[i]]
        if i == k - 1:  # the heaviest neighbour has nobody left to draw
            while h >= 0:
                neighbour[h ^ 1] = -1
                degree[x] -= 1
                h = following[h]
            return
        share = mass[rank[i]] * (above[i + 1] / above[0]) / count[rank[i]]
        while h >= 0:
            after, draw = following[h], _random(state) * above[i + 1]
            low, high = i + 1, k - 1  # the largest j with above[j] >= draw
            while low < high:
                middle = (low + high + 1) >> 1
                if above[middle] >= draw:
                    low = middle
                else:
                    high = middle - 1
            y = who[rank[low]]
            weight[h >> 1], neighbour[h ^ 1], neighbour[h] = share, y, x
            following[h], head[y] = head[y], h
            degree[y] += 1
            h = after


@kernel
def _grown(array: Any) -> Any:
    longer = np.empty(2 * len(array), array.dtype)
    for i in range(len(array)):  # a slice assignment takes ten times as long to compile
        longer[i] = array[i]
    return longer


@kernel
def _queue(n: int, degree: Any) -> tuple[Any, ...]:
    """All nodes in the buckets of their degrees, the smallest number on top."""
    bucket, first = np.empty(n, np.int32), np.full(_BUCKETS, -1, np.int32)
    after, before = np.empty(n, np.int32), np.empty(n, np.int32)
    for v in range(n - 1, -1, -1):
        _link(v, min(degree[v], _BUCKETS - 1), bucket, first, after, before)
    return bucket, first, after, before


@kernel
def _stream(seed: Any) -> Any:
    """State of the random stream, away from the all-zero one that xorshift never leaves."""
    state = np.empty(1, np.uint64)
    state[0] = seed * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0xD1B54A32D192ED03)
    if state[0] == 0:
        state[0] = np.uint64(1)
    for _ in range(8):
        _random(state)
    return state


@kernel
def eliminate(n: int, u: Any, v: Any, w: Any, copies: int, seed: Any) -> tuple[Any, ...]:
    """Factor the Laplacian of the edges (u, v) of weight w.

    Returns:
        order, place: node eliminated at each step, and its inverse. start, row, value: columns of the factor without
        the unit diagonal and without the minus sign, rows numbered by `place`, with slack at the end. pivot: W.
    """
    neighbour, following, weight, head, degree = _half_edges(n, u, v, w, copies)
    bucket, first, after, before = _queue(n, degree)
    state = _stream(seed)
    slot, who, kept, count = (
        np.full(n, -1, np.int32),
        np.empty(n, np.int32),
        np.empty(n, np.int32),
        np.empty(n, np.int32),
    )
    mass, above, rank = np.empty(n), np.empty(n + 1), np.empty(n, np.int32)
    order, place, start, pivot = np.empty(n, np.int32), np.empty(n, np.int32), np.zeros(n + 1, np.int64), np.zeros(n)
    row, value = np.empty(len(weight) + 2 * n, np.int32), np.empty(len(weight) + 2 * n)
    entries, least = 0, 0
    for t in range(n):
        while first[least] < 0:
            least += 1
        x = first[least]
        _unlink(x, bucket, first, after, before)
        order[t], place[x] = x, t
        k = _gather(x, copies, neighbour, following, weight, head, degree, slot, who, mass, kept, count)
        _sort(mass, k, rank)
        above[k] = 0.0
        for i in range(k - 1, -1, -1):
            above[i] = above[i + 1] + mass[rank[i]]
        pivot[t] = above[0]
        if entries + k > len(row):
            row, value = _grown(row), _grown(value)
        for i in range(k):
            row[entries + i], value[entries + i] = who[rank[i]], mass[rank[i]] / above[0]
        entries += k
        start[t + 1] = entries
        _sample(k, rank, above, who, mass, kept, count, neighbour, following, weight, head, degree, state)
        for i in range(k):
            y, b = who[i], min(degree[who[i]], _BUCKETS - 1)
            if b != bucket[y]:
                _unlink(y, bucket, first, after, before)
                _link(y, b, bucket, first, after, before)
                least = min(least, b)
    for p in range(entries):
        row[p] = place[row[p]]
    return order, place, start, row, value, pivot


@kernel
def sweep(start: Any, row: Any, value: Any, inverse: Any, z: Any) -> None:
    """z <- (F W F')^+ z for the columns of z."""
    n, k = z.shape
    for j in range(n):
        for p in range(start[j], start[j + 1]):
            i, f = row[p], value[p]
            for c in range(k):
                z[i, c] += f * z[j, c]
    for j in range(n - 1, -1, -1):
        for c in range(k):
            z[j, c] *= inverse[j]
        for p in range(start[j], start[j + 1]):
            i, f = row[p], value[p]
            for c in range(k):
                z[j, c] += f * z[i, c]
