"""Which of the neighbours of a node y lie within one or two hops of other nodes, as lists and as bit sets.

For one y all the lists N(k) ∩ N(y) come from a single pass over the second neighbours of y. They are the rows at
distance one, and their unions over k ~ s are the rows at distance two, kept for all edges of y that share s.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mixcli.numerics.jit import lean_kernel

__all__ = ["forget", "invert", "second_row"]

NONE = np.uint64(0)
ONE = np.uint64(1)
LOW = np.uint64(63)


@lean_kernel
def invert(indptr: Any, indices: Any, y: Any, s: Any) -> Any:
    """Lists N(k) ∩ N(y) of all k, as positions in N(y); returns how many nodes have one."""
    position, span, seen, entries = s.position, s.span, s.seen, s.entries
    begin, end = indptr[y], indptr[y + 1]
    count = 0
    for p in range(begin, end):
        v = indices[p]
        position[v] = p - begin
        for q in range(indptr[v], indptr[v + 1]):
            k = indices[q]
            if span[2 * k + 1] == 0:
                seen[count] = k
                count += 1
            span[2 * k + 1] += 1
    at = 0
    for i in range(count):
        k = seen[i]
        size = span[2 * k + 1]
        span[2 * k] = at
        span[2 * k + 1] = at
        at += size
    for p in range(begin, end):
        v = indices[p]
        for q in range(indptr[v], indptr[v + 1]):
            k = indices[q]
            entries[span[2 * k + 1]] = p - begin
            span[2 * k + 1] += 1
    words = (end - begin + 63) >> 6
    longs = 0
    for i in range(count):  # a list longer than two rows is read faster as a row
        k = seen[i]
        if span[2 * k + 1] - span[2 * k] > 2 * words + 2:
            row = longs * words
            s.long_of[k] = row
            longs += 1
            for w in range(words):
                s.long_rows[row + w] = NONE
            for r in range(span[2 * k], span[2 * k + 1]):
                place = np.uint64(entries[r])
                s.long_rows[row + (entries[r] >> 6)] |= ONE << (place & LOW)
    return count


@lean_kernel
def second_row(indptr: Any, indices: Any, node: Any, words: Any, kept: Any, s: Any) -> Any:
    """Row N(N(node)) ∩ N(y) into s.pool unless it is there; returns how many rows are kept now."""
    span, entries, pool, long_rows = s.span, s.entries, s.pool, s.long_rows
    if s.slot[node] >= 0:
        return kept
    s.slot[node] = kept
    s.slots[kept] = node
    row = kept * words
    for w in range(words):
        pool[row + w] = NONE
    for q in range(indptr[node], indptr[node + 1]):
        k = indices[q]
        low, high = span[2 * k], span[2 * k + 1]
        if high - low > 2 * words + 2:
            copy = s.long_of[k]
            for w in range(words):
                pool[row + w] |= long_rows[copy + w]
        else:
            for r in range(low, high):
                place = entries[r]
                pool[row + (place >> 6)] |= ONE << (np.uint64(place) & LOW)
    return kept + 1


@lean_kernel
def forget(indptr: Any, indices: Any, y: Any, count: Any, kept: Any, s: Any) -> None:
    """Undo `invert` and the rows of `second_row`, ready for the next y."""
    for i in range(count):
        k = s.seen[i]
        s.span[2 * k] = 0
        s.span[2 * k + 1] = 0
    for i in range(kept):
        s.slot[s.slots[i]] = -1
    for p in range(indptr[y], indptr[y + 1]):
        s.position[indices[p]] = -1
