"""Effective resistance across every edge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from mixcli.context import Context
from mixcli.graph import Graph
from mixcli.measures.base import Level, Measure, Values
from mixcli.numerics.estimates import network
from mixcli.numerics.sketch import Estimate
from mixcli.spec import param

DEGREE_ONLY = 0.05  # mean deviation from 1/s_u + 1/s_v below which the resistances are a function of the degrees


@dataclass(frozen=True)
class EffectiveResistance(Measure):
    """Effective resistance across each edge, the graph taken as a network of conductances.

    R_uv = (e_u - e_v)' L^+ (e_u - e_v), L = D - A with the weights as conductances. c_uv R_uv is the share of spanning
    trees that use the edge: 1 for a bridge, small where there are many ways around.

    Args:
        method: `exact` eliminates; `sketch` takes two steps of the walk exactly and estimates the rest from random
            right-hand sides; `trees` counts edges in random spanning trees; `auto` is exact within the limits and
            sketches beyond.
        error: relative error at which an estimate may end: three standard errors, root mean square over the edges.

    Returns:
        Values: (m,) resistances. Details: foster_sum (Σ c_e R_e, which must be n - c), max and argmax, local_ratio, the
        mean of R_uv / (1/s_u + 1/s_v), and local_deviation, the mean of |R_uv / (1/s_u + 1/s_v) - 1|: near 0 the
        resistance tells nothing that the degrees do not, and below 0.05 `reading` says so. The residual is the relative
        deviation from Foster's sum. An estimate has `exact` False, a standard error for each edge in `error`, and
        `method` and `draws` (columns or trees) in the details.

    Raises:
        LimitExceeded: with `exact`, the part of the graph that eliminating vertices leaves is too large to be
            inverted; with the others, not even the estimate fits.

    Cost: exact 2·10⁻¹¹ r³ seconds and 8 r² bytes for the dense part of r nodes: r ≈ 0.006 n on roads, 0.08 n on social
    networks, 0.36 n on random graphs of mean degree 6; shared with commute_time, kirchhoff, kemeny and hitting_time.
    The sketch solves some 200 systems at once, near-linear in m.

    Example:
        >>> from mixcli.generators.graphs import cycle
        >>> EffectiveResistance()(cycle(4)).data.tolist()
        [0.75, 0.75, 0.75, 0.75]

    Source: Klein and Randić 1993; Foster 1949 (the sum); von Luxburg, Radl and Hein 2010 (the local limit); Spielman
    and Srivastava 2011 (plain sketch; ours has two steps of the walk exact); Wilson 1996 (trees).
    """

    method: Literal["auto", "exact", "sketch", "trees"] = param(
        "auto", "exact, sketch, trees; auto: exact where it fits, else sketch"
    )
    error: float = param(0.05, "relative error at which an estimate may end (three standard errors)", gt=0, le=1)

    level: ClassVar[Level] = "edge"
    unit: ClassVar[str] = "1 / conductance"
    range: ClassVar[str] = "(0, 1 / c_uv]"
    better = "lower"
    cost: ClassVar[str] = "sparse elimination and a dense inverse of what is left; estimates near-linear"
    accelerated: ClassVar[bool] = True
    disconnected: ClassVar[str] = "each edge within its component"
    equation: ClassVar[str] = "R_uv = (e_u - e_v)' L^+ (e_u - e_v)"
    cites: ClassVar[str] = "Klein and Randić 1993; Foster 1949; Spielman and Srivastava 2011"

    def compute(self, graph: Graph, context: Context) -> Values:
        found = network(graph, context, self.method, self.error)
        estimate = found if isinstance(found, Estimate) else None
        details: dict[str, Any] = {"foster_sum": found.foster, "foster_expected": graph.n - graph.components.count}
        if estimate:
            details["method"], details["draws"] = estimate.method, estimate.draws
        if graph.m:
            top = int(found.edge.argmax())
            u, v = graph.edges.T
            ratio = found.edge / (1 / graph.strength[u] + 1 / graph.strength[v])
            details["max"], details["argmax"] = float(found.edge[top]), graph.edges[top].tolist()
            details["local_ratio"] = float(np.mean(ratio))
            details["local_deviation"] = float(np.mean(np.abs(ratio - 1)))
            if details["local_deviation"] < DEGREE_ONLY:
                details["reading"] = "little that the degrees do not tell"
        error = estimate.edge_error if estimate else None
        return Values("edge", found.edge, exact=estimate is None, error=error, residual=found.residual, details=details)
