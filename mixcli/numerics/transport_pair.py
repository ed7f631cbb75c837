"""Where the mass of an edge has furthest to go: the pair of nodes that Batch Ollivier-Ricci flow joins.

Optimal transport plans are not unique, and which of them a solver returns depends on the solver. What is taken here
depends on the graph alone (ours): among all pairs of a source s and a target t of the edge uv, u < v,

    argmax d(s, t) · max {π(s, t) : π an optimal plan that leaves common mass where it is},

and the smallest (s, t) among equal ones.

With labels of an optimal solution, a plan is optimal if and only if it uses tight arcs alone. So the inner maximum is
the flow of one optimal plan along st plus the most that can be rerouted from t to s along tight arcs without st, itself
a maximum flow. Arcs are tried in descending order of d(s, t) · min(supply, demand), which bounds what they can reach.
Masses are scaled to integers; the plain and the compiled path agree exactly.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mixcli.numerics.jit import Plan
from mixcli.numerics.motifs import neighbour_sets

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from numpy.typing import NDArray

__all__ = ["Pair", "farthest_pair", "farthest_pairs", "memory", "pair_of_plan"]

PLAN = Plan("transport_pair", ("jit.py", "transport_pair_kernel.py"), loading=0.4, compiling=5.0)
PLAIN_CELL = 5e-6  # seconds for a source and a target on the plain path
PLAIN_EDGE = 3e-5

Matrix = list[list[int]]


class Pair(NamedTuple):
    """A source, a target, their distance, and distance times mass, over q d_u d_v; -1, -1, 0, 0 if no mass moves."""

    source: int
    target: int
    distance: int
    value: int


def memory(degrees: NDArray[np.int64]) -> int:
    """Bytes that the edge of largest d_u d_v takes on the compiled path; `degrees` (k, 2)."""
    return 10 * int((degrees.max(axis=0, initial=0) + 1).prod()) if len(degrees) else 0


def farthest_pairs(
    indptr: NDArray[np.int64], indices: NDArray[np.int32], edges: NDArray[np.int64], p: int = 0, q: int = 1
) -> NDArray[np.int64]:
    """The pair of each edge.

    Args:
        indptr: (n+1,) row starts of the neighbour lists of a simple undirected graph, both directions listed.
        indices: (2m,) neighbours, ascending in each row.
        edges: (k, 2) edges of that graph, u < v.
        p: numerator of α, the mass that stays at u and v.
        q: its denominator.

    Returns:
        (k, 4) int64, the fields of `Pair`.

    Cost: a transport problem between the neighbourhoods an edge, dense in d_u d_v.

    Example:
        >>> from mixcli.generators.graphs import barbell
        >>> g = barbell(5)
        >>> farthest_pairs(*g.csr[:2], np.array([[4, 5]])).tolist()
        [[0, 6, 3, 15]]
    """
    degree = np.diff(indptr)[edges]
    plain = PLAIN_EDGE * len(edges) + PLAIN_CELL * float(((degree[:, 0] + 1) * (degree[:, 1] + 1)).sum())
    if not len(edges) or not PLAN.compiled(plain):
        sets = neighbour_sets(indptr, indices)
        found = [farthest_pair(sets, u, v, p, q) for u, v in edges.tolist()]
        return np.array(found, dtype=np.int64).reshape(-1, 4)
    from mixcli.numerics.transport_pair_kernel import find_pairs, room

    out = np.empty((len(edges), 4), np.int64)
    find_pairs(room(len(indptr) - 1, degree), indptr, indices, edges, p, q, out)
    PLAN.used()
    return out


def farthest_pair(neighbours: Sequence[AbstractSet[int]], u: int, v: int, p: int = 0, q: int = 1) -> Pair:
    """The pair of one edge u < v, from sets of neighbours.

    Example:
        >>> farthest_pair([{1}, {0, 2}, {1, 3}, {2}], 1, 2)
        Pair(source=0, target=1, distance=1, value=2)
    """
    excess = _excess(neighbours, u, v, p, q)
    sources, targets = [s for s, x in excess if x > 0], [t for t, x in excess if x < 0]
    if not sources:
        return Pair(-1, -1, 0, 0)
    supply, demand = [x for _, x in excess if x > 0], [-x for _, x in excess if x < 0]
    cost = [[_distance(neighbours, s, t) for t in targets] for s in sources]
    tight, flow = _optimal(cost, supply, demand)
    arcs = [(-cost[s][t] * min(supply[s], demand[t]), s, t) for s, row in enumerate(tight) for t in row]
    most, best = [[0] * len(targets) for _ in sources], 0  # of each arc over all plans, as far as it can matter
    for bound, s, t in sorted(arcs):
        if -bound < best:
            break
        flow[s][t] += _reroute(tight, flow, s, t, min(supply[s], demand[t]) - flow[s][t])
        most[s][t] = flow[s][t]
        best = max(best, cost[s][t] * flow[s][t])
    return pair_of_plan(sources, targets, most, cost)


def pair_of_plan(sources: Sequence[int], targets: Sequence[int], plan: Matrix, distance: Matrix) -> Pair:
    """What a given plan decides: the pair of greatest distance times mass, of equal ones the smallest (s, t).

    `farthest_pair` asks it about the most that each pair carries in any optimal plan.

    Args:
        sources: nodes that mass leaves.
        targets: nodes it goes to.
        plan: mass from each source to each target, in one unit, as integers.
        distance: hops between them.

    Example:
        >>> pair_of_plan([0, 1], [6, 7], [[0, 5], [5, 0]], [[3, 3], [3, 3]])
        Pair(source=0, target=7, distance=3, value=15)
    """
    found = [
        (-mass * hops, source, target, hops)
        for source, row, far in zip(sources, plan, distance, strict=True)
        for target, mass, hops in zip(targets, row, far, strict=True)
        if mass * hops > 0
    ]
    if not found:
        return Pair(-1, -1, 0, 0)
    value, source, target, hops = min(found)
    return Pair(source, target, hops, -value)


def _excess(neighbours: Sequence[AbstractSet[int]], u: int, v: int, p: int, q: int) -> list[tuple[int, int]]:
    """Nodes and μ_u - μ_v there, over q d_u d_v, in ascending order of the nodes."""
    of_u, of_v = neighbours[u], neighbours[v]
    at_ends = p * len(of_u) * len(of_v)
    mass = {w: (q - p) * len(of_v) for w in of_u}
    for w in of_v:
        mass[w] = mass.get(w, 0) - (q - p) * len(of_u)
    mass[u] += at_ends
    mass[v] -= at_ends
    return sorted(mass.items())


def _distance(neighbours: Sequence[AbstractSet[int]], s: int, t: int) -> int:
    """Hops between a node at most one hop from u and another at most one from v, u ~ v."""
    if t in neighbours[s]:
        return 1
    return 3 if neighbours[s].isdisjoint(neighbours[t]) else 2


def _optimal(cost: Matrix, supply: list[int], demand: list[int]) -> tuple[list[list[int]], Matrix]:
    """Tight arcs (source -> targets) of an optimal solution, and the flow of one along them."""
    sources, targets = range(len(supply)), range(len(demand))
    left, missing = list(supply), list(demand)
    below, above = [0] * len(supply), [1] * len(demand)
    flow = [[0] * len(demand) for _ in sources]
    while True:
        tight = [[t for t in targets if cost[s][t] == below[s] + above[t]] for s in sources]
        seen, reached = _saturate(tight, flow, left, missing)
        if not any(left):
            return tight, flow
        closer = min(cost[s][t] - below[s] - above[t] for s in seen for t in targets if t not in reached)
        for s in seen:
            below[s] += closer
        for t in reached:
            above[t] -= closer


def _saturate(
    tight: list[list[int]], flow: Matrix, left: list[int], missing: list[int]
) -> tuple[dict[int, int], dict[int, int]]:
    """Push all that the tight arcs allow; the sources and targets that the last search reached."""
    while True:
        seen = {s: -1 for s, more in enumerate(left) if more}
        reached: dict[int, int] = {}
        queue, end = deque(seen), -1
        while queue and end < 0:
            s = queue.popleft()
            for t in tight[s]:
                if t in reached:
                    continue
                reached[t] = s
                if missing[t]:
                    end = t
                    break
                for other, row in enumerate(flow):
                    if row[t] and other not in seen:
                        seen[other] = t
                        queue.append(other)
        if end < 0:
            return seen, reached
        path = [(reached[end], end)]
        while seen[path[-1][0]] >= 0:
            t = seen[path[-1][0]]
            path.append((reached[t], t))
        root = path[-1][0]
        back = [(s, seen[s]) for s, _ in path[:-1]]
        amount = min(missing[end], left[root], *(flow[s][t] for s, t in back))
        missing[end] -= amount
        left[root] -= amount
        _shift(flow, path, back, amount)


def _reroute(tight: list[list[int]], flow: Matrix, s: int, t: int, most: int) -> int:
    """Maximum flow from t to s along tight arcs other than st, at most `most`; the flow stays optimal."""
    got = 0
    while got < most:
        seen: dict[int, int] = {}
        reached, queue = {t: -1}, deque([t])
        while queue and s not in seen:
            end = queue.popleft()
            for other, row in enumerate(flow):
                if row[end] and other not in seen and (other, end) != (s, t):
                    seen[other] = end
                    for further in tight[other]:
                        if further not in reached:
                            reached[further] = other
                            queue.append(further)
        if s not in seen:
            break
        back, path = [(s, seen[s])], []
        while reached[back[-1][1]] >= 0:
            end = back[-1][1]
            path.append((reached[end], end))
            back.append((reached[end], seen[reached[end]]))
        amount = min(most - got, *(flow[a][b] for a, b in back))
        _shift(flow, path, back, amount)
        flow[s][t] += amount
        got += amount
    flow[s][t] -= got
    return got


def _shift(flow: Matrix, path: list[tuple[int, int]], back: list[tuple[int, int]], amount: int) -> None:
    for s, t in path:
        flow[s][t] += amount
    for s, t in back:
        flow[s][t] -= amount
