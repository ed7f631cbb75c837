"""The sign-flip test: how often a mean as far from 0 comes about where each difference has either sign."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixcli.training.statistics.values import ROUNDING, checked

__all__ = ["sign_flip"]

EXACT_UP_TO = 32
SAMPLES = 10_000


def sign_flip(differences: ArrayLike, seed: int = 0) -> float:
    """Two-sided p of the sign-flip permutation test: the share of sign patterns whose |mean| reaches the observed one.

    Exact over all 2ⁿ patterns for n ≤ 32, by sorting the sums of two halves; else 10 000 sampled patterns with
    p = (k + 1) / (10 001).

    Args:
        differences: (n,) paired differences, n ≥ 1.
        seed: of the sampled patterns.

    Cost: 2^(n/2) numbers, or 10 000 n of them.

    Example:
        >>> sign_flip([1.0, 2.0, 3.0])  # only +++ and ---
        0.25
    """
    d = checked(differences)
    n = len(d)
    reach = abs(float(d.sum())) - ROUNDING * max(1.0, float(np.abs(d).sum()))
    if reach <= 0:
        return 1.0
    if n > EXACT_UP_TO:
        rng = np.random.default_rng([seed, n])
        signs = 1 - 2 * rng.integers(0, 2, size=(SAMPLES, n))
        return (int((np.abs(signs @ d) >= reach).sum()) + 1) / (SAMPLES + 1)
    left, right = _signed_sums(d[: n // 2]), np.sort(_signed_sums(d[n // 2 :]))
    above = len(right) * len(left) - int(np.searchsorted(right, reach - left, side="left").sum())
    return 2 * above / 2**n  # patterns with the opposite signs reach as far below


def _signed_sums(d: NDArray[np.float64]) -> NDArray[np.float64]:
    """(2ⁿ,) sums of d under all patterns of signs."""
    sums = np.zeros(1)
    for x in d:
        sums = np.concatenate([sums + x, sums - x])
    return sums
