"""How far the graph is from falling apart: the second smallest eigenvalue of its Laplacian, with Cheeger's interval."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Any, ClassVar

from mixcli.context import Context
from mixcli.measures.base import Level, Measure, Values
from mixcli.spec import param

if TYPE_CHECKING:
    from mixcli.graph import Graph
    from mixcli.numerics.eigen import Eigenpair

__all__ = ["SpectralGap"]


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
        budget: processor seconds for the iteration.

    Returns:
        Values: λ₂. Zero eigenvalues are counted as connected components and never left to a solver: a disconnected
        graph has 0, exactly, with the figures of its largest component in `details["largest_component"]`.
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
    budget: float = param(20.0, "processor seconds for the iteration; then the value is an upper bound", gt=0)

    level: ClassVar[Level] = "graph"
    range: ClassVar[str] = "[0, n/(n-1)]"
    better: ClassVar = "higher"
    cost: ClassVar[str] = "O(n³) for n <= 128, else about O(m log n) times some tens"
    disconnected: ClassVar[str] = "0, with the number of components; the largest one's gap in the details"
    equation: ClassVar[str] = "λ₂ = min Σ w_uv (x_u - x_v)² / Σ d_v x_v² over Σ d_v x_v = 0"
    cites: ClassVar[str] = "Chung 1997, eq. (1.2), thm 2.2"

    def compute(self, graph: Graph, context: Context) -> Values:
        if graph.n < 2:
            nodes = "one node" if graph.n else "no nodes"
            return Values("graph", None, reason=f"{nodes}, hence no second eigenvalue", details={"nodes": graph.n})
        if graph.components.count == 1:
            return self._connected(graph, context)
        return Values("graph", 0.0, residual=0.0, details=self._parts(graph, context))

    def _connected(self, graph: Graph, context: Context) -> Values:
        from mixcli.numerics.eigen import fiedler

        seed = int(context.rng("spectral_gap").integers(2**63))
        pair = context.once(fiedler, graph, self.normalized, self.tolerance, self.budget, seed)
        details = {
            "multiplicity_of_zero": 1,
            **self._cheeger(graph, pair),
            "method": pair.method,
            "steps": pair.steps,
            "residual_norm": pair.residual,
            "relative_error": pair.error,
            "ok": pair.converged,
        }
        return Values("graph", pair.value, exact=pair.converged, residual=pair.rho, details=details)

    def _cheeger(self, graph: Graph, pair: Eigenpair) -> dict[str, float | None]:
        from mixcli.numerics.laplacian import Pencil
        from mixcli.numerics.sweep import sweep_cut

        pencil = Pencil.of(graph, self.normalized)
        most = 1.0 if self.normalized else float(pencil.strength.max()) * pencil.scale
        found, side = sweep_cut(pencil, pair.vector)
        return {
            "cheeger_lower": pair.value / 2 if pair.converged else None,
            "cheeger_upper": sqrt(2 * most * pair.value),
            ("sweep_conductance" if self.normalized else "sweep_expansion"): found * pencil.scale,
            "sweep_nodes": int(side.sum()),
        }

    def _parts(self, graph: Graph, context: Context) -> dict[str, Any]:
        """The details of a disconnected graph: its own zeros, and the largest component on its own."""
        parts = graph.components
        largest = graph.component(parts.largest)
        found = self.compute(largest, context)
        inner = {k: v for k, v in found.details.items() if k not in ("multiplicity_of_zero", "nodes")}
        if found.data is None:
            inner["reason"] = found.reason
        return {
            "multiplicity_of_zero": parts.count,
            "cheeger_lower": 0.0,
            "cheeger_upper": 0.0,
            ("sweep_conductance" if self.normalized else "sweep_expansion"): 0.0,
            "method": "components",
            "ok": True,
            "largest_component": {
                "nodes": largest.n,
                "edges": largest.m,
                "value": found.data,
                "exact": found.exact,
                "residual": found.residual,
                **inner,
            },
        }
