"""Expected time of a random walk until it first meets a node."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from mixcli.context import Context
from mixcli.errors import UsageError
from mixcli.graph import Graph
from mixcli.measures.base import Level, Measure, Values
from mixcli.numerics.estimates import exactly, walks
from mixcli.numerics.resistance import from_source, hitting_to
from mixcli.numerics.sketch import Sketch
from mixcli.spec import param


@dataclass(frozen=True)
class HittingTime(Measure):
    """Hitting time of each node: expected steps of a random walk until it first meets the node.

    H_uv = ½ Σ_w d_w (R_uv + R_vw - R_uw), and H_uv + H_vu = vol R_uv. Without `source` and `target` the value of v is
    T_v = Σ_u π_u H_uv, the mean over starts u drawn from the stationary distribution π_u = d_u / vol of v's component:
    nodes that are hard to find have a large one, and Σ_v π_v T_v is Kemeny's constant. A lazy walk takes twice as long.

    Args:
        source: with it, the value of v is H_sv: steps from this node to v.
        target: with it, the value of u is H_ut: steps from u to this node. One solve, at any size.
        method: `exact`; `sketch`, from random right-hand sides, with a standard error; `auto` is exact within the
            limits and sketches beyond. With `source` always exact.
        error: relative error of the edges' resistances at which the sketch may end; that of hitting times is larger
            where they depend on far parts of the graph.

    Returns:
        Values: (n,) steps, 0 where start and target coincide, infinite across components (and 0, not infinite, for an
        isolated node without source and target). Details: max and argmax among the finite, mean. The residual is that
        of Foster's sum, or of the solve.

    Raises:
        LimitExceeded: as for effective_resistance, with which it shares the work; never with `target`.
        UsageError: both source and target, or a node that is not there.

    Cost: that of effective_resistance, and one solve with `source`; with `target` one solve only.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> HittingTime(target=0)(path(4)).data.tolist()
        [0.0, 5.0, 8.0, 9.0]

    Source: Chandra et al. 1989 and Tetali 1991 (hitting times from resistances); Σ_u π_u H_uv = vol L^d_vv is ours.
    """

    source: int | None = param(None, "node the walk starts at; none: drawn from the stationary distribution", ge=0)
    target: int | None = param(None, "node the walk is to meet; none: each in turn", ge=0)

    method: Literal["auto", "exact", "sketch"] = param("auto", "exact, sketch; auto: exact where it fits, else sketch")
    error: float = param(0.05, "relative error of the edges' resistances at which the sketch may end", gt=0, le=1)

    level: ClassVar[Level] = "node"
    unit: ClassVar[str] = "steps"
    range: ClassVar[str] = "[0, ∞]"
    better = "lower"
    cost: ClassVar[str] = "that of effective_resistance, shared; with target one solve"
    accelerated: ClassVar[bool] = True
    disconnected: ClassVar[str] = "each node within its component; infinite from or to a node elsewhere"
    equation: ClassVar[str] = "T_v = Σ_u π_u H_uv, H_uv = ½ Σ_w d_w (R_uv + R_vw - R_uw)"
    cites: ClassVar[str] = "Chandra et al. 1989; Tetali 1991"

    def compute(self, graph: Graph, context: Context) -> Values:
        if self.source is not None and self.target is not None:
            raise UsageError("source or target", "both", "leave one out and look its node up among the values")
        if self.target is not None:
            solved = hitting_to(graph, self.target, context.limits)
            return _values(solved.value, solved.residual)
        if self.source is not None:
            return self._from(graph, self.source, context)
        found = walks(graph, context, self.method, self.error)
        return _values(found.hitting, found.residual, found.hitting_error if isinstance(found, Sketch) else None)

    def _from(self, graph: Graph, source: int, context: Context) -> Values:
        found = exactly(graph, context)
        solved = from_source(graph, source, context.limits, found)
        inside = np.isfinite(solved.value)
        volume = graph.strength[inside].sum()
        steps = np.full(graph.n, np.inf)
        steps[inside] = 0.5 * (volume * solved.value[inside] + found.hitting[inside] - found.hitting[source])
        steps[source] = 0.0
        return _values(steps, max(solved.residual, found.residual))


def _values(data: NDArray[np.float64], residual: float, error: NDArray[np.float64] | None = None) -> Values:
    details: dict[str, Any] = {}
    finite = np.flatnonzero(np.isfinite(data))
    if len(finite):
        top = finite[data[finite].argmax()]
        details = {"max": float(data[top]), "argmax": int(top), "mean": float(data[finite].mean())}
    return Values("node", data, exact=error is None, error=error, residual=residual, details=details)
