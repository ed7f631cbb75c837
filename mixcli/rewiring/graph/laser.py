"""Locality-aware sequential rewiring: snapshots with ever longer shortcuts, each for the layers after it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from mixcli.numerics.walk_rows import Orbits, orbit_rows, walk_cost
from mixcli.plan import Overlay
from mixcli.rewiring.base import Edit, Rewiring, topology_rng
from mixcli.spec import param

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.context import Context
    from mixcli.graph import Graph
    from mixcli.plan import LayerPlan
    from mixcli.rewiring.base import Rules

__all__ = ["LASER"]

WALK = 8
"""Steps of the walks that are counted."""


@dataclass(frozen=True)
class LASER(Rewiring):
    """Join nodes a few hops apart that few walks connect; shortcuts of r hops serve the layers from the r-th on.

    Equation: for r = 2 … hops, each node i and O_r(i) = {j : dist(i, j) = r}, the
    max(least, round(share · |O_r(i)|)) nodes j of O_r(i) with the least ((A + I)⁸)_ij; ij becomes an edge.

    Stated rules: distances and walks are those of the graph as it is, whatever was added for a smaller r. Equal counts
    are decided by the seed, the same way for ij and ji; round takes halves to the even number. A shortcut serves both
    directions. Overlay `laser_r` is used beside the graph from layer r on, counted from 1. Counts are exact up to 2⁵³.
    Components are never joined; where no pair is r hops apart (no edges, a complete graph), `laser_r` is empty.

    Args:
        hops: longest shortcut, ρ in the paper.
        share: part of each orbit that is joined, p in the paper.
        least: nodes of each orbit that are joined at least, if there are as many.
        variant: paper; released: a node i chooses among the j < i of its orbit only, whose number then also takes the
            place of |O_r(i)|, as the authors' code has it. That its edges carry messages one way only, and that its
            fast path counts walks in a matrix already changed, is not repeated here.

    Yields:
        Nothing; the plan has hops - 1 overlays.

    Cost: n sparse rows of (A + I)⁸, measured on a sample first; never n² memory. Refused where that takes too long.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> from mixcli.rewiring.base import rewire
        >>> print(rewire(path(5), "laser:hops=2").graph.plan)
        laser_2 (3 edges) beside the graph in layers 2 and up

    Source: Barbero et al., "Locality-aware graph rewiring in GNNs", ICLR 2024, section 4. Walk counts out of sparse
    rows and ties by pairs are ours.
    """

    hops: int = param(3, "longest shortcut, in hops", ge=2, le=WALK)
    share: float = param(0.1, "part of each orbit that is joined", ge=0, le=1)
    least: int = param(1, "nodes of each orbit that are joined at least", ge=0)
    variant: Literal["paper", "released"] = param("paper", "released: each pair is offered to its larger node only")

    adds = False
    constrained = False
    cost = "n sparse rows of (A + I)^8"
    equation = "join i to the max(least, round(share |O_r(i)|)) nodes j of O_r(i) with least ((A + I)^8)_ij"
    cites = "Barbero et al., ICLR 2024, section 4"
    score = "there are no edits"
    deviations = ("a node chooses among smaller ones only (variant=released)", "each edge carries messages one way")

    def edits(self, graph: Graph, context: Context, rules: Rules) -> Iterator[Edit]:
        return iter(())

    def plan(self, graph: Graph, context: Context) -> LayerPlan:
        cost = walk_cost(graph, self.hops, WALK)
        context.limits.check("counting walks for laser", operations=cost, instead="use cayley or expander")
        seed = int(topology_rng(context, "laser", graph).integers(2**63))
        found: list[list[NDArray[np.int64]]] = [[np.zeros((0, 2), np.int64)] for _ in range(2, self.hops + 1)]
        done = 0
        for around in orbit_rows(graph, self.hops, WALK):
            for r, pairs in enumerate(found, start=2):
                pairs.append(self._chosen(around, r, seed))
            done = int(around.node.max(initial=done - 1)) + 1
            context.progress("walks", done, graph.n)
        overlays = [Overlay(f"laser_{r}", np.concatenate(p), f"from:{r}") for r, p in enumerate(found, start=2)]
        return graph.plan.with_overlay(*overlays)

    def _chosen(self, around: Orbits, r: int, seed: int) -> NDArray[np.int64]:
        """(k, 2) node and the one it is joined to, at distance r."""
        mask = around.hops == r
        if self.variant == "released":
            mask &= around.other < around.node
        node, other, walks = around.node[mask], around.other[mask], around.walks[mask]
        if not len(node):
            return np.zeros((0, 2), np.int64)
        order = np.lexsort((_lots(node, other, seed), walks, node))
        _, first, size = np.unique(node, return_index=True, return_counts=True)
        rank = np.arange(len(node)) - np.repeat(first, size)
        take = np.maximum(self.least, np.rint(self.share * size)).astype(np.int64)
        chosen = order[rank < np.repeat(take, size)]
        return np.stack([node[chosen], other[chosen]], axis=1)


def _lots(u: NDArray[np.int64], v: NDArray[np.int64], seed: int) -> NDArray[np.uint64]:
    """A random number for each unordered pair, whatever block it is in: SplitMix64 over seed and ends."""
    out = np.full(len(u), seed, dtype=np.uint64)
    for end in (np.minimum(u, v), np.maximum(u, v)):
        out += end.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
        out = (out ^ (out >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        out = (out ^ (out >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        out ^= out >> np.uint64(31)
    return out
