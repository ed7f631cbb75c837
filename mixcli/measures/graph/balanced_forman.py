"""Balanced Forman curvature of every edge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from mixcli.context import Context
from mixcli.measures.base import Level, Measure, Values
from mixcli.numerics import curvature, motifs
from mixcli.spec import param

if TYPE_CHECKING:
    from mixcli.graph import Graph


@dataclass(frozen=True)
class BalancedForman(Measure):
    """Balanced Forman curvature of each edge: negative where the edge is a bottleneck.

    BFC(ij) = 2/d_i + 2/d_j - 2 + 2t/max(d_i,d_j) + t/min(d_i,d_j) + (s_i + s_j) / (γ max(d_i,d_j)),
    and 0 where an end has degree 1. t: triangles over ij; s_i: neighbours of i on a chordless 4-cycle through ij;
    γ: the most such 4-cycles through one of these neighbours.

    Args:
        variant: "paper" as above; "released" as the authors' code has it: no rule for leaves, and a 4-cycle term
            ♯ / max² that also counts walks through the edge itself, so that a C_5 has curvature 1 instead of 0.

    Returns:
        Values: (m,) curvatures in the order of graph.edges, all > -2, and at most 3/2 as they are at most κ_LLY (4 as
        released). Weights are ignored: there is no weighted form. Details: leaf edges, and the triangles and
        chordless 4-cycles of the graph.

    Cost: O(Σ_ij min(S_i, S_j)) with S_v = Σ_{k ~ v} d_k, O(n + m) memory.

    Example:
        >>> from mixcli.generators.graphs import barbell
        >>> float(BalancedForman()(barbell(5)).data.min())
        -1.2

    Source: Topping et al., ICLR 2022, Definitions 1 and 4.
    """

    variant: Literal["paper", "released"] = param("paper", "the paper's definition or the one of the released code")

    level: ClassVar[Level] = "edge"
    range: ClassVar[str] = "(-2, 3/2]; released: (-2, 4]"
    better = "higher"
    cost: ClassVar[str] = "O(Σ over edges of the smaller sum of neighbour degrees)"
    weighted = "ignored"
    disconnected: ClassVar[str] = "no difference: a property of each edge's surroundings"
    equation: ClassVar[str] = "2/d_i + 2/d_j - 2 + 2t/max + t/min + (s_i+s_j)/(γ max); 0 where an end has degree 1"
    cites: ClassVar[str] = "Topping et al. 2022, Definitions 1 and 4"

    def compute(self, graph: Graph, context: Context) -> Values:
        counts = context.once(motifs.graph_counts, graph, context.thread_count, context.progress)
        u, v = graph.degree[graph.edges].T
        if self.variant == "paper":
            data = curvature.balanced_forman(u, v, counts.triangles, counts.square_ends, counts.gamma)
        else:
            sharp = motifs.sharp_counts(*graph.csr, graph.edges, counts.triangles, context.thread_count)
            data = curvature.balanced_forman_released(u, v, counts.triangles, sharp)
        details = {
            "variant": self.variant,
            "leaf_edges": int(((u == 1) | (v == 1)).sum()),
            "triangles": int(counts.triangles.sum()) // 3,
            "chordless_squares": int(counts.squares.sum()) // 4,
        }
        return Values("edge", data, details=details)
