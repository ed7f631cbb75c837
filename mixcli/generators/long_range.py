"""Graphs made to have messages travel far: rings with crosses, rows of cliques."""

from __future__ import annotations

import numpy as np

from mixcli.errors import UsageError
from mixcli.generators.graphs import cycle
from mixcli.generators.sized import EDGE, NODE, Forecast, sized
from mixcli.graph import Graph, from_arcs

__all__ = ["crossed_ring", "path_of_cliques"]


@sized(lambda n: Forecast(n, 2 * n, (NODE + 2 * EDGE) * n))
def crossed_ring(n: int = 10) -> Graph:
    """Ring of n nodes in which node i < ⌊n/2⌋ is also joined to n - 1 - i, and from i = 2 on to n + 1 - i.

    Example:
        >>> crossed_ring(6).edges.tolist()
        [[0, 1], [0, 5], [1, 2], [1, 4], [2, 3], [2, 5], [3, 4], [4, 5]]
    """
    low = np.arange(n // 2)
    rungs = np.stack([low, n - 1 - low], axis=1)
    crosses = np.stack([low[2:], n + 1 - low[2:]], axis=1)
    pairs = np.concatenate([cycle(n).edges, rungs, crosses])
    pairs = np.unique(np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1), axis=0)
    return from_arcs(n, pairs, directed=False, name="crossed_ring")


def _cliques_size(cliques: int, k: int) -> Forecast:
    nodes, edges = cliques * k, cliques * (k * (k - 1) // 2 + 1)
    return Forecast(nodes, edges, NODE * nodes + EDGE * edges)


@sized(_cliques_size)
def path_of_cliques(cliques: int = 3, k: int = 10) -> Graph:
    """Cliques K_k in a row, the last node of each joined to the first of the next.

    Raises:
        UsageError: fewer than two cliques, or of fewer than two nodes.

    Example:
        >>> path_of_cliques(2, 3).edges.tolist()
        [[0, 1], [0, 2], [1, 2], [2, 3], [3, 4], [3, 5], [4, 5]]
    """
    if cliques < 2 or k < 2:
        raise UsageError("at least 2 cliques of 2 nodes", f"{cliques} of {k}")
    u, v = np.triu_indices(k, 1)
    start = np.arange(cliques)[:, None] * k
    inner = np.stack([(start + u).ravel(), (start + v).ravel()], axis=1)
    links = np.stack([start[1:, 0] - 1, start[1:, 0]], axis=1)
    return from_arcs(cliques * k, np.concatenate([inner, links]), directed=False, name="path_of_cliques")
