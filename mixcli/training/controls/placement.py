"""Overlays placed at random: as many pairs of the same nodes for the same layers, drawn uniformly."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mixcli.context import Context
from mixcli.graph import Graph
from mixcli.plan import LayerPlan, Overlay
from mixcli.rewiring.base import topology_rng

__all__ = ["Placing", "anew", "drawn", "pairs_of", "places_of", "uniform"]

Placing = Callable[[Overlay, int, NDArray[np.int64], int, Generator], NDArray[np.int64]]
"""(overlay, nodes, places of the pairs there are already, how many of the overlay's there were already, generator) ->
(k, 2) pairs in place of the overlay's."""


def anew(arm: Graph, before: LayerPlan, graph: Graph, context: Context, placing: Placing, key: str) -> LayerPlan:
    """A layer plan in which the overlays that a rewiring brought are placed anew.

    Names, layers, order, virtual nodes and the last layer stay, and so do overlays that were there before. An overlay
    beside the graph is told of the graph's edges and of the overlays beside it that come before, since a pair that is
    there already is no message more for a network without relations; as many of its pairs should be there already as
    in the arm. An overlay in place of the graph stands alone.

    Args:
        arm: a graph of the arm, with its layer plan.
        before: the layer plan before the rewiring.
        graph: whose edges the network hears in the control.
        context: its seed decides.
        placing: how.
        key: of the random stream.
    """
    there, in_arm, none = places_of(graph.edges), places_of(arm.edges), np.zeros(0, np.int64)
    overlays: list[Overlay] = []
    for overlay in arm.plan.overlays:
        made, own = overlay, places_of(overlay.edges)
        if overlay not in before.overlays:
            rng = topology_rng(context, f"{key} {overlay.name} {overlay.layers}", graph)
            again = 0 if overlay.replaces else int(np.isin(own, in_arm, assume_unique=True).sum())
            edges = placing(overlay, graph.n + overlay.virtual, none if overlay.replaces else there, again, rng)
            made = dataclasses.replace(overlay, edges=edges)
        if not overlay.replaces:
            there, in_arm = np.union1d(there, places_of(made.edges)), np.union1d(in_arm, own)
        overlays.append(made)
    return dataclasses.replace(arm.plan, overlays=tuple(overlays))


def uniform(overlay: Overlay, nodes: int, there: NDArray[np.int64], again: int, rng: Generator) -> NDArray[np.int64]:
    """As many pairs as an overlay has, uniform over those that are not there yet; `again` of them over those that are.

    Args:
        overlay: what to replace; the pairs may join virtual nodes, to nodes and to each other.
        nodes: real and virtual ones.
        there: places of the pairs that are there already.
        again: how many are to be among these; more or fewer where there is no room.
        rng: what decides.

    Example:
        >>> ring = Overlay("ring", np.array([[0, 1], [1, 2], [2, 3], [0, 3]]))
        >>> len(np.unique(uniform(ring, 50, np.zeros(0, np.int64), 0, np.random.default_rng(0)), axis=0))
        4
    """
    pairs = nodes * (nodes - 1) // 2
    there = there[there < pairs]
    count = len(overlay.edges)
    again = min(max(again, count - (pairs - len(there))), len(there))  # what does not fit beside goes on top
    old = there[rng.choice(len(there), again, replace=False)]
    return pairs_of(np.concatenate([drawn(count - again, pairs, there, rng), old]))


def drawn(count: int, total: int, taken: NDArray[np.int64], rng: Generator) -> NDArray[np.int64]:
    """(count,) different numbers below `total`, uniform over those that are not taken.

    Args:
        count: how many.
        total: how many numbers there are.
        taken: (t,) ascending.
        rng: what decides.

    Cost: O(count + t) memory, whatever the total.

    Example:
        >>> sorted(drawn(3, 5, np.array([0, 3]), np.random.default_rng(0)).tolist())
        [1, 2, 4]
    """
    rank = rng.choice(total - len(taken), count, replace=False)
    return rank + np.searchsorted(taken - np.arange(len(taken)), rank, side="right")


def places_of(pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """(k,) ascending numbers of pairs: v (v - 1) / 2 + u for u < v, so that those of the first n nodes come first.

    Example:
        >>> places_of(np.array([[0, 1], [0, 2], [1, 2], [3, 0]]))
        array([0, 1, 2, 3])
    """
    u, v = pairs.min(axis=1, initial=np.iinfo(np.int64).max), pairs.max(axis=1, initial=0)
    return np.unique(v * (v - 1) // 2 + u)


def pairs_of(places: NDArray[np.int64] | Sequence[int]) -> NDArray[np.int64]:
    """(k, 2) the pairs of these numbers.

    Example:
        >>> pairs_of([0, 1, 2, 3]).tolist()
        [[0, 1], [0, 2], [1, 2], [0, 3]]
    """
    places = np.asarray(places, dtype=np.int64)
    v = (1 + np.sqrt(1 + 8 * places.astype(np.float64))).astype(np.int64) // 2
    v -= v * (v - 1) // 2 > places  # the root is rounded, by less than one
    v += v * (v + 1) // 2 <= places
    return np.stack([places - v * (v - 1) // 2, v], axis=1)
