"""Effective resistances between all pairs of nodes of a connected graph that is being edited.

With p = (R_·v - R_·u) / 2 the potentials that a unit current from u to v makes (up to a constant), a conductance c that
is put between u and v changes every resistance by a rank-one term,

    R'_ij = R_ij - c (p_i - p_j)² / (1 + c R_uv),

and one that is taken away by the same with -c. So an edit costs n² operations, where computing anew costs n³. Working
on R itself instead of L^+ keeps the digits of small resistances beside large ones. (The form on R is ours; the rank-one
identity is that of Sherman and Morrison 1950.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixcli.numerics.blas import one_blas_thread
from mixcli.numerics.dense_resistance import all_resistances

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.graph import Graph

__all__ = ["LiveResistance"]

NEARLY_BRIDGE = 1e-6  # 1 - c R of an edge below which taking it away loses too many digits


class LiveResistance:
    """All resistances of a connected graph under additions and removals.

    Args:
        graph: connected, undirected; weights are conductances.

    Cost: n³ once, n² an edit; two tables of n² numbers.

    Example:
        >>> from mixcli.generators.graphs import cycle
        >>> live = LiveResistance(cycle(4))
        >>> live.add(0, 2)
        >>> round(live.kirchhoff, 12), live.between(np.array([[0, 2]])).round(12).tolist()
        (4.0, [0.5])
    """

    def __init__(self, graph: Graph) -> None:
        flow = np.zeros((graph.n, graph.n))
        flow[graph.edges[:, 0], graph.edges[:, 1]] = 1.0 if graph.weight is None else graph.weight
        with one_blas_thread():
            self._table: NDArray[np.float64] = all_resistances(flow)
        self._change = np.empty_like(self._table)

    def add(self, u: int, v: int, conductance: float = 1.0) -> None:
        """Put a conductance between two nodes."""
        self._update(u, v, conductance)

    def remove(self, u: int, v: int, conductance: float = 1.0) -> bool:
        """Take a conductance away; False, and nothing done, where the edge is a bridge or close to one."""
        if 1 - conductance * self._table[u, v] < NEARLY_BRIDGE:
            return False
        self._update(u, v, -conductance)
        return True

    def between(self, pairs: NDArray[np.int64]) -> NDArray[np.float64]:
        """(k,) resistance of each pair, (k, 2)."""
        return self._table[pairs[:, 0], pairs[:, 1]]

    @property
    def kirchhoff(self) -> float:
        """Sum of the resistances over all pairs."""
        return float(self._table.sum()) / 2

    def _update(self, u: int, v: int, conductance: float) -> None:
        potential = (self._table[v] - self._table[u]) / 2
        factor = conductance / (1 + conductance * float(self._table[u, v]))
        np.subtract.outer(potential, potential, out=self._change)
        self._change *= self._change
        self._change *= factor
        self._table -= self._change
