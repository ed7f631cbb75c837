"""The arcs of one edge: which targets its sources reach at distance one and within two.

With at most 64 sources a target is a pair of machine words, and targets with equal pairs are merged into one class;
those that no source reaches are one class that is never enumerated. With more sources every target is a class.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mixcli.numerics.bits import lowest, ones
from mixcli.numerics.jit import lean_kernel
from mixcli.numerics.transport_rows import first_row
from mixcli.numerics.transport_scratch import NARROW

__all__ = ["merge_targets", "near_rows", "tighten", "transpose", "within_rows"]

NONE = np.uint64(0)
ONE = np.uint64(1)
LOW = np.uint64(63)
MIX = np.uint64(0x9E3779B97F4A7C15)
MIX_TOO = np.uint64(0xC2B2AE3D27D4EB4F)


@lean_kernel
def reach_targets(private: Any, shared: Any, targets: Any, words: Any, edge: Any, s: Any) -> Any:
    """`near` and `within` of every target that some source reaches; returns their number and who reaches the rest.

    Sources are `private` neighbours of x, then common ones up to `shared`. A row that covers more than half of the
    targets is entered by its complement: `rest` has the bits that `within` must be flipped by.
    """
    near, within, stamp, touched, target = s.near, s.within, s.stamp, s.touched, s.target
    count = 0
    for i in range(shared):
        node, bit = s.source[i], ONE << np.uint64(i)
        row = s.row_of[node]
        if row > 0 or words <= NARROW:
            for w in range(words):
                left = s.rows_at_one[row + w] & target[w]
                while left != NONE:
                    p = 64 * w + lowest(left)
                    left &= left - ONE
                    if stamp[p] != edge:
                        stamp[p] = edge
                        touched[count] = p
                        count += 1
                        near[p] = NONE
                        within[p] = NONE
                    near[p] |= bit
            continue
        for r in range(s.span[2 * node], s.span[2 * node + 1]):
            p = np.int64(s.entries[r])
            if (target[p >> 6] >> (np.uint64(p) & LOW)) & ONE:
                if stamp[p] != edge:
                    stamp[p] = edge
                    touched[count] = p
                    count += 1
                    near[p] = NONE
                    within[p] = NONE
                near[p] |= bit
    rest = NONE
    for i in range(private, shared):  # through y
        rest |= ONE << np.uint64(i)
    for i in range(private):
        row, bit = s.slot[s.source[i]] * words, ONE << np.uint64(i)
        size = 0
        for w in range(words):
            size += ones(s.pool[row + w] & target[w])
        flip = NONE
        if 2 * size > targets:
            rest |= bit
            flip = ~NONE
        for w in range(words):
            left = (s.pool[row + w] ^ flip) & target[w]
            while left != NONE:
                p = 64 * w + lowest(left)
                left &= left - ONE
                if stamp[p] != edge:
                    stamp[p] = edge
                    touched[count] = p
                    count += 1
                    near[p] = NONE
                    within[p] = NONE
                within[p] ^= bit
    return count, rest


@lean_kernel
def merge_targets(
    private: Any, shared: Any, sources: Any, targets: Any, unit: Any, words: Any, edge: Any, s: Any
) -> Any:
    """Fill class_near, class_within and demand (a multiple of `unit`) of each class; returns their number."""
    count, rest = reach_targets(private, shared, targets, words, edge, s)
    y_bit = ONE << np.uint64(shared) if sources > shared else NONE  # y is next to every target
    near, within, demand, hashed, held = s.class_near, s.class_within, s.demand, s.hashed, s.held
    classes = 0
    if targets > count:
        near[0], within[0], demand[0] = y_bit, rest | y_bit, (targets - count) * unit
        classes = 1
    places = 16
    while places < 2 * count:
        places *= 2
    for i in range(count):
        p = s.touched[i]
        at_one = s.near[p] | y_bit
        at_two = (s.within[p] ^ rest) | at_one
        h = np.int64((at_one * MIX ^ at_two * MIX_TOO) >> np.uint64(40)) & (places - 1)
        while True:
            if hashed[h] != edge:
                hashed[h] = edge
                held[h] = classes
                near[classes], within[classes], demand[classes] = at_one, at_two, unit
                classes += 1
                break
            k = held[h]
            if near[k] == at_one and within[k] == at_two:
                demand[k] += unit
                break
            h = (h + 1) & (places - 1)
    return classes


@lean_kernel
def transpose(columns: Any, classes: Any, sources: Any, s: Any) -> None:
    """s.rows from bit sets of sources: bit k of row i is bit i of columns[k]. Recursive swaps of 64 x 64 blocks."""
    tile = s.tile
    words = (classes + 63) >> 6
    for w in range(words):
        for r in range(64):
            k = 64 * w + 63 - r
            tile[r] = columns[k] if k < classes else NONE
        half, mask = 32, np.uint64(0xFFFFFFFF)
        while half > 0:
            r = 0
            while r < 64:
                swap = (tile[r] ^ (tile[r | half] >> np.uint64(half))) & mask
                tile[r] ^= swap
                tile[r | half] ^= swap << np.uint64(half)
                r = ((r | half) + 1) & ~half
            half >>= 1
            mask ^= mask << np.uint64(half)
        for i in range(sources):
            s.rows[i * words + w] = tile[63 - i]


@lean_kernel
def tighten(classes: Any, reached: Any, s: Any) -> None:
    """s.arc for costs of two: within two from a reached source to an unreached class, else as before among equals."""
    for k in range(classes):
        if (s.unseen[k >> 6] >> (np.uint64(k) & LOW)) & ONE:
            s.arc[k] = (s.class_within[k] & reached) | (s.class_near[k] & ~reached)
        else:
            s.arc[k] = s.class_near[k] & reached


@lean_kernel
def near_rows(shared: Any, sources: Any, words: Any, last: Any, s: Any) -> None:
    """s.rows over all positions in N(y): targets next to each source; `last` is the position of x, or -1."""
    width = words if last < 0 else (last >> 6) + 1
    for i in range(sources):
        node, row = s.source[i], i * width
        for w in range(width):
            s.rows[row + w] = NONE
        if i >= shared:
            for w in range(words):
                s.rows[row + w] = s.target[w]
        else:
            first_row(node, words, row, s)
        if last >= 0:
            s.rows[row + (last >> 6)] |= ONE << (np.uint64(last) & LOW)


@lean_kernel
def within_rows(private: Any, shared: Any, sources: Any, words: Any, width: Any, s: Any) -> None:
    """s.rows for costs of two, as `tighten` does for classes."""
    rows, unseen, target = s.rows, s.unseen, s.target
    for i in range(sources):
        row = i * width
        if not (s.reached[i >> 6] >> (np.uint64(i) & LOW)) & ONE:
            for w in range(width):
                rows[row + w] &= unseen[w]
        elif i < private:
            kept = s.slot[s.source[i]] * words
            for w in range(width):
                rows[row + w] &= ~unseen[w]
            for w in range(words):
                rows[row + w] |= s.pool[kept + w] & target[w] & unseen[w]
        elif i < shared:
            for w in range(width):
                rows[row + w] &= ~unseen[w]
            for w in range(words):
                rows[row + w] |= target[w] & unseen[w]
