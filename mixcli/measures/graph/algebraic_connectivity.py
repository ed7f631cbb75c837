"""The second smallest eigenvalue of D - A, with bounds of the edge expansion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from mixcli.context import Context
from mixcli.measures.base import Level, Measure, Values
from mixcli.measures.graph.spectral_gap import Search
from mixcli.spec import param

if TYPE_CHECKING:
    from mixcli.graph import Graph


@dataclass(frozen=True)
class AlgebraicConnectivity(Measure):
    """Algebraic connectivity: the second smallest eigenvalue λ₂ of the Laplacian D - A.

    λ₂ = min { Σ_e w_e (x_u - x_v)² / Σ_v x_v² : Σ_v x_v = 0 },  λ₂ / 2 <= h <= √(2 d_max λ₂)

    h is the edge expansion, min cut(S) / min(|S|, |S^c|); the sweep cut over the eigenvector gives a set whose
    expansion lies in the interval too.

    Args:
        tolerance: relative error at which the iteration may end.
        budget: processor seconds for the iteration; none: 20, more beyond a million nodes and edges.
        listed: components whose figures a disconnected graph lists, from the largest on.
        vector: put the eigenvector (the Fiedler vector) into the details, and the nodes of each listed component.

    Returns:
        Values: as for `spectral_gap`, of D - A: value, `residual`, `cheeger_lower`, `cheeger_upper`, `sweep_expansion`;
        0, exactly, for a disconnected graph, with the values of its components in the details.

    Cost: O(n³) up to 128 nodes, then about O(m log n) and some tens of products with L.

    Example:
        >>> from mixcli.generators.graphs import star
        >>> round(AlgebraicConnectivity()(star(9)).data, 12)
        1.0

    Source: Fiedler 1973; the bounds of h are Mohar 1989 and Alon and Milman 1985. The certificate is ours.
    """

    tolerance: float = param(1e-8, "relative error at which the iteration may end", gt=0)
    budget: float | None = param(
        None, "processor seconds for the iteration, then the value is an upper bound; none: 20, more if large", gt=0
    )
    listed: int = param(8, "components that a disconnected graph lists, from the largest on", ge=1)
    vector: bool = param(False, "put the eigenvector into the details")

    level: ClassVar[Level] = "graph"
    unit: ClassVar[str] = "conductance"
    range: ClassVar[str] = "[0, n d_min / (n-1)]"
    better: ClassVar = "higher"
    cost: ClassVar[str] = "O(n³) for n <= 128, else about O(m log n) times some tens"
    disconnected: ClassVar[str] = "0, with the number of components; their own values in the details"
    equation: ClassVar[str] = "λ₂ = min Σ w_uv (x_u - x_v)² / Σ x_v² over Σ x_v = 0"
    cites: ClassVar[str] = "Fiedler 1973; Mohar 1989"

    def compute(self, graph: Graph, context: Context) -> Values:
        return Search(False, self.tolerance, self.budget).values(graph, context, self.listed, self.vector)
