"""What the tests say where there is nothing: simulated nulls on overlapping splits, and the same arm twice."""

import numpy as np
import pytest

from mixcli.training.statistics import estimate, holm, paired

TRAIN, VAL, TEST = 160, 20, 20
DATA_SETS = 1500


def splits(rng: np.random.Generator, trials: int) -> tuple[np.ndarray, np.ndarray]:
    """(trials, units) indicators of training and test units, drawn anew for each trial from one data set."""
    order = rng.permuted(np.tile(np.arange(TRAIN + VAL + TEST), (trials, 1)), axis=1)
    train, test = (np.zeros(order.shape) for _ in range(2))
    np.put_along_axis(train, order[:, :TRAIN], 1, axis=1)
    np.put_along_axis(test, order[:, -TEST:], 1, axis=1)
    return train, test


def mean_predictors(rng: np.random.Generator, trials: int) -> tuple[np.ndarray, np.ndarray]:
    """Negative squared errors of predicting the mean of one, and of another, exchangeable target."""
    train, test = splits(rng, trials)
    targets = rng.normal(size=(2, TRAIN + VAL + TEST))
    guess = targets @ train.T / TRAIN  # (2, trials)
    error = ((targets[:, None, :] - guess[:, :, None]) ** 2 * test).sum(axis=2) / TEST
    return -error[0], -error[1]


def nearest_means(rng: np.random.Generator, trials: int) -> tuple[np.ndarray, np.ndarray]:
    """Accuracies of nearest-class-mean classifiers that see one, and another, exchangeable feature."""
    train, test = splits(rng, trials)
    y = rng.integers(0, 2, TRAIN + VAL + TEST)
    x = rng.normal(size=(2, len(y))) + y
    middle = sum((x * (y == c)) @ train.T / (train @ (y == c)) for c in (0, 1)) / 2
    right = (x[:, None, :] > middle[:, :, None]) == y
    accuracy = (right * test).sum(axis=2) / TEST
    return accuracy[0], accuracy[1]


@pytest.mark.parametrize("trials", [10, 20])
@pytest.mark.parametrize("learners", [mean_predictors, nearest_means])
def test_corrected_test_rejects_five_percent_of_nulls(learners, trials: int) -> None:
    rng = np.random.default_rng(trials)
    pairs = [learners(rng, trials) for _ in range(DATA_SETS)]
    corrected = np.array([paired(a, b, TEST / TRAIN).p for a, b in pairs])
    plain = np.array([paired(a, b).p for a, b in pairs])
    assert 0.03 <= (corrected < 0.05).mean() <= 0.07
    assert (plain < 0.05).mean() > 0.14  # which is why it is corrected


def test_arms_tried_together_raise_no_more_false_alarms() -> None:
    rng = np.random.default_rng(7)
    found = 0
    for _ in range(600):
        train, test = splits(rng, 10)
        targets = rng.normal(size=(6, TRAIN + VAL + TEST))
        guess = targets @ train.T / TRAIN
        error = ((targets[:, None, :] - guess[:, :, None]) ** 2 * test).sum(axis=2) / TEST
        found += min(holm([paired(-e, -error[0], TEST / TRAIN).p for e in error[1:]])) < 0.05
    assert found / 600 <= 0.07


def test_means_over_shared_splits_are_the_observations() -> None:
    """Four trainings on each of ten splits are ten observations; taken as forty they claim what is not there."""
    rng = np.random.default_rng(3)
    rejected = np.zeros(2)
    for _ in range(800):
        a, b = mean_predictors(rng, 10)
        noise = rng.normal(size=(2, 40)) * 0.05
        first, second = np.tile(a, 4) + noise[0], np.tile(b, 4) + noise[1]
        numbers = np.tile(np.arange(10), 4)
        d = paired(first, second, TEST / TRAIN, splits=numbers.tolist())
        assert d.splits == 10
        assert d.wins + d.ties + d.losses == 40
        low, high = estimate(first - second).ci95
        rejected += [d.p < 0.05, not low < 0 < high]
    assert 0.03 <= rejected[0] / 800 <= 0.07
    assert rejected[1] / 800 > 0.3
