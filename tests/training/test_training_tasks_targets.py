"""Graph regression and graphs with several labels: metrics, direction, splits, records."""

import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mixcli.errors import NotApplicable
from mixcli.generators.graphs import cycle, path
from mixcli.graph import Graph
from mixcli.report.table import comparison_table
from mixcli.training.compare import compare
from mixcli.training.course import Course
from mixcli.training.objective import Classification, Regression, average_precision
from mixcli.training.protocol import Protocol
from mixcli.training.statistics import paired
from mixcli.training.tasks.infer import infer_task
from mixcli.training.verdict import verdict

CPU = torch.device("cpu")


def graphs(y, count: int = 40) -> list[Graph]:
    made = [(cycle if i % 2 else path)(4 + i % 9) for i in range(count)]
    return [g.replace(graph={"y": np.asarray(y(g, i))}) for i, g in enumerate(made)]


SIZED = graphs(lambda g, i: [0.37 * g.n + 100.0])
SEVERAL = graphs(lambda g, i: [g.n % 2, i % 2, g.n > 7])


@pytest.mark.parametrize(
    ("y", "kind"),
    [
        (lambda g, i: [0.5 * g.n], "graph_regression"),
        (lambda g, i: [g.n, 2 * g.n], "graph_regression"),
        (lambda g, i: [i % 2, g.n % 2], "graph_labels"),
        (lambda g, i: [float(i % 3)], "graph_classification"),
        (lambda g, i: i % 2, "graph_classification"),
    ],
)
def test_task_follows_from_the_targets(y, kind: str) -> None:
    assert infer_task(graphs(y)).kind == kind


def test_targets_that_are_none_are_refused() -> None:
    with pytest.raises(NotApplicable, match="finite"):
        infer_task(graphs(lambda g, i: [0.5, math.nan if i == 3 else 1.0]))
    with pytest.raises(NotApplicable, match="differ"):
        infer_task(graphs(lambda g, i: [0.5]))
    with pytest.raises(NotApplicable, match="at least 10"):
        infer_task(graphs(lambda g, i: [0.5 * i], count=5))


def test_error_is_in_the_targets_unit_and_scaled_by_training_graphs_only() -> None:
    task = infer_task(SIZED)
    split = task.split(0, 0)
    objective = task.objective(split, CPU)
    known = task.labels[split.train]
    assert objective.mean.item() == pytest.approx(known.mean(), rel=1e-6)
    assert objective.scale.item() == pytest.approx(known.std(), rel=1e-5)
    y = torch.tensor([[1.0, 10.0], [3.0, 30.0]])
    two = Regression(torch.tensor([1.0, 10.0]), torch.tensor([2.0, 20.0]))
    assert two.total(torch.zeros(2, 2), y).item() == pytest.approx((2 + 20) / 2)
    assert two.loss(torch.zeros(2, 2), y).item() == pytest.approx(0.5)
    assert two.total(torch.full((2, 2), math.nan), y).isfinite()


def test_a_regression_is_learned_and_the_lowest_error_is_best() -> None:
    shown = [
        g.replace(node={"x": np.full((g.n, 1), i / 40)}) for i, g in enumerate(graphs(lambda g, i: [0.5 * i + 100]))
    ]
    found = compare(shown, ["none"], "mlp:hidden=16,layers=2,dropout=0", trials=1, protocol={"epochs": 60, "lr": 0.01})
    (result,) = found.arms[0].trials.values()
    assert result.best < 0.2 * np.std([0.5 * i for i in range(40)])
    assert result.validation == pytest.approx(result.curves[:, 2].min())
    assert result.best == pytest.approx(result.curves[result.best_epoch - 1, 3], rel=1e-6)


def test_direction_reaches_record_verdict_and_table() -> None:
    arms = ["none", "random:2"]
    found = compare(SIZED, arms, "gin:hidden=8,layers=2", trials=3, protocol={"epochs": 8, "lr": 0.01})
    record = found.record()
    json.dumps(record, allow_nan=False)
    assert (record["metric"], record["better"], record["percent"]) == ("mae", "lower", False)
    difference = record["arms"][1]["difference"]
    values = [[v["best"] for v in arm["values"]] for arm in record["arms"]]
    assert difference["wins"] == sum(b < a for a, b in zip(*values, strict=True))
    assert difference["losses"] == sum(b > a for a, b in zip(*values, strict=True))
    assert difference["mean"] == pytest.approx(np.mean(values[1]) - np.mean(values[0]))
    table = comparison_table(record, color="never")
    assert "lower is" in table
    assert "points" not in record["arms"][1]["verdict"]
    assert "lower is better" in record["arms"][1]["verdict"]


def test_verdict_of_errors_is_in_their_unit() -> None:
    d = paired([0.5, 0.6, 0.55, 0.5], [1.5, 1.7, 1.5, 1.6])
    assert verdict(d, 0.001, percent=False, better="lower").startswith("-1.038 (lower is better) [")
    assert "can show" in verdict(paired([1.0, 2.0, 3.0], [2.0, 1.0, 3.5]), 0.8, percent=False, better="lower")


def test_course_takes_the_lowest_where_lower_is_better() -> None:
    course = Course(Protocol(epochs=9, patience=2, threshold=1.1), -1.0)
    assert [course.add(1.0, 1.0, m, m) for m in (5.0, 4.9, 4.0, 4.5, 3.9)] == [True, True, True, False, True]
    assert course.ended  # 3.9 is not a tenth below 4.0
    assert course.result(1).best == 3.9


def test_accuracy_is_what_it_was() -> None:
    scores, y = torch.randn(30, 4), torch.arange(30) % 4
    assert Classification().total(scores, y).item() == (scores.argmax(1) == y).sum().item()
    task = infer_task(graphs(lambda g, i: i % 2))
    assert (task.better, task.percent, task.bounds) == ("higher", True, (0.0, 1.0))


def naive_precision(scores: np.ndarray, y: np.ndarray) -> float:
    order = np.argsort(-scores, kind="stable")
    s, hit = scores[order], y[order]
    last = np.append(np.flatnonzero(np.diff(s)), len(s) - 1)
    right = hit.cumsum()[last]
    precision, recall = right / (last + 1), right / hit.sum()
    return float((np.diff(recall, prepend=0) * precision).sum())


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 30), st.integers(1, 4), st.integers(1, 6))
def test_average_precision_is_the_area_under_the_steps(seed: int, n: int, labels: int, levels: int) -> None:
    rng = np.random.default_rng(seed)
    scores, y = rng.integers(0, levels, (n, labels)) / 7, rng.integers(0, 2, (n, labels))
    known = [naive_precision(scores[:, k], y[:, k]) for k in range(labels) if y[:, k].any()]
    found = average_precision(torch.from_numpy(scores), torch.from_numpy(y).double()).item()
    assert found == pytest.approx(np.mean(known) if known else 0.0)


def test_labels_are_learned_and_average_precision_reported() -> None:
    found = compare(
        SEVERAL, ["none"], "gin:hidden=16,layers=3,dropout=0", trials=1, protocol={"epochs": 40, "lr": 0.01}
    )
    record = found.record()
    assert (record["metric"], record["better"]) == ("average_precision", "higher")
    assert 0.5 < record["arms"][0]["mean"] <= 1.0
