"""How much of a graph a network of a few layers can see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from mixcli.context import Context
from mixcli.measures.base import Level, Measure, Values
from mixcli.measures.graph.distance import graph_hops, hoeffding
from mixcli.spec import param

if TYPE_CHECKING:
    from mixcli.graph import Graph


@dataclass(frozen=True)
class Reach(Measure):
    """Share of the ordered node pairs that a network of so many layers can connect; 1 - reach is under-reaching.

    reach(L) = |{(u, v) : u ≠ v, d(u, v) <= L}| / (n (n - 1)), unreachable pairs in the denominator. Along arcs where
    the graph has directions.

    Args:
        layers: L, the number of message-passing layers.

    Returns:
        Values: the share. Details: `curve` (the share after 1, … L layers), `connected_share` (among pairs of the same
        component; weakly connected with directions), `under_reaching`, `pairs`. Where counting would take too long the
        share is estimated from sampled sources, `error` is its standard error and `hoeffding_95` the half-width of an
        interval that holds it with probability 0.95 whatever the graph.

    Cost: O(n m / 64) word operations at worst, much less for few layers on sparse graphs.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> Reach(layers=1)(path(4)).data
        0.5

    Source: under-reaching after Barceló et al. 2020; the estimate and its bar are Hoeffding 1963, Theorem 1.
    """

    layers: int = param(3, "number of message-passing layers", ge=0)

    level: ClassVar[Level] = "graph"
    range: ClassVar[str] = "[0, 1]"
    better = "higher"
    cost: ClassVar[str] = "O(n m / 64), sampled above a quarter of the operations allowed"
    directed: ClassVar[bool] = True
    weighted = "ignored"
    disconnected: ClassVar[str] = "pairs in different components count as not reached"
    equation: ClassVar[str] = "|{u ≠ v : d(u, v) <= L}| / (n (n - 1))"
    cites: ClassVar[str] = "Barceló et al. 2020 (under-reaching)"

    def compute(self, graph: Graph, context: Context) -> Values:
        pairs = graph.n * (graph.n - 1)
        if pairs == 0:
            return Values("graph", None, reason="fewer than two nodes", details={"layers": self.layers})
        hops = graph_hops(graph, context, self.layers)
        within = np.cumsum(hops.pairs[1:])
        if len(within) < self.layers:  # nothing further away
            within = np.concatenate([within, np.full(self.layers - len(within), within[-1] if len(within) else 0.0)])
        reached = float(within[-1]) if self.layers else 0.0
        sizes = graph.components.sizes
        connected = int((sizes * (sizes - 1)).sum())
        details: dict[str, Any] = {
            "layers": self.layers,
            "curve": (within / pairs).tolist(),
            "connected_share": reached / connected if connected else None,
            "under_reaching": 1 - reached / pairs,
            "pairs": int(reached) if hops.exact else reached,
        }
        if hops.exact:
            return Values("graph", reached / pairs, details=details)
        details["sources"] = hops.sources
        details["hoeffding_95"] = hoeffding(hops.sources)
        error = float(hops.within_error[-1]) / pairs
        return Values("graph", reached / pairs, exact=False, error=error, details=details)
