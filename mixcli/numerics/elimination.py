"""Eliminating the vertices of a graph one by one, and reading resistances back: the parts that need no compiler.

Taking out v joins its neighbours i, j by w_i w_j / W, W = Σ w: the Schur complement of a Laplacian is a Laplacian, so
conductances only ever grow by positive amounts and nothing is grounded. With p_i = w_i / W the way back is, for every
vertex u that outlived v (R_uu = 0),

    R_vu = 1/W + Σ_i p_i R_iu - ½ Σ_ij p_i p_j R_ij,

which needs resistances between neighbours of v alone when u is one of them (ours; Takahashi's recursion for a selected
inverse with the ground removed). Leaves and chains are simply the first eliminations, and there R = 1/w exactly.

`backward`, `feed`, `settle` and `look_up` run on lists; `elimination_kernel` compiles the same source for arrays.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Elimination", "backward", "eliminate_plain", "feed", "look_up", "settle"]

ALWAYS = 8  # vertices of at most this degree are always worth eliminating
DENSE = 0.02  # of degree over vertices left, from where plain Python loses to the dense tail


class Elimination(NamedTuple):
    """Vertices eliminated in order, and the tail that was left because it is nearly complete.

    Args:
        order: (n,) vertex at each position; the first k are eliminated, the others are the tail.
        pivot: (k,) W of each eliminated vertex, 0 for the last one of its component.
        start: (k+1,) where its neighbours begin in `rows`.
        rows: positions of the neighbours it had when it was eliminated, all later than its own.
        share: p of each of them.
        tail: (n - k, n - k) conductances of what is left.
    """

    order: NDArray[np.int64]
    pivot: NDArray[np.float64]
    start: NDArray[np.int64]
    rows: NDArray[np.int64]
    share: NDArray[np.float64]
    tail: NDArray[np.float64]


def eliminate_plain(n: int, edges: NDArray[np.int64], weight: NDArray[np.float64]) -> Elimination:
    """Eliminate vertices in order of their current degree (ties: the smallest) until the rest is better done densely.

    Args:
        n: number of vertices.
        edges: (m, 2) each edge once.
        weight: (m,) conductances.
    """
    near: list[dict[int, float]] = [{} for _ in range(n)]
    for (u, v), w in zip(edges.tolist(), weight.tolist(), strict=True):
        near[u][v] = near[v][u] = w
    waiting = [(len(row), v) for v, row in enumerate(near)]
    heapq.heapify(waiting)
    order: list[int] = []
    pivot: list[float] = []
    columns: list[list[tuple[int, float]]] = []
    gone = [False] * n
    while waiting:
        degree, v = heapq.heappop(waiting)
        if gone[v] or degree != len(near[v]):
            continue
        if degree > ALWAYS and degree > DENSE * (n - len(order)):
            break
        gone[v] = True
        total = sum(near[v].values())
        column = [(u, w / total) for u, w in near[v].items()]
        order.append(v)
        pivot.append(total)
        columns.append(column)
        _join(near, v, column)
        for u, _ in column:
            heapq.heappush(waiting, (len(near[u]), u))
    rest = [v for v in range(n) if not gone[v]]
    return _packed(order + rest, pivot, columns, [near[v] for v in rest])


def _join(near: list[dict[int, float]], v: int, column: list[tuple[int, float]]) -> None:
    """Join the neighbours of v to each other, and forget v."""
    flow = near[v]
    for i, (a, share) in enumerate(column):
        row = near[a]
        del row[v]
        for b, _ in column[i + 1 :]:
            more = share * flow[b]
            row[b] = row.get(b, 0.0) + more
            near[b][a] = near[b].get(a, 0.0) + more
    near[v] = {}


def _packed(
    order: list[int], pivot: list[float], columns: list[list[tuple[int, float]]], rest: list[dict[int, float]]
) -> Elimination:
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    tail = np.zeros((len(rest), len(rest)))
    for i, row in enumerate(rest):
        others = place[list(row)] - len(columns)
        tail[i, others] = list(row.values())
    return Elimination(
        order=np.array(order, np.int64),
        pivot=np.array(pivot, np.float64),
        start=np.cumsum([0, *map(len, columns)]),
        rows=place[np.array([u for column in columns for u, _ in column], np.int64)],
        share=np.array([p for column in columns for _, p in column], np.float64),
        tail=tail,
    )


def backward(
    start: Any, rows: Any, share: Any, pivot: Any, tail: Any, resistance: Any, to_root: Any, place: Any, sums: Any
) -> None:
    """Fill in the resistances, last eliminated vertex first.

    Args:
        start: see `Elimination`.
        rows: see `Elimination`.
        share: see `Elimination`.
        pivot: see `Elimination`.
        tail: resistances between the vertices of the tail.
        resistance: out, like rows: between a vertex and each of its neighbours at elimination.
        to_root: out, by position: to the last vertex of the component; already there for the tail.
        place: by position, -1 everywhere.
        sums: scratch by position.
    """
    eliminated = len(pivot)
    for t in range(eliminated - 1, -1, -1):
        a = start[t]
        k = start[t + 1] - a
        if k == 0:
            continue
        for i in range(k):
            place[rows[a + i]] = i
            sums[i] = 0.0
        for i in range(k):  # sums[i] = Σ_j p_j R_ij over the neighbours j of t
            q, p, s = rows[a + i], share[a + i], 0.0
            if q >= eliminated:
                row = tail[q - eliminated]
                for j in range(k):
                    if rows[a + j] >= eliminated:
                        s += share[a + j] * row[rows[a + j] - eliminated]
            else:
                for x in range(start[q], start[q + 1]):
                    j = place[rows[x]]
                    if j >= 0:
                        s += share[a + j] * resistance[x]
                        sums[j] += p * resistance[x]
            sums[i] += s
        spread = root = 0.0
        for i in range(k):
            spread += share[a + i] * sums[i]
            root += share[a + i] * to_root[rows[a + i]]
            place[rows[a + i]] = -1
        base = 1.0 / pivot[t] - 0.5 * spread
        to_root[t] = base + root
        for i in range(k):
            resistance[a + i] = base + sums[i]


def feed(start: Any, rows: Any, share: Any, pivot: Any, current: Any) -> None:
    """First half of a solve with L: pass the current fed into each eliminated vertex on to the later ones, in place."""
    for t in range(len(pivot)):
        for x in range(start[t], start[t + 1]):
            current[rows[x]] += share[x] * current[t]


def settle(start: Any, rows: Any, share: Any, pivot: Any, potential: Any) -> None:
    """Second half: from current fed in to potential, last eliminated vertex first; 0 at the last of a component.

    The potentials of the tail are there already.
    """
    for t in range(len(pivot) - 1, -1, -1):
        if start[t] == start[t + 1]:
            potential[t] = 0.0
            continue
        value = potential[t] / pivot[t]
        for x in range(start[t], start[t + 1]):
            value += share[x] * potential[rows[x]]
        potential[t] = value


def look_up(
    start: Any, rows: Any, resistance: Any, tail: Any, eliminated: int, first: Any, second: Any, out: Any
) -> None:
    """Resistances of the edges between the positions first[e] < second[e] into out."""
    for e in range(len(first)):
        a, b = first[e], second[e]
        if a >= eliminated:
            out[e] = tail[a - eliminated][b - eliminated]
            continue
        for x in range(start[a], start[a + 1]):
            if rows[x] == b:
                out[e] = resistance[x]
                break
