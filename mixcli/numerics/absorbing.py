"""Walks that only go back: visits and steps until the end of a triangular chain, one sweep over its rows.

The walker at token i goes on to token j <= i with probability A[i, j]. It ends where it cannot leave, at a token that
reads only itself. Rows come in blocks, so that no (T, T) array is ever needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Rows", "Visits", "descending_times", "descending_visits"]

BLOCK = 256  # rows at a time: their weights over 8,192 keys take 16 MiB

Rows = Callable[[int, int], "NDArray[np.float64]"]
"""Called as rows(lo, hi), gives at least the first hi columns of rows lo … hi - 1 of a row-stochastic matrix."""


class Visits(NamedTuple):
    """What a walk from the read-out sees before it ends.

    Args:
        probability: (T,) that it ever visits a token.
        cycle: expected number of steps until it starts anew.
        residual: by how much its places to end miss a probability of 1, or the solve its equation.
    """

    probability: NDArray[np.float64]
    cycle: float
    residual: float


def descending_visits(rows: Rows, tokens: int, read_out: int) -> Visits:
    """Probability that the walk from the read-out ever visits a token.

    f_j = δ_jr + Σ_{i > j} v_i A[i, j], where v_i = f_i / Σ_{k < i} A[i, k] is the expected number of visits: one
    triangular solve v'(I - A) = e_r', from the last row upward.

    Args:
        rows: blocks of rows of a lower triangular, row-stochastic matrix.
        tokens: T.
        read_out: r.

    Cost: T² / 2 multiplications, and one block of rows.

    Example:
        >>> uniform = np.tril(np.ones((4, 4))) / np.arange(1, 5)[:, None]
        >>> descending_visits(lambda lo, hi: uniform[lo:hi], 4, 3).probability.round(12).tolist()
        [1.0, 0.5, 0.333333333333, 1.0]
    """
    found = np.zeros(tokens)
    found[read_out] = 1.0
    steps, ended = 0.0, 0.0
    for lo, hi in reversed(list(_blocks(read_out + 1))):
        block = rows(lo, hi)[:, :hi]
        visits = np.zeros(hi - lo)
        for i in range(hi - 1, lo - 1, -1):
            row = block[i - lo]
            leaves = row[:i].sum()
            if leaves > 0.0:
                visits[i - lo] = found[i] / leaves
                found[lo:i] += visits[i - lo] * row[lo:i]
            else:
                ended += found[i]
        found[:lo] += visits @ block[:, :lo]
        steps += visits.sum()
    return Visits(found, 1.0 + float(steps), abs(1.0 - float(ended)))


def descending_times(rows: Rows, tokens: int) -> NDArray[np.float64]:
    """(T,) expected steps of the walk to token 0; infinite where it may end elsewhere.

    h_i = (1 + Σ_{j < i} A[i, j] h_j) / Σ_{j < i} A[i, j], h_0 = 0: one sweep from the first row down.

    Args:
        rows: blocks of rows of a lower triangular, row-stochastic matrix.
        tokens: T.

    Cost: T² multiplications, and one block of rows.

    Example:
        >>> uniform = np.tril(np.ones((4, 4))) / np.arange(1, 5)[:, None]
        >>> descending_times(lambda lo, hi: uniform[lo:hi], 4).round(12).tolist()
        [0.0, 2.0, 2.5, 2.833333333333]
    """
    times, lost = np.zeros(tokens), np.zeros(tokens)
    for lo, hi in _blocks(tokens):
        block = rows(lo, hi)[:, :hi]
        base, astray = 1.0 + block[:, :lo] @ times[:lo], block[:, :lo] @ lost[:lo]
        for i in range(max(lo, 1), hi):
            row = block[i - lo]
            leaves = row[:i].sum()
            if not leaves > 0.0 or astray[i - lo] + row[lo:i] @ lost[lo:i] > 0.0:
                lost[i] = 1.0
            else:
                times[i] = (base[i - lo] + row[lo:i] @ times[lo:i]) / leaves
    times[lost > 0.0] = np.inf
    return times


def _blocks(end: int) -> Iterator[tuple[int, int]]:
    for lo in range(0, end, BLOCK):
        yield lo, min(lo + BLOCK, end)
