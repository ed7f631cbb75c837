"""Exact transport between two small sets of nodes: a simplex over spanning trees, for one edge at a time.

The s sources and t sinks are nodes 0 … s-1 and s … s+t-1 of a tree whose arcs carry the flow. Masses are integers and
perturbed so that no proper part of the sources weighs as much as a part of the sinks (Orden's perturbation): then every
tree flow is positive, no step is degenerate, and the simplex ends without any rule against cycling.

Plain Python throughout, over lists; `weighted_transport_kernel` compiles the very same functions for arrays. That is
why all state comes in flat arrays and in one tuple `tree` of parent, depth, flow to or from the parent, first child,
next sibling and previous sibling (-1: none).
"""

from __future__ import annotations

from typing import Any

__all__ = ["attach", "begin", "detach", "entering", "pivot", "settle", "transport", "verdict"]

TOLERANCE = 1e-13  # reduced costs closer to 0 than this, relative to the largest cost, are rounding


def attach(v: int, up: int, tree: Any) -> None:
    """Make v a child of `up`."""
    parent, _, _, first, following, before = tree
    parent[v], before[v], following[v] = up, -1, first[up]
    if first[up] >= 0:
        before[first[up]] = v
    first[up] = v


def detach(v: int, tree: Any) -> None:
    """Take v off its parent's list of children."""
    parent, _, _, first, following, before = tree
    if before[v] >= 0:
        following[before[v]] = following[v]
    else:
        first[parent[v]] = following[v]
    if following[v] >= 0:
        before[following[v]] = before[v]


def settle(top: int, s: int, t: int, cost: Any, tree: Any, potential: Any) -> None:
    """Depth and potential of `top` and of all below it: f(p) - f(q) = cost(p, q) along every arc of the tree."""
    parent, depth, _, first, following, _ = tree
    v = top
    while True:
        up = parent[v]
        if up >= 0:
            depth[v] = depth[up] + 1
            potential[v] = potential[up] + cost[v * t + up - s] if v < s else potential[up] - cost[up * t + v - s]
        else:
            depth[v], potential[v] = 0, 0.0
        if first[v] >= 0:
            v = first[v]
            continue
        while v != top and following[v] < 0:
            v = parent[v]
        if v == top:
            return
        v = following[v]


def begin(s: int, t: int, cost: Any, amount: Any, tree: Any, potential: Any) -> None:
    """A first tree: each node of the larger side in turn is served by the nearest of the other side, while any is left.

    Every step exhausts one node, which becomes the child of the other; what is left in the end is the root.
    """
    parent, _, flow, first, _, _ = tree
    for v in range(s + t):
        parent[v] = first[v] = -1
    lo, hi, other_lo, other_hi = (s, s + t, 0, s) if s <= t else (0, s, s, s + t)
    root = lo
    for a in range(lo, hi):
        while amount[a] > 0:
            near, least = -1, 0.0
            for b in range(other_lo, other_hi):
                if amount[b] > 0:
                    along = cost[b * t + a - s] if s <= t else cost[a * t + b - s]
                    if near < 0 or along < least:
                        near, least = b, along
            moved = min(amount[a], amount[near])
            amount[a] -= moved
            amount[near] -= moved
            child = a if amount[a] == 0 else near
            root = a + near - child
            flow[child] = moved
            attach(child, root, tree)
    settle(root, s, t, cost, tree, potential)


def entering(row: int, s: int, t: int, cost: Any, potential: Any, tolerance: float) -> int:
    """The arc p t + q by which the first row from `row` on, cyclically, saves most; -1 where none saves anything."""
    for step in range(s):
        p = row + step if row + step < s else row + step - s
        best, at = -tolerance, -1
        for q in range(t):
            reduced = cost[p * t + q] - potential[p] + potential[s + q]
            if reduced < best:
                best, at = reduced, p * t + q
        if at >= 0:
            return at
    return -1


def pivot(p: int, q: int, s: int, t: int, cost: Any, tree: Any, potential: Any) -> None:
    """Send as much as possible from source p straight to sink q, and drop the arc that this empties."""
    parent, depth, flow, _, _, _ = tree
    a, b, leave, below_p = p, q, -1, True
    while a != b:  # towards the common ancestor; arcs whose lower end is like p, or like q, lose flow
        if depth[a] >= depth[b]:
            if a < s and (leave < 0 or flow[a] < flow[leave]):
                leave, below_p = a, True
            a = parent[a]
        else:
            if b >= s and (leave < 0 or flow[b] < flow[leave]):
                leave, below_p = b, False
            b = parent[b]
    moved, apex, a, b = flow[leave], a, p, q
    while a != apex:
        flow[a] += -moved if a < s else moved
        a = parent[a]
    while b != apex:
        flow[b] += -moved if b >= s else moved
        b = parent[b]
    v, up, carried = (p, q, moved) if below_p else (q, p, moved)
    top = v
    while True:  # turn the path from the new arc down to the dropped one upside down
        above, left = parent[v], flow[v]
        detach(v, tree)
        attach(v, up, tree)
        flow[v] = carried
        if v == leave:
            break
        v, up, carried = above, v, left
    settle(top, s, t, cost, tree, potential)


def transport(s: int, t: int, cost: Any, amount: Any, tree: Any, potential: Any) -> None:
    """Solve min Σ f_pq cost_pq with row sums amount[:s] and column sums amount[s:], which are used up.

    Leaves the optimal tree with its flows, and potentials f with f(p) - f(q) <= cost(p, q) for all p and q.
    """
    begin(s, t, cost, amount, tree, potential)
    largest = 0.0
    for k in range(s * t):
        largest = max(largest, cost[k])
    row = 0
    while True:
        arc = entering(row, s, t, cost, potential, TOLERANCE * largest)
        if arc < 0:
            return
        p = arc // t
        pivot(p, s + arc - p * t, s, t, cost, tree, potential)
        row = p + 1 if p + 1 < s else 0


def verdict(s: int, t: int, cost: Any, mass: Any, unit: float, tree: Any, potential: Any) -> Any:
    """(dual value, how far the plan's cost and the potentials may be off): the optimum lies within their sum.

    The dual value Σ_p mass_p f(p) - Σ_q mass_q f(q) is below the optimum by what the potentials violate at most, and
    the cost of the plan is above it.
    """
    parent, _, flow, _, _, _ = tree
    dual = paid = total = worst = 0.0
    for v in range(s + t):
        dual += mass[v] * potential[v] if v < s else -mass[v] * potential[v]
        total += mass[v] if v < s else 0.0
        if parent[v] >= 0:
            at = v * t + parent[v] - s if v < s else parent[v] * t + v - s
            paid += flow[v] / unit * cost[at]
    for p in range(s):
        for q in range(t):
            worst = max(worst, potential[p] - potential[s + q] - cost[p * t + q])
    return dual, abs(paid - dual) + worst * total
