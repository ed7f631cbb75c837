"""Student's t, central and noncentral, by the functions behind scipy.stats, which takes ten times longer to import."""

from __future__ import annotations

__all__ = ["LEVEL", "POWER", "lower_tail", "quantile", "shift"]

LEVEL = 0.05
"""Error of the first kind that tests allow."""
POWER = 0.8
"""Probability of finding the smallest detectable difference."""


def quantile(probability: float, freedom: int) -> float:
    """Of t with so many degrees of freedom.

    Example:
        >>> round(quantile(0.975, 9), 4)
        2.2622
    """
    from scipy.special import stdtrit

    return float(stdtrit(freedom, probability))


def lower_tail(t: float, freedom: int) -> float:
    """P(T <= t).

    Example:
        >>> lower_tail(0.0, 9)
        0.5
    """
    from scipy.special import stdtr

    return float(stdtr(freedom, t))


def shift(freedom: int) -> float:
    """Mean of the t statistic, in standard errors, at which the two-sided test rejects with the stated power.

    t(0.975) + t(0.8), which is common, is 14 % too small for two trials and 5 % for three. That the test may reject on
    the wrong side, with a probability below 10⁻⁶, is left out.

    Example:
        >>> round(shift(9), 4)
        3.1496
    """
    from scipy.special import nctdtrinc

    return float(nctdtrinc(freedom, 1 - POWER, quantile(1 - LEVEL / 2, freedom)))
