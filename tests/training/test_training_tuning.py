"""Tuning: the same settings for every arm, validation alone choosing, and the best-of-k curve."""

import json
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_training_compare import data

from mixcli.context import Context
from mixcli.errors import UsageError
from mixcli.generators.graphs import cycle
from mixcli.graph import Graph
from mixcli.training.compare import compare
from mixcli.training.outline import outline_of, plan_of
from mixcli.training.plan import Plan
from mixcli.training.protocol import Protocol
from mixcli.training.results import results_of
from mixcli.training.store import Store
from mixcli.training.trial_result import TrialResult
from mixcli.training.tuning import GRID, best_of, candidates, choose, draw, standing, sweep

PAIRS = st.lists(st.tuples(st.integers(0, 4), st.floats(0, 1)), min_size=1, max_size=7)


def result(val: float, test: float, loss: float = 1.0) -> TrialResult:
    curves = np.array([[1, loss, val, test], [1, 2 * loss, val / 2, test / 2]], dtype=np.float32)
    return TrialResult(test, test / 2, val, 1, 2, 10, False, 0.0, 0.0, curves)


def test_settings_come_from_one_stream() -> None:
    ten = draw(10, Context(seed=1))
    assert draw(4, Context(seed=1)) == ten[:4]
    assert draw(4, Context(seed=2)) != ten[:4]
    assert len({tuple(s.changes.values()) for s in draw(80, Context())}) == 80
    assert all(s.changes[k] in GRID[k] and 0 <= s.place < 1 for s in ten for k in GRID)
    for wrong in (0, 81):
        with pytest.raises(UsageError, match="settings"):
            draw(wrong, Context())


def test_rewirings_bring_their_published_parameters() -> None:
    many, one = candidates("sdrf", graphs=True), candidates("sdrf", graphs=False)
    assert many[0] == one[0] == "sdrf"
    assert "sdrf:iterations=100,tau=163.0,c_plus=0.95" in one  # Cora
    assert not set(many[1:]) & {"sdrf:iterations=100,tau=163.0,c_plus=0.95"}
    assert candidates("none", graphs=True) == ["none"]
    assert candidates("sdrf:iterations=3", graphs=True) == ["sdrf:iterations=3"]
    assert len(set(many)) == len(many) > 3


@settings(max_examples=60, deadline=None)
@given(PAIRS)
def test_best_of_k_is_the_mean_over_all_subsets(pairs: list[tuple[int, float]]) -> None:
    validation, values = (np.array(column) for column in zip(*pairs, strict=True))
    for k, expected in enumerate(best_of(validation, values), 1):
        subsets = list(combinations(range(len(values)), k))
        picked = [values[max(own, key=lambda i: (validation[i], -i))] for own in subsets]
        assert expected == pytest.approx(np.mean(picked))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_more_settings_never_lower_what_chooses(values: list[float]) -> None:
    curve = best_of(np.array(values), np.array(values))
    assert (np.diff(curve) >= -1e-12).all()
    assert curve[0] == pytest.approx(np.mean(values))
    assert curve[-1] == max(values)


def test_validation_chooses_and_loss_breaks_ties() -> None:
    rows = [result(0.7, 0.9), result(0.8, 0.1, loss=2.0), result(0.8, 0.2, loss=0.5), result(0.8, 0.99, loss=0.5)]
    assert choose(rows, "best") == 2
    assert choose([rows[0]] * 3, "best") == 0
    assert standing(rows[0], "last") == pytest.approx((0.35, -2.0))
    assert standing(result(0.5, 0.5, loss=float("nan")), "best")[1] == -np.inf


def test_sweep_by_hand() -> None:
    rows = [[result(0.5, 0.4), result(0.6, 0.8)], [result(0.9, 0.6), result(0.1, 0.2)]]
    told = sweep(rows, "best")
    assert [p["mean"] for p in told["best_of"]] == pytest.approx([0.5, 0.7])
    assert [p["validation"] for p in told["best_of"]] == pytest.approx([0.525, 0.75])
    assert told["chosen"] == [1, 1]
    assert told["by_setting"] == pytest.approx([0.5, 0.5])
    assert told["spread"]["q50"] == pytest.approx(0.5)


def test_errors_are_chosen_by_the_least() -> None:
    rows = [[result(0.5, 0.4), result(0.6, 0.8)], [result(0.9, 0.6), result(0.1, 0.2)]]
    told = sweep(rows, "best", -1.0)
    assert told["chosen"] == [1, 1]
    assert [p["mean"] for p in told["best_of"]] == pytest.approx([0.5, 0.3])
    assert [p["validation"] for p in told["best_of"]] == pytest.approx([0.525, 0.3])
    undefined = [result(np.nan, np.nan), result(0.9, 0.1)]
    assert choose(undefined, "best", -1.0) == 1
    assert json.dumps(sweep([undefined], "best", -1.0), allow_nan=False)


def tuned(sources, arms=("none", "fosr"), count=3, trials=2, **kw):
    kw = {"protocol": {"epochs": 3}, **kw}
    return compare(sources, arms, "gcn:hidden=4,layers=2", trials, tune=count, **kw)


def test_every_arm_and_control_has_the_same_budget() -> None:
    found = tuned({"toy": data()}, ["none", "fosr", "random:iterations=2"], controls=True, protocol={"epochs": 2})
    plan = found.plan
    assert [len(g) for g in plan.groups] == [3] * 5
    tried = [[plan.arms[a].changes for a in own] for own in plan.groups]
    assert all(t == tried[0] for t in tried)
    for own in plan.groups:
        assert [plan.protocol_of(a).lr for a in own] == [c["lr"] for c in tried[0]]
        assert [plan.model_of(a).dropout for a in own] == [c["dropout"] for c in tried[0]]
    record = found.record()
    assert [a["name"] for a in record["arms"]] == [
        "none", "fosr", "random:iterations=2", "mlp (no edges)", "random for fosr",
    ]  # fmt: skip
    assert record["tuning"]["count"] == 3
    assert (found.finished, found.planned) == (30, 30)
    control, rewired = plan.groups[4], plan.groups[1]
    for a, b in zip(control, rewired, strict=True):  # of each setting's own rewiring
        assert np.array_equal(plan.arms[a].counts, plan.arms[b].counts)
    for arm in record["arms"]:
        assert len(arm["tuning"]["best_of"]) == 3
        assert arm["tuning"]["best_of"][-1]["mean"] == pytest.approx(arm["mean"])
        assert sum(arm["tuning"]["chosen"]) == 2


def test_unequal_budgets_are_no_plan() -> None:
    plan = tuned(data()).plan
    with pytest.raises(ValueError, match="the same settings for every arm"):
        Plan(plan.arms[:-1], plan.model, plan.protocol, 0, 1, "cpu")


def test_a_setting_is_what_the_same_protocol_gives() -> None:
    found = tuned(data(), ["none"], count=2, trials=1)
    for a in found.plan.groups[0]:
        lr, dropout, decay = (found.plan.arms[a].changes[k] for k in ("lr", "dropout", "weight_decay"))
        plain = compare(
            data(), ["none"], f"gcn:hidden=4,layers=2,dropout={dropout}", 1,
            protocol={"epochs": 3, "lr": lr, "weight_decay": decay},
        )  # fmt: skip
        assert found.plan.key(a, 0) == plain.plan.key(0, 0)


def test_arm_that_changes_nothing_differs_by_exactly_nothing_when_tuned() -> None:
    found = tuned(data(), ["none", "random:iterations=0"], trials=3)
    difference = found.arms[1].difference
    assert difference is not None
    assert (difference.mean, difference.ties) == (0.0, 3)
    assert found.arms[0].tuning["chosen"] == found.arms[1].tuning["chosen"]
    assert found.arms[0].tuning["best_of"] == found.arms[1].tuning["best_of"]


def poisoned(permuted: bool) -> Graph:
    """A graph with three given splits, all tested on the first 30 nodes, whose labels may be permuted among them."""
    rng = np.random.default_rng(0)
    y = np.arange(90) // 5 % 3
    x = rng.normal(size=(90, 5)) + 2 * np.eye(5)[y]
    trains = rng.random((90, 3)) < 0.5
    tests = np.arange(90)[:, None] < np.full(3, 30)
    masks = {"train_mask": trains & ~tests, "val_mask": ~trains & ~tests, "test_mask": tests}
    if permuted:
        y = np.concatenate([(y[:30] + 1) % 3, y[30:]])
    return cycle(90).replace(node={"y": y, "x": x, **masks})


@pytest.mark.parametrize("report", ["best", "last"])
def test_permuted_test_labels_change_no_chosen_epoch_or_setting(report: str) -> None:
    kw = {"count": 4, "trials": 3, "protocol": {"epochs": 15, "patience": 5, "report": report}}
    clean, poison = (tuned(poisoned(p), ["none", "random:iterations=30"], **kw) for p in (False, True))
    changed = 0
    for a, b in zip(clean.arms, poison.arms, strict=True):
        assert a.tuning["chosen"] == b.tuning["chosen"]
        for t in a.trials:
            one, two = a.trials[t], b.trials[t]
            assert (one.best_epoch, one.epochs, one.validation) == (two.best_epoch, two.epochs, two.validation)
            assert np.array_equal(one.curves[:, :3], two.curves[:, :3])
            changed += one.best != two.best
    assert changed  # the poison was there to be tasted


def test_permuted_test_graphs_change_nothing_that_is_chosen() -> None:
    """The same of whole graphs, whose random splits do not look at labels."""
    kw = {"count": 3, "trials": 1, "protocol": {"epochs": 10, "splits": "random"}}
    clean = tuned(data(60), **kw)
    graphs = data(60)
    for unit in clean.plan.arms[0].task.split(0, 0).test:
        graphs[unit] = graphs[unit].replace(graph={"y": 1 - graphs[unit].graph["y"]})
    poison = tuned(graphs, **kw)
    for a, b in zip(clean.arms, poison.arms, strict=True):
        assert a.tuning["chosen"] == b.tuning["chosen"]
        assert np.array_equal(a.trials[0].curves[:, :3], b.trials[0].curves[:, :3])
        assert np.allclose(a.trials[0].curves[:, 3], 1 - b.trials[0].curves[:, 3])


def test_interrupted_sweep_compares_whole_trials_only(monkeypatch: pytest.MonkeyPatch) -> None:
    train, ran = Plan.run, []

    def stopped(plan, *job):
        if len(ran) == 10:
            raise KeyboardInterrupt
        ran.append(job)
        return train(plan, *job)

    monkeypatch.setattr(Plan, "run", stopped)
    found = tuned(data(), trials=3)
    assert found.interrupted
    assert [len(a.trials) for a in found.arms] == [1, 1]
    assert (found.finished, found.planned) == (10, 18)


def test_stored_sweep_is_told_again_from_its_outline(tmp_path) -> None:
    with Store(tmp_path / "r.db") as store:
        found = tuned({"toy": data()}, controls=True, store=store, protocol="fair,epochs=2")
        again = plan_of(outline_of(found.plan, "toy"))
        assert [again.key(a, 0) for a in range(len(again.arms))] == [
            found.plan.key(a, 0) for a in range(len(found.plan.arms))
        ]
        assert [r.to_json() for r in results_of(again, store)] == [a.to_json() for a in found.arms]
        assert again.facts == found.plan.facts


def test_protocol_of_an_arm_keeps_the_rest() -> None:
    plan = tuned(data(), protocol={"epochs": 2, "patience": 1}, trials=1).plan
    assert {plan.protocol_of(a).epochs for a in range(len(plan.arms))} == {2}
    assert isinstance(plan.protocol_of(0), Protocol)
