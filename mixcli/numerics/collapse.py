"""How far apart two representations are, before and after rounding to what a network computes in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CASTS", "Gap", "collapse_length", "equal_share", "gap", "log_slope", "rounded"]


class _Format(NamedTuple):
    """A floating-point format: bits behind the point, exponent of the smallest normal number, largest number."""

    bits: int
    smallest: int
    largest: float
    overflow: float  # what becomes of larger ones


_FORMATS = {
    "bf16": _Format(7, -126, (2 - 2**-7) * 2.0**127, np.inf),
    "fp16": _Format(10, -14, 65504.0, np.inf),
    "fp8_e4m3": _Format(3, -6, 448.0, 448.0),
    "fp8_e5m2": _Format(2, -14, 57344.0, np.inf),
}

CASTS = tuple(_FORMATS)
"""Names of the formats that numbers can be rounded to."""


@dataclass(frozen=True)
class Gap:
    """How far apart two representations are.

    Args:
        l1: Σ |x_c - y_c|.
        linf: max |x_c - y_c|.
        equal: format -> share of the coordinates that are equal once both are rounded to it.
    """

    l1: float
    linf: float
    equal: dict[str, float]


def rounded(values: NDArray[Any], cast: str) -> NDArray[np.float64]:
    """Numbers as a low-precision format holds them: nearest, ties to even, subnormal numbers kept.

    Args:
        values: taken to float32 first, as a cast of activations starts from there.
        cast: "bf16" (8 bits of exponent, 7 of fraction), "fp16" (5, 10), "fp8_e4m3" (4, 3) or "fp8_e5m2" (5, 2).

    Returns:
        float64, the same shape; what is too large becomes infinite, in fp8_e4m3, which has no infinity, ±448.

    Example:
        >>> rounded(np.array([1.003, 1.005, 70000.0]), "bf16").tolist(), rounded(np.array([500.0]), "fp8_e4m3").tolist()
        ([1.0, 1.0078125, 70144.0], [448.0])
    """
    form = _FORMATS[cast]
    with np.errstate(over="ignore"):  # beyond float32 it is infinite
        x = np.asarray(values).astype(np.float32).astype(np.float64)
    _, exponent = np.frexp(x)
    unit = np.maximum(exponent - 1, form.smallest) - form.bits
    near = np.ldexp(np.rint(np.ldexp(x, -unit)), unit)
    beyond = np.abs(near) > form.largest
    out: NDArray[np.float64] = np.where(beyond, np.copysign(form.overflow, near), near)
    return out


def equal_share(x: NDArray[Any], y: NDArray[Any], cast: str) -> float:
    """Share of the coordinates in which x and y are the same number once rounded; 1 where there are none.

    What is too large for the format in both counts as the same.

    Example:
        >>> equal_share(np.array([1.0, 2.0]), np.array([1.001, 2.1]), "bf16")
        0.5
    """
    a, b = rounded(x, cast), rounded(y, cast)
    return float(((a == b) | (np.isnan(a) & np.isnan(b))).mean()) if a.size else 1.0


def gap(x: NDArray[Any], y: NDArray[Any]) -> Gap:
    """How far apart two representations are: Δ of one token in two runs, or of two tokens in one.

    Args:
        x: (d,) hidden state.
        y: (d,) the other one.

    Example:
        >>> gap(np.array([1.0, 2.0]), np.array([1.001, 2.5])).equal
        {'bf16': 0.5, 'fp16': 0.0, 'fp8_e4m3': 0.5, 'fp8_e5m2': 0.5}

    Source: Barbero et al., NeurIPS 2024, theorem 4.2 (which compares a prompt with itself, one token repeated).
    """
    apart = np.abs(np.asarray(x, dtype=np.float64) - np.asarray(y, dtype=np.float64))
    equal = {cast: equal_share(x, y, cast) for cast in CASTS}
    return Gap(float(apart.sum()), float(apart.max(initial=0.0)), equal)


def log_slope(lengths: Sequence[float], gaps: Sequence[float]) -> float | None:
    """Slope of log gap against log length by least squares; None with fewer than two gaps that are not 0.

    About -2 where one token more of many is averaged in, -1 where one of many is exchanged: collapse and dilution.

    Example:
        >>> log_slope([4, 8, 16], [1.0, 0.25, 0.0625])
        -2.0
    """
    n, g = np.asarray(lengths, dtype=np.float64), np.asarray(gaps, dtype=np.float64)
    there = g > 0
    if len(np.unique(n[there])) < 2:
        return None
    x, y = np.log2(n[there]), np.log2(g[there])
    x = x - x.mean()
    return float(x @ (y - y.mean()) / (x @ x))


def collapse_length(lengths: Sequence[int], shares: Sequence[float]) -> int | None:
    """n*, the first length at which all coordinates are equal; None where there is none.

    Example:
        >>> collapse_length([64, 128, 256], [0.88, 1.0, 1.0])
        128
    """
    return next((n for n, share in zip(lengths, shares, strict=True) if share >= 1.0), None)
