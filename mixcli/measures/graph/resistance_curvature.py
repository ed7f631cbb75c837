"""Resistance curvature of every edge, and of the nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from mixcli.context import Context
from mixcli.measures.base import Level, Measure, Values
from mixcli.numerics import curvature
from mixcli.numerics.resistance import resistances

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.graph import Graph


@dataclass(frozen=True)
class ResistanceCurvature(Measure):
    """Resistance curvature of each edge, from effective resistances: negative where removal would tear the graph.

    p_i = 1 - ½ Σ_{j ~ i} c_ij R_ij,   κ_ij = 2 (p_i + p_j) / R_ij,

    with the weights as conductances c. Σ_i p_i is the number of components; on a tree κ_ij = 4 - d_i - d_j. It has no
    lower bound: hubs with many alternative routes have small R and large -p.

    Returns:
        Values: (m,) curvatures in the order of graph.edges. Details: node (min, argmin, max, argmax, mean and sum of
        the node curvatures p). The residual is the relative deviation from Foster's sum.

    Raises:
        LimitExceeded: the part of the graph that eliminating vertices leaves is too large to be inverted.

    Cost: that of effective_resistance, with which it shares the work; then O(n + m).

    Example:
        >>> from mixcli.generators.graphs import path
        >>> ResistanceCurvature()(path(4)).data.tolist()
        [1.0, 0.0, 1.0]

    Source: Devriendt and Lambiotte, J. Phys. Complexity 2022 (node and link resistance curvature).
    """

    level: ClassVar[Level] = "edge"
    unit: ClassVar[str] = "conductance"
    range: ClassVar[str] = "(-∞, ∞)"
    better = "higher"
    cost: ClassVar[str] = "that of effective_resistance, shared"
    disconnected: ClassVar[str] = "each edge within its component; an isolated node has p = 1"
    equation: ClassVar[str] = "2 (p_i + p_j) / R_ij, p_i = 1 - ½ Σ_j c_ij R_ij"
    cites: ClassVar[str] = "Devriendt and Lambiotte 2022"

    def compute(self, graph: Graph, context: Context) -> Values:
        found = context.once(resistances, graph, context.limits)
        weight = np.ones(graph.m) if graph.weight is None else graph.weight
        node = curvature.node_resistance(graph.n, graph.edges, weight * found.edge)
        data = curvature.resistance(node, graph.edges, found.edge)
        return Values("edge", data, residual=found.residual, details={"node": _node_summary(node)} if graph.n else {})


def _node_summary(node: NDArray[np.float64]) -> dict[str, Any]:
    rounding = 1e-12 * max(1.0, float(np.abs(node).max()))  # the first of several that tie, whatever the last bits say
    low, high = int((node <= node.min() + rounding).argmax()), int((node >= node.max() - rounding).argmax())
    return {
        "min": float(node[low]), "argmin": low, "max": float(node[high]), "argmax": high,
        "mean": float(node.mean()), "sum": float(node.sum()),
    }  # fmt: skip
