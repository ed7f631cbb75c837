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
    """All resistances of a connected graph under changes of its edges.

    Args:
        graph: connected, undirected; weights are conductances.

    Cost: n³ once, n² an edit; two tables of n² numbers.

    Example:
        >>> from mixcli.generators.graphs import cycle
        >>> live = LiveResistance(cycle(4))
        >>> live.change(0, 2, 1.0)
        True
        >>> round(live.kirchhoff, 12), live.between(np.array([[0, 2]])).round(12).tolist()
        (4.0, [0.5])
    """

    def __init__(self, graph: Graph) -> None:
        flow = np.zeros((graph.n, graph.n))
        flow[graph.edges[:, 0], graph.edges[:, 1]] = 1.0 if graph.weight is None else graph.weight
        with one_blas_thread():
            self._table: NDArray[np.float64] = all_resistances(flow)
        self._change = np.empty_like(self._table)

    def change(self, u: int, v: int, conductance: float) -> bool:
        """Put a conductance between two nodes, or take one away where it is negative.

        Returns:
            False, and nothing is done, where what is left would not connect them, or hardly.
        """
        left = 1 + conductance * float(self._table[u, v])
        if left < NEARLY_BRIDGE:
            return False
        potential = (self._table[v] - self._table[u]) / 2
        np.subtract.outer(potential, potential, out=self._change)
        self._change *= self._change
        self._change *= conductance / left
        self._table -= self._change
        return True

    def between(self, pairs: NDArray[np.int64]) -> NDArray[np.float64]:
        """(k,) resistance of each pair, (k, 2)."""
        return self._table[pairs[:, 0], pairs[:, 1]]

    @property
    def kirchhoff(self) -> float:
        """Sum of the resistances over all pairs."""
        return float(self._table.sum()) / 2
