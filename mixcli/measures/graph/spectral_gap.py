"""How far the graph is from falling apart: the second smallest eigenvalue of its Laplacian, with Cheeger's interval."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from mixcli.context import Context
from mixcli.measures.base import Level, Measure, Values
from mixcli.spec import param

if TYPE_CHECKING:
    from mixcli.graph import Graph
    from mixcli.numerics.eigen import Eigenpair

__all__ = ["Search", "SpectralGap"]


@dataclass(frozen=True)
class SpectralGap(Measure):
    """Spectral gap: the second smallest eigenvalue λ₂ of the normalised Laplacian, with Cheeger's interval.

    λ₂ = min { Σ_e w_e (x_u - x_v)² / Σ_v d_v x_v² : Σ_v d_v x_v = 0 },  λ₂ / 2 <= Φ <= √(2 λ₂)

    Φ is the conductance, min cut(S) / min(vol S, vol S^c); the sweep cut over the eigenvector gives a set whose
    conductance lies in the interval too. With `normalized=false` it is the algebraic connectivity: d_v = 1 in the
    denominator, edge expansion in place of Φ and √(2 d_max λ₂) as its upper bound.

    Args:
        normalized: eigenvalues of I - D^-1/2 A D^-1/2, in [0, n/(n-1)]; else of D - A, in [0, n d_max / (n-1)].
        tolerance: relative error at which the iteration may end.
        budget: processor seconds for the iteration; none: 20, more beyond a million nodes and edges.
        listed: components whose figures a disconnected graph lists, from the largest on.
        vector: put the eigenvector (the Fiedler vector) into the details, and the nodes of each listed component.

    Returns:
        Values: λ₂. Zero eigenvalues are counted as connected components and never left to a solver: a disconnected
        graph has 0, exactly, with the figures of its components in `details["largest_component"]` and
        `details["components"]`.
        `residual` is |L x - λ B x| in the L^+-norm over |x| in the L-norm: some eigenvalue is within this factor of
        the value, however small it is. When the budget ends first the value is an upper bound (a Rayleigh quotient),
        `exact` is False and `details["ok"]` too; `cheeger_lower` is then None.

    Cost: O(n³) up to 128 nodes, then about O(m log n) and some tens of products with L.

    Example:
        >>> from mixcli.generators.graphs import barbell
        >>> found = SpectralGap()(barbell(5))
        >>> round(found.data, 6), round(found.details["sweep_conductance"], 6)
        (0.072601, 0.047619)

    Source: Chung, Spectral Graph Theory (1997), equation (1.2) and theorem 2.2; for the combinatorial form Fiedler 1973
    and Mohar 1989. The choice of solvers and their certificate are ours.
    """

    normalized: bool = param(True, "normalised Laplacian; false: D - A (algebraic connectivity)")
    tolerance: float = param(1e-8, "relative error at which the iteration may end", gt=0)
    budget: float | None = param(
        None, "processor seconds for the iteration, then the value is an upper bound; none: 20, more if large", gt=0
    )
    listed: int = param(8, "components that a disconnected graph lists, from the largest on", ge=1)
    vector: bool = param(False, "put the eigenvector into the details")

    level: ClassVar[Level] = "graph"
    range: ClassVar[str] = "[0, n/(n-1)]"
    better: ClassVar = "higher"
    cost: ClassVar[str] = "O(n³) for n <= 128, else about O(m log n) times some tens"
    disconnected: ClassVar[str] = "0, with the number of components; their own gaps in the details"
    equation: ClassVar[str] = "λ₂ = min Σ w_uv (x_u - x_v)² / Σ d_v x_v² over Σ d_v x_v = 0"
    cites: ClassVar[str] = "Chung 1997, eq. (1.2), thm 2.2"

    def compute(self, graph: Graph, context: Context) -> Values:
        return Search(self.normalized, self.tolerance, self.budget).values(graph, context, self.listed, self.vector)


@dataclass(frozen=True)
class Search:
    """How λ₂ is looked for; what the measures of the gap share.

    Args:
        normalized: of the normalised Laplacian, else of D - A.
        tolerance: relative error at which the iteration may end.
        budget: processor seconds for it; None for the usual ones.
    """

    normalized: bool = True
    tolerance: float = 1e-8
    budget: float | None = None

    def pair(self, graph: Graph, context: Context) -> Eigenpair:
        """λ₂ of a connected graph with its eigenvector, computed once however many measures ask."""
        from mixcli.numerics.eigen import fiedler

        seed = int(context.rng("spectral_gap").integers(2**63))
        return context.once(fiedler, graph, self.normalized, self.tolerance, self.budget, seed)

    def values(self, graph: Graph, context: Context, listed: int = 1, vector: bool = False) -> Values:
        """λ₂ of any graph, with Cheeger's interval and the components' own values in the details."""
        if graph.n < 2:
            nodes = "one node" if graph.n else "no nodes"
            return Values("graph", None, reason=f"{nodes}, hence no second eigenvalue", details={"nodes": graph.n})
        if graph.components.count == 1:
            return self._connected(graph, context, vector)
        return Values("graph", 0.0, residual=0.0, details=self._parts(graph, context, listed, vector))

    def _connected(self, graph: Graph, context: Context, vector: bool) -> Values:
        pair = self.pair(graph, context)
        details = {
            "multiplicity_of_zero": 1,
            **self._cheeger(graph, pair),
            "method": pair.method,
            "steps": pair.steps,
            "residual_norm": pair.residual,
            "relative_error": pair.error,
            "ok": pair.converged,
        }
        if vector:
            details["vector"] = pair.vector.tolist()
        return Values("graph", pair.value, exact=pair.converged, residual=pair.rho, details=details)

    def _cheeger(self, graph: Graph, pair: Eigenpair) -> dict[str, float | None]:
        from mixcli.numerics.laplacian import Pencil
        from mixcli.numerics.sweep import sweep_cut

        pencil = Pencil.of(graph, self.normalized)
        most = 1.0 if self.normalized else float(pencil.strength.max()) * pencil.scale
        found, side = sweep_cut(pencil, pair.vector)
        return {
            "cheeger_lower": pair.value / 2 if pair.converged else None,
            "cheeger_upper": sqrt(2 * most) * sqrt(pair.value),
            ("sweep_conductance" if self.normalized else "sweep_expansion"): found * pencil.scale,
            "sweep_nodes": int(side.sum()),
        }

    def _parts(self, graph: Graph, context: Context, listed: int, vector: bool) -> dict[str, Any]:
        """The details of a disconnected graph: its own zeros, and the largest components each on its own."""
        parts = graph.components
        order = np.argsort(-parts.sizes, kind="stable")[:listed].tolist()
        inner = [self._part(graph, number, context, vector) for number in order]
        return {
            "multiplicity_of_zero": parts.count,
            "cheeger_lower": 0.0,
            "cheeger_upper": 0.0,
            ("sweep_conductance" if self.normalized else "sweep_expansion"): 0.0,
            "method": "components",
            "ok": True,
            "largest_component": inner[0],
            "components": inner,
        }

    def _part(self, graph: Graph, number: int, context: Context, vector: bool) -> dict[str, Any]:
        part = graph.component(number)
        found = self.values(part, context, vector=vector)
        inner = {k: v for k, v in found.details.items() if k not in ("multiplicity_of_zero", "nodes")}
        if found.data is None:
            inner["reason"] = found.reason
        if vector:
            inner["members"] = np.flatnonzero(graph.components.of_node == number).tolist()
        return {
            "nodes": part.n,
            "edges": part.m,
            "value": found.data,
            "exact": found.exact,
            "residual": found.residual,
            **inner,
        }
