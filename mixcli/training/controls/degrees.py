"""Edges placed at random under given degrees: what is left of a rewiring if only its degrees counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mixcli.graph import REVERSE, Graph
from mixcli.plan import Overlay
from mixcli.rewiring.base import EDGE_TYPE
from mixcli.training.controls.placement import pairs_of

__all__ = ["Swaps"]

TRIES = 10
"""Swaps that are tried, for each edge."""


@dataclass
class Swaps:
    """Double edge swaps, and how many were tried and done so far: ab, cd -> ad, cb.

    Equation: 10 m times, two edges and one of the two ways to swap are drawn uniformly; the swap is done if it makes
    no self-loop and no edge that is there. The chain's stationary law is uniform over the graphs that it can reach.

    Stated rules: edges of different relations do not swap, so that each node keeps its degree in every relation; of an
    edge whose two arcs are of different relations each end keeps its part. A directed graph's edges swap their targets,
    which keeps in- and out-degrees (and cannot turn a cycle of three around). Weights and relations go with the edges.
    Where degrees allow one graph only (no edges, complete graphs, stars) nothing is done.

    Cost: O(m) time and memory, about 2 to 4 µs a try.

    Source: Maslov & Sneppen, Science 296 (2002). The number of tries and the rules for relations and overlays are ours.
    """

    tried: int = 0
    done: int = 0

    def graph(self, graph: Graph, rng: Generator) -> Graph:
        """A graph with the same degrees.

        Args:
            graph: the graph; of its payload `edge_type` is kept.
            rng: what decides.

        Example:
            >>> from mixcli.generators.graphs import cycle
            >>> swaps = Swaps()
            >>> after = swaps.graph(cycle(8), np.random.default_rng(0))
            >>> after.degree.tolist(), swaps.tried, swaps.done > 0
            ([2, 2, 2, 2, 2, 2, 2, 2], 80, True)
        """
        kind = np.asarray(graph.edge.get(EDGE_TYPE, np.zeros(graph.m, np.int64)))
        back = np.asarray(graph.edge.get(EDGE_TYPE + REVERSE, kind))
        ends, flip = graph.edges.copy(), kind > back
        ends[flip] = ends[flip, ::-1]
        low, high = np.minimum(kind, back), np.maximum(kind, back)
        _, group = np.unique(low * (int(high.max(initial=0)) + 1) + high, return_inverse=True)
        either = np.zeros(graph.m, bool) if graph.directed else low == high
        ends = self._swapped(ends, group, either, graph.directed, graph.n, rng)
        turned = np.zeros(graph.m, bool) if graph.directed else ends[:, 0] > ends[:, 1]
        ends[turned] = ends[turned, ::-1]
        order = np.lexsort((ends[:, 1], ends[:, 0]))
        edge = {EDGE_TYPE: np.where(turned, high, low)[order], EDGE_TYPE + REVERSE: np.where(turned, low, high)[order]}
        if graph.directed:
            edge = {EDGE_TYPE: kind[order]}
        weight = None if graph.weight is None else graph.weight[order]
        return graph.replace(edges=ends[order], weight=weight, edge=edge)

    def overlay(
        self, overlay: Overlay, nodes: int, there: NDArray[np.int64], again: int, rng: Generator
    ) -> NDArray[np.int64]:
        """An overlay's pairs, as a `Placing`: as many at every node, real or virtual, as before.

        No swap moves the number of pairs that are there already away from `again`, where it stays unless an overlay
        before this one was placed anew and degrees leave little room; it is then a pair or two off.
        """
        u, v = pairs_of(there).T
        group = np.zeros(len(overlay.edges), np.int64)
        known = frozenset((u * nodes + v).tolist())
        return self._swapped(overlay.edges.copy(), group, group == 0, False, nodes, rng, known, again)

    def _swapped(
        self,
        ends: NDArray[np.int64],
        group: NDArray[np.int64],
        either: NDArray[np.bool_],
        directed: bool,
        n: int,
        rng: Generator,
        there: frozenset[int] = frozenset(),
        again: int = 0,
    ) -> NDArray[np.int64]:
        """(m, 2) ends after the swaps.

        Args:
            ends: (m, 2) before.
            group: (m,) edges of one group swap among themselves.
            either: (m,) whether an edge's ends may take each other's part.
            directed: whether uv and vu are different edges.
            n: nodes.
            rng: what decides.
            there: u·n + v, u < v, of the pairs that are there already.
            again: how many of the edges should be among these.
        """
        edges: list[tuple[int, int]] = [(u, v) for u, v in ends.tolist()]

        def key(u: int, v: int) -> int:
            return u * n + v if directed or u < v else v * n + u

        present = {key(u, v) for u, v in edges}
        excess = len(present & there) - again
        for i, j, crossed in _draws(group, either, rng):
            (a, b), (c, d) = edges[i], edges[j]
            if crossed:
                c, d = d, c
            if a == d or c == b:
                continue
            new, old = (key(a, d), key(c, b)), (key(a, b), key(c, d))
            if new[0] in present or new[1] in present:
                continue
            change = sum(k in there for k in new) - sum(k in there for k in old) if there else 0
            if abs(excess + change) > abs(excess):
                continue
            excess += change
            present.difference_update(old)
            present.update(new)
            edges[i], edges[j] = (a, d), (c, b)
            self.done += 1
        self.tried += TRIES * len(edges)
        return np.array(edges, dtype=np.int64).reshape(-1, 2)


def _draws(group: NDArray[np.int64], either: NDArray[np.bool_], rng: Generator) -> Iterator[tuple[int, int, bool]]:
    """Two edges of one group, and whether one of them is turned around first."""
    m = len(group)
    order = np.argsort(group, kind="stable")
    size = np.bincount(group)
    first = np.cumsum(size) - size
    for _ in range(TRIES if m else 0):
        one = rng.integers(m, size=m)
        other = order[first[group[one]] + rng.integers(size[group[one]])]
        turned = (rng.random(m) < 0.5) & either[one]
        yield from zip(one.tolist(), other.tolist(), turned.tolist(), strict=True)
