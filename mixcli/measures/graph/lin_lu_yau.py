"""Lin-Lu-Yau curvature of every edge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from mixcli.context import Context, Progress
from mixcli.measures.base import Level, Measure, Values
from mixcli.numerics import ollivier, transport

if TYPE_CHECKING:
    from mixcli.graph import Graph
    from mixcli.numerics.ollivier import Fractions

__all__ = ["LinLuYau", "affordable", "extremes", "fractions", "reporter"]


@dataclass(frozen=True)
class LinLuYau(Measure):
    """Lin-Lu-Yau curvature of each edge: Ollivier-Ricci curvature freed of its idleness, exact.

    κ_LLY(ij) = lim κ_α(ij) / (1 - α) for α → 1, κ_α as in `ollivier`. It is (D + 1)/D κ_α at α = 1/(D + 1), D the
    larger degree, which is what gets computed. BFC <= κ_LLY and κ_0 <= κ_LLY; on a tree κ_LLY = 2/d_i + 2/d_j - 2.

    Returns:
        Values: (m,) curvatures in the order of graph.edges; without weights the extremes also as exact fractions in
        the details. With weights (conductances) masses are proportional to them and an edge is 1/weight long: then
        κ_LLY = 2 κ_½, not bounded below, and the residual is the largest gap of a transport plan to its dual.

    Raises:
        LimitExceeded: the transport is predicted to take too long, or two adjacent hubs too much memory.

    Cost: two integer maximum flows an edge between the neighbourhoods of its ends; O(n + m) memory, a cache, and
    4 d_i d_j bytes for the edge where that is most. With weights see `ollivier`.

    Example:
        >>> from mixcli.generators.graphs import barbell
        >>> LinLuYau()(barbell(5)).details["exact_min"]
        '-6/5'

    Source: Lin, Lu and Yau, Tohoku Mathematical Journal 2011, Section 2; Bourne et al. 2018, Theorem 5.2, for α.
    """

    level: ClassVar[Level] = "edge"
    range: ClassVar[str] = "(-2, 2]; weighted: (-∞, 2]"
    better = "higher"
    cost: ClassVar[str] = "two integer maximum flows an edge; weighted: a simplex an edge and a search a node"
    disconnected: ClassVar[str] = "no difference: a property of each edge's surroundings"
    equation: ClassVar[str] = "lim κ_α/(1-α) for α → 1 = (D+1)/D κ_α at α = 1/(D+1), D = max(d_i, d_j); weighted: 2 κ_½"
    cites: ClassVar[str] = "Lin, Lu and Yau 2011, Section 2; Bourne et al. 2018, Theorem 5.2"

    def compute(self, graph: Graph, context: Context) -> Values:
        if graph.weight is not None:
            from mixcli.numerics import weighted_transport

            found = weighted_transport.curvatures(graph, None, context)
            return Values("edge", found.edge, residual=found.residual)
        exact = context.once(fractions, graph, affordable(graph, context), context.progress)
        return Values("edge", exact.values, details=extremes(graph, exact))


def fractions(graph: Graph, threads: int, progress: Progress) -> Fractions:
    """Lin-Lu-Yau curvature of all edges of a graph; share it with `context.once`."""
    indptr, indices, _ = graph.csr
    return ollivier.lin_lu_yau(indptr, indices, graph.edges, threads, reporter("lin_lu_yau", progress))


def reporter(what: str, progress: Progress) -> Callable[[int, int], None]:
    """Progress under the name of a measure."""
    return lambda done, total: progress(what, done, total)


def affordable(graph: Graph, context: Context) -> int:
    """How many threads' working memory fits into what transport along the edges of a graph may use.

    Raises:
        LimitExceeded: too much work, or hubs whose flows do not fit into memory even once.
    """
    need = transport.forecast(*graph.csr[:2], graph.edges)
    context.limits.check(
        "exact transport along every edge",
        memory=need.memory,
        operations=need.compiled * 1e9,
        instead="use jost_liu or balanced_forman, lower bounds from degrees, triangles and 4-cycles",
    )
    threads = context.thread_count
    while threads > 1 and not context.limits.allows(memory=threads * need.memory):
        threads -= 1
    return threads


def extremes(graph: Graph, exact: Fractions) -> dict[str, str]:
    """Smallest and largest value as exact fractions."""
    if not graph.m:
        return {}
    low, high = int(exact.values.argmin()), int(exact.values.argmax())
    return {"exact_min": str(exact.exactly(low)), "exact_max": str(exact.exactly(high))}
