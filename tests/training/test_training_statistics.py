"""Intervals, tests and their degenerate cases."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixcli.training.statistics import adjusted, estimate, holm, paired, sign_flip
from mixcli.training.verdict import verdict

RESULTS = st.lists(st.floats(0, 1), min_size=0, max_size=15)


def test_plain_interval_is_students() -> None:
    stats = pytest.importorskip("scipy.stats")
    x = np.array([0.71, 0.74, 0.69, 0.80])
    e = estimate(x)
    low, high = stats.t.interval(0.95, 3, loc=x.mean(), scale=stats.sem(x))
    assert e.ci95 == pytest.approx((low, high))
    assert e.sd == pytest.approx(x.std(ddof=1))


def test_plain_paired_test_is_students() -> None:
    stats = pytest.importorskip("scipy.stats")
    a, b = np.array([0.71, 0.74, 0.69, 0.80, 0.75]), np.array([0.70, 0.70, 0.70, 0.72, 0.76])
    d = paired(a, b)
    expected = stats.ttest_rel(a, b)
    assert d.p == pytest.approx(expected.pvalue)
    assert d.ci95 == pytest.approx(tuple(expected.confidence_interval(0.95)))
    assert (d.wins, d.ties, d.losses, d.test) == (3, 0, 2, "t")


def test_overlapping_splits_widen_the_interval_by_nadeau_and_bengio() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.random(100), rng.random(100)
    plain, corrected = paired(a, b), paired(a, b, ratio=1 / 8)
    width = [d.ci95[1] - d.ci95[0] for d in (plain, corrected)]
    assert width[1] / width[0] == pytest.approx(math.sqrt((0.01 + 0.125) / 0.01))
    assert corrected.p > plain.p
    assert corrected.test == "corrected t"
    assert estimate(a, 1 / 8).ci95[1] - estimate(a, 1 / 8).ci95[0] > np.ptp(estimate(a).ci95)


def test_detectable_effect_is_found_with_the_stated_power() -> None:
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(2000, 10)) * 0.05
    typical = np.median([paired(x, np.zeros(10)).detectable for x in noise])
    found = np.mean([paired(x + typical, np.zeros(10)).p < 0.05 for x in noise])
    assert 0.7 < found < 0.9


def test_no_more_false_alarms_than_stated() -> None:
    rng = np.random.default_rng(2)
    p = np.array([paired(rng.normal(size=10), np.zeros(10)).p for _ in range(2000)])
    assert 0.035 < (p < 0.05).mean() < 0.065


@pytest.mark.parametrize("n", [1, 2, 5, 8])
def test_sign_flip_counts_every_pattern(n: int) -> None:
    d = np.random.default_rng(n).normal(size=n)
    patterns = [abs(np.dot(s, d)) >= abs(d.sum()) - 1e-12 for s in product([1, -1], repeat=n)]
    assert sign_flip(d) == np.mean(patterns)


def test_sign_flip_is_exact_up_to_thirty_two() -> None:
    d = np.random.default_rng(3).normal(size=13) + 0.4
    assert sign_flip(d) == np.mean([abs(np.dot(s, d)) >= abs(d.sum()) - 1e-12 for s in product([1, -1], repeat=13)])
    assert sign_flip(np.ones(32)) == 2 / 2**32
    equal = np.array([1.0, -1.0, 1.0, 1.0])  # |sum| >= 2 for all but the six patterns that balance
    assert sign_flip(equal) == 10 / 16


def test_sign_flip_is_that_of_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    d = np.random.default_rng(5).normal(size=10) + 0.3
    expected = stats.permutation_test((d,), np.mean, permutation_type="samples", n_resamples=np.inf)
    assert sign_flip(d) == pytest.approx(expected.pvalue)


def test_sampled_sign_flip_is_near_the_normal_one_and_repeatable() -> None:
    d = np.random.default_rng(4).normal(size=200)
    d += 1.8 * d.std() / math.sqrt(200) - d.mean()
    z = abs(d.sum()) / math.sqrt((d**2).sum())
    assert sign_flip(d, 7) == pytest.approx(math.erfc(z / math.sqrt(2)), abs=0.015)
    assert sign_flip(d, 7) == sign_flip(d, 7)
    assert sign_flip(np.ones(40)) == 1 / 10_001  # never 0


def test_power_at_the_detectable_effect_is_that_of_the_noncentral_t() -> None:
    stats = pytest.importorskip("scipy.stats")
    for n in (2, 3, 4, 5, 10, 100, 3000):
        d = paired(np.random.default_rng(n).normal(size=n) * 0.05, np.zeros(n), 1 / 8)
        shift = d.detectable / (d.sd * math.sqrt(1 / n + 1 / 8))
        critical = stats.t.ppf(0.975, n - 1)
        power = stats.nct.sf(critical, n - 1, shift) + stats.nct.cdf(-critical, n - 1, shift)
        assert power == pytest.approx(0.8, abs=1e-6)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_holm_is_the_closed_test_of_bonferroni(ps: list[float]) -> None:
    """A hypothesis is rejected where every set of hypotheses that contains it is."""
    sets = [[i for i in range(len(ps)) if number >> i & 1] for number in range(1, 2 ** len(ps))]
    by_set = [(own, min(1.0, len(own) * min(ps[i] for i in own))) for own in sets]
    expected = [max(p for own, p in by_set if i in own) for i in range(len(ps))]
    assert holm(ps) == pytest.approx(expected)


def test_trials_of_one_split_are_averaged() -> None:
    values, baseline, shared = [0.8, 0.6, 0.9, 0.7], [0.5, 0.5, 0.5, 0.7], [0, 1, 0, 1]
    d, means = paired(values, baseline, 1 / 8, splits=shared), paired([0.85, 0.65], [0.5, 0.6], 1 / 8)
    assert (d.mean, d.p) == (pytest.approx(means.mean), pytest.approx(means.p))
    assert (d.wins, d.ties, d.losses, d.splits) == (3, 1, 0, 2)
    assert estimate(values, splits=shared).ci95 == pytest.approx(estimate([0.85, 0.65]).ci95)
    assert estimate(values, splits=shared).trials == 4
    assert paired(values, baseline, splits=[0, 0, 0, 0]).reason == "an interval needs at least two splits"
    assert paired(values, baseline, splits=[0, 1, 2, 3]) == paired(values, baseline)


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([None, 0.02]) == [None, 0.02]
    assert holm([]) == []


@pytest.mark.parametrize(
    ("values", "baseline", "reason"),
    [
        ([], [], "no finished pair of trials"),
        ([0.5], [0.4], "an interval needs at least two trials"),
        ([0.5, 0.6], [0.5, 0.6], "no trial differs"),
        ([0.5, 0.6], [0.4, 0.5], "all trials differ by the same amount"),
    ],
)
def test_nothing_is_nan_where_there_is_nothing_to_say(values: list[float], baseline: list[float], reason: str) -> None:
    d = paired(values, baseline)
    assert d.reason == reason
    assert (d.ci95, d.detectable) == (None, None)
    assert d.p == (1.0 if reason == "no trial differs" else None)
    assert verdict(d, d.p)


def test_an_arm_that_never_differs_counts_among_those_that_are_adjusted_for() -> None:
    rng = np.random.default_rng(0)
    base = rng.uniform(size=8)
    ps = [paired(base + rng.normal(0.05, 0.02, 8), base).p, paired(base, base).p]
    assert holm(ps) == [2 * ps[0], 1.0]


def test_an_arm_that_always_differs_alike_has_no_p_and_counts_all_the_same() -> None:
    rng = np.random.default_rng(0)
    base = rng.uniform(size=8) / 2
    helped, alike = paired(base + rng.normal(0.05, 0.02, 8), base), paired(base + 0.25, base)
    assert alike.p is None
    assert adjusted([None, helped, alike, helped]) == [None, 3 * helped.p, None, 3 * helped.p]
    untested = paired([0.5], [0.4])  # whatever it had given
    assert adjusted([helped, untested, paired([], [])]) == [helped.p, None, None]
    assert adjusted([paired(base, base), helped]) == [1.0, 2 * helped.p]


@pytest.mark.parametrize(
    ("differences", "reason", "said"),
    [
        ([0.1, -0.1, 0.1, -0.1], "no split differs on average", "+0.0 points in 4 trials; no split differs on average"),
        (
            [0.2, 0.1, 0.1, 0.2], "all splits differ on average by the same amount",
            "+15.0 points in 4 trials; all splits differ on average by the same amount",
        ),
        ([0.3, -0.1, -0.2] * 2, "no split differs on average", "+0.0 points in 6 trials; no split differs on average"),
        ([0.0] * 4, "no trial differs", "no difference: the same result in each of 4 trials"),
    ],
)  # fmt: skip
def test_trials_that_cancel_within_splits_are_not_said_to_be_alike(
    differences: list[float], reason: str, said: str
) -> None:
    n = len(differences)
    d = paired(differences, np.zeros(n), splits=[0] * (n // 2) + [1] * (n // 2))
    assert d.reason == reason
    assert verdict(d, d.p) == said


def test_null_difference_has_permutation_p_one() -> None:
    d = paired([0.3, 0.5, 0.9], [0.3, 0.5, 0.9])
    assert (d.mean, d.sd, d.p_permutation, d.ties) == (0.0, 0.0, 1.0, 3)


def test_results_must_be_finite_and_as_many() -> None:
    with pytest.raises(ValueError, match="finite"):
        estimate([0.5, math.nan])
    with pytest.raises(ValueError, match="as many results"):
        paired([0.5], [0.5, 0.6])


@settings(max_examples=60, deadline=None)
@given(RESULTS, st.randoms(use_true_random=False), st.sampled_from([None, 0.125]))
def test_swapping_the_arms_changes_the_sign_only(values: list[float], random, ratio: float | None) -> None:
    other = [random.random() for _ in values]
    a, b = paired(values, other, ratio), paired(other, values, ratio)
    assert (a.wins, a.ties, a.losses) == (b.losses, b.ties, b.wins)
    assert a.p_permutation == b.p_permutation
    if a.mean is not None:
        assert a.mean == pytest.approx(-b.mean)
    if a.ci95 is not None:
        assert a.ci95 == pytest.approx((-b.ci95[1], -b.ci95[0]))
        assert a.p == pytest.approx(b.p)
        assert 0 <= a.p <= 1


def test_verdict_claims_only_what_the_adjusted_p_allows() -> None:
    clear = paired([0.8, 0.81, 0.8, 0.82], [0.7, 0.7, 0.69, 0.7])
    assert verdict(clear, clear.p).startswith("+11.0 points [")
    assert verdict(clear, 0.2).startswith("no difference detected (+11.0 points")
    once = paired([0.8], [0.7])
    assert verdict(once, None) == "+10.0 points in 1 trial; an interval needs at least two trials"


def test_intervals_stay_where_results_can_be() -> None:
    values, baseline = [0.2, 0.9], [0.4, 0.5]
    wide, clipped = estimate(values, 0.5), estimate(values, 0.5, bounds=(0, 1))
    assert wide.ci95[0] < 0 < 1 < wide.ci95[1]
    assert clipped.ci95 == (0.0, 1.0)
    wide, clipped = paired(values, baseline, 0.5), paired(values, baseline, 0.5, bounds=(0, 1))
    assert clipped.ci95 == (-1.0, 1.0)
    assert (clipped.mean, clipped.p, clipped.detectable) == (wide.mean, wide.p, wide.detectable)
    assert verdict(clipped, clipped.p).endswith("; 2 trials are too few to show any)")
    assert estimate([5.0, 9.0], bounds=(0, 10)).ci95 == (0.0, 10.0)
    with pytest.raises(ValueError, match="from 0 to 1"):
        estimate([0.5, 1.5], bounds=(0, 1))


@settings(max_examples=60, deadline=None)
@given(RESULTS, st.sampled_from([None, 0.125]))
def test_clipping_takes_away_only_what_cannot_be(values: list[float], ratio: float | None) -> None:
    wide, clipped = estimate(values, ratio), estimate(values, ratio, bounds=(0, 1))
    assert (wide.mean, wide.sd, wide.trials, wide.reason) == (clipped.mean, clipped.sd, clipped.trials, clipped.reason)
    assert (wide.ci95 is None) == (clipped.ci95 is None)
    if wide.ci95 is not None:
        assert clipped.ci95 == (max(0, wide.ci95[0]), min(1, wide.ci95[1]))
        assert clipped.ci95[0] <= clipped.mean <= clipped.ci95[1]
