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

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Elimination", "backward", "eliminate_plain", "feed", "look_up", "settle"]

ALWAYS = 8  # vertices of at most this degree are always worth eliminating
FEW = 24  # neighbours that are worth sorting by degree


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


def eliminate_plain(
    n: int, edges: NDArray[np.int64], weight: NDArray[np.float64], balance: float, most: int, largest: int
) -> Elimination:
    """Eliminate vertices of least degree (of these the last to get there) until the rest is better done densely.

    Every choice and every sum is that of `mixcli.numerics.eliminating`, in the same order, so both give the same bits.

    Args:
        n: number of vertices.
        edges: (m, 2) each edge once.
        weight: (m,) conductances.
        balance: see `Eliminating.advance`, as for the others.
        most: entries in all.
        largest: vertices of the largest tail.
    """
    near: list[dict[int, float]] = [{} for _ in range(n)]
    for (u, v), w in zip(edges.tolist(), weight.tolist(), strict=True):
        near[u][v] = near[v][u] = w
    degree = [len(row) for row in near]
    waiting: defaultdict[int, dict[int, None]] = defaultdict(dict)  # by degree, in order of arrival
    for v in range(n - 1, -1, -1):
        waiting[degree[v]][v] = None
    order: list[int] = []
    pivot: list[float] = []
    columns: list[list[tuple[int, float]]] = []
    gone = [0] * n  # entries of the compiled path's lists that are still to be walked past
    low, work, recent = 0, 0, 0.0
    while len(order) < n:
        while not waiting[low]:
            low += 1
        left = n - len(order)
        if low > ALWAYS and (recent > balance * left * left or recent * (left - largest) > most - work):
            break
        v, _ = waiting[low].popitem()
        total, column, steps = _eliminate(v, near, degree, gone)
        order.append(v)
        pivot.append(total)
        columns.append(column)
        for u, _ in column:
            now = len(near[u])
            if now != degree[u]:
                del waiting[degree[u]][u]
                waiting[now][u] = None
                degree[u] = now
                low = min(low, now)
        work += steps
        recent += 0.05 * (steps - recent)
    left_over = np.ones(n, bool)
    left_over[order] = False
    rest = np.flatnonzero(left_over).tolist()
    return _packed(order + rest, pivot, columns, [near[v] for v in rest])


def _eliminate(
    v: int, near: list[dict[int, float]], degree: list[int], gone: list[int]
) -> tuple[float, list[tuple[int, float]], int]:
    """Join the neighbours of v to each other, and forget v; its pivot and shares, and the entries walked."""
    flows = list(reversed(near[v].items()))
    k = len(flows)
    if k <= FEW:
        flows.sort(key=lambda flow: degree[flow[0]])
    else:
        top = max(range(k), key=lambda i: degree[flows[i][0]])
        flows[top], flows[-1] = flows[-1], flows[top]
    total = 0.0
    for a, w in flows:
        total += w
        gone[a] += 1
        del near[a][v]
    steps = k
    for i in range(k - 1):
        a, w = flows[i]
        row, share = near[a], w / total
        steps += k + len(row) + gone[a]
        gone[a] = 0
        for b, flow in flows[i + 1 :]:
            row[b] = near[b][a] = row.get(b, 0.0) + share * flow
    near[v] = {}
    return total, [(a, w / total) for a, w in flows], steps


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
