"""How many neighbours each node has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from mixcli.context import Context
from mixcli.measures.base import Level, Measure, Values

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.graph import Graph


@dataclass(frozen=True)
class Degree(Measure):
    """Degree of each node: its number of neighbours (successors plus predecessors with directions).

    d_v = |{e ∈ E : v ∈ e}|, and the strength s_v = Σ_{e ∋ v} c_e of the conductances.

    Returns:
        Values: (n,) degrees. Details: isolated and leaf nodes, assortativity (the correlation of the degrees at the two
        ends of an edge; None where all edges look alike), out and in degrees with directions, strength with weights.

    Cost: O(n + m).

    Example:
        >>> from mixcli.generators.graphs import star
        >>> found = Degree()(star(4))
        >>> found.data.tolist(), found.details["leaves"], found.details["assortativity"]
        ([3, 1, 1, 1], 3, -1.0)

    Source: assortativity is equation (4) of Newman, Phys. Rev. Lett. 89, 208701 (2002).
    """

    level: ClassVar[Level] = "node"
    unit: ClassVar[str] = "edges"
    range: ClassVar[str] = "[0, n-1]"
    cost: ClassVar[str] = "O(n + m)"
    directed: ClassVar[bool] = True
    disconnected: ClassVar[str] = "no difference"
    equation: ClassVar[str] = "d_v = |N(v)|"
    cites: ClassVar[str] = "Newman 2002 (assortativity)"

    def compute(self, graph: Graph, context: Context) -> Values:
        degree = graph.degree
        details: dict[str, Any] = {
            "isolated": int((degree == 0).sum()),
            "leaves": int((degree == 1).sum()),
            "assortativity": assortativity(graph),
        }
        if graph.directed:
            details["out"] = _summary(np.bincount(graph.edges[:, 0], minlength=graph.n))
            details["in"] = _summary(np.bincount(graph.edges[:, 1], minlength=graph.n))
        if graph.weight is not None:
            details["strength"] = _summary(graph.strength)
        return Values("node", degree, details=details)


def assortativity(graph: Graph) -> float | None:
    """Correlation of the degrees at the two ends of an edge; None where it is not defined (all ends alike).

    With directions: out-degree of the tail against in-degree of the head.
    """
    u, v = graph.edges[:, 0], graph.edges[:, 1]
    if graph.directed:
        x, y = np.bincount(u, minlength=graph.n)[u], np.bincount(v, minlength=graph.n)[v]
    else:
        x, y = graph.degree[np.concatenate([u, v])], graph.degree[np.concatenate([v, u])]
    if len(x) == 0 or x.min() == x.max() or y.min() == y.max():
        return None
    a, b = x - x.mean(), y - y.mean()
    return float((a @ b) / np.sqrt((a @ a) * (b @ b)))


def _summary(values: NDArray[Any]) -> dict[str, float]:
    if not len(values):
        return {}
    return {"min": float(values.min()), "mean": float(values.mean()), "max": float(values.max())}
