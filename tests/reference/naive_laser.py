"""LASER with dense matrices of Python integers, one pair at a time."""

from __future__ import annotations

import numpy as np

from mixcli.graph import Graph


def hops(graph: Graph) -> np.ndarray:
    """(n, n) distances, -1 where there is no path."""
    lazy = np.eye(graph.n, dtype=object)
    for u, v in graph.edges.tolist():
        lazy[u, v] = lazy[v, u] = 1
    out = np.full((graph.n, graph.n), -1)
    power = np.eye(graph.n, dtype=object)
    for r in range(graph.n):
        out[(power > 0) & (out < 0)] = r
        power = power.dot(lazy)
    return out


def walks(graph: Graph, power: int) -> np.ndarray:
    """(A + I)^power, exactly."""
    lazy = np.eye(graph.n, dtype=object)
    for u, v in graph.edges.tolist():
        lazy[u, v] = lazy[v, u] = 1
    out = np.eye(graph.n, dtype=object)
    for _ in range(power):
        out = out.dot(lazy)
    return out


def orbits(graph: Graph, node: int, r: int, released: bool) -> list[int]:
    """The nodes that `node` chooses from at distance r."""
    distance = hops(graph)
    return [j for j in range(graph.n) if distance[node, j] == r and (not released or j < node)]
