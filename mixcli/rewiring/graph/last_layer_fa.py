"""Fully adjacent last layer: the input graph everywhere but in the last layer, where every node reads every node."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from mixcli.rewiring.base import Edit, Rewiring
from mixcli.spec import param

if TYPE_CHECKING:
    from mixcli.context import Context
    from mixcli.graph import Graph
    from mixcli.plan import LayerPlan
    from mixcli.rewiring.base import Rules

__all__ = ["LastLayerFA"]


@dataclass(frozen=True)
class LastLayerFA(Rewiring):
    """Let the last layer mix over the complete graph; no edge is added to the graph itself.

    Equation: with H the features before the last layer, J the all-ones matrix and W the last layer's linear map,
    mean: H' = (1/n) J H W; sum: H' = J H W; complete: H' = layer(H, K_n).

    The n² pairs are never listed. `mean` and `sum` are one vector per graph, given to all its nodes. In a network with
    relations (an R-GCN, say) `mean` is added to the last convolution, elsewhere it takes its place. `complete` is the
    layer's own aggregation over the complete graph, which for sum, mean and attention with fixed weights also needs
    O(n) work only.

    Stated rules: the edges of the graph play no role, so components and isolated nodes mix like all others; a single
    node, or none, mixes with nobody.

    Args:
        variant: mean, sum or complete.

    Yields:
        Nothing; `plan(graph, context).last` names the variant, and `mixcli compare` builds the layer.

    Cost: O(1) here; O(n) in the layer for mean and sum.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> from mixcli.rewiring.base import rewire
        >>> rewire(path(4), "last_layer_fa").graph.plan
        LayerPlan(last='mean')

    Source: `complete` is the FA layer of Alon & Yahav, "On the bottleneck of graph neural networks and its practical
    implications", ICLR 2021, section 4.1. `sum` is how Topping et al., ICLR 2022, released their +FA baseline: the
    product with the all-ones matrix after the last linear map. `mean` is the baseline released with Karhadkar et al.,
    "FoSR", ICLR 2023, and used by its successors: a linear map of the mean over the nodes of each graph.
    """

    variant: Literal["mean", "sum", "complete"] = param("mean", "how the last layer reads all nodes")

    adds = False
    seeded = False
    directed = True
    constrained = False
    cost = "O(1); O(n) per graph in the layer"
    equation = "H' = (1/n) J H W (mean), J H W (sum), layer(H, K_n) (complete)"
    cites = "Alon & Yahav, ICLR 2021, section 4.1"
    score = "there are no edits"

    def edits(self, graph: Graph, context: Context, rules: Rules) -> Iterator[Edit]:
        return iter(())

    def plan(self, graph: Graph, context: Context) -> LayerPlan:
        return dataclasses.replace(graph.plan, last=self.variant)
