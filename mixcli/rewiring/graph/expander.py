"""Random expanders beside the graph, as in Exphormer."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from mixcli.numerics.random_regular import laplacian_gap, random_cycles, random_permutations
from mixcli.plan import Overlay
from mixcli.rewiring.base import Edit, Rewiring, topology_rng
from mixcli.rewiring.graph.virtual_node import hubs
from mixcli.spec import param

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.context import Context
    from mixcli.graph import Graph
    from mixcli.plan import LayerPlan
    from mixcli.rewiring.base import Rules

__all__ = ["Expander"]


@dataclass(frozen=True)
class Expander(Rewiring):
    """Lay a random 2d-regular expander over the nodes, beside the graph in every layer.

    Equation: E_X = ∪_{k=1…d} {v π_k(v)}, accepted once λ₂(D - A) of these d n pairs is at least
    2d - 2√(2d - 1) - 0.1, else the best of `tries`.

    π_k are uniform random Hamiltonian cycles, or uniform permutations, of which fixed points are dropped. The gap is
    that of the multigraph in which a pair counts as often as it is drawn; layers use each pair once, so some degrees
    are less than 2d.

    Stated rules: a graph of up to 2d + 1 nodes gets all pairs instead, a single one none: no random graph has a larger
    gap. Which pairs are drawn depends on the seed and the graph, how they lie does not depend on its edges, so that
    components and isolated nodes are reached like all others.

    Args:
        d: cycles or permutations.
        source: cycles or permutations.
        tries: how often to draw at most.
        virtual: virtual nodes joined to all, an overlay of its own; see `virtual_node`.

    Yields:
        Nothing; the plan has an overlay, two with virtual nodes.

    Cost: O(n d) a try, and λ₂ of a sparse matrix of n rows; most tries succeed.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> from mixcli.rewiring.base import rewire
        >>> print(rewire(path(7), "expander").graph.plan)
        expander (21 edges) beside the graph in every layer

    Source: Shirzad et al., "Exphormer: Sparse transformers for graphs", ICML 2023, section 3 and its released code;
    the bound is Friedman's for random regular graphs. They use the pairs for attention, here any layer does. Dropping
    repeats and the complete graph for few nodes are rules of ours.
    """

    d: int = param(3, "cycles or permutations; the graph is 2d-regular", ge=2)
    source: Literal["cycles", "permutations"] = param("cycles", "what is laid over each other")
    tries: int = param(100, "draws until the gap is large enough", ge=1)
    virtual: int = param(0, "virtual nodes joined to all", ge=0)

    adds = False
    directed = True
    constrained = False
    cost = "O(n d) a try and λ₂ of a sparse matrix"
    equation = "d random cycles with λ₂(D - A) >= 2d - 2 sqrt(2d - 1) - 0.1"
    cites = "Shirzad et al., ICML 2023, section 3"
    score = "there are no edits"

    @property
    def bound(self) -> float:
        """The gap that is large enough.

        Example:
            >>> round(Expander(d=3).bound, 4)
            1.4279
        """
        return 2 * self.d - 2 * math.sqrt(2 * self.d - 1) - 0.1

    def edits(self, graph: Graph, context: Context, rules: Rules) -> Iterator[Edit]:
        return iter(())

    def plan(self, graph: Graph, context: Context) -> LayerPlan:
        memory = 200.0 * graph.n * self.d + 32.0 * graph.n * self.virtual
        context.limits.check("an expander", memory=memory, instead="use a smaller d")
        plan = graph.plan.with_overlay(Overlay("expander", self._pairs(graph, context)))
        return plan.with_overlay(hubs(graph.n, self.virtual)) if self.virtual else plan

    def _pairs(self, graph: Graph, context: Context) -> NDArray[np.int64]:
        if graph.n <= 2 * self.d + 1:
            return np.array(list(itertools.combinations(range(graph.n), 2)), dtype=np.int64).reshape(-1, 2)
        rng = topology_rng(context, "expander", graph)
        draw = random_cycles if self.source == "cycles" else random_permutations
        best, reached = np.zeros((0, 2), np.int64), -1.0
        for _ in range(self.tries):
            pairs = draw(graph.n, self.d, rng)
            if (gap := laplacian_gap(graph.n, pairs)) > reached:
                best, reached = pairs, gap
            if reached >= self.bound:
                break
        return best[best[:, 0] != best[:, 1]]
