"""Forman curvature of every edge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from mixcli.context import Context
from mixcli.measures.base import Level, Measure, Values
from mixcli.numerics import curvature
from mixcli.spec import param

if TYPE_CHECKING:
    from mixcli.graph import Graph


@dataclass(frozen=True)
class Forman(Measure):
    """Forman curvature of each edge: the more other edges meet its ends, the more negative.

    F(e) = w_e (1/w_e + 1/w_e - Σ_{e' ~ e} 1/√(w_e w_e')) = 4 - √w_e (h_i + h_j),   h_i = Σ_{e' at i} 1/√w_e',

    with weight 1 at every node; without weights it is 4 - d_i - d_j. The second form is ours: it costs O(m) however
    many edges meet at a hub.

    Args:
        weight: what w_e is where the graph has weights, which are conductances: "conductance" takes them as they are,
            "length" takes 1 / conductance. Without weights both are 1.

    Returns:
        Values: (m,) curvatures in the order of graph.edges.

    Cost: O(n + m).

    Example:
        >>> from mixcli.generators.graphs import star
        >>> Forman()(star(6)).data.tolist()
        [-2.0, -2.0, -2.0, -2.0, -2.0]

    Source: Forman, Discrete & Computational Geometry 2003; Sreejith et al., J. Stat. Mech. 2016 (on networks).
    """

    weight: Literal["conductance", "length"] = param("conductance", "what w_e is: the conductance, or 1 / conductance")

    level: ClassVar[Level] = "edge"
    range: ClassVar[str] = "(-∞, 2]"
    better = "higher"
    cost: ClassVar[str] = "O(n + m)"
    disconnected: ClassVar[str] = "no difference: a property of each edge's surroundings"
    equation: ClassVar[str] = "4 - d_i - d_j; weighted: 4 - √w_e (h_i + h_j), h_i = Σ over edges at i of 1/√w"
    cites: ClassVar[str] = "Forman 2003; Sreejith et al. 2016"

    def compute(self, graph: Graph, context: Context) -> Values:
        if graph.weight is None:
            u, v = graph.degree[graph.edges].T
            return Values("edge", curvature.forman(u, v))
        weight = graph.weight if self.weight == "conductance" else 1 / graph.weight
        return Values("edge", curvature.weighted_forman(graph.n, graph.edges, weight), details={"weight": self.weight})
