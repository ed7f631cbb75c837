"""Kemeny's constant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from mixcli.context import Context
from mixcli.graph import Graph
from mixcli.measures.base import Level, Measure, Values
from mixcli.measures.graph.kirchhoff import SHOWN, by_component
from mixcli.numerics.estimates import walks
from mixcli.numerics.sketch import Sketch
from mixcli.spec import param


@dataclass(frozen=True)
class Kemeny(Measure):
    """Kemeny's constant: expected steps of a random walk to a node drawn from its stationary distribution.

    K = Σ_v π_v H_uv = Σ_{k>=2} 1 / λ_k(N), the same from every start u; N = I - D^-1/2 A D^-1/2, π_v = d_v / vol. The
    walk that starts at its target has arrived (0 steps); counting its first return instead gives K + 1.

    Args:
        method: `exact`; `sketch`, from random right-hand sides, with a standard error; `auto` is exact within the
            limits and sketches beyond.
        error: relative error of the edges' resistances at which the sketch may end; here it is then smaller.

    Returns:
        Values: K; None (infinite) on a disconnected graph. Details: largest_component, and per_component with sizes
        and values of the 20 largest (0 for a single node). The residual is that of Foster's sum, from the same
        elimination.

    Raises:
        LimitExceeded: as for effective_resistance, with which it shares the work.

    Cost: that of effective_resistance.

    Example:
        >>> from mixcli.generators.graphs import complete
        >>> round(Kemeny()(complete(6)).data, 12)
        4.166666666667

    Source: Kemeny and Snell 1960, Theorem 4.4.10; Levene and Loizou 2002 (the eigenvalues).
    """

    method: Literal["auto", "exact", "sketch"] = param("auto", "exact, sketch; auto: exact where it fits, else sketch")
    error: float = param(0.05, "relative error of the edges' resistances at which the sketch may end", gt=0, le=1)

    level: ClassVar[Level] = "graph"
    unit: ClassVar[str] = "steps"
    range: ClassVar[str] = "[0, ∞]"
    better = "lower"
    cost: ClassVar[str] = "that of effective_resistance, shared"
    accelerated: ClassVar[bool] = True
    disconnected: ClassVar[str] = "infinite; per component in the details"
    equation: ClassVar[str] = "K = Σ_v π_v H_uv = Σ_{k>=2} 1 / λ_k(N)"
    cites: ClassVar[str] = "Kemeny and Snell 1960; Levene and Loizou 2002"

    def compute(self, graph: Graph, context: Context) -> Values:
        if graph.n == 0:
            return Values("graph", None, reason="no nodes")
        found = walks(graph, context, self.method, self.error)
        sizes = graph.components.sizes
        largest = np.argsort(-sizes, kind="stable")[:SHOWN]
        details: dict[str, Any] = {
            "largest_component": float(found.kemeny[graph.components.largest]),
            "per_component": {"sizes": sizes[largest].tolist(), "values": found.kemeny[largest].tolist()},
        }
        errors = found.kemeny_error if isinstance(found, Sketch) else None
        return by_component(float(found.kemeny[0]), len(sizes), errors, found.residual, details)
