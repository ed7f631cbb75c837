"""Random edits in place of a rewiring's, in the same number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from mixcli.context import Context
from mixcli.graph import Graph
from mixcli.rewiring.base import Edit, Rewiring, Rules, topology_rng
from mixcli.rewiring.graph.random import RandomEdges

__all__ = ["MatchedRandom"]


@dataclass(frozen=True)
class MatchedRandom(Rewiring):
    """As many random edits as another rewiring made: edges drawn as `random` does, and original edges taken away.

    Equation: P(uv) = 1 / |pairs that are no edge| for each addition, 1 / |original edges left| for each removal.

    Args:
        added: edges to add.
        removed: original edges to remove.

    Source: ours, as a control.
    """

    added: int
    removed: int

    removes: ClassVar[bool] = True
    cost: ClassVar[str] = "O(1) per edit"
    equation: ClassVar[str] = "uniform over pairs that are no edge, and over original edges"
    cites: ClassVar[str] = "ours, as a control"
    score: ClassVar[str] = "0"

    def edits(self, graph: Graph, context: Context, rules: Rules) -> Iterator[Edit]:
        """The additions, then the removals."""
        yield from RandomEdges(self.added).edits(graph, context, rules)
        rows = topology_rng(context, "control", graph).permutation(graph.m)[: self.removed]
        for step, row in enumerate(rows.tolist(), self.added):
            u, v = graph.edges[row].tolist()
            yield Edit("remove", u, v, 0.0, step, "drawn at random")
