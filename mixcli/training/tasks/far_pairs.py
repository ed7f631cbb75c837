"""Pairs of nodes between which a message has far to go."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixcli.context import Context
from mixcli.graph import Graph

__all__ = ["FarPairs", "far_pairs"]

DENSE = 2000
"""Nodes up to which the resistances of all pairs are computed; it takes O(n³) time and O(n²) memory."""

REACH = 6
"""Most hops between the ends of a pair, which is the number of convolutions needed to carry a message over."""

FARTHEST, AT_LEAST = 0.1, 30
"""Share of the eligible pairs, by resistance, that pairs are drawn from; and how many of them at least."""


@dataclass(frozen=True)
class FarPairs:
    """Chosen pairs.

    Args:
        pairs: (k, 2) source and target.
        hops: (k,) hop distance.
        resistance: (k,) effective resistance, or None where it was not computed.
    """

    pairs: NDArray[np.int64]
    hops: NDArray[np.int64]
    resistance: NDArray[np.float64] | None


def far_pairs(graph: Graph, count: int, context: Context) -> FarPairs:
    """Draw ordered pairs (source, target) far apart in effective resistance, but at most 6 hops.

    Up to 2000 nodes: of the ordered pairs in the largest component that are 2 to 6 hops apart (1 hop where there are no
    others), the tenth with greatest resistance, or the 30 with greatest where a tenth is fewer; pairs that tie with the
    last of these belong too. Drawn from them without replacement. Beyond 2000 nodes: random sources without
    replacement, the target a random one of the nodes at the greatest hop distance up to 6.

    Args:
        graph: undirected.
        count: how many pairs, or fewer where there are fewer.
        context: its seed decides which.

    Returns:
        The pairs, sorted.
    """
    component = np.flatnonzero(graph.components.of_node == graph.components.largest) if graph.n else np.zeros(0, int)
    part = graph.subgraph(component)
    rng = context.rng("far_pairs", graph.fingerprint)
    found = _by_resistance(part, count, rng) if part.n <= DENSE else _by_hops(part, count, rng)
    return FarPairs(component[found.pairs], found.hops, found.resistance)


def _by_resistance(graph: Graph, count: int, rng: np.random.Generator) -> FarPairs:
    hops = _hops(graph, None)
    resistance = _resistance(graph)
    eligible = (hops >= 2) & (hops <= REACH)
    if not eligible.any():
        eligible = hops == 1
    source, target = np.nonzero(eligible)
    far = resistance[source, target]
    take = min(len(far), max(AT_LEAST, int(np.ceil(FARTHEST * len(far)))))
    if not take:
        return FarPairs(np.zeros((0, 2), np.int64), np.zeros(0, np.int64), np.zeros(0))
    bound = np.partition(far, len(far) - take)[len(far) - take]
    candidates = np.flatnonzero(far >= bound - 1e-9 * abs(bound))  # equal resistances stay together
    chosen = np.sort(rng.choice(candidates, size=min(count, len(candidates)), replace=False))
    pairs = np.stack([source[chosen], target[chosen]], axis=1).astype(np.int64)
    return FarPairs(pairs, hops[pairs[:, 0], pairs[:, 1]].astype(np.int64), far[chosen])


def _by_hops(graph: Graph, count: int, rng: np.random.Generator) -> FarPairs:
    sources = np.sort(rng.choice(graph.n, size=count, replace=False))
    pairs, hops = [], []
    for source in sources:
        row = _hops(graph, int(source))
        farthest = row[row <= REACH].max()
        pairs.append((source, rng.choice(np.flatnonzero(row == farthest))))
        hops.append(farthest)
    return FarPairs(np.array(pairs, dtype=np.int64), np.array(hops, dtype=np.int64), None)


def _hops(graph: Graph, source: int | None) -> NDArray[np.float64]:
    from scipy.sparse.csgraph import dijkstra

    return dijkstra(graph.adjacency, unweighted=True, indices=source)


def _resistance(graph: Graph) -> NDArray[np.float64]:
    """R_uv = G_uu + G_vv - 2 G_uv with G = (L + J/n)^-1, for a connected graph."""
    if graph.n == 0:
        return np.zeros((0, 0))
    laplacian = np.diag(graph.strength) - graph.adjacency.toarray()
    g = np.linalg.inv(laplacian + 1 / graph.n)
    d = np.diag(g)
    return d[:, None] + d[None, :] - g - g.T
