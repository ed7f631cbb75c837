"""Errors of clustered samples: what they are without clusters, and that they cover."""

from __future__ import annotations

import numpy as np
import pytest

from mixcli.numerics.clusters import mean_error, median_error


def test_clusters_of_one_give_the_usual_error() -> None:
    x = np.random.default_rng(0).standard_normal(50)
    usual = x.std(ddof=1) / np.sqrt(50) * np.sqrt(1 - 50 / 200)
    assert mean_error(x, np.arange(50), 50, 200) == pytest.approx(usual, rel=1e-12)


def test_nothing_left_to_draw_means_no_error() -> None:
    x, cluster = np.array([1.0, 2, 3, 4]), np.array([0, 0, 1, 1])
    assert mean_error(x, cluster, 2, 2) == median_error(x, cluster, 2, 2) == 0


def test_one_cluster_tells_nothing_of_its_error() -> None:
    x, cluster = np.array([1.0, 2, 3]), np.zeros(3, int)
    assert mean_error(x, cluster, 1, 9) == np.inf
    assert median_error(x, cluster, 1, 9) == 1  # half of all there is


def test_values_that_repeat_within_a_cluster_are_one_observation() -> None:
    x = np.random.default_rng(1).standard_normal(40)
    alone = mean_error(x, np.arange(40), 40, 10**6), median_error(x, np.arange(40), 40, 10**6)
    many = np.repeat(x, 25), np.repeat(np.arange(40), 25)
    assert mean_error(*many, 40, 10**6) == pytest.approx(alone[0], rel=1e-12)
    assert median_error(*many, 40, 10**6) == pytest.approx(alone[1], rel=0.3)


def test_bars_cover_as_they_should() -> None:
    rng = np.random.default_rng(2)
    size = rng.integers(1, 30, 2000)
    level = rng.standard_normal(2000)
    values = [c + 0.5 * rng.standard_normal(k) for c, k in zip(level, size, strict=True)]
    everything = np.concatenate(values)
    hits = np.zeros(2)
    for _ in range(200):
        drawn = rng.choice(2000, 100, replace=False)
        x = np.concatenate([values[i] for i in drawn])
        sample = np.repeat(np.arange(100), size[drawn]), 100, 2000
        hits[0] += abs(x.mean() - everything.mean()) < 2 * mean_error(x, *sample)
        hits[1] += abs(np.median(x) - np.median(everything)) < 2 * median_error(x, *sample)
    assert (hits > 0.9 * 200).all()
