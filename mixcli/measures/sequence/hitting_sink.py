"""Hitting time of the sink: after how many steps the walk back ends in token 0."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from mixcli.measures.mean_operator import mean_chain, mean_rows
from mixcli.measures.sequence_base import Level, SequenceMeasure, Values
from mixcli.numerics.absorbing import descending_times
from mixcli.numerics.closing import times_to
from mixcli.sequence import Attention, TokenGraph

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.context import Context

__all__ = ["SinkHittingTime"]


@dataclass(frozen=True)
class SinkHittingTime(SequenceMeasure):
    """Expected number of layers after which what a token holds comes from token 0 alone.

    h_0 = 0,   h_i = 1 + Σ_j A[i, j] h_j:

    the mean first passage of the walk back to token 0. Under uniform causal attention h_i = 1 + H_i, where H_i is the
    i-th harmonic number. Infinite where the walk may end elsewhere or never ends, as in packed documents.

    Stated rules: layers that differ are averaged (every step takes a layer at random), heads are merged first. The
    residual is max |h - 1 - A h| over the finite ones, relative to the largest.

    Returns:
        Values of level "token"; the details hold that of the read-out, and the largest with its token.

    Raises:
        LimitExceeded: queries read later keys, and three (T, T) arrays are over the limit.

    Cost: T² for causal tokens, without a (T, T) array where layers have masks; else 2 T³ / 3.

    Example:
        >>> from mixcli.generators.mask_spec import sequence_of
        >>> SinkHittingTime()(sequence_of("causal:tokens=4")).data.round(6).tolist()
        [0.0, 2.0, 2.5, 2.833333]
    """

    level: ClassVar[Level] = "token"
    headline: ClassVar = "read_out"
    unit: ClassVar[str] = "layers"
    range: ClassVar[str] = "[0, inf]"
    better: ClassVar = None
    cost: ClassVar[str] = "T² (causal), 2 T³ / 3 (otherwise)"
    caveat: ClassVar[str] = "depth to the sink, not runway: small means that all tokens soon hold the same"
    equation: ClassVar[str] = "h_0 = 0, h_i = 1 + Σ_j A[i, j] h_j"
    cites: ClassVar[str] = "by definition"

    def compute(self, tokens: TokenGraph, context: Context) -> Values:
        """One sweep over the rows, or one dense solve."""
        size = tokens.tokens
        if tokens.causal and not isinstance(tokens, Attention):
            times = descending_times(partial(mean_rows, tokens), size)
            residual = None
        else:
            if not tokens.causal:
                instead = "take fewer tokens, or a causal mask, which needs no such array"
                context.limits.check("hitting time", memory=24.0 * size**2, operations=size**3, instead=instead)
            chain = mean_chain(tokens, context)
            times = descending_times(lambda lo, hi: chain[lo:hi], size) if tokens.causal else times_to(chain, 0)
            residual = _residual(chain, times)
        finite = np.isfinite(times)
        largest = int(np.argmax(np.where(finite, times, -1.0)))
        own = float(times[tokens.read_out])
        details: dict[str, Any] = {
            "read_out": own if np.isfinite(own) else None,
            "max": float(times[largest]),
            "argmax": largest,
            "infinite": int(size - finite.sum()),
        }
        if details["infinite"]:
            details["reason"] = f"the walk from {details['infinite']} tokens may never get to token 0"
        return Values("token", times, residual=residual, reason=details.get("reason", ""), details=details)


def _residual(chain: NDArray[np.float64], times: NDArray[np.float64]) -> float:
    """Largest |h - 1 - A h| of the tokens behind token 0, over the largest h."""
    finite = np.flatnonzero(np.isfinite(times))
    later = finite[finite > 0]
    miss = times[later] - 1.0 - chain[np.ix_(later, finite)] @ times[finite]
    return float(np.abs(miss).max(initial=0.0) / max(1.0, times[finite].max(initial=0.0)))
