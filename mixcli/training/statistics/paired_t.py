"""Paired statistics of repeated trainings: intervals that know the splits overlap, tests, and what could be detected.

Trials on random splits of one data set share most of their training examples, so they are not independent. Following
Nadeau & Bengio (2003), the variance of a mean over n such trials is s² (1/n + n_test/n_train) instead of s²/n. Where
the test set is the same in all trials, the plain paired t interval holds, for that test set. Where several trials share
a split, their mean counts as one observation, since they tell no more of other splits than one.

Where the results have a range, intervals are clipped to what is possible in it: the true mean lies in the range for
certain, so the clipped interval holds it exactly when the unclipped one does, and the coverage stays what it was. p
values and detectable differences are those of the unclipped t statistic.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mixcli.training.statistics.permutation import sign_flip
from mixcli.training.statistics.student import lower_tail, quantile, shift
from mixcli.training.statistics.values import ROUNDING, checked

__all__ = ["Difference", "Estimate", "estimate", "paired"]


@dataclass(frozen=True)
class Estimate:
    """A mean over trials.

    Args:
        mean: average, None without trials.
        sd: sample standard deviation, None for fewer than two trials.
        ci95: 95 % interval of the mean, within the bounds; None where `reason` says why.
        trials: how many.
        reason: why something is None.
    """

    mean: float | None
    sd: float | None
    ci95: tuple[float, float] | None
    trials: int
    reason: str = ""


@dataclass(frozen=True)
class Difference:
    """An arm against the baseline, trial by trial.

    Args:
        mean: average difference, arm minus baseline.
        sd: sample standard deviation of the differences.
        ci95: 95 % interval, within what the bounds allow.
        p: two-sided p of the (corrected) paired t test.
        p_permutation: two-sided p of the sign-flip test, which takes the trials as exchangeable and does not
            correct for the overlap of their splits.
        wins: trials in which the arm is better.
        ties: trials with equal results.
        losses: trials in which the baseline is better.
        detectable: smallest true difference that a comparison of this size finds with 80 % power at the 5 % level.
        test: "corrected t" or "t".
        reason: why something is None.
    """

    mean: float | None
    sd: float | None
    ci95: tuple[float, float] | None
    p: float | None
    p_permutation: float | None
    wins: int
    ties: int
    losses: int
    detectable: float | None
    test: str
    reason: str = ""
    splits: int | None = None
    """Distinct splits, where trials share them and each split's mean is one observation; else None."""


def estimate(
    values: ArrayLike,
    ratio: float | None = None,
    *,
    bounds: tuple[float, float] | None = None,
    splits: Sequence[int] | None = None,
) -> Estimate:
    """Mean and 95 % interval of the results of n trials: mean ± t(0.975, n-1) · s · √(1/n + ratio), clipped to bounds.

    Args:
        values: (n,) one result per trial.
        ratio: n_test / n_train where the split varies with the trial; None or 0 where it is fixed.
        bounds: least and greatest result there can be, (0, 1) for an accuracy; None where there are none.
        splits: (n,) number of each trial's split; None where no two trials share one.

    Returns:
        The estimate; nothing in it is NaN.

    Raises:
        ValueError: a result is not finite, or out of bounds.

    Example:
        >>> estimate([0.5, 0.7]).ci95  # 0.6 ± 12.7062 · 0.1414 / √2
        (-0.67..., 1.87...)
        >>> estimate([0.5, 0.7], bounds=(0, 1)).ci95
        (0.0, 1.0)
        >>> estimate([0.5]).reason
        'an interval needs at least two trials'

    Source: Nadeau & Bengio, "Inference for the generalization error", Machine Learning 52 (2003), section 3.
    """
    x = checked(values, bounds)
    trials, x = len(x), _by_split(x, splits)
    if not len(x):
        return Estimate(None, None, None, 0, "no finished trial")
    mean = float(x.mean())
    if len(x) == 1:
        return Estimate(
            mean, None, None, trials, f"an interval needs at least two {'trials' if trials < 2 else 'splits'}"
        )
    sd = _sd(x)
    if sd == 0:
        return Estimate(mean, 0.0, None, trials, "all trials gave the same result")
    half = quantile(0.975, len(x) - 1) * _standard_error(sd, len(x), ratio)
    return Estimate(mean, sd, _interval(mean, half, bounds), trials)


def paired(
    values: ArrayLike,
    baseline: ArrayLike,
    ratio: float | None = None,
    seed: int = 0,
    *,
    bounds: tuple[float, float] | None = None,
    splits: Sequence[int] | None = None,
) -> Difference:
    """Compare two arms trained on the same splits from the same seeds.

    With differences d_i: mean d̄ ± t(0.975, n-1) · s_d · √(1/n + ratio); p from the same t statistic; sign-flip p from
    `sign_flip`; smallest detectable difference δ times the standard error, where the noncentral t with n-1 degrees of
    freedom and noncentrality δ exceeds t(0.975, n-1) with probability 0.8.

    Args:
        values: (n,) results of the arm.
        baseline: (n,) results of the baseline in the same trials.
        ratio: n_test / n_train where the split varies with the trial; None or 0 where it is fixed.
        seed: of the sampled permutations, used for n > 32.
        bounds: least and greatest result there can be; with (0, 1) the interval is clipped to [-1, 1].
        splits: (n,) number of each trial's split; where trials share one, d_i is the mean over them, and n the number
            of splits. Wins, ties and losses count trials. None where no two trials share one.

    Returns:
        The difference; nothing in it is NaN.

    Raises:
        ValueError: the two have different lengths, or a result is not finite or out of bounds.

    Example:
        >>> d = paired([0.8, 0.9, 0.7], [0.7, 0.7, 0.7])
        >>> round(d.mean, 3), d.wins, d.ties, d.losses, d.p_permutation
        (0.1, 2, 1, 0, 0.5)

    Source: Nadeau & Bengio (2003); Bouckaert & Frank, PAKDD 2004, for its use with repeated splits.
    """
    a, b = checked(values, bounds), checked(baseline, bounds)
    if len(a) != len(b):
        raise ValueError(f"expected as many results as the baseline has ({len(b)}), found {len(a)}")
    d = _differences(a, b)
    test = "corrected t" if ratio else "t"
    counts = (int((d > 0).sum()), int((d == 0).sum()), int((d < 0).sum()))
    if not len(d):
        return Difference(None, None, None, None, None, *counts, None, test, "no finished pair of trials")
    trials, d = len(d), _differences(_by_split(d, splits), 0.0)
    shared = len(d) if len(d) < trials else None
    mean, flip = float(d.mean()), sign_flip(d, seed)
    if len(d) == 1:
        reason = f"an interval needs at least two {'trials' if trials < 2 else 'splits'}"
        return Difference(mean, None, None, None, flip, *counts, None, test, reason, shared)
    sd = _sd(d)
    if sd == 0:
        return Difference(mean, 0.0, None, _sure(mean), flip, *counts, None, test, _even(counts, mean, shared), shared)
    error = _standard_error(sd, len(d), ratio)
    critical = quantile(0.975, len(d) - 1)
    p = 2 * lower_tail(-abs(mean) / error, len(d) - 1)
    detectable = shift(len(d) - 1) * error
    reach = None if bounds is None else (bounds[0] - bounds[1], bounds[1] - bounds[0])
    interval = _interval(mean, critical * error, reach)
    return Difference(mean, sd, interval, p, flip, *counts, detectable, test, splits=shared)


def _sure(mean: float) -> float | None:
    """p where no observation differs from another: 1 at a difference of 0, which no test could reject; else unknown.

    An arm that never differs is a comparison like any other, and Holm's adjustment has to count it.
    """
    return 1.0 if mean == 0 else None


def _even(counts: tuple[int, int, int], mean: float, shared: int | None) -> str:
    """Why there is no interval where no observation, a trial or the mean over a split, differs from another."""
    if counts[0] == counts[2] == 0:
        return "no trial differs"
    what = "trials differ" if shared is None else "splits differ on average"
    return f"all {what} by the same amount" if mean else "no split differs on average"


def _interval(mean: float, half: float, bounds: tuple[float, float] | None) -> tuple[float, float]:
    low, high = bounds or (-math.inf, math.inf)
    return max(mean - half, float(low)), min(mean + half, float(high))


def _differences(a: NDArray[np.float64], b: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """a - b, 0 where they agree up to rounding."""
    d = a - b
    d[np.abs(d) < ROUNDING] = 0.0
    return d


def _by_split(x: NDArray[np.float64], splits: Sequence[int] | None) -> NDArray[np.float64]:
    """Means over the trials of each split, in the order of first appearance; x itself where no two share one."""
    if splits is None or len(set(splits)) == len(x):
        return x
    places: dict[int, list[int]] = {}
    for place, split in enumerate(splits):
        places.setdefault(split, []).append(place)
    return np.array([x[own].mean() for own in places.values()])


def _sd(x: NDArray[np.float64]) -> float:
    """Sample standard deviation; 0 where the values agree up to rounding."""
    return 0.0 if np.ptp(x) < ROUNDING else float(x.std(ddof=1))


def _standard_error(sd: float, n: int, ratio: float | None) -> float:
    return sd * math.sqrt(1 / n + (ratio or 0.0))
