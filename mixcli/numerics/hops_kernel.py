"""Compiled breadth-first searches of `mixcli.numerics.hops`; imports numba, so only large inputs come here."""

from __future__ import annotations

from typing import Any

import numpy as np

from mixcli.numerics.jit import kernel

__all__ = ["BATCH", "gather", "search", "spread"]

WORDS = 8
BATCH = 64 * WORDS  # sources of one bit-parallel pass
FIRST = 1 << 20


@kernel
def gather(indptr: Any, indices: Any, size: int) -> Any:
    """Order the nodes so that each run of `size` is close together: balls grown one after the other.

    Sources that are close to each other pass the same nodes at nearly the same time, which is what lets one pass over
    the neighbour lists serve them all.
    """
    n = len(indptr) - 1
    order, taken = np.empty(n, np.int64), np.zeros(n, np.bool_)
    seeds, known = np.empty(n, np.int64), np.zeros(n, np.bool_)  # breadth-first over everything, to seed from
    filled = head = tail = root = 0
    while filled < n:
        if head == tail:
            while known[root]:
                root += 1
            known[root] = True
            seeds[tail] = root
            tail += 1
        seed = seeds[head]
        head += 1
        for p in range(indptr[seed], indptr[seed + 1]):
            if not known[indices[p]]:
                known[indices[p]] = True
                seeds[tail] = indices[p]
                tail += 1
        if taken[seed]:
            continue
        taken[seed] = True
        order[filled] = seed
        at, filled = filled, filled + 1
        most = min(n, (filled + size - 1) // size * size)  # end of the current run
        while at < filled < most:
            for p in range(indptr[order[at]], indptr[order[at] + 1]):
                v = indices[p]
                if not taken[v] and filled < most:
                    taken[v] = True
                    order[filled] = v
                    filled += 1
            at += 1
    return order


@kernel
def _ones(x: Any) -> Any:
    """Number of bits set in a 64-bit word."""
    x = x - ((x >> np.uint64(1)) & np.uint64(0x5555555555555555))
    x = (x & np.uint64(0x3333333333333333)) + ((x >> np.uint64(2)) & np.uint64(0x3333333333333333))
    x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((x * np.uint64(0x0101010101010101)) >> np.uint64(56))


@kernel
def _clear(rows: Any, which: Any, count: int) -> None:
    for a in range(count):
        for w in range(WORDS):
            rows[which[a], w] = 0


@kernel
def spread(lists: Any, back: Any, sources: Any, layers: int, most: int, scratch: Any, pairs: Any, last: Any) -> int:
    """Breadth-first search towards up to 512 nodes at once, one bit each; returns the list entries it visited.

    lists are the successors of each node, as row starts and entries, back the predecessors (the same arrays without
    directions). Adds the pairs found at each distance to pairs, and raises last[v] to the largest distance from v to
    one of the nodes. Gives up after `most` entries. scratch is (3, n, 8) uint64, all zero before, and after unless it
    gave up.

    While few nodes have news they push it to their neighbours; while many have, all nodes that still lack a source
    pull, which writes each row once.
    """
    indptr, indices = lists
    starts, heads = back
    n = len(indptr) - 1
    seen, new, got = scratch[0], scratch[1], scratch[2]
    touched, active, coming = np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.int32)
    waiting = np.zeros(n, np.bool_)
    for s in range(len(sources)):
        v = sources[s]
        seen[v, s >> 6] |= np.uint64(1) << np.uint64(s & 63)
        new[v, s >> 6] |= np.uint64(1) << np.uint64(s & 63)
        touched[s] = active[s] = v
    met = count = len(sources)
    lacking = np.full(n, len(sources), np.int32)
    for s in range(len(sources)):
        lacking[sources[s]] -= 1
    pairs[0] += met
    work = hops = 0
    while count > 0 and hops < layers and work <= most:
        hops += 1
        if 2 * count > n:
            arriving = 0
            for v in range(n):
                if lacking[v] > 0:
                    work += indptr[v + 1] - indptr[v]
                    _pull(indices, indptr[v], indptr[v + 1], new, got[v])
                    coming[arriving] = v
                    arriving += 1
        else:
            arriving = 0
            for a in range(count):
                u = active[a]
                work += starts[u + 1] - starts[u]
                for p in range(starts[u], starts[u + 1]):
                    v = heads[p]
                    if lacking[v] == 0:
                        continue
                    _merge(new[u], got[v])
                    if not waiting[v]:
                        waiting[v] = True
                        coming[arriving] = v
                        arriving += 1
        _clear(new, active, count)
        count = 0
        for a in range(arriving):
            v = coming[a]
            waiting[v] = False
            found = _settle(seen[v], new[v], got[v])
            if found > 0:
                if found >= FIRST:
                    found -= FIRST
                    touched[met] = v
                    met += 1
                pairs[hops] += found
                lacking[v] -= found
                active[count] = v
                count += 1
                last[v] = max(last[v], hops)
    _clear(new, active, count)
    _clear(seen, touched, met)
    return work


@kernel
def _merge(new: Any, got: Any) -> None:
    for w in range(WORDS):
        got[w] |= new[w]


@kernel
def _pull(indices: Any, start: int, end: int, new: Any, got: Any) -> None:
    """got <- the news of all neighbours, in registers until it is written."""
    a = b = c = d = e = f = g = h = np.uint64(0)
    for p in range(start, end):
        row = new[indices[p]]
        a |= row[0]
        b |= row[1]
        c |= row[2]
        d |= row[3]
        e |= row[4]
        f |= row[5]
        g |= row[6]
        h |= row[7]
    got[0], got[1], got[2], got[3], got[4], got[5], got[6], got[7] = a, b, c, d, e, f, g, h


@kernel
def _settle(seen: Any, new: Any, got: Any) -> int:
    """Keep the sources that are new to one node; how many, plus FIRST where none had come before. Empties got."""
    before = fresh_any = np.uint64(0)
    found = 0
    for w in range(WORDS):
        fresh = got[w] & ~seen[w]
        before |= seen[w]
        fresh_any |= fresh
        got[w] = 0
        new[w] = fresh
        seen[w] |= fresh
    if fresh_any != 0:
        for w in range(WORDS):
            found += _ones(new[w])
        if before == 0:
            found += FIRST
    return found


@kernel
def search(indptr: Any, indices: Any, source: int, layers: int, hops: Any, queue: Any) -> int:
    """Breadth-first search from one source: hops[v] for the nodes within `layers`, in queue in order of distance.

    hops must be -1 everywhere before; returns the number of nodes reached (the source included).
    """
    hops[source] = 0
    queue[0] = source
    head, tail = 0, 1
    while head < tail:
        u = queue[head]
        head += 1
        if hops[u] == layers:
            break
        for p in range(indptr[u], indptr[u + 1]):
            v = indices[p]
            if hops[v] < 0:
                hops[v] = hops[u] + 1
                queue[tail] = v
                tail += 1
    return tail
