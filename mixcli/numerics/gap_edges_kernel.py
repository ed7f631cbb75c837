"""Compiled path of `mixcli.numerics.gap_edges`; imports numba, so only large inputs come here.

Every operation on the slow mode stands in the order of `mixcli.numerics.slow_mode`, so the results are the same bits.
Zeros handed to other kernels are np.int64: a literal 0 is a type of its own, and all below would be compiled twice.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mixcli.numerics.jit import kernel, lean_kernel

__all__ = ["widen"]

SCANS = 24  # searches through all nodes before they are sorted


@lean_kernel
def _step(x: Any, n: Any, first: Any, indptr: Any, indices: Any, degree: Any, one: Any, other: Any, added: Any,
          flow: Any, mixed: Any) -> None:  # fmt: skip
    """One power step of x, the slow mode, on a graph and its added edges."""
    total = along = 0.0
    for v in range(n):
        total += degree[v]
        along += x[v] * math.sqrt(degree[v])
    for v in range(n):
        if total > 0:
            x[v] = x[v] - math.sqrt(degree[v]) * (along / total)
        flow[v] = x[v] / (math.sqrt(degree[v]) if degree[v] > 0 else 1.0)
        mixed[v] = 0.0
    for v in range(n):
        for a in range(indptr[first + v], indptr[first + v + 1]):
            mixed[v] += flow[indices[a] - first]
    for e in range(added):
        mixed[one[e]] += flow[other[e]]
        mixed[other[e]] += flow[one[e]]
    size = 0.0
    for v in range(n):
        x[v] = x[v] + (mixed[v] / math.sqrt(degree[v]) if degree[v] > 0 else x[v])
        size += x[v] * x[v]
    size = math.sqrt(size)
    if size > 0:
        for v in range(n):
            x[v] = x[v] / size


@lean_kernel
def _grid(factor: Any, n: Any, score: Any) -> None:
    """Factors rounded to 2^-32 of the power of two above the largest."""
    largest = 0.0
    for v in range(n):
        largest = max(largest, abs(factor[v]))
    if largest == 0.0:
        for v in range(n):
            score[v] = factor[v]
        return
    unit = math.ldexp(1.0, math.frexp(largest)[1]) / 4294967296.0
    for v in range(n):
        score[v] = np.rint(factor[v] / unit) * unit


@lean_kernel
def _mark(u: Any, first: Any, indptr: Any, indices: Any, one: Any, other: Any, added: Any, mark: Any) -> Any:
    """Mark u and its neighbours by a stamp of their own, mark[-1]; returns the stamp."""
    mark[-1] += 1
    stamp = mark[-1]
    mark[u] = stamp
    for a in range(indptr[first + u], indptr[first + u + 1]):
        mark[indices[a] - first] = stamp
    for e in range(added):
        if one[e] == u:
            mark[other[e]] = stamp
        elif other[e] == u:
            mark[one[e]] = stamp
    return stamp


@lean_kernel
def _sift(key: Any, order: Any, top: Any, size: Any) -> None:
    """Let the node at a place of the heap sink to where it belongs."""
    while 2 * top + 1 < size:
        child = 2 * top + 1
        if child + 1 < size and key[order[child + 1]] > key[order[child]]:
            child += 1
        if key[order[child]] <= key[order[top]]:
            return
        order[top], order[child] = order[child], order[top]
        top = child


@lean_kernel
def _sort(key: Any, n: Any, order: Any) -> None:
    """Nodes in ascending order of a key, by a heap: np.argsort takes longer to compile than all the rest."""
    for v in range(n):
        order[v] = v
    for top in range(n // 2 - 1, -1, -1):
        _sift(key, order, top, n)
    root = np.int64(0)
    for size in range(n - 1, 0, -1):
        order[0], order[size] = order[size], order[0]
        _sift(key, order, root, size)


@lean_kernel
def _least_mixed(score: Any, n: Any, low: Any, top: Any, first: Any, indptr: Any, indices: Any, one: Any, other: Any,
                 added: Any, mark: Any, order: Any) -> Any:  # fmt: skip
    """Least product of a negative and another score whose nodes are not joined, inf where there is none."""
    best, scans = math.inf, 0
    for turn in range(n + 1):  # the lowest node first: it leaves little for the others
        a = low if turn == 0 else turn - 1
        if score[a] >= 0 or score[a] * top >= best or (turn > 0 and a == low):
            continue
        if scans == SCANS:
            break
        scans += 1
        stamp = _mark(a, first, indptr, indices, one, other, added, mark)
        most = -1.0
        for b in range(n):
            if score[b] > most and mark[b] != stamp:
                most = score[b]
        if most >= 0 and score[a] * most < best:
            best = score[a] * most
    if scans < SCANS:
        return best
    _sort(score, n, order)
    for i in range(n):
        a = order[i]
        if score[a] >= 0 or score[a] * top >= best:
            break
        stamp = _mark(a, first, indptr, indices, one, other, added, mark)
        for j in range(n - 1, i, -1):
            b = order[j]
            if score[b] < 0 or score[a] * score[b] >= best:
                break
            if mark[b] != stamp:
                best = score[a] * score[b]
                break
    return best


@lean_kernel
def _least_alike(score: Any, n: Any, first: Any, indptr: Any, indices: Any, one: Any, other: Any, added: Any,
                 mark: Any, order: Any, size: Any) -> Any:  # fmt: skip
    """Least product of two scores of one sign whose nodes are not joined, inf where there is none."""
    best = math.inf
    for v in range(n):
        size[v] = abs(score[v])
    _sort(size, n, order)
    for i in range(n):
        a = order[i]
        if score[a] * score[a] >= best:
            break
        stamp = _mark(a, first, indptr, indices, one, other, added, mark)
        for j in range(i + 1, n):
            b = order[j]
            if (score[a] < 0) != (score[b] < 0):
                continue
            if score[a] * score[b] >= best:
                break
            if mark[b] != stamp:
                best = score[a] * score[b]
                break
    return best


@lean_kernel
def _pair(score: Any, n: Any, first: Any, indptr: Any, indices: Any, one: Any, other: Any, added: Any, mark: Any,
          order: Any, size: Any) -> Any:  # fmt: skip
    """The smallest (u, v) of least product among the pairs that are not joined; (-1, -1) where all are."""
    low = top = np.int64(0)
    for v in range(n):
        low = v if score[v] < score[low] else low
        top = v if score[v] > score[top] else top
    best = math.inf
    if score[low] < 0 and score[top] >= 0:
        best = _least_mixed(score, n, low, score[top], first, indptr, indices, one, other, added, mark, order)
    if best == math.inf:
        best = _least_alike(score, n, first, indptr, indices, one, other, added, mark, order, size)
    if best == math.inf:
        return -1, -1
    for u in range(n):
        if score[u] * score[low] > best and score[u] * score[top] > best:
            continue
        stamp = _mark(u, first, indptr, indices, one, other, added, mark)
        for v in range(u + 1, n):
            if score[u] * score[v] == best and mark[v] != stamp:
                return u, v
    return -1, -1


@kernel
def widen(first: Any, indptr: Any, indices: Any, start: Any, power_steps: Any, wanted: Any, place: Any, ends: Any,
          values: Any, made: Any) -> None:  # fmt: skip
    """FoSR on each of several graphs: made[g] rows of ends and values from row place[g] on."""
    size = most = 1
    for g in range(len(wanted)):
        size, most = max(size, first[g + 1] - first[g]), max(most, wanted[g])
    x, flow, mixed, score = np.empty(size), np.empty(size), np.empty(size), np.empty(size)
    degree, mark = np.empty(size), np.zeros(size + 1, np.int64)
    one, other, order = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(size, np.int64)
    for g in range(len(wanted)):
        at, n, added, none = first[g], first[g + 1] - first[g], np.int64(0), np.int64(0)
        for v in range(n):
            x[v], degree[v] = start[at + v], indptr[at + v + 1] - indptr[at + v]
        for _ in range(power_steps if n > 1 else 0):
            _step(x, n, at, indptr, indices, degree, one, other, none, flow, mixed)
        while n > 1 and added < wanted[g]:
            for v in range(n):
                flow[v] = x[v] / math.sqrt(1.0 + degree[v])
            _grid(flow, n, score)
            u, v = _pair(score, n, at, indptr, indices, one, other, added, mark, order, mixed)
            if u < 0:
                break
            row = place[g] + added
            ends[row, 0], ends[row, 1] = u, v
            values[row, 0], values[row, 1], values[row, 2] = x[u], x[v], flow[u] * flow[v]
            one[added], other[added] = u, v
            added += 1
            degree[u] += 1
            degree[v] += 1
            if added < wanted[g]:
                _step(x, n, at, indptr, indices, degree, one, other, added, flow, mixed)
        made[g] = added
