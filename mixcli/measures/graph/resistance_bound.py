"""How much can pass between two nodes in some layers, bounded through their effective resistance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from mixcli.context import Context
from mixcli.errors import UsageError
from mixcli.measures.base import Level, Measure, Values
from mixcli.measures.graph.spectral_gap import Search
from mixcli.numerics.layers import dense_layers
from mixcli.numerics.mixing import double_cover
from mixcli.numerics.propagation import looped_cover, operator, strengths
from mixcli.spec import param

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.graph import Graph

__all__ = ["ResistanceBound"]


@dataclass(frozen=True)
class ResistanceBound(Measure):
    """Upper bound of the Jacobian between the ends of each edge, summed over the layers, by their resistance.

    Σ_{l=0..r} (O^l)_vu <= d_max / 2 · (2 / d_min · (r + 1 + μ^(r+1) / (1 - μ)) - R_uv),  O = D^-1/2 A D^-1/2,

    μ the largest |eigenvalue| of O but the first. A layer's Jacobian |∂h_v^(l) / ∂h_u^(0)| is at most the model's
    constants to the power l times (O^l)_vu, so the sum of the Jacobians is bounded by the same expression; it falls in
    a straight line with R_uv. Constants (weights, slopes of activations) are the model's and stay out.

    Args:
        layers: r.
        self_loops: A + I in place of A, also in the degrees (the operator of a GCN); R_uv does not change.
        variant: "paper" as above. "local", ours, never larger and useful where μ is close to 1:
            √(d_u d_v) / 2 · (p_u / d_u + p_v / d_v - (1 - μ^(r+1)) R_uv),
            p_v = 1 + O_vv + (r - 1) (O²)_vv >= Σ_{l=0..r} (O^l)_vv for r >= 1 (even powers of O have falling diagonals,
            which bound those of the odd powers after them). Where R_uv = Σ_l z'O^l z, z = e_u / √d_u - e_v / √d_v, is
            cut off after r, what is left is at most μ^(r+1) R_uv, term by term in the eigenvectors.
        source: with `target`, look at this pair alone, joined by an edge or not.
        target: its other node.

    Returns:
        Values: (m,) bounds in the order of graph.edges, or (1,) for the pair. Details: `mu` (raised by its residual, so
        that the bound stays one), `absolute_gap` (1 - μ as found), `tail` = μ^(r+1) / (1 - μ), and for "paper"
        `intercept` and `slope` of the line in R. For a pair also `resistance` and `entries`, the sum that is bounded.
        The residual is the larger one of the gap's and of Foster's sum.
        None on a disconnected graph, on a bipartite one without self-loops (μ = 1 in both), and where the gap is not
        known within the usual budget.

    Raises:
        UsageError: source or target is no node, one of them is missing, or they are the same.
        LimitExceeded: the resistances are out of reach.

    Cost: that of effective_resistance, shared, and of the spectral gap of a graph of twice the size.

    Example:
        >>> from mixcli.generators.graphs import complete
        >>> found = ResistanceBound(layers=1)(complete(3))
        >>> found.data.round(12).tolist(), round(found.details["mu"], 9)
        ([1.833333333333, 1.833333333333, 1.833333333333], 0.5)

    Source: Black et al., ICML 2023, section 3. The operator with self-loops, the local variant and μ from the bipartite
    double cover are ours.
    """

    layers: int = param(8, "number of message-passing layers", ge=0)
    self_loops: Literal["add", "none"] = param("none", "A + I in place of A, or A")
    variant: Literal["paper", "local"] = param("paper", "with d_min and d_max, or each node's own degree")
    source: int | None = param(None, "a node, with target; none: all edges", ge=0)
    target: int | None = param(None, "a node, with source; none: all edges", ge=0)

    level: ClassVar[Level] = "edge"
    range: ClassVar[str] = "(0, ∞)"
    better = "higher"
    cost: ClassVar[str] = "that of effective_resistance and of spectral_gap on twice the nodes"
    disconnected: ClassVar[str] = "not defined (μ = 1), as on a bipartite graph without self-loops"
    equation: ClassVar[str] = "d_max / 2 · (2 / d_min · (r + 1 + μ^(r+1) / (1 - μ)) - R_uv)"
    cites: ClassVar[str] = "Black et al. 2023"

    def compute(self, graph: Graph, context: Context) -> Values:
        pairs = self._pairs(graph)
        level: Level = "edge" if self.source is None else "pair"
        details: dict[str, Any] = {"layers": self.layers, "variant": self.variant}
        if graph.components.count > 1:
            reason = f"mu = 1: the graph has {graph.components.count} components; take one of them"
            return Values(level, None, reason=reason, details=details)
        if not len(pairs):
            return Values(level, np.zeros(0), details=details)
        cover = context.once(looped_cover if self.self_loops == "add" else double_cover, graph)
        if cover.components.count > 1:
            reason = "mu = 1: the graph is bipartite; take self_loops=add"
            return Values(level, None, reason=reason, details=details)
        gap = Search().pair(cover, context)
        details["absolute_gap"] = gap.value
        if not gap.converged:
            reason = "mu is not known: the eigenvalue next to 1 or -1 has not been found within the budget"
            return Values(level, None, exact=False, reason=reason, details=details)
        least = min(gap.value / (1 + gap.rho), 1.0)
        details |= {"mu": 1 - least, "tail": (1 - least) ** (self.layers + 1) / least}
        resistance, residual = self._resistance(graph, context)
        data = self._bound(graph, pairs, resistance, details)
        if level == "edge":
            return Values(level, data, residual=max(gap.rho, residual), details=details)
        details |= {"resistance": float(resistance[0]), "entries": self._entries(graph, *pairs[0].tolist())}
        return Values(level, data, index=pairs, residual=gap.rho, details=details)

    def _pairs(self, graph: Graph) -> NDArray[np.int64]:
        """(k, 2) the pairs to bound."""
        if self.source is None and self.target is None:
            return graph.edges
        if self.source is None or self.target is None or self.source == self.target:
            found = f"source={self.source}, target={self.target}"
            raise UsageError("source and target, two nodes", found, "give both, or neither", where=graph.name)
        if (last := max(self.source, self.target)) >= graph.n:
            raise UsageError(f"nodes 0 … {graph.n - 1}", f"{last}", "give numbers of nodes", where=graph.name)
        return np.array([[self.source, self.target]])

    def _resistance(self, graph: Graph, context: Context) -> tuple[NDArray[np.float64], float]:
        from mixcli.numerics.resistance import pair, resistances

        if self.source is None or self.target is None:
            found = context.once(resistances, graph, context.limits)
            return found.edge, found.residual
        return np.array([pair(graph, self.source, self.target, context.limits)]), 0.0

    def _bound(
        self, graph: Graph, pairs: NDArray[np.int64], resistance: NDArray[np.float64], details: dict[str, Any]
    ) -> NDArray[np.float64]:
        degree, tail, r = strengths(graph, self.self_loops), details["tail"], self.layers
        if self.variant == "paper":
            slope = -float(degree.max()) / 2
            details["slope"], details["intercept"] = slope, float(degree.max() / degree.min() * (r + 1 + tail))
            line: NDArray[np.float64] = details["intercept"] + slope * resistance
            return line
        matrix = operator(graph, "sym", self.self_loops)
        staying = 1.0 + min(r, 1) * matrix.diagonal() + max(r - 1, 0) * np.asarray((matrix * matrix).sum(axis=1))
        u, v = pairs.T
        own = (staying / degree)[u] + (staying / degree)[v] - (1 - details["mu"] ** (r + 1)) * resistance
        local: NDArray[np.float64] = 0.5 * np.sqrt(degree[u] * degree[v]) * own
        return local

    def _entries(self, graph: Graph, u: int, v: int) -> float:
        """Σ_{l=0..r} (O^l)_vu."""
        layers = dense_layers(graph, operator(graph, "sym", self.self_loops), np.array([u]), self.layers)
        return float(sum(layer.entries[v, 0] for layer in layers))
