"""The loops behind the curvature of weighted graphs: distances from some nodes to some others, then edge by edge.

Plain Python over lists; `weighted_transport_kernel` compiles the very same functions for arrays.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Any

from mixcli.numerics.weighted_transport_simplex import transport, verdict

__all__ = ["aim", "balance", "curve", "distances", "gather", "search", "split"]

INFINITE = float("inf")
FINEST = 2.0**52  # masses are counted in units this small
LARGEST = 2.0**61  # and their perturbed multiples must stay below this


def aim(source: int, stamp: int, start: Any, owned: Any, indptr: Any, indices: Any, mark: Any) -> int:
    """Stamp the nodes that `source` may have to send mass to, and count them.

    Edge (i, j) stands under its first end i: j = owned[k] for start[i] <= k < start[i + 1]. Mass goes from i and its
    neighbours to j and its neighbours.
    """
    count, a = 0, indptr[source] - 1
    while a < indptr[source + 1]:
        i = source if a < indptr[source] else indices[a]
        for k in range(start[i], start[i + 1]):
            b = indptr[owned[k]] - 1
            while b < indptr[owned[k] + 1]:
                q = owned[k] if b < indptr[owned[k]] else indices[b]
                if mark[q] != stamp:
                    mark[q] = stamp
                    count += 1
                b += 1
        a += 1
    return count


def search(
    source: int, stamp: int, wanted: int, bound: float, indptr: Any, indices: Any, length: Any, column: Any, mark: Any,
    distance: Any, table: Any, base: int,
) -> int:  # fmt: skip
    """Dijkstra from `source` until all `wanted` stamped nodes are found; returns how many arcs were looked at.

    None of them is farther than `bound`. distance (n,) is infinite before and after.
    """
    heap, touched, arcs = [(0.0, source)], [source], 0
    distance[source] = 0.0
    while wanted > 0:
        d, v = heappop(heap)
        if d > distance[v]:
            continue
        if mark[v] == stamp:
            table[base + column[v]] = d
            wanted -= 1
        arcs += indptr[v + 1] - indptr[v]
        for a in range(indptr[v], indptr[v + 1]):
            w, farther = indices[a], d + length[a]
            if farther <= bound and farther < distance[w]:
                if distance[w] == INFINITE:
                    touched.append(w)
                distance[w] = farther
                heappush(heap, (farther, w))
    for v in touched:
        distance[v] = INFINITE
    return arcs


def distances(
    lo: int, hi: int, sources: Any, bounds: Any, width: int, start: Any, owned: Any, indptr: Any, indices: Any,
    length: Any, column: Any, mark: Any, distance: Any, table: Any,
) -> int:  # fmt: skip
    """Rows lo … hi-1 of the table: from each source to the nodes it may have to send mass to."""
    arcs = 0
    for row in range(lo, hi):
        p = sources[row]
        wanted = aim(p, row, start, owned, indptr, indices, mark)
        arcs += search(p, row, wanted, bounds[row], indptr, indices, length, column, mark, distance, table, row * width)
    return arcs


def gather(v: int, sign: float, node: Any, mass: Any, net: Any, count: int, smallest: float) -> int:
    """Note v as a node with mass on this side if it has any, and clear its place in `net`."""
    amount = sign * net[v]
    if amount > smallest:
        node[count], mass[count], net[v] = v, amount, 0.0
        return count + 1
    return count


def split(
    i: int, j: int, alpha: float, indptr: Any, indices: Any, share: Any, net: Any, node: Any, mass: Any, smallest: float
) -> Any:
    """Sources, then sinks, of what is left to carry from i's walk to j's when common mass has stayed where it is.

    Returns (s, t); net (n,) is 0 before and after.
    """
    net[i] += alpha
    net[j] -= alpha
    for a in range(indptr[i], indptr[i + 1]):
        net[indices[a]] += (1.0 - alpha) * share[a]
    for a in range(indptr[j], indptr[j + 1]):
        net[indices[a]] -= (1.0 - alpha) * share[a]
    s = 0
    s = gather(i, 1.0, node, mass, net, s, smallest)
    for a in range(indptr[i], indptr[i + 1]):
        s = gather(indices[a], 1.0, node, mass, net, s, smallest)
    both = gather(j, -1.0, node, mass, net, s, smallest)
    for a in range(indptr[j], indptr[j + 1]):
        both = gather(indices[a], -1.0, node, mass, net, both, smallest)
    net[i] = net[j] = 0.0
    for a in range(indptr[i], indptr[i + 1]):
        net[indices[a]] = 0.0
    for a in range(indptr[j], indptr[j + 1]):
        net[indices[a]] = 0.0
    return s, both - s


def balance(s: int, t: int, mass: Any, amount: Any, unit: float) -> None:
    """Masses as integers that sum to the same on both sides, and perturbed: s + 1 units a piece, one more a source."""
    excess, source, sink = 0, 0, s
    for v in range(s + t):
        amount[v] = int(mass[v] * unit + 0.5)
        excess += amount[v] if v < s else -amount[v]
        if v < s and mass[v] > mass[source]:
            source = v
        if v >= s and mass[v] > mass[sink]:
            sink = v
    if excess > 0:
        amount[sink] += excess
    else:
        amount[source] -= excess
    for v in range(s + t):
        amount[v] = amount[v] * (s + 1) + (1 if v < s else 0)
    amount[s + t - 1] += s


def curve(
    lo: int, hi: int, first: Any, second: Any, alpha: float, indptr: Any, indices: Any, share: Any, row: Any,
    column: Any, width: int, table: Any, work: Any, tree: Any, out: Any, off: Any,
) -> None:  # fmt: skip
    """1 - W1 / d of the edges lo … hi-1 into `out`, and how far each may be off into `off`."""
    net, mass, potential, cost, node, amount = work
    for e in range(lo, hi):
        i, j = first[e], second[e]
        apart = table[row[i] * width + column[j]]
        unit = FINEST
        while unit * (indptr[i + 1] - indptr[i] + 3) > LARGEST:
            unit *= 0.5
        s, t = split(i, j, alpha, indptr, indices, share, net, node, mass, 1.0 / unit)
        if s == 0 or t == 0:
            out[e], off[e] = 1.0, 0.0
            continue
        for p in range(s):
            base = row[node[p]] * width
            for q in range(t):
                cost[p * t + q] = table[base + column[node[s + q]]]
        balance(s, t, mass, amount, unit)
        transport(s, t, cost, amount, tree, potential)
        value, error = verdict(s, t, cost, mass, unit * (s + 1), tree, potential)
        out[e], off[e] = 1.0 - value / apart, error / max(apart, value)
