"""Mean and quantiles of values that come in clusters, one per sampled source, with standard errors.

Pairs that share a source are not independent, so the source is the unit that was drawn: the errors are those of a ratio
of sums over sources drawn without replacement, and for a quantile Woodruff's (1952): the error of the share of values
below it, read off the values themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["mean_error", "median_error"]


def mean_error(values: NDArray[np.float64], cluster: NDArray[np.int64], drawn: int, population: int) -> float:
    """Standard error of the mean of all values.

    Args:
        values: (N,) the values.
        cluster: (N,) the cluster of each, 0 … drawn-1; clusters may be empty.
        drawn: clusters in the sample.
        population: clusters there are; with drawn == population the error is 0.

    Example:
        >>> round(mean_error(np.array([1.0, 3.0]), np.array([0, 1]), 2, 8) ** 2, 12)
        0.75
    """
    if drawn >= population or not len(values):
        return 0.0
    if drawn < 2:
        return float("inf")
    size = np.bincount(cluster, minlength=drawn)
    off = np.bincount(cluster, values - values.mean(), minlength=drawn)
    spread = float((off * off).sum()) / (drawn - 1)
    return float(np.sqrt((1 - drawn / population) * spread / drawn) / size.mean())


def median_error(values: NDArray[np.float64], cluster: NDArray[np.int64], drawn: int, population: int) -> float:
    """Standard error of the median of all values; arguments as for `mean_error`."""
    if drawn >= population or not len(values):
        return 0.0
    middle = np.median(values)
    below = (values < middle) + 0.5 * (values == middle)
    error = mean_error(below, cluster, drawn, population)
    low, high = np.quantile(values, [max(0.5 - error, 0.0), min(0.5 + error, 1.0)])
    return float(high - low) / 2
