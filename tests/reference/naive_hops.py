"""Hop distances by one dictionary search per node."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mixcli.graph import Graph


def distances(g: Graph) -> NDArray[np.float64]:
    """(n, n) hop distances along the arcs; inf where there is no way."""
    nearby: dict[int, list[int]] = {v: [] for v in range(g.n)}
    for u, v in g.edges.tolist():
        nearby[u].append(v)
        if not g.directed:
            nearby[v].append(u)
    out = np.full((g.n, g.n), np.inf)
    for source in range(g.n):
        frontier, hops = {source}, 0
        while frontier:
            for v in frontier:
                out[source, v] = hops
            frontier = {w for v in frontier for w in nearby[v] if np.isinf(out[source, w])}
            hops += 1
    return out
