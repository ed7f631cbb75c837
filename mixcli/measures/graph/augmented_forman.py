"""Forman curvature augmented by triangles, or by triangles and 4-cycles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from mixcli.context import Context
from mixcli.errors import UsageError
from mixcli.measures.base import Level, Measure, Values
from mixcli.numerics import curvature, motifs
from mixcli.spec import param

if TYPE_CHECKING:
    from mixcli.graph import Graph


@dataclass(frozen=True)
class AugmentedForman(Measure):
    """Augmented Forman curvature of each edge: short cycles through the edge make up for its many neighbours.

    AF3(ij) = 4 - d_i - d_j + 3t,   AF4(ij) = 4 - d_i - d_j + 3t + 2Q,

    t: triangles over ij; Q: 4-cycles through ij, whether or not they have a chord.

    Args:
        cycles: 3 counts triangles, 4 triangles and 4-cycles.
        chordless: of the 4-cycles count only those without a chord.

    Returns:
        Values: (m,) curvatures in the order of graph.edges, whole numbers. Weights are ignored. Details: how many
        triangles the graph has, and how many 4-cycles of the kind that counts.

    Raises:
        UsageError: chordless with cycles=3, which counts no 4-cycles.

    Cost: the pass over triangles and 4-cycles, shared with balanced_forman and jost_liu.

    Example:
        >>> from mixcli.generators.graphs import complete
        >>> float(AugmentedForman()(complete(4)).data[0]), float(AugmentedForman(chordless=True)(complete(4)).data[0])
        (8.0, 4.0)

    Source: Samal et al. 2018; Fesser and Weber, LoG 2023 (AFRC-3 and AFRC-4). The authors' code counts every 4-cycle
    that contains both ends, also where ij is its diagonal; here the edge must be one of its sides, as in the text.
    """

    cycles: Literal[3, 4] = param(4, "longest cycles that count: 3 or 4")
    chordless: bool = param(False, "count only the 4-cycles without a chord")

    level: ClassVar[Level] = "edge"
    range: ClassVar[str] = "(-∞, ∞)"
    better = "higher"
    cost: ClassVar[str] = "one pass over triangles and 4-cycles, shared by the combinatorial curvatures"
    weighted = "ignored"
    disconnected: ClassVar[str] = "no difference: a property of each edge's surroundings"
    equation: ClassVar[str] = "4 - d_i - d_j + 3t + 2Q, t triangles, Q 4-cycles over ij; cycles=3 leaves Q out"
    cites: ClassVar[str] = "Samal et al. 2018; Fesser and Weber 2023"

    def __post_init__(self) -> None:
        if self.chordless and self.cycles == 3:
            raise UsageError(
                "cycles=4 with chordless=true", "cycles=3", "leave one of them out: cycles=3 has no 4-cycles"
            )

    def compute(self, graph: Graph, context: Context) -> Values:
        counts = context.once(motifs.graph_counts, graph, context.thread_count, context.progress)
        u, v = graph.degree[graph.edges].T
        details = {"triangles": int(counts.triangles.sum()) // 3}
        if self.cycles == 3:
            return Values("edge", curvature.augmented_forman(u, v, counts.triangles), details=details)
        found = counts.squares if self.chordless else counts.four_cycles
        details["chordless_squares" if self.chordless else "four_cycles"] = int(found.sum()) // 4
        return Values("edge", curvature.augmented_forman(u, v, counts.triangles, found), details=details)
