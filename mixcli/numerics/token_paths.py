"""Walks through the layers that end at the read-out: how many, how long, and with how much weight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.numerics.token_operators import Operators

__all__ = ["Walks", "first_share", "influence_row", "longest", "walks"]

WHOLE = 2.0**63 * (1 - 1e-9)
"""Counts below this are held exactly."""
BAND = 600.0
"""Natural logarithms of counts this far apart are summed in one go."""


@dataclass(frozen=True)
class Walks:
    """Walks of one step a layer from each token to the read-out.

    Args:
        log10: (T,) logarithm of their number; -inf where there is none.
        counts: (T,) their number, or None where the total does not fit 63 bits.
        log10_total: logarithm of the total.
    """

    log10: NDArray[np.float64]
    counts: NDArray[np.int64] | None
    log10_total: float


def walks(operators: Operators, read_out: int) -> Walks:
    """Number of walks from each token to the read-out: a row of the product of the masks.

    Whole numbers as long as they fit, then logarithms, summed without overflow.

    Cost: O(L T²).
    """
    counts = (np.arange(operators.size) == read_out).astype(np.int64)
    logs: NDArray[np.float64] | None = None
    for layer in reversed(range(operators.depth)):
        if logs is None:
            if counts.astype(np.float64) @ operators.degrees(layer)[0] < WHOLE:
                counts = operators.sum_left(layer, counts)
                continue
            logs = _log(counts.astype(np.float64))
        logs = _log_step(operators, layer, logs)
    if logs is None:
        return Walks(_log(counts) / np.log(10), counts, float(np.log10(counts.sum())))
    top = logs.max()
    return Walks(logs / np.log(10), None, float((top + np.log(np.exp(logs - top).sum())) / np.log(10)))


def longest(operators: Operators, read_out: int) -> NDArray[np.int64]:
    """(T,) most steps between different tokens on a way to the read-out, one or none a layer; -1 where no way is.

    Cost: O(L T²).
    """
    kind = np.int16 if operators.depth < 2**15 - 2 else np.int32
    steps = np.full(operators.size, -1, kind)
    steps[read_out] = 0
    for layer in reversed(range(operators.depth)):
        out = steps.copy()
        for lo, hi, visible in operators.blocks(layer):
            there = np.flatnonzero(steps[lo:hi] >= 0)
            if len(there):
                others = visible[there].copy()
                others[np.arange(len(there)), lo + there] = False
                further = np.where(others, steps[lo + there, None] + kind(1), kind(-1)).max(axis=0)
                np.maximum(out[: len(further)], further, out=out[: len(further)])
        steps = out
    return steps.astype(np.int64)


def influence_row(operators: Operators, read_out: int, residual: Sequence[float]) -> NDArray[np.float64]:
    """(T,) row of the read-out in the product of (1 - lam_l) A_l + lam_l I, from the last layer down; sums to 1.

    Args:
        operators: the layers.
        read_out: the query.
        residual: lam_l of each layer.

    Cost: O(L T²) and one vector; the product itself is never formed.
    """
    row = (np.arange(operators.size) == read_out).astype(np.float64)
    for layer in reversed(range(operators.depth)):
        lam = residual[layer]
        row = lam * row + (1 - lam) * operators.left(layer, row)
    return row


def first_share(
    operators: Operators, token: int, residual: Sequence[float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A column of the product, and what never moves.

    Returns:
        (L, T) share of one token's embedding in every token after 1, … L layers; (T,) share of each token in itself
        that it has by reading nothing else, the product's diagonal where causal.

    Cost: O(L T²).
    """
    column, own = (np.arange(operators.size) == token).astype(np.float64), np.ones(operators.size)
    curve = []
    for layer, lam in enumerate(residual):
        column = lam * column + (1 - lam) * operators.right(layer, column)
        own *= lam + (1 - lam) * operators.diagonal(layer)
        curve.append(column)
    return np.array(curve), own


def _log(values: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(divide="ignore"):
        return np.log(values)


def _log_step(operators: Operators, layer: int, logs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithms after one more layer, taking together those that are near enough to be added as numbers."""
    out = np.full(operators.size, -np.inf)
    left = np.isfinite(logs)
    while left.any():
        top = logs[left].max()
        band = left & (logs > top - BAND)
        part = operators.sum_left(layer, np.where(band, np.exp(np.minimum(logs - top, 0.0)), 0.0))
        out = np.logaddexp(out, _log(part) + top)
        left &= ~band
    return out
