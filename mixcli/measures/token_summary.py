"""What is said of a value per token to the read-out: the first, a middle and the last real token, and the extremes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from mixcli.sequence import REAL, TokenGraph

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["HUGE", "token_details"]

HUGE = 1e6
"""From here on the decimal logarithm is told too."""


def token_details(tokens: TokenGraph, values: NDArray[np.float64], own: bool = False) -> dict[str, Any]:
    """First, median and last value of the real tokens, mean and largest finite value, and what is infinite.

    Real tokens are those that are neither sinks nor pauses; the median is over all of them.

    Args:
        tokens: what was measured.
        values: (T,) value of each token.
        own: whether the read-out's own value means something; else it is 0 and is neither first nor last, nor counts
            for the mean.

    Returns:
        JSON-ready figures; None where there is none, infinite ones included.

    Example:
        >>> from mixcli.generators.mask_spec import sequence_of
        >>> token_details(sequence_of("causal:tokens=4"), np.array([1.0, 2.0, 3.0, 0.0]))["last"]
        3.0
    """
    real = tokens.roles == REAL
    middle = values[real]
    chosen = values[real & (own | (np.arange(tokens.tokens) != tokens.read_out))]
    finite = chosen[np.isfinite(chosen)]
    largest = float(finite.max()) if len(finite) else None
    out: dict[str, Any] = {
        "first": _finite(chosen[0]) if len(chosen) else None,
        "median": _finite(np.median(middle)) if len(middle) else None,
        "last": _finite(chosen[-1]) if len(chosen) else None,
        "mean": float(finite.mean()) if len(finite) else None,
        "max": largest,
        "infinite": len(chosen) - len(finite),
    }
    if largest is not None and largest >= HUGE:
        out["log10_max"] = math.log10(largest)
    if out["infinite"]:
        out["reason"] = f"{out['infinite']} tokens do not get through to the read-out"
    return out


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
