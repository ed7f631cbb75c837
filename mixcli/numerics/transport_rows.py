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

from mixcli.numerics.jit import lean_kernel
from mixcli.numerics.transport_scratch import NARROW, SIEVE

__all__ = ["first_row", "forget", "invert", "second_rows"]

NONE = np.uint64(0)
ONE = np.uint64(1)
LOW = np.uint64(63)
SIX = np.uint64(6)
WORD = np.uint64(SIEVE // 64 - 1)


@lean_kernel
def sieve_word(k: Any) -> Any:
    """Word of the sieve that has the bit of node k; unsigned, which spares the test for a negative index."""
    return (np.uint64(k) >> SIX) & WORD


@lean_kernel
def passes(sieve: Any, k: Any) -> Any:
    """Whether node k may have a row at distance one; False is certain."""
    return (sieve[sieve_word(k)] >> (np.uint64(k) & LOW)) & ONE != NONE


@lean_kernel
def invert(indptr: Any, indices: Any, y: Any, s: Any) -> Any:
    """Rows N(k) ∩ N(y) of all k that have one; returns how many."""
    begin, end = indptr[y], indptr[y + 1]
    words = (end - begin + 63) >> 6
    count = 0
    for w in range(words):
        s.rows_at_one[w] = NONE  # the row of all k that have none
    for p in range(begin, end):
        v = indices[p]
        s.position[v] = p - begin
        bit = ONE << (np.uint64(p - begin) & LOW)
        for q in range(indptr[v], indptr[v + 1]):
            k = indices[q]
            if words <= NARROW:
                row = s.row_of[k]
                if row == 0:
                    s.seen[count] = k
                    count += 1
                    row = count * words
                    s.row_of[k] = row
                    s.sieve[sieve_word(k)] |= ONE << (np.uint64(k) & LOW)
                    for w in range(words):
                        s.rows_at_one[row + w] = NONE
                s.rows_at_one[row + ((p - begin) >> 6)] |= bit
            else:
                if s.span[2 * k + 1] == 0:
                    s.seen[count] = k
                    count += 1
                    s.sieve[sieve_word(k)] |= ONE << (np.uint64(k) & LOW)
                s.span[2 * k + 1] += 1
    if words > NARROW:
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
def second_rows(indptr: Any, indices: Any, private: Any, words: Any, kept: Any, s: Any) -> Any:
    """Rows N(N(i)) ∩ N(y) of the private sources i into s.pool unless they are there; returns how many are kept now.

    One call for all of them: a call that hands on all working arrays costs as much as a row of dozens of neighbours.
    """
    near, pool, row_of, sieve, slot = s.rows_at_one, s.pool, s.row_of, s.sieve, s.slot
    for i in range(private):
        node = s.source[i]
        if slot[node] >= 0:
            continue
        at = kept * words
        slot[node] = kept
        s.slots[kept] = node
        kept += 1
        begin, end = indptr[node], indptr[node + 1]
        if words == 1:
            union = NONE
            for q in range(begin, end):
                k = indices[q]
                if passes(sieve, k):
                    union |= near[row_of[k]]
            pool[at] = union
            continue
        for w in range(words):
            pool[at + w] = NONE
        for q in range(begin, end):
            k = indices[q]
            if not passes(sieve, k):
                continue
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
    for i in range(count):
        k = s.seen[i]
        s.row_of[k] = 0
        s.sieve[sieve_word(k)] = NONE
        s.span[2 * k] = 0
        s.span[2 * k + 1] = 0
    for i in range(kept):
        s.slot[s.slots[i]] = -1
    for p in range(indptr[y], indptr[y + 1]):
        s.position[indices[p]] = -1
