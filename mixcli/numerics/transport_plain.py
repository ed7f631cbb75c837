"""Exact optimal transport along one edge in plain Python: any number of sources, no compiler."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

__all__ = ["numerator"]


def numerator(neighbours: Sequence[set[int]], u: int, v: int, p: int, q: int) -> int:
    """Numerator of κ_α, α = p/q, of the edge uv; see `mixcli.numerics.transport` for what it stands over.

    Args:
        neighbours: for each node the set of its neighbours.
        u: one end.
        v: the other end.
        p: numerator of α.
        q: its denominator; p = q stands for Lin-Lu-Yau.

    Example:
        >>> numerator([{1, 2}, {0, 2}, {0, 1}], 0, 1, 0, 1)  # over 1 · 2 · 2: a triangle has κ_0 = 1/2
        2
    """
    x, y = (u, v) if len(neighbours[u]) <= len(neighbours[v]) else (v, u)
    of_x, of_y = neighbours[x], neighbours[y]
    d, degree = len(of_x), len(of_y)
    lazy = p * (degree + 1) >= q
    if d == 1:
        return 2 if lazy else 2 * p * degree
    common = of_x & of_y
    if lazy:
        of_private, of_common, at_y = degree, degree - d, degree - d
        unit, at_x, scale = d, 0, d * (degree + 1)
    else:
        of_private, of_common, at_y = (q - p) * degree, (q - p) * (degree - d), degree * (q - p * (d + 1))
        unit, at_x, scale = (q - p) * d, d * (q - p * (degree + 1)), q * d * degree
    private = sorted(of_x - common - {y})
    shared = sorted(common) if of_common else []
    supply = [of_private] * len(private) + [of_common] * len(shared) + [at_y] * bool(at_y)
    targets = of_y - common - {x}
    total = len(targets) * unit + at_x
    if total == 0:
        return scale
    demand: dict[tuple[int, int], int] = {}
    everyone = (1 << len(supply)) - 1
    if at_x:
        demand[everyone, everyone] = at_x
    for pair in _reach(neighbours, private, shared, targets, everyone):
        demand[pair] = demand.get(pair, 0) + unit
    return scale - _cost(supply, list(demand), list(demand.values()), total)


def _reach(
    neighbours: Sequence[set[int]], private: list[int], shared: list[int], targets: set[int], everyone: int
) -> list[tuple[int, int]]:
    """For each target the bit sets of sources next to it and within two of it; y, if a source, is the last bit."""
    next_to: dict[int, int] = {}
    for i, s in enumerate(private):
        for k in neighbours[s]:
            next_to[k] = next_to.get(k, 0) | 1 << i
    near = dict(next_to)
    for i, s in enumerate(shared, len(private)):
        for k in neighbours[s] & targets:
            near[k] = near.get(k, 0) | 1 << i
    through_y = everyone >> len(private) << len(private)  # the common neighbours and y itself
    at_y = everyone >> (len(private) + len(shared)) << (len(private) + len(shared))
    pairs = []
    for t in targets:
        one = near.get(t, 0) | at_y
        two = one | through_y
        for k in neighbours[t]:
            two |= next_to.get(k, 0)
        pairs.append((one, two))
    return pairs


def _cost(supply: list[int], classes: list[tuple[int, int]], demand: list[int], total: int) -> int:
    flow: list[dict[int, int]] = [{} for _ in classes]
    near = [one for one, _ in classes]
    pushed, reached, seen = _saturate(near, supply, demand, flow)
    if pushed == total:
        return total
    tight = [
        one & reached if hit else two & reached | one & ~reached for (one, two), hit in zip(classes, seen, strict=True)
    ]
    more, _, _ = _saturate(tight, supply, demand, flow)
    return pushed + 2 * more + 3 * (total - pushed - more)


def _saturate(
    arcs: list[int], supply: list[int], demand: list[int], flow: list[dict[int, int]]
) -> tuple[int, int, list[bool]]:
    """Push what the arcs (class -> bit set of sources) allow; the amount, and sources and classes reached last."""
    pushed = sum(
        _give(i, k, supply, demand, flow)
        for k in sorted(range(len(arcs)), key=lambda k: arcs[k].bit_count())  # those with little choice first
        if demand[k]
        for i in _bits(arcs[k])
        if demand[k] and supply[i]
    )
    while True:
        front = reached = sum(1 << i for i, left in enumerate(supply) if left)
        of_class, of_source, seen, ends = [-1] * len(arcs), [-1] * len(supply), [False] * len(arcs), []
        while front:
            after = 0
            for k, arc in enumerate(arcs):
                hit = arc & front
                if hit and not seen[k]:
                    seen[k] = True
                    of_class[k] = (hit & -hit).bit_length() - 1
                    if demand[k]:
                        ends.append(k)
                    for i in flow[k]:
                        if not reached >> i & 1:
                            reached |= 1 << i
                            after |= 1 << i
                            of_source[i] = k
            front = after
        if not ends:
            return pushed, reached, seen
        pushed += sum(_augment(k, supply, demand, flow, of_class, of_source) for k in ends)


def _give(i: int, k: int, supply: list[int], demand: list[int], flow: list[dict[int, int]]) -> int:
    amount = min(supply[i], demand[k])
    supply[i] -= amount
    demand[k] -= amount
    flow[k][i] = flow[k].get(i, 0) + amount
    return amount


def _augment(
    end: int,
    supply: list[int],
    demand: list[int],
    flow: list[dict[int, int]],
    of_class: list[int],
    of_source: list[int],
) -> int:
    """Push along the path of the search tree that leads to a class; earlier paths may have used it up."""
    path, k = [], end
    while True:
        i = of_class[k]
        path.append((k, i))
        if of_source[i] < 0:
            break
        k = of_source[i]
    amount = min(demand[end], supply[i], *(flow[k].get(i, 0) for (_, i), (k, _) in itertools.pairwise(path)))
    if amount == 0:
        return 0
    supply[i] -= amount
    demand[end] -= amount
    for k, i in path:
        flow[k][i] = flow[k].get(i, 0) + amount
    for (_, i), (k, _) in itertools.pairwise(path):
        flow[k][i] -= amount
        if flow[k][i] == 0:
            del flow[k][i]
    return amount


def _bits(mask: int) -> list[int]:
    found = []
    while mask:
        found.append((mask & -mask).bit_length() - 1)
        mask &= mask - 1
    return found
