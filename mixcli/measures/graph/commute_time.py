"""Expected time of a random walk across every edge and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from mixcli.context import Context
from mixcli.graph import Graph
from mixcli.measures.base import Level, Measure, Values
from mixcli.numerics.estimates import network
from mixcli.numerics.sketch import Estimate
from mixcli.spec import param


@dataclass(frozen=True)
class CommuteTime(Measure):
    """Commute time of each edge: expected steps of a random walk from one end to the other and back.

    C_uv = vol R_uv, vol = Σ_v s_v over the component (2m without weights). A lazy walk takes twice as long.

    Args:
        method: that of effective_resistance.
        error: relative error at which an estimate may end: three standard errors, root mean square over the edges.

    Returns:
        Values: (m,) steps, with their standard errors where they are estimates. Details: volume of the largest
        component, max. The residual is that of Foster's sum.

    Raises:
        LimitExceeded: as for effective_resistance, with which it shares the work.

    Cost: that of effective_resistance.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> CommuteTime()(path(4)).data.tolist()
        [6.0, 6.0, 6.0]

    Source: Chandra et al. 1989, Theorem 2.1.
    """

    method: Literal["auto", "exact", "sketch", "trees"] = param(
        "auto", "exact, sketch, trees; auto: exact where it fits, else sketch"
    )
    error: float = param(0.05, "relative error at which an estimate may end (three standard errors)", gt=0, le=1)

    level: ClassVar[Level] = "edge"
    unit: ClassVar[str] = "steps"
    range: ClassVar[str] = "(0, vol / c_uv]"
    better = "lower"
    cost: ClassVar[str] = "that of effective_resistance, shared"
    accelerated: ClassVar[bool] = True
    disconnected: ClassVar[str] = "each edge within its component, with the volume of that component"
    equation: ClassVar[str] = "C_uv = vol R_uv"
    cites: ClassVar[str] = "Chandra et al. 1989, Theorem 2.1"

    def compute(self, graph: Graph, context: Context) -> Values:
        found = network(graph, context, self.method, self.error)
        parts = graph.components
        volume = np.bincount(parts.of_node, weights=graph.strength, minlength=parts.count)
        around = volume[parts.of_node[graph.edges[:, 0]]]
        data = around * found.edge
        details = {
            "volume": float(volume[parts.largest]) if graph.n else 0.0,
            "max": float(data.max()) if graph.m else None,
        }
        if isinstance(found, Estimate):
            error = around * found.edge_error
            return Values("edge", data, exact=False, error=error, residual=found.residual, details=details)
        return Values("edge", data, residual=found.residual, details=details)
