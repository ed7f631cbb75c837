"""DropEdge, offline: a random part of the edges is taken away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mixcli.rewiring.base import Edit, Rewiring, topology_rng
from mixcli.spec import param

if TYPE_CHECKING:
    from mixcli.context import Context
    from mixcli.graph import Graph
    from mixcli.rewiring.base import Rules

__all__ = ["DropEdge"]


@dataclass(frozen=True)
class DropEdge(Rewiring):
    """Remove every edge with probability p, each for itself: one fixed sample per seed.

    Equation: remove uv where U_uv < p, U_uv uniform on [0, 1).

    Stated rules: edges go in ascending order of U, so a smaller p, or a smaller budget, takes a prefix of what a larger
    one takes. The published method draws anew in every epoch of a training; this is one draw, for a graph that is
    written to a file or compared with others. Every edge has the same chance, so a graph may fall apart; one without
    edges stays as it is. Weights play no role and are kept.

    Args:
        p: probability that an edge is removed.

    Yields:
        Removals; the score is U.

    Cost: O(m log m).

    Example:
        >>> from mixcli.generators.graphs import cycle
        >>> from mixcli.rewiring.base import rewire
        >>> rewire(cycle(6), "drop_edge:p=1").removed
        6

    Source: Rong, Huang, Xu & Huang, "DropEdge: towards deep graph convolutional networks on node classification",
    ICLR 2020. One sample per seed and its order are ours.
    """

    p: float = param(0.2, "probability that an edge is removed", ge=0, le=1)

    adds = False
    removes = True
    cost = "O(m log m)"
    equation = "remove uv where U_uv < p, U_uv uniform on [0, 1)"
    cites = "Rong, Huang, Xu & Huang, ICLR 2020"
    score = "the uniform number drawn for the edge"

    def edits(self, graph: Graph, context: Context, rules: Rules) -> Iterator[Edit]:
        drawn = topology_rng(context, "drop_edge", graph).random(graph.m)
        rows = np.argsort(drawn, kind="stable")
        for row in rows[: int((drawn < self.p).sum())].tolist():
            u, v = graph.edges[row].tolist()
            if not rules or rules.may_remove(u, v):
                yield Edit("remove", u, v, float(drawn[row]), 0, "drawn")
