"""Products with a matrix of zeros and ones whose rows resemble each other, at the cost of where they differ.

Row i of a mask mostly says what row i - p said, for a step p that depends on the family: 1 for causal, window and sink
masks, the stride for strided ones. With D the differences of such rows, M = C D, where C adds up every p-th row, so
that M X is a sparse product and a running sum (ours).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Pairs", "cheapest"]

STEPS = 64
"""Largest step that is looked at."""
SAMPLE = 128
"""Rows by which a step is judged."""
SPARSE, DENSE, RUNNING = 1.2, 0.08, 3.0
"""Nanoseconds for an entry and a column: of a sparse product, of a dense one, of a running sum."""


class Pairs:
    """A matrix M of conductances (query, key), ready for M X and M' X in the cheapest of three forms.

    Args:
        matrix: (n, n) bool, or non-negative float64, which is never taken apart by differences.

    Example:
        >>> pairs = Pairs(np.tri(3, dtype=bool))
        >>> pairs.up(np.ones((3, 1))).ravel().tolist(), pairs.down(np.ones((3, 1))).ravel().tolist()
        ([1.0, 2.0, 3.0], [3.0, 2.0, 1.0])
    """

    def __init__(self, matrix: NDArray[Any]) -> None:
        from scipy.sparse import csr_array

        self.size = len(matrix)
        self.form, step, _ = cheapest(matrix)
        """"sparse", "running" (sums of differences) or "dense"."""
        self._step = 0
        if self.form == "dense":
            self._up: Any = matrix.astype(np.float64)
            self._down: Any = self._up.T
            return
        entries = matrix.astype(np.float64)
        if self.form == "running":
            self._step = step
            entries[step:] -= matrix[:-step]
        self._up = csr_array(entries)
        self._down = csr_array(self._up.T)

    def up(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """M X: what queries read of their keys."""
        out = self._up @ values
        if self._step:
            for lo in range(self._step):
                part = out[lo :: self._step]
                np.cumsum(part, axis=0, out=part)
        return out

    def down(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """M' X: what keys get from their queries."""
        if self._step:
            summed = np.empty_like(values)
            for lo in range(self._step):
                np.cumsum(values[lo :: self._step][::-1], axis=0, out=summed[lo :: self._step][::-1])
            values = summed
        return self._down @ values


def cheapest(matrix: NDArray[Any]) -> tuple[str, int, float]:
    """The form a matrix is best multiplied in, the step of its differences, and the nanoseconds for a column.

    Example:
        >>> cheapest(np.tri(64, dtype=bool))[:2]
        ('running', 1)
    """
    step, least = _best_step(matrix) if matrix.dtype == np.bool_ else (0, np.inf)
    cost = {
        "sparse": SPARSE * float(np.count_nonzero(matrix)),
        "running": SPARSE * least + RUNNING * len(matrix),
        "dense": DENSE * matrix.size,
    }
    form = min(cost, key=cost.__getitem__)
    return form, step, cost[form]


def _best_step(matrix: NDArray[np.bool_]) -> tuple[int, float]:
    """The step p for which rows i and i - p differ least, and in about how many entries, the first p counted whole.

    Many rows are judged by some of them.
    """
    size = len(matrix)
    taken = np.unique(np.linspace(0, size - 1, min(size, SAMPLE)).astype(np.int64))
    rows = matrix[taken]
    whole = np.count_nonzero(rows, axis=1)
    best, least = 0, float("inf")
    for step in range(1, min(STEPS, size - 1) + 1):
        later = taken >= step
        apart = np.count_nonzero(rows[later] != matrix[taken[later] - step]) + whole[~later].sum()
        if apart < least:
            best, least = step, float(apart)
    return best, least * size / max(1, len(taken))
