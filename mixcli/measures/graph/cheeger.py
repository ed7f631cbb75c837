"""The worst bottleneck: conductance or edge expansion, exactly where few nodes allow it, else between two bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from mixcli.context import Context
from mixcli.measures.base import Level, Measure, Values
from mixcli.measures.graph.spectral_gap import Search
from mixcli.spec import param

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.graph import Graph

_LISTED = 100  # members of the cut that are listed; more help nobody


@dataclass(frozen=True)
class Cheeger(Measure):
    """Cheeger constant: the conductance of the worst cut, between λ₂ / 2 and that of a cut that is shown.

    Φ = min over S of cut(S) / min(vol S, vol S^c),  λ₂ / 2 <= Φ <= Φ(sweep cut) <= √(2 λ₂)

    With `constant=expansion` the sets are measured by their nodes: h = min cut(S) / min(|S|, |S^c|), with λ₂ of D - A.

    Args:
        constant: "conductance" or "expansion".
        exact_nodes: graphs of at most so many nodes are decided by trying all cuts.
        tolerance: relative error at which the iteration for λ₂ may end.
        budget: processor seconds for it; none: 20, more beyond a million nodes and edges.

    Returns:
        Values: the constant where all cuts were tried; else that of the sweep cut over the Fiedler vector, an upper
        bound with `exact` False and `error` its distance from the lower bound. Details: `lower`, `upper` (of the
        interval that is proven), `cheeger_upper` (√(2 λ₂), or √(2 d_max λ₂)), `cut` (conductance over the edges cut),
        `cut_edges`, `side` (the nodes on the lighter side, where at most 100), `side_nodes`. A disconnected graph
        has 0.

    Cost: that of `spectral_gap`, shared; O(2^n) below `exact_nodes`.

    Example:
        >>> from mixcli.generators.graphs import barbell
        >>> found = Cheeger()(barbell(5))
        >>> round(1 / found.data, 9), found.details["side"]
        (21.0, [0, 1, 2, 3, 4])

    Source: Chung, Spectral Graph Theory (1997), theorem 2.2; for the expansion Mohar 1989.
    """

    constant: Literal["conductance", "expansion"] = param(
        "conductance", "measure sets by the sum of their degrees, or by their number of nodes"
    )
    exact_nodes: int = param(20, "graphs of at most so many nodes are decided by trying all cuts", ge=0, le=24)
    tolerance: float = param(1e-8, "relative error at which the iteration may end", gt=0)
    budget: float | None = param(None, "processor seconds for the iteration; none: 20, more if large", gt=0)

    level: ClassVar[Level] = "graph"
    range: ClassVar[str] = "[0, 1]"
    better: ClassVar = "higher"
    cost: ClassVar[str] = "that of spectral_gap, shared; O(2^n) for n <= 20"
    disconnected: ClassVar[str] = "0; the largest component's constant in the details"
    equation: ClassVar[str] = "Φ = min over S of cut(S) / min(vol S, vol S^c)"
    cites: ClassVar[str] = "Chung 1997, thm 2.2; Mohar 1989"

    def compute(self, graph: Graph, context: Context) -> Values:
        if graph.n < 2:
            return Values("graph", None, reason="fewer than two nodes, hence nothing to cut")
        if graph.components.count > 1:
            return self._apart(graph, context)
        from mixcli.numerics.cuts import best_cut
        from mixcli.numerics.laplacian import Pencil
        from mixcli.numerics.sweep import sweep_cut

        normalized = self.constant == "conductance"
        search = Search(normalized, self.tolerance, self.budget)
        pair, pencil = search.pair(graph, context), Pencil.of(graph, normalized)
        tried = graph.n <= self.exact_nodes
        value, side = best_cut(pencil) if tried else sweep_cut(pencil, pair.vector)
        value *= pencil.scale
        bounds = search.values(graph, context).details
        lower = value if tried else bounds["cheeger_lower"]
        details = {
            "lower": lower,
            "upper": value,
            "cheeger_lower": bounds["cheeger_lower"],
            "cheeger_upper": bounds["cheeger_upper"],
            "gap": pair.value,
            "method": "all_cuts" if tried else "sweep",
            **_facts(graph, side),
        }
        error = None if tried else value - (lower or 0.0)
        return Values("graph", value, exact=tried, error=error, details=details)

    def _apart(self, graph: Graph, context: Context) -> Values:
        parts = graph.components
        inner = self.compute(graph.component(parts.largest), context)
        largest: dict[str, Any] = {"nodes": int(parts.sizes[parts.largest]), "value": inner.data, **inner.details}
        largest.pop("side", None)  # numbered within the component
        if inner.data is None:
            largest["reason"] = inner.reason
        side = parts.of_node == int(parts.sizes.argmin())
        details = {"lower": 0.0, "upper": 0.0, "method": "components", **_facts(graph, side)}
        return Values("graph", 0.0, details={**details, "components": parts.count, "largest_component": largest})


def _facts(graph: Graph, side: NDArray[np.bool_]) -> dict[str, Any]:
    """What there is to check a cut by."""
    crossing = side[graph.edges[:, 0]] != side[graph.edges[:, 1]]
    weight = float(crossing.sum() if graph.weight is None else graph.weight[crossing].sum())
    facts: dict[str, Any] = {"cut": weight, "cut_edges": int(crossing.sum()), "side_nodes": int(side.sum())}
    if facts["side_nodes"] <= _LISTED:
        facts["side"] = np.flatnonzero(side).tolist()
    return facts
