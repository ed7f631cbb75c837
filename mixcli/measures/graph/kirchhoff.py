"""Total effective resistance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from mixcli.context import Context
from mixcli.graph import Graph
from mixcli.measures.base import Level, Measure, Values
from mixcli.numerics.estimates import walks
from mixcli.numerics.sketch import Sketch
from mixcli.spec import param

SHOWN = 20  # components listed one by one


@dataclass(frozen=True)
class Kirchhoff(Measure):
    """Kirchhoff index: effective resistance summed over all pairs of nodes.

    Kf = Σ_{u<v} R_uv = n Σ_{k>=2} 1 / λ_k(L) = n tr L^+, weights as conductances.

    Args:
        method: `exact`; `sketch`, from random right-hand sides, with a standard error; `auto` is exact within the
            limits and sketches beyond.
        error: relative error of the edges' resistances at which the sketch may end; here it is then smaller.

    Returns:
        Values: the sum; None (infinite) on a disconnected graph. Details: largest_component, sum_within_components,
        mean_resistance (over the pairs of the same component), and per_component with sizes and values of the 20
        largest. The residual is that of Foster's sum, from the same elimination.

    Raises:
        LimitExceeded: as for effective_resistance, with which it shares the work.

    Cost: that of effective_resistance; two more sweeps over the factor.

    Example:
        >>> from mixcli.generators.graphs import complete
        >>> round(Kirchhoff()(complete(4)).data, 12)
        3.0

    Source: Klein and Randić 1993; the way through n tr Z - 1'Z1 of a grounded inverse Z is ours.
    """

    method: Literal["auto", "exact", "sketch"] = param("auto", "exact, sketch; auto: exact where it fits, else sketch")
    error: float = param(0.05, "relative error of the edges' resistances at which the sketch may end", gt=0, le=1)

    level: ClassVar[Level] = "graph"
    unit: ClassVar[str] = "1 / conductance"
    range: ClassVar[str] = "[0, ∞]"
    better = "lower"
    cost: ClassVar[str] = "that of effective_resistance, shared"
    accelerated: ClassVar[bool] = True
    disconnected: ClassVar[str] = "infinite; per component in the details"
    equation: ClassVar[str] = "Kf = Σ_{u<v} R_uv = n tr L^+"
    cites: ClassVar[str] = "Klein and Randić 1993"

    def compute(self, graph: Graph, context: Context) -> Values:
        if graph.n == 0:
            return Values("graph", 0.0, residual=0.0)
        found = walks(graph, context, self.method, self.error)
        sizes, values = graph.components.sizes, found.kirchhoff
        largest = np.argsort(-sizes, kind="stable")[:SHOWN]
        total, pairs = float(values.sum()), int((sizes * (sizes - 1) // 2).sum())
        details: dict[str, Any] = {
            "largest_component": float(values[graph.components.largest]),
            "sum_within_components": total,
            "mean_resistance": total / pairs if pairs else None,
            "per_component": {"sizes": sizes[largest].tolist(), "values": values[largest].tolist()},
        }
        estimate = found if isinstance(found, Sketch) else None
        errors = estimate.kirchhoff_error if estimate else None
        return by_component(total, len(sizes), errors, found.residual, details)


def by_component(
    value: float, components: int, errors: NDArray[np.float64] | None, residual: float, details: dict[str, Any]
) -> Values:
    """A figure that is infinite on a disconnected graph; `errors` are those of the components of an estimate."""
    exact, error = errors is None, None
    if errors is not None:
        error = float(errors[0]) if components == 1 else None
    if components > 1:
        reason = f"infinite: the graph has {components} components"
        return Values("graph", None, exact=exact, residual=residual, reason=reason, details=details)
    return Values("graph", value, exact=exact, error=error, residual=residual, details=details)
