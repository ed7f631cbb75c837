"""Figures of comparisons hold the numbers of the record and of the store, and show zero."""

import json
from pathlib import Path

import numpy as np
import pytest

from mixcli.catalog import FIGURES
from mixcli.errors import InputError, NotApplicable, UsageError
from mixcli.generators.graphs import barbell
from mixcli.report.courses import courses
from mixcli.report.fields import label
from mixcli.report.figures.curves import spread
from mixcli.report.figures.differences import compared, paired_values
from mixcli.report.shown import from_text, of_record, stored
from mixcli.report.text import to_jsonl
from mixcli.training.compare import compare


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("db") / "r.db"
    compare(
        barbell(4).replace(name="barbell"), ["none", "sdrf:3", "random:3"], "gcn:hidden=4", 3, protocol="epochs=6",
        controls=True, probes=["rank", "sensitivity:graphs=1"], store=path,
    )  # fmt: skip
    return path


@pytest.fixture(scope="module")
def thing(database: Path):
    (found,) = stored(str(database))
    return found


def test_the_forest_holds_means_intervals_and_trials(thing) -> None:
    drawn = FIGURES.make("differences")([thing])
    (panel,) = drawn.figure.axes
    arms = compared(thing.data)
    base = thing.data["arms"][0]
    assert [t.get_text() for t in panel.get_yticklabels()] == [label(a["name"], 32) for a in arms]
    drawn_lines = [np.asarray(one.get_xdata(), dtype=float) for one in panel.get_lines()]
    for arm in arms:
        d = arm["difference"]
        assert any(len(x) == 1 and np.isclose(x[0], 100 * d["mean"]) for x in drawn_lines)
        if d["ci95"] is not None:
            assert any(len(x) == 2 and np.allclose(x, 100 * np.array(d["ci95"])) for x in drawn_lines)
        values = [a["best"] - b["best"] for a, b in zip(arm["values"], base["values"], strict=True)]
        assert paired_values(thing.data, arm, base) == values
        assert any(len(x) == 3 and np.allclose(x, 100 * np.array(values)) for x in drawn_lines)
    assert np.isclose(np.mean(values), arm["difference"]["mean"])
    low, high = panel.get_xlim()
    assert low <= 0 <= high
    assert "over 3 trials" in drawn.caption


def test_controls_stand_apart_and_last(thing) -> None:
    arms = compared(thing.data)
    assert [bool(a.get("control")) for a in arms] == sorted(bool(a.get("control")) for a in arms)
    panel = FIGURES.make("differences")([thing]).figure.axes[0]
    steps = np.diff(panel.get_yticks())
    first = next(k for k, a in enumerate(arms) if a.get("control"))
    assert steps[first - 1] > 1.5
    assert "controls" in [t.get_text() for t in panel.texts]


@pytest.mark.parametrize(("p", "filled"), [(0.04, True), (0.06, False), (None, False)])
def test_only_what_holm_leaves_significant_is_filled(p: float | None, filled: bool) -> None:
    gain = {"mean": 0.1, "ci95": [0.05, 0.15], "p_adjusted": p}
    record = {"schema": "mixcli.comparison/1", "dataset": "d", "arms": [{"name": "a", "difference": gain}]}
    panel = FIGURES.make("differences")([of_record(record, "x")]).figure.axes[0]
    dot = next(one for one in panel.get_lines() if one.get_marker() == "o" and len(one.get_xdata()) == 1)
    assert (dot.get_markerfacecolor() != "white") is filled


def test_other_metrics_are_not_points() -> None:
    gain = {"mean": -0.1, "ci95": None}
    record = {
        "schema": "mixcli.comparison/1", "dataset": "d", "metric": "mae", "percent": False, "better": "lower",
        "arms": [{"name": "a", "difference": gain}],
    }  # fmt: skip
    drawn = FIGURES.make("differences")([of_record(record, "x")])
    assert drawn.figure.axes[0].get_xlabel() == "difference in mae (lower is better)"
    assert any(np.allclose(one.get_xdata(), [-0.1]) for one in drawn.figure.axes[0].get_lines())


def test_nothing_to_compare_is_refused() -> None:
    record = {"schema": "mixcli.comparison/1", "dataset": "d", "arms": [{"name": "none", "difference": None}]}
    with pytest.raises(NotApplicable, match="--arm sdrf"):
        FIGURES.make("differences")([of_record(record, "x")])


def test_the_record_in_a_pipe_draws_the_same_forest(thing) -> None:
    (piped,) = from_text(to_jsonl(thing.data), "x")
    first, second = (FIGURES.make("differences")([one]).figure.axes[0] for one in (thing, piped))
    data = [[np.asarray(one.get_xdata(), dtype=float).tolist() for one in p.get_lines()] for p in (first, second)]
    assert data[0] == data[1]


def test_training_curves_are_those_of_the_store(thing) -> None:
    found = courses(thing)
    assert {len(trials) for trials in found.values()} == {3}
    drawn = FIGURES.make("curves:train_loss")([thing])
    line = drawn.figure.axes[0].get_lines()[0]
    _, middle, _ = spread([c[:, 0] for c in found["none"]])
    assert np.allclose(line.get_ydata(), middle)
    assert np.allclose(middle, np.median([c[:, 0] for c in found["none"]], axis=0))
    assert "median over 3 trials" in drawn.caption


def test_curves_need_the_database(thing) -> None:
    (piped,) = from_text(json.dumps(thing.data), "x")
    with pytest.raises(NotApplicable, match=r"results\.db"):
        FIGURES.make("curves")([piped])


def test_curves_end_where_half_of_the_trials_have_ended() -> None:
    low, middle, high = spread([np.ones(5), np.full(3, 3.0), np.full(2, 5.0)])
    assert middle.tolist() == [3, 3, 2]
    assert (low <= middle).all()
    assert (middle <= high).all()


def test_probes_hold_their_means_and_errors(thing) -> None:
    drawn = FIGURES.make("probes:rank")([thing])
    told = thing.data["arms"][1]["probes"]["rank"]["curves"]["effective_rank"]
    panel = next(a for a in drawn.figure.axes if a.get_ylabel() == "effective rank")
    line = panel.get_lines()[1]
    assert line.get_ydata().tolist() == told["mean"]
    assert line.get_xdata()[0] == 1
    with pytest.raises(UsageError, match="rank"):
        FIGURES.make("probes:mad")([thing])


def test_best_of_k_holds_the_sweep() -> None:
    found = compare(barbell(4), ["none", "fosr:2"], "gcn:hidden=4", 2, protocol="epochs=3", tune=3)
    thing = of_record(json.loads(json.dumps(found.record())), "x")
    drawn = FIGURES.make("best_of_k")([thing])
    for line, arm in zip(drawn.figure.axes[0].get_lines(), thing.data["arms"], strict=True):
        assert np.allclose(line.get_ydata(), [100 * s["mean"] for s in arm["tuning"]["best_of"]])
        assert list(line.get_xdata()) == [1, 2, 3]


def test_an_empty_database_says_so(tmp_path: Path) -> None:
    from mixcli.training.store import Store

    Store(tmp_path / "e.db").close()
    with pytest.raises(InputError, match="mixcli export"):
        stored(str(tmp_path / "e.db"))


def test_the_legend_names_whatever_it_is_called() -> None:
    told = {"rank": {"by": "layer", "curves": {"effective_rank": {"mean": [1.0]}}}}
    arms = [{"name": name, "probes": told} for name in ("_hidden", "", "plain")]
    record = {"schema": "mixcli.comparison/1", "dataset": "d", "arms": arms}
    (legend,) = FIGURES.make("probes")([of_record(record, "x")]).figure.legends
    assert [t.get_text().strip() for t in legend.get_texts()] == ["_hidden", "–", "plain"]
