"""Mask families that weigh what they let be read: attention that fades with distance.

A mask with weights reads key j from query i in proportion to them. `&` multiplies weights, so `window:16 & decay:0.2`
is a window that fades.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from mixcli.errors import UsageError
from mixcli.generators.masks import at_least
from mixcli.generators.sized import Forecast, sized
from mixcli.mask import Mask

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["alibi", "decay"]

LOWEST = 700.0
"""Largest exponent: e^-700 is the smallest weight, so that no row of distant keys alone sums to 0."""


def decay(tokens: int, m: float = 0.1) -> Mask:
    """Every query reads all earlier keys, weighed by how near they are: e^(-m (i - j)).

    M[i, j] = (j <= i), A[i, j] ∝ e^{-m (i - j)}. Elsewhere: the decay mask of Wu et al. 2025, one head of ALiBi with
    equal logits.

    Args:
        tokens: T.
        m: slope; 0 reads uniformly.

    Example:
        >>> decay(3, math.log(2)).weights(2, 3).round(4).tolist()
        [[0.1429, 0.2857, 0.5714]]
    """
    at_least("decay", "m", m, 0)
    if not math.isfinite(m):
        raise UsageError("a finite m", str(m), "use window:1 for a query that reads itself only", where="decay")
    return Mask(tokens, lambda i, j: j <= i, weigh=lambda i, j: _fading(m, i - j))


def _alibi_size(tokens: int, heads: int, head: int) -> Forecast:
    slopes = 1 if head else heads
    return Forecast(tokens, slopes, 32 * slopes, tokens**2 * slopes, ("tokens", "slopes"))


@sized(_alibi_size)
def alibi(tokens: int, heads: int = 8, head: int = 0) -> Mask:
    """Linear biases: head h of H fades with slope 2^(-8h/H), the mean over heads unless one is named.

    M[i, j] = (j <= i), A[i, j] = mean over h of e^{-m_h (i - j)} / Σ_{j' <= i} e^{-m_h (i - j')}, m_h = 2^{-8h/H}: what
    equal logits give. Elsewhere: ALiBi (Press, Smith, Lewis 2022), whose released code departs from this formula where
    H is no power of two. With `&` the mean is multiplied as it stands here.

    Args:
        tokens: T.
        heads: H.
        head: 1 … H for one head, 0 for the mean of all.
    """
    at_least("alibi", "heads", heads, 1)
    at_least("alibi", "head", head, 0)
    if head > heads:
        raise UsageError("head <= heads", f"head {head} of {heads}", "correct the mask", where="alibi")
    slopes = [2.0 ** (-8 * h / heads) for h in ([head] if head else range(1, heads + 1))]

    def weigh(i: NDArray[np.int64], j: NDArray[np.int64]) -> NDArray[Any]:
        out = np.zeros(np.broadcast_shapes(i.shape, j.shape))
        for m in slopes:
            out += _fading(m, i - j) * (math.expm1(-m) / np.expm1(-m * (i + 1)))  # divided by a geometric sum
        return out

    return Mask(tokens, lambda i, j: j <= i, weigh=weigh)


def _fading(m: float, distance: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.exp(-np.minimum(m * np.maximum(distance, 0), LOWEST))
