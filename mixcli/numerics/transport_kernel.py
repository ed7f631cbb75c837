"""Curvature of edges grouped by their end of larger degree; the compiled path of `mixcli.numerics.ollivier`."""

from __future__ import annotations

from typing import Any

import numpy as np

from mixcli.numerics.jit import lean_kernel
from mixcli.numerics.transport_classes import merge_targets, near_rows, tighten, transpose, within_rows
from mixcli.numerics.transport_few import saturate_few
from mixcli.numerics.transport_flow import saturate
from mixcli.numerics.transport_rows import forget, invert, look_ahead, second_rows

__all__ = ["transport_blocks"]

NONE = np.uint64(0)
ONE = np.uint64(1)
LOW = np.uint64(63)
FEW = 32


@lean_kernel
def residual(indptr: Any, indices: Any, x: Any, y: Any, of_private: Any, of_common: Any, of_y: Any, s: Any) -> Any:
    """Sources and the row of targets left when common mass stays put; the supplies are those of each source."""
    begin, end = indptr[y], indptr[y + 1]
    words = (end - begin + 63) >> 6
    target, position = s.target, s.position
    for w in range(words):
        target[w] = ~NONE
    if (end - begin) & 63:
        target[words - 1] = (ONE << (np.uint64(end - begin) & LOW)) - ONE
    p = position[x]
    target[p >> 6] &= ~(ONE << (np.uint64(p) & LOW))
    private = common = 0
    for q in range(indptr[x], indptr[x + 1]):
        v = indices[q]
        p = position[v]
        if v == y:
            continue
        if p < 0:
            s.source[private] = v
            s.supply[private] = of_private
            private += 1
        else:
            common += 1
            target[p >> 6] &= ~(ONE << (np.uint64(p) & LOW))
    shared = private
    if of_common > 0 and common > 0:
        for q in range(indptr[x], indptr[x + 1]):
            v = indices[q]
            if v != y and position[v] >= 0:
                s.source[shared] = v
                s.supply[shared] = of_common
                shared += 1
    sources = shared
    if of_y > 0:
        s.source[sources] = y
        s.supply[sources] = of_y
        sources += 1
    return private, shared, sources, end - begin - 1 - common


@lean_kernel
def transport_few(private: Any, shared: Any, sources: Any, targets: Any, unit: Any, x_demand: Any, total: Any,
                  words: Any, edge: Any, s: Any) -> Any:  # fmt: skip
    """Cost of the residual mass with at most 64 sources."""
    classes = merge_targets(private, shared, sources, targets, unit, words, edge, s)
    if x_demand > 0:  # x is next to every source
        every = ~NONE if sources == 64 else (ONE << np.uint64(sources)) - ONE
        s.class_near[classes], s.class_within[classes], s.demand[classes] = every, every, x_demand
        classes += 1
    for k in range(classes):
        s.support[k] = NONE
    if classes <= FEW:
        one, reached, seen = saturate_few(s.class_near, classes, sources, s)
        if one == total:
            return total
        s.unseen[0] = ~seen
        tighten(classes, reached, s)
        two, reached, seen = saturate_few(s.arc, classes, sources, s)
    else:
        transpose(s.class_near, classes, sources, s)
        one = saturate(classes, sources, total, s)
        if one == total:
            return total
        tighten(classes, s.reached[0], s)
        transpose(s.arc, classes, sources, s)
        two = saturate(classes, sources, total - one, s)
    return one + 2 * two + 3 * (total - one - two)


@lean_kernel
def transport_many(private: Any, shared: Any, sources: Any, degree: Any, unit: Any, x_demand: Any, total: Any,
                   words: Any, s: Any) -> Any:  # fmt: skip
    """Cost of the residual mass with more than 64 sources: every position in N(y) is a class, x the one after."""
    classes = degree + 1 if x_demand > 0 else degree
    masks, width = (sources + 63) >> 6, (classes + 63) >> 6
    for k in range(degree):
        s.demand[k] = unit if (s.target[k >> 6] >> (np.uint64(k) & LOW)) & ONE else 0
    if x_demand > 0:
        s.demand[degree] = x_demand
    for k in range(classes * masks):
        s.support[k] = NONE
    near_rows(shared, sources, words, degree if x_demand > 0 else -1, s)
    one = saturate(classes, sources, total, s)
    if one == total:
        return total
    within_rows(private, shared, sources, words, width, s)
    two = saturate(classes, sources, total - one, s)
    return one + 2 * two + 3 * (total - one - two)


@lean_kernel
def transport_blocks(indptr: Any, indices: Any, owner: Any, first: Any, last: Any, other: Any, where: Any,
                     p: Any, q: Any, numerator: Any, s: Any) -> None:  # fmt: skip
    """Numerators of κ_α, α = p/q, of the edges (other[e], owner[b]), first[b] <= e < last[b], into numerator[where[e]].

    Over q d_x d_y where α < 1/(d_y + 1); over d_x d_y and of Lin-Lu-Yau elsewhere.
    """
    for b in range(len(owner)):
        y = owner[b]
        degree = indptr[y + 1] - indptr[y]
        words = (degree + 63) >> 6
        lazy = p * (degree + 1) >= q
        count = invert(indptr, indices, y, s)
        kept = np.int64(0)
        for e in range(first[b], last[b]):
            look_ahead(indptr, indices, other, e, s.position, s.row_of, s.slot)
            x, edge = other[e], where[e]
            d = indptr[x + 1] - indptr[x]
            if d == 1:  # a leaf: 2/d_y, or 2α
                numerator[edge] = 2 if lazy else 2 * p * degree
                continue
            if lazy:
                of_private, of_common, of_y = degree, degree - d, degree - d
                unit, x_demand, scale = d, 0, d * (degree + 1)
            else:
                of_private, of_common = (q - p) * degree, (q - p) * (degree - d)
                of_y = degree * (q - p * (d + 1))
                unit, x_demand, scale = (q - p) * d, d * (q - p * (degree + 1)), q * d * degree
            private, shared, sources, targets = residual(indptr, indices, x, y, of_private, of_common, of_y, s)
            total = targets * unit + x_demand
            cost = 0
            if total > 0:
                if (kept + private) * words > len(s.pool):
                    for i in range(kept):
                        s.slot[s.slots[i]] = -1
                    kept = np.int64(0)
                kept = second_rows(indptr, indices, private, words, kept, s)
                if sources <= 64:
                    cost = transport_few(private, shared, sources, targets, unit, x_demand, total, words, edge, s)
                else:
                    cost = transport_many(private, shared, sources, degree, unit, x_demand, total, words, s)
            numerator[edge] = scale - cost
        forget(indptr, indices, y, count, kept, s)
