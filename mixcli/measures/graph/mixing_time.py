"""How many steps a random walk takes to forget where it started."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from mixcli.context import Context
from mixcli.measures.base import Level, Measure, Values
from mixcli.measures.graph.spectral_gap import Search
from mixcli.spec import param

if TYPE_CHECKING:
    from mixcli.graph import Graph

DENSE = 1000
"""Nodes up to which the time is found exactly without being asked for; half a second there."""


@dataclass(frozen=True)
class MixingTime(Measure):
    """Mixing time: steps until a random walk from the worst start is within ε of stationary, in total variation.

    t(ε) = min { t : max_x ½ Σ_y |P^t(x, y) - π_y| <= ε },  P = D^-1 A, or (I + D^-1 A) / 2 for the lazy walk

    (1/γ - 1) log(1/2ε) <= t(ε) <= (½ log(1/π_min) + log(1/2ε)) / γ with the absolute gap γ = 1 - max |μ| over the
    eigenvalues μ of P but the first: λ₂ / 2 for the lazy walk.

    Args:
        epsilon: distance in total variation, in (0, 0.49].
        walk: "lazy" stays with probability one half; "simple" always moves, and never mixes on a bipartite graph.
        method: "exact", from all eigenvectors; "bounds", from the gap alone; "auto": exact up to 1000 nodes.
        budget: processor seconds for the gap; none: 20, more beyond a million nodes and edges.

    Returns:
        Values: t(ε), or its upper bound with `exact` False and the width of the interval as `error`; where a gap below
        1e-12 leaves fewer digits than the time has, the steps in doubt are the `error` of the exact method too.
        Details: `lower`, `upper`, `gap` (γ), `relaxation_time` (1/γ), `smallest_probability` (π_min); `absolute_gap` of
        the simple walk where it is known. None (infinite) on a disconnected graph, with the largest component's
        figures, and for the simple walk on a bipartite graph.

    Cost: that of `spectral_gap`, shared; for the simple walk that of a graph of twice the size. Exact: O(n³).

    Example:
        >>> from mixcli.generators.graphs import hypercube
        >>> found = MixingTime()(hypercube(4))
        >>> found.data, found.details["lower"], found.details["upper"]
        (5, 3, 9)

    Source: Levin and Peres, Markov Chains and Mixing Times (2017), theorems 12.4 and 12.5. The gap of the simple walk
    through the bipartite double cover is ours.
    """

    epsilon: float = param(0.25, "distance from the stationary distribution, in total variation", gt=0, le=0.49)
    walk: Literal["lazy", "simple"] = param("lazy", "stay with probability one half at each step, or always move")
    method: Literal["auto", "exact", "bounds"] = param("auto", "exact: all eigenvectors; bounds: the gap alone")
    budget: float | None = param(None, "processor seconds for the gap; none: 20, more if large", gt=0)

    level: ClassVar[Level] = "graph"
    unit: ClassVar[str] = "steps"
    range: ClassVar[str] = "[0, ∞]"
    better: ClassVar = "lower"
    cost: ClassVar[str] = "that of spectral_gap, shared; O(n³) exactly"
    disconnected: ClassVar[str] = "infinite; the largest component's time in the details"
    equation: ClassVar[str] = "min { t : max_x ½ Σ_y |P^t(x,y) - π_y| <= ε }"
    cites: ClassVar[str] = "Levin and Peres 2017, thms 12.4, 12.5"

    def compute(self, graph: Graph, context: Context) -> Values:
        if graph.n == 0:
            return Values("graph", None, reason="no nodes")
        if graph.components.count > 1:
            return self._apart(graph, context)
        if graph.n == 1:
            return Values("graph", 0, details={"lower": 0, "upper": 0, "method": "one_node"})
        exact = self.method == "exact" or (self.method == "auto" and graph.n <= DENSE)
        return self._exact(graph, context) if exact else self._bounds(graph, context)

    def _exact(self, graph: Graph, context: Context) -> Values:
        from mixcli.numerics.mixing import Walk

        context.limits.check(
            "the exact mixing time",
            memory=60.0 * graph.n**2,
            operations=1.0 * graph.n**3,
            instead="use mixing_time:method=bounds",
        )
        absolute = self._absolute(graph, context)
        gap = Search(budget=self.budget).pair(graph, context).value / 2 if self.walk == "lazy" else absolute[0]
        if gap == 0:
            return _periodic()
        details, high = self._details(graph, gap)
        walk = Walk(graph, self.walk == "lazy")
        time = walk.time(self.epsilon, high)
        details |= {"absolute_gap": absolute[0], "method": "exact"}
        # All eigenvectors at once keep fewer digits of a tiny gap than a solver of its own.
        error = ceil(time * abs(walk.gap / gap - 1) - 0.5)
        return Values("graph", time, exact=error == 0, error=error or None, details=details)

    def _bounds(self, graph: Graph, context: Context) -> Values:
        if self.walk == "lazy":
            pair = Search(budget=self.budget).pair(graph, context)
            gap, known = pair.value / 2, pair.converged
        else:
            gap, known = self._absolute(graph, context)
        if gap == 0:
            return _periodic()
        details, high = self._details(graph, gap)
        details["method"] = "bounds"
        if self.walk == "simple":
            details["absolute_gap"] = gap
        if not known:  # the gap may be smaller, hence the time longer
            details["upper"] = None
            reason = "no upper bound: the gap is not known within the budget; raise budget"
            return Values("graph", None, exact=False, reason=reason, details=details)
        return Values("graph", details["upper"], exact=False, error=high - details["lower"], details=details)

    def _details(self, graph: Graph, gap: float) -> tuple[dict[str, Any], float]:
        from mixcli.numerics.mixing import mixing_bounds, stationary

        smallest = float(stationary(graph).min())
        low, high = mixing_bounds(gap, smallest, self.epsilon)
        details = {
            "lower": int(low),
            "upper": int(high),
            "gap": gap,
            "relaxation_time": 1 / gap,
            "smallest_probability": smallest,
        }
        return details, high

    def _absolute(self, graph: Graph, context: Context) -> tuple[float, bool]:
        """min(λ₂, 2 - λ_n), and whether it is known or only bounded from above; 0 exactly where bipartite."""
        from mixcli.numerics.mixing import double_cover

        cover = context.once(double_cover, graph)
        if cover.components.count > 1:
            return 0.0, True
        pair = Search(budget=self.budget).pair(cover, context)
        return pair.value, pair.converged

    def _apart(self, graph: Graph, context: Context) -> Values:
        parts = graph.components
        inner = self.compute(graph.component(parts.largest), context)
        largest = {"nodes": int(parts.sizes[parts.largest]), "value": inner.data, "exact": inner.exact}
        if inner.data is None:
            largest["reason"] = inner.reason
        details = {"components": parts.count, "largest_component": {**largest, **inner.details}}
        return Values("graph", None, reason=f"infinite: the graph has {parts.count} components", details=details)


def _periodic() -> Values:
    reason = "infinite: the graph is bipartite, and the simple walk changes sides for ever"
    return Values("graph", None, reason=reason, details={"gap": 0.0, "absolute_gap": 0.0})
