"""Hop distances: diameter, radius, mean and the whole histogram."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from mixcli.context import Context, Progress
from mixcli.measures.base import Level, Measure, Values
from mixcli.numerics.eccentricity import Extremes, eccentricity_extremes
from mixcli.numerics.hops import STEP, Hops, hop_counts, hop_sample

if TYPE_CHECKING:
    from mixcli.graph import Graph

SHARE = 4  # the exact count may take 1 / SHARE of the operations allowed; trials and samples much less


@dataclass(frozen=True)
class Distance(Measure):
    """Diameter in hops: the number of layers after which every node has heard of every other one.

    diameter = max_{u,v} d(u, v), d(u, v) the fewest edges from u to v.

    Returns:
        Values: the diameter; None (infinite) on a disconnected graph. Details: `largest_component` (nodes, diameter,
        radius), `mean` distance over the connected ordered pairs, `histogram` (ordered pairs at 0, 1, 2 … hops),
        `searches`. Where counting all pairs would take too long, mean and histogram are estimated from a sample of
        sources and carry `mean_error` and `histogram_error` (standard errors) and `hoeffding_95`, the half-width of an
        interval that holds the share of pairs within any one number of hops with probability 0.95. Diameter and radius
        stay exact unless the bounds fail to meet, when the diameter is the lower bound, `error` the distance to the
        upper one, and `exact` False.

    Cost: O(n m / 64) word operations, or O(500 (n + m)) sampled.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> found = Distance()(path(4))
        >>> found.data, found.details["mean"], found.details["histogram"]
        (3, 1.6666666666666667, [4, 6, 4, 2])

    Source: the bounds on eccentricities are those of Takes and Kosters, CIKM 2011.
    """

    level: ClassVar[Level] = "graph"
    unit: ClassVar[str] = "hops"
    range: ClassVar[str] = "[0, n-1] or infinite"
    better = "lower"
    cost: ClassVar[str] = "O(n m / 64), sampled above a quarter of the operations allowed"
    weighted = "ignored"
    disconnected: ClassVar[str] = "infinite; the largest component's values in the details"
    equation: ClassVar[str] = "max over u, v of d(u, v)"
    cites: ClassVar[str] = "Takes and Kosters 2011 (bounds)"

    def compute(self, graph: Graph, context: Context) -> Values:
        parts = graph.components
        if graph.n == 0:
            return Values("graph", None, reason="no nodes", details={"components": 0})
        hops = graph_hops(graph, context, None)
        extremes = _extremes(graph, hops, context)
        connected = int((parts.sizes * (parts.sizes - 1)).sum())
        exact = extremes.diameter_low == extremes.diameter_high
        details: dict[str, Any] = {
            "components": parts.count,
            "largest_component": _component(int(parts.sizes[parts.largest]), extremes),
            "mean": hops.total / connected if connected else None,
            "mean_exact": hops.exact,
            "histogram": [int(x) if hops.exact else float(x) for x in hops.pairs],
            "disconnected_pairs": graph.n * (graph.n - 1) - connected,
            "searches": hops.sources + (0 if hops.exact else extremes.searches),
        }
        if not hops.exact:
            details["mean_error"] = hops.total_error / connected if connected else 0.0
            details["histogram_error"] = hops.pairs_error.tolist()
            details["hoeffding_95"] = hoeffding(hops.sources)
        if parts.count > 1:
            return Values("graph", None, reason=f"infinite: the graph has {parts.count} components", details=details)
        error = None if exact else float(extremes.diameter_high - extremes.diameter_low)
        return Values("graph", extremes.diameter_low, exact=exact, error=error, details=details)


def graph_hops(graph: Graph, context: Context, layers: int | None) -> Hops:
    """Pairs at each hop distance, counted where that is affordable and estimated from sampled sources elsewhere.

    Args:
        graph: any graph; directions are followed where it has them.
        context: limits and threads for the count, the seed for the sample.
        layers: do not look further than this; None for no end.
    """
    indptr, indices, _ = graph.csr
    operations = context.limits.operations / SHARE
    threads = context.thread_count if graph.n < 200_000 else 1  # each thread needs 192 bytes a node
    found = context.once(_count, graph, layers, operations, threads, context.progress)
    if found is None:
        affordable = operations / 3 / STEP / (graph.n + len(indices))
        size = min(graph.n, int(np.clip(affordable, 64, 512)))
        sources = np.sort(context.rng("hops", graph.n).choice(graph.n, size=size, replace=False))
        context.note(f"hop distances: {size} of {graph.n} sources sampled, standard errors are given")
        found = hop_sample(indptr, indices, sources, layers, context.progress)
    return found


def _count(graph: Graph, layers: int | None, operations: float, threads: int, progress: Progress) -> Hops | None:
    return hop_counts(*graph.csr[:2], layers, operations, threads, progress, directed=graph.directed)


def hoeffding(sources: int) -> float:
    """Half-width of the interval that holds a share of pairs with probability 0.95, from so many sampled sources.

    √(log(2 / 0.05) / 2k): the share of nodes within L hops of a source lies in [0, 1], and that is all that is used.
    """
    return math.sqrt(math.log(2 / 0.05) / (2 * sources))


def _extremes(graph: Graph, hops: Hops, context: Context) -> Extremes:
    nodes = np.flatnonzero(graph.components.of_node == graph.components.largest)
    if hops.eccentricity is None:
        return eccentricity_extremes(*graph.csr[:2], nodes, context.limits.operations / SHARE / 3, context.progress)
    high, low = int(hops.eccentricity[nodes].max()), int(hops.eccentricity[nodes].min())
    return Extremes(high, high, low, low, 0)


def _component(nodes: int, found: Extremes) -> dict[str, Any]:
    out: dict[str, Any] = {"nodes": nodes, "diameter": found.diameter_low, "radius": found.radius_high}
    out["exact"] = found.diameter_low == found.diameter_high and found.radius_low == found.radius_high
    if not out["exact"]:
        out["diameter_bounds"] = [found.diameter_low, found.diameter_high]
        out["radius_bounds"] = [found.radius_low, found.radius_high]
    return out
