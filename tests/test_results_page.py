"""The page of results says what its trials say, and its script runs, stops and goes on."""

import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from mixcli.context import Context
from mixcli.training.store import Store
from mixcli.training.trial_result import TrialResult

DOCS = Path(__file__).parent.parent / "docs"
NUMBER = r"([+-]?\d+\.\d)"


@pytest.fixture(scope="module")
def script() -> Iterator[ModuleType]:
    """docs/results.py."""
    sys.path.insert(0, str(DOCS))
    try:
        yield importlib.import_module("results")
    finally:
        sys.path.remove(str(DOCS))


def tables(page: str) -> dict[str, list[list[str]]]:
    """Heading -> rows of cells, of the tables with arms."""
    found = {}
    for part in re.split(r"^#### ", page, flags=re.M)[1:]:
        rows = [line.strip("|").split("|") for line in part.splitlines() if line.startswith("| ")]
        arms = [[cell.strip() for cell in row] for row in rows if len(row) == 11]
        found[part.splitlines()[0]] = [row for row in arms if row[0] != "arm"]
    return found


def holds(page: str, script: ModuleType, cells: int) -> None:
    """Every count and difference on the page agrees with the others."""
    found = tables(page)
    counts = {name: {int(row[7]) for row in rows} for name, rows in found.items()}
    assert all(len(c) == 1 for c in counts.values())
    for name, said in re.findall(r"^#### (.*)\n\n(\d+) trials? of each arm", page, re.M):
        assert counts[name] == {int(said)}
    head = re.search(
        r"\*\*(\d+) trainings\*\* so far: (\d+) of (\d+) tables, (\d+) arms, (\d+)(?: to (\d+))? trials? of each", page
    )
    assert head is not None
    total, many, all_of_them, arms, least, most = (int(x) if x else None for x in head.groups())
    assert (many, all_of_them, arms) == (len(found), cells, sum(map(len, found.values())))
    assert total == sum(int(row[7]) for rows in found.values() for row in rows)
    trials = [c for one in counts.values() for c in one]
    assert (least, most or least) == (min(trials), max(trials))
    missing = re.search(r"Not trained yet: (.*)\.", page)
    assert len(found) + (len(re.findall(r"\w+[,)]", missing[1])) if missing else 0) == cells
    for name, rows in found.items():
        table_holds(name, rows, script)
    verdict_holds(page, found)


def table_holds(name: str, rows: list[list[str]], script: ModuleType) -> None:
    published = importlib.import_module("results_published")
    data, model = name.split(", ")
    assert [row[0].strip("*") for row in rows] == [
        "none", "random", "sdrf", "fosr", "borf", "last_layer_fa", "cayley",
    ]  # fmt: skip
    for row in rows:
        arm, mean, interval, difference, apart, p = row[0], row[2], row[3], row[4], row[5], row[6]
        for middle, around in ((mean, interval), (difference, apart)):
            if around:
                low, high = map(float, re.findall(NUMBER, around))
                assert low <= float(middle) <= high
        if arm != "none":
            assert float(difference) == pytest.approx(float(mean) - float(rows[0][2]), abs=0.11)
        assert arm.startswith("**") == (p != "" and float(p) < 0.05)
        figure = script.FIGURES.get((data, model, arm.strip("*")))
        assert row[9] == str(figure or "")
        assert row[10] == published.QUOTED.get((data, model, arm.strip("*")), "")
        if figure and figure.budget:
            assert f"iterations={figure.budget}" in row[1].split(", ")[0]


def verdict_holds(page: str, found: dict[str, list[list[str]]]) -> None:
    said = re.search(r"Of (\d+) comparisons .*, (\d+) show a gain .* (\d+) a loss.* and (\d+) no difference", page)
    assert said is not None
    rewired = [row for rows in found.values() for row in rows if row[0].strip("*") not in ("none", "random")]
    bold = [float(row[4]) for row in rewired if row[0].startswith("**")]
    single = re.search(r"The other (\d+) rest on a single trial", page)
    alone = sum(row[7] == "1" for row in rewired)
    assert (int(single[1]) if single else 0) == alone
    counted = (len(rewired), sum(d > 0 for d in bold), sum(d < 0 for d in bold), len(rewired) - len(bold) - alone)
    assert counted == tuple(map(int, said.groups()))


def test_the_page_agrees_with_itself(script: ModuleType) -> None:
    holds((DOCS / "results.md").read_text(encoding="utf-8"), script, 24)


def test_a_quick_run_makes_a_page_and_its_store_makes_it_again(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, first, second = (str(tmp_path / name) for name in ("r.db", "first.md", "second.md"))
    monkeypatch.setattr(sys, "argv", ["results.py", "--quick", "-o", store, "--page", first])
    script.main()
    monkeypatch.setattr(sys, "argv", ["results.py", "--quick", "-o", store, "--page", second, "--hours", "0"])
    script.main()
    page = Path(first).read_text(encoding="utf-8")
    assert page == Path(second).read_text(encoding="utf-8")
    assert "**84 trainings** so far: 6 of 6 tables, 42 arms, 2 trials of each." in page
    holds(page, script, 6)


def test_a_run_stops_between_trials_and_shows_whole_trials_only(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cell = script.Cell("rings", "gcn", quick=True)
    with Store(tmp_path / "r.db") as store:
        monkeypatch.setattr(script, "time", SimpleNamespace(monotonic=lambda: float(len(store.trials()))))
        assert script.train([cell], store, 9.5 / 3600, None, 1, 1) == "the time is up"
        assert len(store.trials()) == 10
        assert "1 trial of each arm" in script.page(store, [("rings", "gcn")])
        assert script.train([cell], store, 1, None, 1, 1) == "all trials are done"
        assert len(store.trials()) == 14
        assert "2 trials of each arm" in script.page(store, [("rings", "gcn")])


def test_an_arm_that_always_differs_alike_stays_in_the_family_of_its_table(script: ModuleType) -> None:
    cell = script.Cell("rings", "gcn", quick=True)
    plan = cell.plan(None, Context())
    base = np.array([0.5, 0.6])
    shifts = np.array([[0, 0], [0.3, 0.3], [0.1, 0.11], [0.02, 0.11], [0, 0], [0.05, 0.1], [0.1, 0.2]])
    with Store() as store:
        store.put_plan(plan.digest, cell.outline(plan))
        for a, values in enumerate((base + shifts).tolist()):
            for t, value in enumerate(values):
                made = TrialResult(value, value, value, 1, 1, 1, False, 0.0, 0.0, np.zeros((1, 4), np.float32))
                store.put(plan.key(a, t), plan.describe(a, t), made)
        found = importlib.import_module("results_page").results(store, ("rings", "gcn"))
    random, sdrf = found.row("random"), found.row("sdrf")
    assert (random.difference.p, random.p, random.detected) == (None, None, False)
    assert sdrf.p == pytest.approx(6 * sdrf.difference.p)  # the least of six


def test_published_figures_are_those_of_a_hundred_trials(script: ModuleType) -> None:
    figures = script.FIGURES
    assert len(figures) == 4 * 2 * 3
    assert str(figures["MUTAG", "gcn", "fosr"]) == "80.0 ± 1.6"
    assert figures["PROTEINS", "gin", "fosr"].mean == 75.107
    quoted = importlib.import_module("results_published").QUOTED
    assert quoted["MUTAG", "gcn", "fosr"] == "BORF 75.6 ± 1.7"
    assert quoted["Cora", "gcn", "none"] == "SDRF 81.9 ± 0.8, BORF 86.7 ± 0.3"
    cells = {(data, model) for data in (*script.NODES, *script.GRAPHS) for model in script.NETWORKS}
    assert {key[:2] for key in quoted} <= cells
    assert {key[2] for key in quoted} <= {"none", "sdrf", "fosr", "borf", "last_layer_fa"}


def test_published_means_are_held_to_by_welchs_test(script: ModuleType) -> None:
    reproduction = importlib.import_module("results_reproduction")
    figure = script.FIGURES["MUTAG", "gcn", "none"]
    values = [0.7, 0.8, 0.75, 0.85, 0.65]
    found = reproduction.again(values, figure)
    theirs = stats.ttest_ind_from_stats(75, 7.905694150, 5, figure.mean, 10 * figure.error, 100, equal_var=False)
    assert found.difference == pytest.approx(75 - 72.15)
    assert found.p == pytest.approx(theirs.pvalue, rel=1e-8)
    assert (found.low + found.high) / 2 == pytest.approx(found.difference)
    assert reproduction.again([0.7], figure) is None
    far = ("MUTAG", "gcn", "fosr", [0.1, 0.11, 0.12, 0.1], script.FIGURES["MUTAG", "gcn", "fosr"])
    page = reproduction.table([("MUTAG", "gcn", "none", values, figure), far])
    assert "1 of 2 differ after it, 1 do not" in page
    assert "| **fosr** | 80.0 ± 1.6 | 10.8 | -69.2 |" in page
    assert reproduction.table([]) == ""
