"""The Jost-Liu lower bound on Ollivier-Ricci curvature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from mixcli.context import Context
from mixcli.measures.base import Level, Measure, Values
from mixcli.numerics import curvature, motifs

if TYPE_CHECKING:
    from mixcli.graph import Graph


@dataclass(frozen=True)
class JostLiu(Measure):
    """Jost and Liu's lower bound on the Ollivier-Ricci curvature κ_0 of each edge, from degrees and triangles.

    JL(ij) = -(1 - 1/d_i - 1/d_j - t/min)_+ - (1 - 1/d_i - 1/d_j - t/max)_+ + t/max <= κ_0(ij),

    t: triangles over ij; min, max: the smaller and larger degree; (x)_+ = max(x, 0). On a tree it equals κ_0.

    Returns:
        Values: (m,) bounds in the order of graph.edges, exact as bounds. Weights are ignored.

    Cost: the pass over triangles and 4-cycles, shared with balanced_forman and augmented_forman.

    Example:
        >>> from mixcli.generators.graphs import petersen
        >>> round(float(JostLiu()(petersen()).data[0]), 12)
        -0.666666666667

    Source: Jost and Liu, Discrete & Computational Geometry 2014, Theorem 3.
    """

    level: ClassVar[Level] = "edge"
    range: ClassVar[str] = "(-2, 1)"
    better = "higher"
    cost: ClassVar[str] = "one pass over triangles and 4-cycles, shared by the combinatorial curvatures"
    weighted = "ignored"
    disconnected: ClassVar[str] = "no difference: a property of each edge's surroundings"
    equation: ClassVar[str] = "-(1 - 1/d_i - 1/d_j - t/min)_+ - (1 - 1/d_i - 1/d_j - t/max)_+ + t/max"
    cites: ClassVar[str] = "Jost and Liu 2014, Theorem 3"

    def compute(self, graph: Graph, context: Context) -> Values:
        counts = context.once(motifs.graph_counts, graph, context.thread_count, context.progress)
        u, v = graph.degree[graph.edges].T
        return Values(
            "edge",
            curvature.jost_liu(u, v, counts.triangles),
            details={"triangles": int(counts.triangles.sum()) // 3},
        )
