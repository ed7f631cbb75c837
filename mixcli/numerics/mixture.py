"""Two normal distributions fitted to numbers: thresholds that separate what is low from what is high.

Expectation maximisation for many samples at once. It starts from the best split of each sample into a lower and an
upper part (least squares within the parts), found by trying every split between two different values; so nothing is
random, and the order of the numbers does not matter.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Mixture", "two_normals"]

STEPS = 200
CLOSE = 1e-9  # change of the means, in units of the spread of a sample, at which it counts as converged
NARROW = 1e-3  # least standard deviation, in units of the values, which are whole numbers in the use made here


class Mixture(NamedTuple):
    """Two components for each sample, the one of smaller mean first; NaN where a sample has fewer than two values.

    Args:
        mean: (k, 2).
        deviation: (k, 2) standard deviations.
        share: (k, 2) weights of the components.
        steps: steps until the last sample had converged.
    """

    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]
    share: NDArray[np.float64]
    steps: int

    @property
    def crossing(self) -> NDArray[np.float64]:
        """(k,) (μ₁ s₂ + μ₂ s₁) / (s₁ + s₂): as many deviations above one mean as below the other."""
        (m1, m2), (s1, s2) = self.mean.T, self.deviation.T
        return (m1 * s2 + m2 * s1) / (s1 + s2)

    @property
    def upper(self) -> NDArray[np.float64]:
        """(k,) one deviation above the larger mean."""
        return self.mean[:, 1] + self.deviation[:, 1]


def two_normals(values: NDArray[np.float64], sample: NDArray[np.int64], samples: int) -> Mixture:
    """Fit two normal distributions to each of several samples.

    Stated rules: a standard deviation is 10⁻³ at least, so a component on one single value keeps that; a sample with
    fewer than two different values has no mixture; 200 steps at most. A sample gets the same fit alone and with others.

    Args:
        values: (n,) numbers.
        sample: (n,) to which sample, 0 … samples - 1, each belongs.
        samples: number of samples.

    Cost: O(n log n), then 200 steps at most over the different values.

    Example:
        >>> fit = two_normals(np.array([0.0, 1.0, 9.0, 10.0, 11.0]), np.zeros(5, np.int64), 1)
        >>> fit.mean.round(3).tolist(), fit.deviation.round(3).tolist()
        ([[0.5, 10.0]], [[0.5, 0.816]])
    """
    order = np.lexsort((values, sample))
    x, of = values[order], sample[order]
    fresh = np.ones(len(x), dtype=bool)
    fresh[1:] = (x[1:] != x[:-1]) | (of[1:] != of[:-1])
    start = np.flatnonzero(fresh)
    x, of, count = x[start], of[start], np.diff(np.append(start, len(x))).astype(np.float64)
    several = np.bincount(of, minlength=samples)[:samples] > 1
    keep = several[of]
    x, of, count = x[keep], of[keep], count[keep]
    mean, deviation, share = _first_guess(x, of, count, samples)
    active, step = several.copy(), 0
    while active.any() and step < STEPS:
        step += 1
        on = active[of]
        fresh_mean, fresh_deviation, fresh_share = _step(x[on], of[on], count[on], mean, deviation, share)
        moved = np.abs(fresh_mean - mean).max(axis=1) > CLOSE * (fresh_mean[:, 1] - fresh_mean[:, 0] + NARROW)
        for now, then in ((mean, fresh_mean), (deviation, fresh_deviation), (share, fresh_share)):
            now[active] = then[active]
        active &= moved
    swap = mean[:, 0] > mean[:, 1]
    for table in (mean, deviation, share):
        table[swap] = table[swap, ::-1]
        table[~several] = np.nan
    return Mixture(mean, deviation, share, step)


def _sums(weight: NDArray[np.float64], of: NDArray[np.int64], samples: int) -> NDArray[np.float64]:
    return np.bincount(of, weight, samples)[:samples]


def _first_guess(
    x: NDArray[np.float64], of: NDArray[np.int64], count: NDArray[np.float64], samples: int
) -> tuple[NDArray[np.float64], ...]:
    """Means, deviations and shares of the two parts that the best split makes."""
    centre = (_sums(count * x, of, samples) / np.maximum(_sums(count, of, samples), 1))[of]
    start = np.flatnonzero(np.append(True, of[1:] != of[:-1])) if len(of) else np.zeros(0, np.int64)
    low_count, low_sum = _running(count, start), _running(count * (x - centre), start)
    # Least squares within the parts are most between them; the sums of the two parts are opposite.
    left = _sums(count, of, samples)[of] - low_count
    between = np.where(left > 0, low_sum**2 / low_count + low_sum**2 / np.maximum(left, 1), -1.0)
    best = np.full(samples, -1.0)
    np.maximum.at(best, of, between)
    at = np.flatnonzero(between == best[of])[::-1]
    cut = np.zeros(samples)
    cut[of[at]] = x[at]  # the first of equal splits is written last
    high = (x > cut[of]).astype(np.float64)
    return _moments(x, of, np.stack([count * (1 - high), count * high]), samples)


def _running(values: NDArray[np.float64], start: NDArray[np.int64]) -> NDArray[np.float64]:
    """Cumulated sums that begin anew at each start, so that no sample changes the rounding of another."""
    parts = np.split(values, start[1:])
    return np.concatenate([np.cumsum(part) for part in parts]) if len(values) else values


def _step(
    x: NDArray[np.float64],
    of: NDArray[np.int64],
    count: NDArray[np.float64],
    mean: NDArray[np.float64],
    deviation: NDArray[np.float64],
    share: NDArray[np.float64],
) -> tuple[NDArray[np.float64], ...]:
    z = (x[:, None] - mean[of]) / deviation[of]
    with np.errstate(divide="ignore"):
        log = np.log(share[of]) - np.log(deviation[of]) - 0.5 * z * z
    log -= log.max(axis=1)[:, None]
    odds = np.exp(log)
    odds /= odds.sum(axis=1)[:, None]
    return _moments(x, of, (count[:, None] * odds).T, len(mean))


def _moments(
    x: NDArray[np.float64], of: NDArray[np.int64], weights: NDArray[np.float64], samples: int
) -> tuple[NDArray[np.float64], ...]:
    """Means, deviations and shares of two components, from how much of each value belongs to them."""
    mean, deviation, amount = np.zeros((samples, 2)), np.ones((samples, 2)), np.zeros((samples, 2))
    for c, weight in enumerate(weights):
        amount[:, c] = _sums(weight, of, samples)
        safe = np.where(amount[:, c] > 0, amount[:, c], 1.0)
        mean[:, c] = _sums(weight * x, of, samples) / safe
        spread = _sums(weight * (x - mean[of, c]) ** 2, of, samples) / safe
        deviation[:, c] = np.maximum(np.sqrt(spread), NARROW)
    total = amount.sum(axis=1)
    return mean, deviation, amount / np.where(total > 0, total, 1.0)[:, None]
