"""Which of the neighbours of a node y lie within one or two hops of other nodes, as bit sets over positions in N(y).

For one y the rows N(k) ∩ N(y) of all k come from a single pass over the second neighbours of y. They are the rows at
distance one, and their unions over k ~ s are the rows at distance two, kept for all edges of y that share s. Where
N(y) takes more than a few words, short rows are kept as lists of positions instead.

Around most y few nodes have a row, and nearly all k ~ s have none. A sieve of one bit for each node modulo its length,
small enough for the fastest cache, sorts these out; a bit that several nodes share lets some through, which then turn
out to have an empty row.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mixcli.numerics.bits import prefetch
from mixcli.numerics.jit import lean_kernel
from mixcli.numerics.transport_scratch import NARROW, SIEVE

__all__ = ["first_row", "forget", "invert", "look_ahead", "second_rows"]

NONE = np.uint64(0)
ONE = np.uint64(1)
LOW = np.uint64(63)
SIX = np.uint64(6)
WORD = np.uint64(SIEVE // 64 - 1)
AHEAD = 32  # neighbours of an edge's end that are loaded ahead: as many as the fastest cache has room for
LINE = 16  # entries of indices in a cache line


@lean_kernel
def sieve_word(k: Any) -> Any:
    """Word of the sieve that has the bit of node k; unsigned, which spares the test for a negative index."""
    return (np.uint64(k) >> SIX) & WORD


@lean_kernel
def invert_narrow(indptr: Any, indices: Any, y: Any, words: Any, position: Any, row_of: Any, seen: Any, sieve: Any,
                  rows: Any) -> Any:  # fmt: skip
    """`invert` where N(y) takes a few words: every row a bit set. Without branches, which nothing could foresee."""
    begin, end = indptr[y], indptr[y + 1]
    count = 0
    for p in range(begin, end):
        prefetch(indices, indptr[indices[min(p + 4, end - 1)]])
        v = indices[p]
        position[v] = p - begin
        bit, word = ONE << (np.uint64(p - begin) & LOW), (p - begin) >> 6
        for q in range(np.uint64(indptr[v]), np.uint64(indptr[v + 1])):
            k = np.uint64(indices[q])
            for w in range((count + 1) * words, (count + 2) * words):
                rows[np.uint64(w)] = NONE
            seen[count] = k
            row = np.int64(row_of[k])
            count += row == 0
            row = row if row > 0 else count * words
            row_of[k] = row
            sieve[sieve_word(k)] |= ONE << (k & LOW)
            rows[np.uint64(row + word)] |= bit
    return count


@lean_kernel
def invert(indptr: Any, indices: Any, y: Any, s: Any) -> Any:
    """Rows N(k) ∩ N(y) of all k that have one; returns how many."""
    position, row_of, seen, sieve, rows, span = s.position, s.row_of, s.seen, s.sieve, s.rows_at_one, s.span
    begin, end = indptr[y], indptr[y + 1]
    words = (end - begin + 63) >> 6
    for w in range(words):
        rows[w] = NONE  # the row of all k that have none
    if words <= NARROW:
        return invert_narrow(indptr, indices, np.int64(y), np.int64(words), position, row_of, seen, sieve, rows)
    count = 0
    for p in range(begin, end):
        v = indices[p]
        position[v] = p - begin
        for q in range(np.uint64(indptr[v]), np.uint64(indptr[v + 1])):
            k = np.uint64(indices[q])
            if span[2 * k + ONE] == 0:
                seen[count] = k
                count += 1
                sieve[sieve_word(k)] |= ONE << (k & LOW)
            span[2 * k + ONE] += 1
    list_positions(indptr, indices, np.int64(y), np.int64(words), np.int64(count), s)
    return count


@lean_kernel
def list_positions(indptr: Any, indices: Any, y: Any, words: Any, count: Any, s: Any) -> None:
    """The rows as lists s.entries[span[2k]:span[2k+1]], their lengths given; those longer than two rows as rows too."""
    span, entries = s.span, s.entries
    at = 0
    for i in range(count):
        k = s.seen[i]
        size = span[2 * k + 1]
        span[2 * k] = at
        span[2 * k + 1] = at
        at += size
    begin = indptr[y]
    for p in range(begin, indptr[y + 1]):
        v = indices[p]
        for q in range(indptr[v], indptr[v + 1]):
            k = indices[q]
            entries[span[2 * k + 1]] = p - begin
            span[2 * k + 1] += 1
    row = 0
    for i in range(count):
        k = s.seen[i]
        if span[2 * k + 1] - span[2 * k] > 2 * words + 2:
            row += words
            s.row_of[k] = row
            for w in range(words):
                s.rows_at_one[row + w] = NONE
            for r in range(span[2 * k], span[2 * k + 1]):
                s.rows_at_one[row + (entries[r] >> 6)] |= ONE << (np.uint64(entries[r]) & LOW)


@lean_kernel
def first_row(node: Any, words: Any, at: Any, s: Any) -> None:
    """Row N(node) ∩ N(y), the targets in it, into s.rows[at:]."""
    row = s.row_of[node]
    if row > 0 or words <= NARROW:
        for w in range(words):
            s.rows[at + w] = s.rows_at_one[row + w] & s.target[w]
        return
    for w in range(words):
        s.rows[at + w] = NONE
    for r in range(s.span[2 * node], s.span[2 * node + 1]):
        p = s.entries[r]
        s.rows[at + (p >> 6)] |= ONE << (np.uint64(p) & LOW) & s.target[p >> 6]


@lean_kernel
def pick(indices: Any, begin: Any, end: Any, sieve: Any, picked: Any) -> Any:
    """Those of indices[begin:end] that pass the sieve, and how many. Without branches, which nothing could foresee."""
    count = NONE
    for q in range(np.uint64(begin), np.uint64(end)):
        k = np.uint64(indices[q])
        picked[count] = k
        count += (sieve[sieve_word(k)] >> (k & LOW)) & ONE
    return np.int64(count)


@lean_kernel
def look_ahead(indptr: Any, indices: Any, other: Any, e: Any, position: Any, row_of: Any, slot: Any) -> None:
    """Start loading what the edges after e will read of their sources, which lie anywhere in the graph.

    Each address hangs on what an earlier load brings, so every edge gets one step of the way to its data.
    """
    last = len(other) - 1
    prefetch(indptr, np.int64(other[min(e + 4, last)]))
    prefetch(indices, indptr[other[min(e + 3, last)]])
    x = other[min(e + 2, last)]
    for q in range(np.uint64(indptr[x]), np.uint64(min(indptr[x] + AHEAD, indptr[x + 1]))):
        v = np.int64(indices[q])
        prefetch(indptr, v)
        prefetch(position, v)
        prefetch(slot, v)
        prefetch(row_of, v)
    x = other[min(e + 1, last)]
    for q in range(np.uint64(indptr[x]), np.uint64(min(indptr[x] + AHEAD, indptr[x + 1]))):
        begin = indptr[np.uint64(indices[q])]
        prefetch(indices, begin)
        prefetch(indices, begin + LINE)


@lean_kernel
def second_rows(indptr: Any, indices: Any, private: Any, words: Any, kept: Any, s: Any) -> Any:
    """Rows N(N(i)) ∩ N(y) of the private sources i into s.pool unless they are there; returns how many are kept now.

    One call for all of them: a call that hands on all working arrays costs as much as a row of dozens of neighbours.
    """
    near, pool, row_of, slot, picked = s.rows_at_one, s.pool, s.row_of, s.slot, s.picked
    for i in range(private):
        node = s.source[i]
        if slot[node] >= 0:
            continue
        at = kept * words
        slot[node] = kept
        s.slots[kept] = node
        kept += 1
        count = pick(indices, indptr[node], indptr[node + 1], s.sieve, picked)
        if words == 1:
            union = NONE
            for c in range(count):
                union |= near[np.uint64(row_of[np.uint64(picked[c])])]
            pool[at] = union
            continue
        for w in range(words):
            pool[at + w] = NONE
        for c in range(count):
            k = picked[c]
            row = row_of[k]
            if row > 0:
                for w in range(words):
                    pool[at + w] |= near[row + w]
            elif words > NARROW:
                for r in range(s.span[2 * k], s.span[2 * k + 1]):
                    p = s.entries[r]
                    pool[at + (p >> 6)] |= ONE << (np.uint64(p) & LOW)
    return kept


@lean_kernel
def forget(indptr: Any, indices: Any, y: Any, count: Any, kept: Any, s: Any) -> None:
    """Undo `invert` and the rows of `second_rows`, ready for the next y."""
    row_of, seen, sieve, span = s.row_of, s.seen, s.sieve, s.span
    for i in range(count):
        k = np.uint64(seen[i])
        row_of[k] = 0
        sieve[sieve_word(k)] = NONE
    if indptr[y + 1] - indptr[y] > 64 * NARROW:
        for i in range(count):
            k = np.uint64(seen[i])
            span[2 * k] = 0
            span[2 * k + ONE] = 0
    for i in range(kept):
        s.slot[s.slots[i]] = -1
    for p in range(indptr[y], indptr[y + 1]):
        s.position[indices[p]] = -1
