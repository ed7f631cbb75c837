"""A graph that changes and the Balanced Forman curvature of its edges, for `mixcli.numerics.flow_steps_kernel`.

Rows of neighbours are not sorted and have room to grow; a row that is full moves to the end of the pool, twice as long.
Curvatures follow from the same integers by the same formula as in `mixcli.numerics.curvature`, in the same order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mixcli.numerics.jit import inner_kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Edges", "Rows", "Scratch", "drop", "edge_curvature", "following", "formula", "put", "tables", "touch"]


class Rows(NamedTuple):
    """Neighbour v of u number a is node[begin[u] + a], a < length[u], joined by edge[begin[u] + a]."""

    node: Any
    edge: Any
    begin: Any
    length: Any
    room: Any
    used: Any  # (1,) where the pool ends


class Scratch(NamedTuple):
    """Marks by stamps that only grow, stamp[0] being the last one; counts are valid where `fresh` has the stamp."""

    mark: Any
    common: Any
    fresh: Any
    count: Any
    near: Any
    stamp: Any
    rows: Any
    columns: Any
    levels: Any


class Edges(NamedTuple):
    """Edges that have ever been there, with their curvature; `touched` has room for those to compute anew."""

    ends: Any
    value: Any
    there: Any
    touched: Any


def tables(
    n: int, ends: NDArray[np.int64], degree: NDArray[np.int64], curvature: NDArray[np.float64], steps: int
) -> tuple[Rows, Scratch, Edges]:
    """Room for a graph and what `steps` steps can add to it; its edges are not in the rows yet."""
    m = len(ends)
    most, pool, wide = m + steps, 8 * m + 16 * n + 16 * steps + 64, int(degree.max(initial=2)) + 2 * steps + 2
    room, used = degree + 4, np.array([int(degree.sum()) + 4 * n])
    rows = Rows(
        np.empty(pool, np.int64), np.empty(pool, np.int64), np.cumsum(room) - room, np.zeros(n, np.int64), room, used
    )
    (mark, common, fresh, count), near = np.zeros((4, n), np.int64), np.full(most, -1, np.int64)
    (listed, columns, levels), stamp = np.empty((3, wide), np.int64), np.zeros(1, np.int64)
    scratch = Scratch(mark, common, fresh, count, near, stamp, listed, columns, levels)
    edges = Edges(np.empty((most, 2), np.int64), np.empty(most), np.zeros(most, np.bool_), np.empty(most, np.int64))
    edges.ends[:m], edges.value[:m], edges.there[:m] = ends, curvature, True
    return rows, scratch, edges


@inner_kernel
def following(s: Any) -> Any:
    s.stamp[0] += 1
    return s.stamp[0]


@inner_kernel
def formula(d_i: Any, d_j: Any, t: Any, ends: Any, gamma: Any) -> Any:
    high, low = float(max(d_i, d_j)), float(min(d_i, d_j))
    if low == 1.0:
        return 0.0
    value = 2.0 / high + 2.0 / low - 2.0 + 2.0 * t / high + t / low
    return value + ends / (gamma * high) if gamma > 0 else value


@inner_kernel
def put(r: Any, u: Any, v: Any, e: Any) -> None:
    if r.length[u] == r.room[u]:
        at = r.used[0]
        for a in range(r.length[u]):
            r.node[at + a], r.edge[at + a] = r.node[r.begin[u] + a], r.edge[r.begin[u] + a]
        r.begin[u], r.room[u] = at, 2 * r.room[u] + 4
        r.used[0] += r.room[u]
    at = r.begin[u] + r.length[u]
    r.node[at], r.edge[at] = v, e
    r.length[u] += 1


@inner_kernel
def drop(r: Any, u: Any, v: Any) -> None:
    last = r.begin[u] + r.length[u] - 1
    for at in range(r.begin[u], last):
        if r.node[at] == v:
            r.node[at], r.edge[at] = r.node[last], r.edge[last]
            break
    r.length[u] -= 1


@inner_kernel
def _second(r: Any, u: Any) -> Any:
    total = 0
    for a in range(r.begin[u], r.begin[u] + r.length[u]):
        total += r.length[r.node[a]]
    return total


@inner_kernel
def edge_curvature(r: Any, i: Any, j: Any, s: Any) -> Any:
    """Balanced Forman curvature of the edge ij."""
    if r.length[i] == 1 or r.length[j] == 1:
        return 0.0
    if _second(r, i) > _second(r, j):
        i, j = j, i
    of_j, now = following(s), following(s)
    for a in range(r.begin[j], r.begin[j] + r.length[j]):
        s.mark[r.node[a]] = of_j
    triangles = ends = gamma = np.int64(0)
    for a in range(r.begin[i], r.begin[i] + r.length[i]):
        if s.mark[r.node[a]] == of_j:
            s.common[r.node[a]] = now
            triangles += 1
    s.common[i] = now
    for a in range(r.begin[i], r.begin[i] + r.length[i]):
        k, found = r.node[a], 0
        if k == j or s.common[k] == now:
            continue
        for b in range(r.begin[k], r.begin[k] + r.length[k]):
            w = r.node[b]
            if s.mark[w] == of_j and s.common[w] != now:
                found += 1
                if s.fresh[w] != now:
                    s.fresh[w], s.count[w] = now, 0
                    ends += 1
                s.count[w] += 1
                gamma = max(gamma, s.count[w])
        ends += found > 0
        gamma = max(gamma, found)
    return formula(r.length[i], r.length[j], triangles, ends, gamma)


@inner_kernel
def touch(r: Any, k: Any, l: Any, batch: Any, touched: Any, count: Any, s: Any) -> Any:  # noqa: E741
    """Append the edges that the edge kl can have an influence on, each once a batch; returns how many there are now."""
    of_k, of_l, both = following(s), following(s), following(s)
    for end, stamp in ((k, of_k), (l, of_l)):
        for a in range(r.begin[end], r.begin[end] + r.length[end]):
            v, e = r.node[a], r.edge[a]
            s.mark[v] = both if end == l and s.mark[v] == of_k else stamp
            if s.near[e] != batch:
                s.near[e], touched[count] = batch, e
                count += 1
    s.mark[k] = s.mark[l] = both
    side, other = (k, of_l) if _second(r, k) <= _second(r, l) else (l, of_k)
    mine = of_k if side == k else of_l
    for a in range(r.begin[side], r.begin[side] + r.length[side]):
        i = r.node[a]
        if s.mark[i] != mine:
            continue
        for b in range(r.begin[i], r.begin[i] + r.length[i]):
            e = r.edge[b]
            if s.mark[r.node[b]] == other and s.near[e] != batch:
                s.near[e], touched[count] = batch, e
                count += 1
    return count
