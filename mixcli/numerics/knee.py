"""The point of a curve after which more effort brings little."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["knee"]

STRAIGHT = 0.05
"""Height above the line, in the unit square, up to which a curve counts as straight."""

ROUNDING = 1e-9
"""Heights closer than this are one."""


def knee(x: Sequence[float], y: Sequence[float], rising: bool = True) -> int | None:
    """The point farthest above the straight line of equal gains.

    g_k = (y_k - y_0) / (y* - y_0), t_k = (x_k - x_0) / (x_end - x_0), knee = argmax g_k - t_k, with y* the best value
    reached; the first of several. It is where the curve, drawn in the unit square, stands highest above the diagonal; a
    curve that nowhere stands 0.05 above it has none.

    Args:
        x: (k,) effort, ascending.
        y: (k,) what it brings, finite.
        rising: whether larger values are better.

    Returns:
        Its place, or None where nothing is gained, or no point stands clearly above the line.

    Example:
        >>> knee([0, 1, 2, 3, 4], [0, 8, 9, 9.5, 10])
        1
        >>> knee([0, 1, 2], [0, 1, 2]) is None
        True

    Source: Satopää, Albrecht, Irwin & Raghavan, "Finding a Kneedle in a haystack", ICDCS Workshops 2011, without the
    smoothing; scaling by the best value instead of the extremes, so that a curve which falls back has a knee, and
    the least height are ours.
    """
    effort, gain = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64) * (1 if rising else -1)
    if len(effort) < 3:
        return None
    best = gain.max() - gain[0]
    if not best > 0:
        return None
    above = (gain - gain[0]) / best - (effort - effort[0]) / (effort[-1] - effort[0])
    top = above.max()
    return int(np.flatnonzero(above >= top - ROUNDING)[0]) if top >= STRAIGHT else None
