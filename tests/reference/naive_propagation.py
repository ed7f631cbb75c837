"""Message passing with dense matrices and plain loops."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mixcli.graph import Graph


def adjacency(g: Graph, loops: bool) -> NDArray[np.float64]:
    """(n, n) conductances, 1 on the diagonal with loops."""
    out = np.eye(g.n) if loops else np.zeros((g.n, g.n))
    for e, (u, v) in enumerate(g.edges.tolist()):
        out[u, v] = out[v, u] = 1.0 if g.weight is None else g.weight[e]
    return out


def operator(g: Graph, kind: str, loops: bool, c_r: float, c_a: float) -> NDArray[np.float64]:
    """c_r I + c_a O, entry by entry."""
    a = adjacency(g, loops)
    d = a.sum(axis=1)
    out = np.zeros_like(a)
    for u in range(g.n):
        for v in range(g.n):
            if a[u, v]:
                scale = {"none": 1.0, "rw": d[u], "sym": np.sqrt(d[u] * d[v])}[kind]
                out[u, v] = a[u, v] / scale
    return c_r * np.eye(g.n) + c_a * out


def symmetric(power: NDArray[np.float64], degree: NDArray[np.float64], v: int, u: int) -> float:
    """The symmetric sensitivity of a pair, its four terms as they stand in its definition."""
    root = np.sqrt(degree[v] * degree[u])
    return (power[v, v] / degree[v] - power[v, u] / root) + (power[u, u] / degree[u] - power[u, v] / root)
