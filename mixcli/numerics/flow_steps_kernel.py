"""Compiled path of `mixcli.numerics.flow_steps`; imports numba, so only large inputs come here.

Arrays come from the caller, and zeros handed to other kernels are np.int64, not literals, which are types of their own:
both would take longer to compile than all the rest.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mixcli.numerics.flow_rows_kernel import drop, edge_curvature, following, formula, put, touch
from mixcli.numerics.jit import inner_kernel, lean_kernel

__all__ = ["flow"]


@inner_kernel
def _sorted_row(r: Any, u: Any, without: Any, out: Any) -> Any:
    """N(u) - without + u, ascending; returns the length."""
    count = 0
    for a in range(-1, r.length[u]):
        v = u if a < 0 else r.node[r.begin[u] + a]
        if v == without:
            continue
        at = count
        while at > 0 and out[at - 1] > v:
            out[at] = out[at - 1]
            at -= 1
        out[at] = v
        count += 1
    return count


@inner_kernel
def _sides(r: Any, i: Any, j: Any, rows: Any, columns: Any, s: Any) -> Any:
    """Mark P, Q and common neighbours of ij, count degrees in H and how many have each; s_i + s_j, γ, t, marks."""
    p, q, both = following(s), following(s), following(s)
    for x in range(rows):
        s.mark[s.rows[x]], s.count[s.rows[x]] = p, 0
    for x in range(columns):
        v = s.columns[x]
        s.mark[v] = both if s.mark[v] == p else q
        s.count[v] = 0
    s.mark[i] = s.mark[j] = 0
    triangles = ends = gamma = np.int64(0)
    for x in range(rows):
        k = s.rows[x]
        triangles += s.mark[k] == both
        if s.mark[k] != p:
            continue
        for a in range(r.begin[k], r.begin[k] + r.length[k]):
            w = r.node[a]
            if s.mark[w] == q:
                s.count[k] += 1
                s.count[w] += 1
    for level in range(max(rows, columns) + 2):
        s.levels[level] = 0
    for x in range(rows + columns):
        v = s.rows[x] if x < rows else s.columns[x - rows]
        if s.mark[v] == p or s.mark[v] == q:
            s.levels[s.count[v]] += 1
            ends += s.count[v] > 0
            gamma = max(gamma, s.count[v])
    return ends, gamma, triangles, p, q


@inner_kernel
def _without(r: Any, z: Any, other: Any, ends: Any, gamma: Any, s: Any) -> Any:
    """s_i + s_j and γ of H without the node z, whose neighbours in H have the mark `other`."""
    for sign in (-1, 1):
        for a in range(r.begin[z], r.begin[z] + r.length[z]):
            w = r.node[a]
            if s.mark[w] == other:
                s.levels[s.count[w]] += sign
                s.levels[s.count[w] - 1] -= sign
                ends -= sign == -1 and s.count[w] == 1
        s.levels[s.count[z]] += sign
        if sign == -1:
            ends -= s.count[z] > 0
            while gamma > 0 and s.levels[gamma] == 0:
                gamma -= 1
    return ends, gamma


@inner_kernel
def _candidates(r: Any, i: Any, j: Any, now: Any, out: Any, gain: Any, s: Any) -> Any:
    """All pairs that could be joined to help ij, ascending, with what they gain; returns their number."""
    rows, columns = _sorted_row(r, i, j, s.rows), _sorted_row(r, j, i, s.columns)
    ends, gamma, t, p, q = _sides(r, i, j, rows, columns, s)
    d_i, d_j, count = r.length[i], r.length[j], 0
    for x in range(rows):
        k, joined = s.rows[x], following(s)
        for a in range(r.begin[k] if k != i else 0, r.begin[k] + r.length[k] if k != i else 0):
            s.fresh[r.node[a]] = joined
        for y in range(columns):
            w = s.columns[y]
            if k == w or s.fresh[w] == joined:
                continue
            value = now
            if k == i:
                if s.mark[w] != q:
                    continue
                e, g = _without(r, w, p, ends, gamma, s)
                value = formula(d_i + 1, d_j, t + 1, e, g)
            elif w == j:
                if s.mark[k] != p:
                    continue
                e, g = _without(r, k, q, ends, gamma, s)
                value = formula(d_i, d_j + 1, t + 1, e, g)
            elif s.mark[k] == p and s.mark[w] == q:
                e = ends + (s.count[k] == 0) + (s.count[w] == 0)
                value = formula(d_i, d_j, t, e, max(gamma, max(s.count[k], s.count[w]) + 1))
            elif s.mark[k] != p and s.mark[w] != q and w < k:
                continue  # two common neighbours are one candidate
            out[count, 0], out[count, 1], gain[count] = k, w, value - now
            count += 1
    return count


@inner_kernel
def _draw(gain: Any, count: Any, tau: Any, uniform: Any) -> Any:
    """Which candidate stands at `uniform` of the cumulated weights; the first of the best for tau = inf."""
    best = 0
    for c in range(count):
        best = c if gain[c] > gain[best] else best
    if tau == math.inf:
        return best
    total = 0.0
    for c in range(count):
        total += math.exp(tau * (gain[c] - gain[best]))
    goal, running, last = uniform * total, 0.0, best
    for c in range(count):
        weight = math.exp(tau * (gain[c] - gain[best]))
        running += weight
        last = c if weight > 0 else last
        if running > goal:
            return c
    return last


@inner_kernel
def _extreme(ends: Any, value: Any, there: Any, count: Any, sign: Any) -> Any:
    """The edge of least sign · value, of equal ones the smallest (u, v); -1 without edges."""
    best = -1
    for e in range(count):
        if not there[e] or (best >= 0 and sign * value[e] > sign * value[best]):
            continue
        ahead = ends[e, 0] < ends[best, 0] or (ends[e, 0] == ends[best, 0] and ends[e, 1] < ends[best, 1])
        if best < 0 or value[e] != value[best] or ahead:
            best = e
    return best


@inner_kernel
def _join(r: Any, edges: Any, e: Any, u: Any, v: Any) -> None:
    edges.ends[e, 0] = u
    edges.ends[e, 1] = v
    edges.there[e] = True
    for end in range(2):
        put(r, edges.ends[e, end], edges.ends[e, 1 - end], e)


@inner_kernel
def _part(r: Any, edges: Any, e: Any) -> None:
    edges.there[e] = False
    for end in range(2):
        drop(r, edges.ends[e, end], edges.ends[e, 1 - end])


@inner_kernel
def _note(log: Any, values: Any, row: Any, added: Any, u: Any, v: Any, step: Any, i: Any, j: Any, score: Any,
          least: Any) -> None:  # fmt: skip
    log[row, 0] = added
    log[row, 1] = min(u, v)
    log[row, 2] = max(u, v)
    log[row, 3] = step
    log[row, 4] = i
    log[row, 5] = j
    values[row, 0] = score
    values[row, 1] = least


@lean_kernel
def flow(r: Any, s: Any, edges: Any, m: Any, steps: Any, tau: Any, bound: Any, uniform: Any, out: Any, gain: Any,
         log: Any, values: Any) -> Any:  # fmt: skip
    """SDRF on one graph: rows (add?, u, v, step, bottleneck) of log and (score, κ) of values; returns how many.

    Returns -1 where an edge between two hubs has more candidates than there is room for.
    """
    made, count = np.int64(0), m
    for e in range(m):
        _join(r, edges, e, edges.ends[e, 0], edges.ends[e, 1])
    for step in range(steps):
        low = _extreme(edges.ends, edges.value, edges.there, count, 1.0)
        if low < 0:
            break
        top = _extreme(edges.ends, edges.value, edges.there, count, -1.0)
        i, j, least, highest = edges.ends[low, 0], edges.ends[low, 1], edges.value[low], edges.value[top]
        if (r.length[i] + 1) * (r.length[j] + 1) > len(gain):
            return -1
        found, near = _candidates(r, i, j, least, out, gain, s), np.int64(0)
        if found > 0:
            c = _draw(gain, found, tau, uniform[step])
            _note(log, values, made, np.int64(1), out[c, 0], out[c, 1], step, i, j, gain[c], least)
            u, v = log[made, 1], log[made, 2]
            _join(r, edges, count, u, v)
            made, count = made + 1, count + 1
            near = touch(r, u, v, step, edges.touched, near, s)
        if highest > bound:
            u, v = edges.ends[top, 0], edges.ends[top, 1]
            _note(log, values, made, np.int64(0), u, v, step, i, j, highest, least)
            made += 1
            near = touch(r, u, v, step, edges.touched, near, s)
            _part(r, edges, top)
        elif found == 0:
            break
        for x in range(near):
            e = edges.touched[x]
            if edges.there[e]:
                edges.value[e] = edge_curvature(r, edges.ends[e, 0], edges.ends[e, 1], s)
    return made
