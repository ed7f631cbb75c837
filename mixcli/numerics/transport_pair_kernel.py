"""Compiled path of `mixcli.numerics.transport_pair`; imports numba, so only large inputs come here."""

from __future__ import annotations

from typing import Any

import numpy as np

from mixcli.numerics.jit import kernel

__all__ = ["find_pairs"]

UNSEEN, ROOT = -2, -1


@kernel
def _forget(parents: Any) -> None:
    for i in range(len(parents)):
        parents[i] = UNSEEN


@kernel
def _saturate(tight: Any, flow: Any, left: Any, missing: Any, seen: Any, reached: Any, queue: Any) -> None:
    """Push all that the tight arcs allow; seen and reached hold the parents of the last search."""
    targets, sources = flow.shape
    for s in range(sources):  # what fits without a search
        for t in range(targets):
            if left[s] > 0 and missing[t] > 0 and tight[s, t]:
                amount = min(left[s], missing[t])
                flow[t, s] += amount
                left[s] -= amount
                missing[t] -= amount
    while True:
        _forget(seen)
        _forget(reached)
        head, tail, end = 0, 0, -1
        for s in range(sources):
            if left[s] > 0:
                seen[s] = ROOT
                queue[tail] = s
                tail += 1
        while head < tail and end < 0:
            s = queue[head]
            head += 1
            for t in range(targets):
                if reached[t] == UNSEEN and tight[s, t]:
                    reached[t] = s
                    if missing[t] > 0:
                        end = t
                        break
                    for other in range(sources):
                        if seen[other] == UNSEEN and flow[t, other] > 0:
                            seen[other] = t
                            queue[tail] = other
                            tail += 1
        if end < 0:
            return
        amount, t = missing[end], end
        while seen[reached[t]] != ROOT:
            s = reached[t]
            t = seen[s]
            amount = min(amount, flow[t, s])
        amount = min(amount, left[reached[t]])
        missing[end] -= amount
        left[reached[t]] -= amount
        t = end
        while True:
            s = reached[t]
            flow[t, s] += amount
            if seen[s] == ROOT:
                break
            t = seen[s]
            flow[t, s] -= amount


@kernel
def _reroute(tight: Any, flow: Any, source: Any, target: Any, most: Any, seen: Any, reached: Any, queue: Any) -> None:
    """Move as much optimal flow as possible, at most `most`, onto the arc (source, target)."""
    targets, sources = flow.shape
    got = 0
    while got < most:
        _forget(seen)
        _forget(reached)
        reached[target] = ROOT
        queue[0] = target
        head, tail = 0, 1
        while head < tail and seen[source] == UNSEEN:
            t = queue[head]
            head += 1
            for s in range(sources):
                if seen[s] == UNSEEN and flow[t, s] > 0 and not (s == source and t == target):
                    seen[s] = t
                    for further in range(targets):
                        if reached[further] == UNSEEN and tight[s, further]:
                            reached[further] = s
                            queue[tail] = further
                            tail += 1
        if seen[source] == UNSEEN:
            return
        amount, s = most - got, source
        while True:
            t = seen[s]
            amount = min(amount, flow[t, s])
            if reached[t] == ROOT:
                break
            s = reached[t]
        s = source
        while True:
            t = seen[s]
            flow[t, s] -= amount
            if reached[t] == ROOT:
                break
            s = reached[t]
            flow[t, s] += amount
        flow[target, source] += amount
        got += amount


@kernel
def _residual(indptr: Any, indices: Any, u: Any, v: Any, p: Any, q: Any, source: Any, supply: Any, target: Any,
              demand: Any) -> Any:  # fmt: skip
    """Where μ_u - μ_v, over q d_u d_v, is positive and where negative, ascending; returns the two numbers."""
    i, end_i, j, end_j = indptr[u], indptr[u + 1], indptr[v], indptr[v + 1]
    d_u, d_v = end_i - i, end_j - j
    sources = targets = 0
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
            source[sources], supply[sources] = w, mass
            sources += 1
        elif mass < 0:
            target[targets], demand[targets] = w, -mass
            targets += 1
    return sources, targets


@kernel
def _distances(indptr: Any, indices: Any, source: Any, target: Any, mark: Any, stamp: Any, cost: Any) -> Any:
    """Hops from every source to every target, 1, 2 or 3."""
    sources, targets = cost.shape
    for s in range(sources):
        stamp += 1
        for a in range(indptr[source[s]], indptr[source[s] + 1]):
            mark[indices[a]] = stamp
        for t in range(targets):
            cost[s, t] = 3
            if mark[target[t]] == stamp:
                cost[s, t] = 1
                continue
            for a in range(indptr[target[t]], indptr[target[t] + 1]):
                if mark[indices[a]] == stamp:
                    cost[s, t] = 2
                    break
    return stamp


@kernel
def _solve(cost: Any, supply: Any, demand: Any, tight: Any, flow: Any, seen: Any, reached: Any, queue: Any) -> None:
    """An optimal flow, and the tight arcs of its labels."""
    targets, sources = flow.shape
    left, missing = np.empty(sources, np.int64), np.empty(targets, np.int64)
    for s in range(sources):
        left[s] = supply[s]
    for t in range(targets):
        missing[t] = demand[t]
    below, above = np.zeros(sources, np.int64), np.ones(targets, np.int64)
    while True:
        for s in range(sources):
            for t in range(targets):
                tight[s, t] = cost[s, t] == below[s] + above[t]
        _saturate(tight, flow, left, missing, seen, reached, queue)
        more = False
        for s in range(sources):
            more = more or left[s] > 0
        if not more:
            return
        closer = np.int64(9)
        for s in range(sources):
            for t in range(targets):
                if seen[s] != UNSEEN and reached[t] == UNSEEN:
                    closer = min(closer, cost[s, t] - below[s] - above[t])
        for s in range(sources):
            below[s] += closer * (seen[s] != UNSEEN)
        for t in range(targets):
            above[t] -= closer * (reached[t] != UNSEEN)


@kernel
def _best(cost: Any, supply: Any, demand: Any) -> Any:
    """Source, target and value of the arc that can carry most distance times mass."""
    sources, targets = cost.shape
    tight, flow = np.empty((sources, targets), np.bool_), np.zeros((targets, sources), np.int64)
    seen, reached = np.empty(sources, np.int64), np.empty(targets, np.int64)
    queue = np.empty(sources + targets, np.int64)
    _solve(cost, supply, demand, tight, flow, seen, reached, queue)
    best, best_s, best_t, above = np.int64(-1), 0, 0, np.int64(1) << 62
    while True:  # arcs in descending order of what bounds them, one level of the bound at a time
        level = np.int64(-1)
        for s in range(sources):
            for t in range(targets):
                bound = cost[s, t] * min(supply[s], demand[t])
                if tight[s, t] and bound < above:
                    level = max(level, bound)
        if level < best or level < 0:
            return best_s, best_t, best
        above = level
        for s in range(sources):
            for t in range(targets):
                if not tight[s, t] or cost[s, t] * min(supply[s], demand[t]) != level:
                    continue
                if best < level or s * targets + t < best_s * targets + best_t:
                    _reroute(tight, flow, s, t, min(supply[s], demand[t]) - flow[t, s], seen, reached, queue)
                    value = cost[s, t] * flow[t, s]
                    if value > best or (value == best and s * targets + t < best_s * targets + best_t):
                        best, best_s, best_t = value, s, t


@kernel
def find_pairs(indptr: Any, indices: Any, edges: Any, p: Any, q: Any, out: Any) -> None:
    """Source, target, distance and value of each edge into the rows of out."""
    mark, stamp, room = np.zeros(len(indptr) - 1, np.int64), 0, 1
    for e in range(len(edges)):
        for end in range(2):
            room = max(room, indptr[edges[e, end] + 1] - indptr[edges[e, end]] + 1)
    source, supply = np.empty(room, np.int64), np.empty(room, np.int64)
    target, demand = np.empty(room, np.int64), np.empty(room, np.int64)
    for e in range(len(edges)):
        u, v = edges[e, 0], edges[e, 1]
        sources, targets = _residual(indptr, indices, u, v, p, q, source, supply, target, demand)
        if sources == 0:
            out[e, 0], out[e, 1], out[e, 2], out[e, 3] = -1, -1, 0, 0
            continue
        cost = np.empty((sources, targets), np.int8)
        stamp = _distances(indptr, indices, source, target, mark, stamp, cost)
        s, t, value = _best(cost, supply, demand)
        out[e, 0], out[e, 1], out[e, 2], out[e, 3] = source[s], target[t], cost[s, t], value
