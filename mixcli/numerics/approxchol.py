"""Randomised approximate Cholesky factor of a graph Laplacian, in near-linear time and memory.

Own implementation of approximate Gaussian elimination (Kyng & Sachdeva 2016; Gao, Kyng & Spielman 2023). Eliminating
a node v with neighbours of weight w_1 <= … <= w_k and W = sum w would join every pair with weight w_i w_j / W. Instead
each i < k draws one partner j > i with probability w_j / S_i, S_i = w_{i+1} + … + w_k, and adds an edge of weight
w_i S_i / W: right in expectation, and the number of edges never grows. With `copies` = s every edge starts as s
parallel ones of weight w / s, and a neighbour keeps up to s of them, hence draws s partners: more fill, fewer
iterations.

Only positive numbers are added, so weights over many decades do no harm. The same seed gives the same factor, bit for
bit. A disconnected graph needs no care: each component ends with a pivot of zero.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mixcli.numerics.approxchol_kernel import eliminate, sweep

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ApproxChol"]

_COPIES = 2  # measured: the fewest seconds for factor and solve together, from roads to Watts-Strogatz


class ApproxChol:
    """F W F' ≈ L, the approximate factor of a weighted graph's Laplacian.

    A column of F holds 1 on the diagonal and -w_i / W in the rows of its node's neighbours at elimination.

    Args:
        n: number of nodes.
        edges: (m, 2) each undirected edge once, no self-loops.
        weight: (m,) conductances > 0.
        seed: start of the random draws, 0 … 2^63 - 1.
        copies: parallel copies of each edge, >= 1.

    Cost: O(m log n) time and about 2 to 10 m factor entries in practice.

    Source: Gao, Kyng & Spielman 2023, arXiv:2303.00709 (AC and AC2; Kyng & Sachdeva 2016 for the analysis); the
    reuse of slots is ours.

    Example:
        >>> factor = ApproxChol(3, np.array([[0, 1], [1, 2]]), np.ones(2), seed=0)
        >>> x = factor.apply(np.array([1.0, 0.0, -1.0]))
        >>> (x - x.mean()).round(12).tolist()
        [1.0, 0.0, -1.0]
    """

    def __init__(
        self, n: int, edges: NDArray[np.int64], weight: NDArray[np.float64], seed: int, copies: int = _COPIES
    ) -> None:
        u, v = np.ascontiguousarray(edges.T, dtype=np.int32)
        conductance = np.ascontiguousarray(weight, dtype=np.float64)
        self._order, self._place, self._start, row, value, pivot = eliminate(
            n, u, v, conductance, copies, np.uint64(seed)
        )
        self._row, self._value = row[: self._start[-1]].copy(), value[: self._start[-1]].copy()
        self._inverse = np.divide(1.0, pivot, out=np.zeros(n), where=pivot > 0)

    @property
    def entries(self) -> int:
        """Off-diagonal entries of the factor."""
        return len(self._row)

    @property
    def place(self) -> NDArray[np.int32]:
        """(n,) position of each node in the order of elimination."""
        return self._place

    @property
    def columns(self) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
        """The factor by positions: start, row, value of its columns, and 1 / pivot; what `sweep` takes."""
        return self._start, self._row, self._value, self._inverse

    def apply(self, residual: NDArray[np.float64]) -> NDArray[np.float64]:
        """(F W F')^+ R by one sweep down and one up the factor.

        The result is defined up to a constant per component, which is left as the sweep gives it.

        Args:
            residual: (n,) or (n, k), every column summing to 0 on each component.
        """
        work = np.ascontiguousarray(residual.reshape(len(residual), -1)[self._order])
        sweep(self._start, self._row, self._value, self._inverse, work)
        return work[self._place].reshape(residual.shape)
