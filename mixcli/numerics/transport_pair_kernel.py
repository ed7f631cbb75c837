"""Compiled path of `mixcli.numerics.transport_pair`; imports numba, so only large inputs come here.

Tables of sources by targets are flat, entry (s, t) at s · targets + t, and come from the caller with all other room, as
zeros handed on are np.int64 and not literals, which are types of their own: both would take longer to compile than all
the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mixcli.numerics.jit import inner_kernel, lean_kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Room", "find_pairs", "room"]

UNSEEN, ROOT = -2, -1


class Room(NamedTuple):
    """What one edge needs, for the largest one; `mark` is (n,) by stamps that only grow."""

    source: Any
    supply: Any
    left: Any
    below: Any
    seen: Any
    target: Any
    demand: Any
    missing: Any
    above: Any
    reached: Any
    queue: Any
    cost: Any
    tight: Any
    flow: Any
    mark: Any


def room(n: int, degrees: NDArray[np.int64]) -> Room:
    """Room for edges whose ends have these degrees (k, 2), in a graph of n nodes."""
    wide, cells = int(degrees.max(initial=0)) + 1, int((degrees + 1).prod(axis=1).max(initial=1))
    source, supply, left, below, seen, target, demand, missing, above, reached = np.empty((10, wide), np.int64)
    queue, cost, tight = np.empty(2 * wide, np.int64), np.empty(cells, np.int8), np.empty(cells, np.bool_)
    return Room(
        source, supply, left, below, seen, target, demand, missing, above, reached, queue, cost, tight,
        np.empty(cells, np.int64), np.zeros(n, np.int64),
    )  # fmt: skip


@inner_kernel
def _forget(r: Any, sources: Any, targets: Any) -> None:
    for s in range(sources):
        r.seen[s] = UNSEEN
    for t in range(targets):
        r.reached[t] = UNSEEN


@inner_kernel
def _saturate(r: Any, sources: Any, targets: Any) -> None:
    """Push all that the tight arcs allow; seen and reached hold the parents of the last search."""
    for s in range(sources):  # what fits without a search
        for t in range(targets):
            if r.left[s] > 0 and r.missing[t] > 0 and r.tight[s * targets + t]:
                amount = min(r.left[s], r.missing[t])
                r.flow[s * targets + t] += amount
                r.left[s] -= amount
                r.missing[t] -= amount
    while True:
        _forget(r, sources, targets)
        head, tail, end = 0, 0, -1
        for s in range(sources):
            if r.left[s] > 0:
                r.seen[s] = ROOT
                r.queue[tail] = s
                tail += 1
        while head < tail and end < 0:
            s = r.queue[head]
            head += 1
            for t in range(targets):
                if r.reached[t] == UNSEEN and r.tight[s * targets + t]:
                    r.reached[t] = s
                    if r.missing[t] > 0:
                        end = t
                        break
                    for other in range(sources):
                        if r.seen[other] == UNSEEN and r.flow[other * targets + t] > 0:
                            r.seen[other] = t
                            r.queue[tail] = other
                            tail += 1
        if end < 0:
            return
        amount, t = r.missing[end], end
        while r.seen[r.reached[t]] != ROOT:
            s = r.reached[t]
            t = r.seen[s]
            amount = min(amount, r.flow[s * targets + t])
        amount = min(amount, r.left[r.reached[t]])
        r.missing[end] -= amount
        r.left[r.reached[t]] -= amount
        t = end
        while True:
            s = r.reached[t]
            r.flow[s * targets + t] += amount
            if r.seen[s] == ROOT:
                break
            t = r.seen[s]
            r.flow[s * targets + t] -= amount


@inner_kernel
def _reroute(r: Any, sources: Any, targets: Any, source: Any, target: Any, most: Any) -> None:
    """Move as much optimal flow as possible, at most `most`, onto the arc (source, target)."""
    got = np.int64(0)
    while got < most:
        _forget(r, sources, targets)
        r.reached[target] = ROOT
        r.queue[0] = target
        head, tail = 0, 1
        while head < tail and r.seen[source] == UNSEEN:
            t = r.queue[head]
            head += 1
            for s in range(sources):
                if r.seen[s] == UNSEEN and r.flow[s * targets + t] > 0 and not (s == source and t == target):
                    r.seen[s] = t
                    for further in range(targets):
                        if r.reached[further] == UNSEEN and r.tight[s * targets + further]:
                            r.reached[further] = s
                            r.queue[tail] = further
                            tail += 1
        if r.seen[source] == UNSEEN:
            return
        amount, s = most - got, source
        while True:
            t = r.seen[s]
            amount = min(amount, r.flow[s * targets + t])
            if r.reached[t] == ROOT:
                break
            s = r.reached[t]
        s = source
        while True:
            t = r.seen[s]
            r.flow[s * targets + t] -= amount
            if r.reached[t] == ROOT:
                break
            s = r.reached[t]
            r.flow[s * targets + t] += amount
        r.flow[source * targets + target] += amount
        got += amount


@inner_kernel
def _residual(r: Any, indptr: Any, indices: Any, u: Any, v: Any, p: Any, q: Any) -> Any:
    """Where μ_u - μ_v, over q d_u d_v, is positive and where negative, ascending; returns the two numbers."""
    i, end_i, j, end_j = indptr[u], indptr[u + 1], indptr[v], indptr[v + 1]
    d_u, d_v = end_i - i, end_j - j
    sources = targets = np.int64(0)
    while i < end_i or j < end_j:
        w = indices[i] if j == end_j or (i < end_i and indices[i] <= indices[j]) else indices[j]
        mass = np.int64(0)
        if i < end_i and indices[i] == w:
            mass += (q - p) * d_v
            i += 1
        if j < end_j and indices[j] == w:
            mass -= (q - p) * d_u
            j += 1
        if w == u:
            mass += p * d_u * d_v
        elif w == v:
            mass -= p * d_u * d_v
        if mass > 0:
            r.source[sources], r.supply[sources] = w, mass
            sources += 1
        elif mass < 0:
            r.target[targets], r.demand[targets] = w, -mass
            targets += 1
    return sources, targets


@inner_kernel
def _distances(r: Any, indptr: Any, indices: Any, sources: Any, targets: Any, stamp: Any) -> None:
    """Hops from every source to every target, 1, 2 or 3; marks are stamp + 1, stamp + 2, …"""
    for s in range(sources):
        stamp += 1
        for a in range(indptr[r.source[s]], indptr[r.source[s] + 1]):
            r.mark[indices[a]] = stamp
        for t in range(targets):
            w, hops = r.target[t], 3
            if r.mark[w] == stamp:
                hops = 1
            else:
                for a in range(indptr[w], indptr[w + 1]):
                    if r.mark[indices[a]] == stamp:
                        hops = 2
                        break
            r.cost[s * targets + t] = hops


@inner_kernel
def _solve(r: Any, sources: Any, targets: Any) -> None:
    """An optimal flow, and the tight arcs of its labels."""
    for s in range(sources):
        r.left[s], r.below[s] = r.supply[s], 0
    for t in range(targets):
        r.missing[t], r.above[t] = r.demand[t], 1
    for cell in range(sources * targets):
        r.flow[cell] = 0
    while True:
        for s in range(sources):
            for t in range(targets):
                r.tight[s * targets + t] = r.cost[s * targets + t] == r.below[s] + r.above[t]
        _saturate(r, sources, targets)
        more = False
        for s in range(sources):
            more = more or r.left[s] > 0
        if not more:
            return
        closer = np.int64(9)
        for s in range(sources):
            for t in range(targets):
                if r.seen[s] != UNSEEN and r.reached[t] == UNSEEN:
                    closer = min(closer, r.cost[s * targets + t] - r.below[s] - r.above[t])
        for s in range(sources):
            r.below[s] += closer * (r.seen[s] != UNSEEN)
        for t in range(targets):
            r.above[t] -= closer * (r.reached[t] != UNSEEN)


@inner_kernel
def _best(r: Any, sources: Any, targets: Any) -> Any:
    """The arc that can carry most distance times mass, and that value."""
    best, at, above = np.int64(-1), np.int64(0), np.int64(1) << 62
    while True:  # arcs in descending order of what bounds them, one level of the bound at a time
        level = np.int64(-1)
        for s in range(sources):
            for t in range(targets):
                bound = r.cost[s * targets + t] * min(r.supply[s], r.demand[t])
                if r.tight[s * targets + t] and bound < above:
                    level = max(level, bound)
        if level < best or level < 0:
            return at, best
        above = level
        for s in range(sources):
            for t in range(targets):
                cell, most = s * targets + t, min(r.supply[s], r.demand[t])
                if not r.tight[cell] or r.cost[cell] * most != level:
                    continue
                if best < level or cell < at:
                    _reroute(r, sources, targets, s, t, most - r.flow[cell])
                    value = r.cost[cell] * r.flow[cell]
                    if value > best or (value == best and cell < at):
                        best, at = value, cell


@lean_kernel
def find_pairs(r: Any, indptr: Any, indices: Any, edges: Any, p: Any, q: Any, out: Any) -> None:
    """Source, target, distance and value of each edge into the rows of out."""
    stamp = np.int64(0)
    for e in range(len(edges)):
        sources, targets = _residual(r, indptr, indices, edges[e, 0], edges[e, 1], p, q)
        if sources == 0:
            out[e, 0], out[e, 1], out[e, 2], out[e, 3] = -1, -1, 0, 0
            continue
        _distances(r, indptr, indices, sources, targets, stamp)
        stamp += sources
        _solve(r, sources, targets)
        at, value = _best(r, sources, targets)
        out[e, 0], out[e, 1] = r.source[at // targets], r.target[at % targets]
        out[e, 2], out[e, 3] = r.cost[at], value
