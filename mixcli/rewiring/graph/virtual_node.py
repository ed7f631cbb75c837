"""Virtual nodes: extra nodes joined to every node of the graph."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mixcli.plan import Overlay
from mixcli.rewiring.base import Edit, Rewiring
from mixcli.spec import param

if TYPE_CHECKING:
    from mixcli.context import Context
    from mixcli.graph import Graph
    from mixcli.plan import LayerPlan
    from mixcli.rewiring.base import Rules

__all__ = ["VirtualNode", "hubs"]


@dataclass(frozen=True)
class VirtualNode(Rewiring):
    """Join every node to a virtual one, in every layer; no edge is added to the graph itself.

    Equation: V' = V ∪ {n, …, n + count - 1}, E' = E ∪ {vw : v ∈ V, w ∈ V' - V}.

    Virtual nodes start with zero features, are joined to all nodes but not to each other, and no readout, loss or
    statistic sees them. Two nodes are then at most two layers apart. In a network with relations (an R-GCN, say) the
    edges to virtual nodes are a relation of their own.

    Stated rules: the edges of the graph play no role, so components and isolated nodes are joined to the virtual node
    like all others; a graph without nodes gets an empty overlay.

    Args:
        count: virtual nodes.

    Yields:
        Nothing; the plan has one overlay with n · count edges.

    Cost: O(n · count).

    Example:
        >>> from mixcli.generators.graphs import path
        >>> from mixcli.rewiring.base import rewire
        >>> print(rewire(path(4), "virtual_node").graph.plan)
        virtual_node (4 edges and 1 virtual node) beside the graph in every layer

    Source: the master node of Gilmer et al., "Neural message passing for quantum chemistry", ICML 2017, section 5.2.
    Theirs has a width and an update of its own; here it is a node like the others. More than one is ours.
    """

    count: int = param(1, "virtual nodes", ge=1)

    adds = False
    seeded = False
    directed = True
    constrained = False
    cost = "O(n · count)"
    equation = "E' = E ∪ {vw : v in V, w virtual}"
    cites = "Gilmer et al., ICML 2017, section 5.2"
    score = "there are no edits"

    def edits(self, graph: Graph, context: Context, rules: Rules) -> Iterator[Edit]:
        return iter(())

    def plan(self, graph: Graph, context: Context) -> LayerPlan:
        context.limits.check("virtual nodes", memory=32.0 * graph.n * self.count, instead="use a smaller count")
        return graph.plan.with_overlay(hubs(graph.n, self.count))


def hubs(n: int, count: int) -> Overlay:
    """The overlay that joins each of n nodes to each of `count` virtual ones.

    Example:
        >>> hubs(2, 2).edges.tolist()
        [[0, 2], [0, 3], [1, 2], [1, 3]]
    """
    nodes, virtual = np.divmod(np.arange(n * count), max(count, 1))
    return Overlay("virtual_node", np.stack([nodes, n + virtual], axis=1), virtual=count)
