"""How much each token is read: sums over the columns of attention that comes in blocks of rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.mask import Mask

__all__ = ["FIRST", "ColumnSums", "Support", "column_sums", "first_mass", "support"]

FIRST = 16
"""Up to how many first tokens the mass on them is known."""
_ROWS_BYTES = 2**21  # of a block of rows in float64


class ColumnSums(NamedTuple):
    """Sums over the columns of attention weights.

    Args:
        lower: (T,) Σ_{i ≥ k} A[i, k].
        diagonal: (T,) A[k, k].
        first: (16,) Σ_{i ≥ s} Σ_{j < s} A[i, j] for s = 1 … 16; 0 for s > T.
    """

    lower: NDArray[np.float64]
    diagonal: NDArray[np.float64]
    first: NDArray[np.float64]

    def mean(self, exclude_self: bool = False) -> NDArray[np.float64]:
        """(T,) α_k, the mean weight on k of the queries from k on, or of those behind k.

        Example:
            >>> sums = column_sums(2, [(0, np.array([[1.0, 0.0], [0.5, 0.5]]))])
            >>> sums.mean().tolist(), sums.mean(exclude_self=True).tolist()
            ([0.75, 0.5], [0.5, 0.0])
        """
        behind = len(self.lower) - np.arange(len(self.lower)) - exclude_self
        found: NDArray[np.float64] = (self.lower - exclude_self * self.diagonal) / np.maximum(behind, 1)
        return found


class Support(NamedTuple):
    """Which keys the queries of a layer may read.

    Args:
        keys: (T,) how many each may read.
        uniform: sums over the columns of attention that is uniform over them.
    """

    keys: NDArray[np.int64]
    uniform: ColumnSums


def column_sums(tokens: int, blocks: Iterable[tuple[int, NDArray[Any]]]) -> ColumnSums:
    """Sums over the columns of (T, T) attention.

    Args:
        tokens: T.
        blocks: (first row, (b, T) rows), in any order.
    """
    lower, diagonal, first = np.zeros(tokens), np.zeros(tokens), np.zeros(FIRST)
    for lo, rows in blocks:
        hi = lo + len(rows)
        lower[:lo] += rows[:, :lo].sum(axis=0, dtype=np.float64)
        lower[lo:hi] += np.tril(rows[:, lo:hi]).sum(axis=0, dtype=np.float64)
        diagonal[lo:hi] = rows[:, lo:hi].diagonal()
        first += first_mass(rows, lo)
    return ColumnSums(lower, diagonal, first)


def first_mass(rows: NDArray[Any], lo: int = 0) -> NDArray[np.float64]:
    """(16,) Σ_{i ≥ s} Σ_{j < s} A[i, j] for s = 1 … 16, over rows that start at row lo."""
    mass = np.cumsum(rows[:, :FIRST], axis=1, dtype=np.float64)
    found = [float(mass[max(0, s - lo) :, s - 1].sum()) for s in range(1, mass.shape[1] + 1)]
    return np.array(found + [0.0] * (FIRST - len(found)))


def support(visible: Mask | NDArray[np.bool_]) -> Support:
    """The support of a mask, or of a (T, T) array that is True where query i may read key j; not one (T, T) in float64.

    Example:
        >>> found = support(np.tri(3, dtype=bool))
        >>> found.keys.tolist(), found.uniform.mean().round(4).tolist()
        ([1, 2, 3], [0.6111, 0.4167, 0.3333])
    """
    tokens = len(visible) if isinstance(visible, np.ndarray) else visible.tokens
    keys = np.ones(tokens, np.int64)

    def blocks() -> Iterator[tuple[int, NDArray[np.float64]]]:
        step = max(1, _ROWS_BYTES // (8 * tokens))
        for lo in range(0, tokens, step):
            hi = min(lo + step, tokens)
            seen = visible[lo:hi] if isinstance(visible, np.ndarray) else visible.rows(lo, hi)
            keys[lo:hi] = np.maximum(np.count_nonzero(seen, axis=1), 1)
            yield lo, seen / keys[lo:hi, None]

    uniform = column_sums(tokens, blocks())
    return Support(keys, uniform)
