"""What one more pair (query, key) does to the hitting times of token 0: exactly, for all keys of a query at once.

A query that gets a key gives it a share s of its attention and scales the rest by 1 - s: one row of the chain changes
by d = s (e_k - a_q), a rank-one update of N = (I - A)^-1 over the tokens behind token 0:

    h' = h + N e_q (d h) / (1 - d N e_q).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SinkPairs"]


class SinkPairs:
    """Hitting times of token 0, and what they become with one more pair.

    Args:
        operators: (T, T) attention of the layers that differ, whose mean the walk follows.
        part: for each of them the share of the layers that are like it.

    Example:
        >>> window = np.array([[1.0, 0, 0], [0.5, 0.5, 0], [0, 0.5, 0.5]])
        >>> pairs = SinkPairs([window], [1.0])
        >>> pairs.times.tolist(), pairs.worst(2, [np.array([1 / 3, 0, 0])])[0].round(6).item()
        ([0.0, 2.0, 4.0], 2.5)
    """

    def __init__(self, operators: Sequence[NDArray[np.float64]], part: Sequence[float]) -> None:
        self.operators, self.part = operators, part
        size = len(operators[0])
        chain = sum((p * a for p, a in zip(part, operators, strict=True)), np.zeros((size, size)))
        self.visits = np.zeros((size, size))
        self.visits[1:, 1:] = np.linalg.inv(np.eye(size - 1) - chain[1:, 1:])
        self.times = self.visits.sum(axis=1)

    def worst(self, query: int, shares: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
        """(T,) largest hitting time if the query also read each of the keys.

        Args:
            query: any token but 0.
            shares: for each operator (T,) the share of attention that each key would get there, 0 where it has it.
        """
        column = self.visits[:, query]
        change, stay = np.zeros(len(column)), np.zeros(len(column))
        for operator, part, share in zip(self.operators, self.part, shares, strict=True):
            row = operator[query]
            change += part * share * (self.times - row @ self.times)
            stay += part * share * (column - row @ column)
        return (self.times[:, None] + column[:, None] * (change / (1.0 - stay))[None, :]).max(axis=0)
