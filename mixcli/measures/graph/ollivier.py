"""Ollivier-Ricci curvature of every edge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from mixcli.context import Context
from mixcli.measures.base import Level, Measure, Values
from mixcli.measures.graph.lin_lu_yau import affordable, extremes, fractions, reporter
from mixcli.numerics import ollivier
from mixcli.spec import param

if TYPE_CHECKING:
    from mixcli.graph import Graph


@dataclass(frozen=True)
class Ollivier(Measure):
    """Ollivier-Ricci curvature of each edge, exact: how much closer two neighbourhoods are than their centres.

    κ_α(ij) = 1 - W₁(μ_i, μ_j) / d(i, j), where μ_x leaves the mass α at x and spreads 1 - α evenly over the neighbours,
    and W₁ is the transport distance over hops. Where α >= 1/(max(d_i, d_j) + 1) it equals (1 - α) times `lin_lu_yau`:
    GraphRicciCurvature's default alpha=0.5 is half of it on every edge. alpha=0 is what BORF uses.

    With weights, which are conductances w, μ_x spreads in proportion to them, an edge is 1/w long, and d(i, j) is the
    length of a shortest path. Then κ_α has no lower bound, and is (1 - α) times `lin_lu_yau` where α >= 1/2. (In
    GraphRicciCurvature a weight is a length: see `ollivier_grc`.)

    Args:
        alpha: the mass that stays, in [0, 1), a decimal or a fraction such as 1/3.

    Returns:
        Values: (m,) curvatures in the order of graph.edges. Without weights the extremes also as exact fractions in
        the details; with weights the residual is the largest gap of a transport plan to its dual, relative.

    Raises:
        UsageError: alpha outside [0, 1), or with a denominator above 10,000.
        LimitExceeded: the transport is predicted to take too long, or two adjacent hubs too much memory.

    Cost: two integer maximum flows an edge between the neighbourhoods of its ends; O(n + m) memory, a cache, and
    4 d_i d_j bytes for the edge where that is most. With weights a shortest-path search a node, as far as three edges
    reach, and a network simplex an edge.

    Example:
        >>> from mixcli.generators.graphs import petersen
        >>> Ollivier(alpha=0.0)(petersen()).details["exact_min"]
        '-1/3'

    Source: Ollivier, Journal of Functional Analysis 2009, Definition 3; the reduction to two flows is ours.
    """

    alpha: float = param(0.0, "the mass that stays at each end; 0.5 is half of lin_lu_yau")

    level: ClassVar[Level] = "edge"
    range: ClassVar[str] = "(-2, 1]; weighted: (-∞, 1]"
    better = "higher"
    cost: ClassVar[str] = "two integer maximum flows an edge; weighted: a simplex an edge and a search a node"
    disconnected: ClassVar[str] = "no difference: a property of each edge's surroundings"
    equation: ClassVar[str] = (
        "1 - W₁(μ_i, μ_j)/d(i, j); μ_x = α at x, (1-α) w_xy/Σ_z w_xz at y ~ x; an edge is 1/w long"
    )
    cites: ClassVar[str] = "Ollivier 2009, Definition 3"

    def __post_init__(self) -> None:
        ollivier.idleness(self.alpha)

    def compute(self, graph: Graph, context: Context) -> Values:
        alpha = ollivier.idleness(self.alpha)
        if graph.weight is not None:
            from mixcli.numerics import weighted_transport

            found = weighted_transport.curvatures(graph, float(alpha), context)
            return Values("edge", found.edge, residual=found.residual)
        threads = affordable(graph, context)
        larger = np.maximum(graph.degree[graph.edges[:, 0]], graph.degree[graph.edges[:, 1]])
        if graph.m and alpha * (int(larger.min()) + 1) >= 1:
            exact = ollivier.scaled(context.once(fractions, graph, threads, context.progress), alpha)
        else:
            report = reporter("ollivier", context.progress)
            exact = ollivier.ollivier(*graph.csr[:2], graph.edges, alpha, threads, report)
        return Values("edge", exact.values, details=extremes(graph, exact))
