"""Ollivier-Ricci curvature of every edge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from mixcli.context import Context
from mixcli.measures.base import Level, Measure, Values
from mixcli.measures.graph.lin_lu_yau import extremes, fractions, reporter, within_limits
from mixcli.numerics import ollivier
from mixcli.spec import param

if TYPE_CHECKING:
    from mixcli.graph import Graph
    from mixcli.numerics.ollivier import Fractions


@dataclass(frozen=True)
class Ollivier(Measure):
    """Ollivier-Ricci curvature of each edge, exact: how much closer two neighbourhoods are than their centres.

    κ_α(ij) = 1 - W₁(μ_i, μ_j) / d(i, j), where μ_x leaves the mass α at x and spreads 1 - α evenly over the neighbours,
    and W₁ is the transport distance over hops. Where α >= 1/(max(d_i, d_j) + 1) it equals (1 - α) times `lin_lu_yau`:
    GraphRicciCurvature's default alpha=0.5 is half of it on every edge. alpha=0 is what BORF uses.

    Args:
        alpha: the mass that stays, in [0, 1).

    Returns:
        Values: (m,) curvatures in the order of graph.edges; the extremes also as exact fractions in the details.
        With weights (conductances) masses are proportional to them and an edge is 1/weight long.

    Raises:
        UsageError: alpha outside [0, 1), or with a denominator above 10,000.

    Cost: two integer maximum flows an edge between the neighbourhoods of its ends; O(n + m) memory and a cache.

    Example:
        >>> from mixcli.generators.graphs import petersen
        >>> Ollivier(alpha=0.0)(petersen()).details["min"]
        '-1/3'

    Source: Ollivier, Journal of Functional Analysis 2009, Definition 3; the reduction to two flows is ours.
    """

    alpha: float = param(0.0, "the mass that stays at each end; 0.5 is half of lin_lu_yau")

    level: ClassVar[Level] = "edge"
    range: ClassVar[str] = "(-2, 1]"
    better = "higher"
    cost: ClassVar[str] = "two integer maximum flows an edge, between the neighbourhoods of its ends"
    disconnected: ClassVar[str] = "no difference: a property of each edge's surroundings"
    equation: ClassVar[str] = "1 - W₁(μ_i, μ_j); μ_x = α at x, (1-α)/d_x on each neighbour"
    cites: ClassVar[str] = "Ollivier 2009, Definition 3"

    def compute(self, graph: Graph, context: Context) -> Values:
        alpha = ollivier.idleness(self.alpha)
        if graph.weight is not None:
            from mixcli.numerics import weighted_transport

            found = weighted_transport.curvatures(graph, float(alpha), context)
            return Values("edge", found.edge, residual=found.residual)
        within_limits(graph, context.limits, context.thread_count)
        larger = graph.degree[graph.edges].max(axis=1)
        if graph.m and alpha * (int(larger.min()) + 1) >= 1:
            exact = ollivier.scaled(context.once(fractions, graph, context.thread_count, context.progress), alpha)
        else:
            exact = self._solve(graph, context)
        return Values("edge", exact.values, details=extremes(graph, exact))

    def _solve(self, graph: Graph, context: Context) -> Fractions:
        indptr, indices, _ = graph.csr
        report = reporter("ollivier", context.progress)
        return ollivier.ollivier(indptr, indices, graph.edges, self.alpha, context.thread_count, report)
