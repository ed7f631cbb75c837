"""The tables of an export in every form: the same numbers as the record, and each trial's role."""

from __future__ import annotations

import csv
import json
import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from probe_nets import RINGS

from mixcli.cli.app import app
from mixcli.errors import UsageError
from mixcli.training import effort
from mixcli.training.compare import compare
from mixcli.training.effort import PeakMemory
from mixcli.training.export import TABLES, columns, rows_of, write_parquet
from mixcli.training.merging import merge, records
from mixcli.training.store import Store, canonical
from mixcli.training.trial_result import TrialResult, result_of

PROBES = ["rank:graphs=3", "sensitivity:graphs=2,targets=2", "spectrum:order=2"]
PROTOCOL = {"epochs": 3, "patience": 2}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two comparisons: one with controls and probes, one tuned."""
    made = tmp_path_factory.mktemp("tables") / "r.db"
    told = {"toy": RINGS}, ["none", "fosr:iterations=2"]
    compare(*told, "rgcn:hidden=4,layers=2", 2, protocol=PROTOCOL, probes=PROBES, controls=True, store=made)
    compare(*told, "gcn:hidden=4,layers=2", 2, protocol=PROTOCOL, tune=2, store=made)
    return made


def table(path: Path, what: str) -> list[dict[str, Any]]:
    with Store(path, read_only=True) as store:
        return list(rows_of(store, what))


def exported(path: Path, what: str, form: str, out: Path) -> Path:
    """What `mixcli export` writes, in this process."""
    made = out / f"{what}.{form}"
    with pytest.raises(SystemExit) as ended:
        app(["export", str(path), "--what", what, "-o", str(made)])
    assert not ended.value.code
    return made


def cell(value: Any) -> str:
    return "" if value is None else json.dumps(value) if isinstance(value, list) else str(value)


@pytest.mark.parametrize("what", TABLES)
def test_csv_and_json_lines_hold_the_same(path: Path, tmp_path: Path, what: str) -> None:
    rows = table(path, what)
    assert rows
    lines = exported(path, what, "jsonl", tmp_path).read_text().splitlines()
    assert [json.loads(line) for line in lines] == rows
    with exported(path, what, "csv", tmp_path).open(newline="") as text:
        read = list(csv.DictReader(text))
    with Store(path, read_only=True) as store:
        names = columns(store, what=what)
    assert read == [{name: cell(row.get(name)) for name in names} for row in rows]
    for row, line in zip(rows, read, strict=True):  # to the last digit
        assert all(float(line[k]) == v for k, v in row.items() if isinstance(v, float))


@pytest.mark.parametrize("what", TABLES)
def test_parquet_holds_the_same(path: Path, tmp_path: Path, what: str) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    rows = table(path, what)
    with Store(path, read_only=True) as store, (tmp_path / "t.parquet").open("wb") as out:
        names = columns(store, what=what)
        write_parquet(store, out, what=what)
    assert parquet.read_table(tmp_path / "t.parquet").to_pylist() == [{k: row.get(k) for k in names} for row in rows]


def test_trials_say_what_part_they_have(path: Path) -> None:
    rows = table(path, "trials")
    known = [(r["model"][:4], r["name"], r["role"], r["control"], r["control_for"]) for r in rows]
    fosr = "fosr:iterations=2"
    assert set(map(str, known)) == {
        str(("rgcn", "none", "baseline", "empty relation", None)), str(("rgcn", fosr, "arm", None, None)),
        str(("rgcn", "mlp (no edges)", "control", "mlp", None)),
        str(("rgcn", f"random for {fosr}", "control", "random", [fosr])),
        str(("gcn:", "none", "baseline", None, None)), str(("gcn:", fosr, "arm", None, None)),
    }  # fmt: skip
    tuned = {
        (r["name"], r["protocol.lr"], r["protocol.weight_decay"], r["model"]) for r in rows if "gcn:" in r["model"][:4]
    }
    assert len(tuned) == 4
    of_probes, of_curves = (table(path, what) for what in ("probes", "curves"))
    for other in (of_probes, of_curves):
        roles = {r["key"]: (r["name"], r["role"], r["control"], r["dataset"]) for r in other}
        assert all(roles[r["key"]] == (r["name"], r["role"], r["control"], "toy") for r in rows if r["key"] in roles)


def test_arms_are_those_of_the_record(path: Path) -> None:
    rows, found = table(path, "arms"), records(path)
    arms = [(record, arm) for record in found for arm in record["arms"]]
    assert len(rows) == len(arms) == 6
    for row, (record, arm) in zip(rows, arms, strict=True):
        assert (row["name"], row["arm"], row["model"]) == (arm["name"], arm["spec"], record["model"])
        assert (row["mean"], row["last.mean"], row["edges_added"]) == (
            arm["mean"], arm["last"]["mean"], arm["edges_added"],
        )  # fmt: skip
        assert [row["ci95_low"], row["ci95_high"]] == (arm["ci95"] or [None, None])
        assert row["seconds.train"] == arm["seconds"]["train"]
        assert row["parameters"] == record["parameters"]
        for part in ("difference", "to_control"):
            for name in ("mean", "p", "p_adjusted", "wins", "smallest_detectable_effect"):
                if arm.get(part):
                    assert row[f"{part}.{name}"] == arm[part][name]
                else:
                    assert f"{part}.{name}" not in row
        assert not any(isinstance(v, (list, dict)) for k, v in row.items() if k != "control_for")
    assert [r["role"] for r in rows] == ["baseline", "arm", "control", "control", "baseline", "arm"]


def test_probes_are_those_of_the_record(path: Path) -> None:
    rows, (record, _) = table(path, "probes"), records(path)
    for arm in record["arms"]:
        own = [r for r in rows if r["name"] == arm["name"]]
        for spec, probe in arm["probes"].items():
            for name, figure in probe["figures"].items():
                values = [
                    r["value"] for r in own if (r["probe"], r["kind"], r["quantity"]) == (spec, "figure", name)
                ]  # fmt: skip
                assert len(values) == 2
                known = [v for v in values if v is not None]
                assert (float(np.mean(known)) if known else None) == pytest.approx(figure["mean"])
            for name, curve in probe["curves"].items():
                for at, mean in enumerate(curve["mean"], probe["from"]):
                    values = [
                        r["value"] for r in own
                        if (r["probe"], r["kind"], r["quantity"], r["at"]) == (spec, "curve", name, at)
                    ]  # fmt: skip
                    known = [v for v in values if v is not None]
                    assert (float(np.mean(known)) if known else None) == pytest.approx(mean)
    refused = [r for r in rows if r["probe"] == PROBES[2]]
    assert all(r["quantity"] is None and "a layer that keeps the width" in r["reason"] for r in refused)
    assert len(refused) == 2 * len(record["arms"])
    assert all(r["reason"] for r in rows if r["kind"] == "figure" and r["value"] is None)
    assert {(r["by"], r["kind"]) for r in rows} == {
        (None, None),
        (None, "figure"),
        ("layer", "curve"),
        ("distance", "curve"),
    }


def test_curves_are_those_of_the_trials(path: Path) -> None:
    rows = table(path, "curves")
    with Store(path, read_only=True) as store:
        for key, _, result, blob, _ in store.rows():
            own = [r for r in rows if r["key"] == key]
            found = result_of(result, blob)
            assert [r["epoch"] for r in own] == list(range(1, found.epochs + 1))
            assert own[found.best_epoch - 1]["test"] == pytest.approx(found.best, rel=1e-6)
            values = np.array([[r[k] for k in ("train_loss", "val_loss", "val", "test")] for r in own], np.float32)
            assert np.array_equal(values, found.curves)


def test_tables_that_are_not_there_are_refused_and_empty_ones_have_their_columns() -> None:
    with Store() as store:
        with pytest.raises(UsageError, match="did you mean arms"):
            rows_of(store, "arm")
        with pytest.raises(UsageError, match="--what curves"):
            rows_of(store, "probes", curves=True)
        assert [list(rows_of(store, what)) for what in TABLES] == [[]] * 4
        assert columns(store, what="curves")[-6:] == ["epoch", "train_loss", "val_loss", "val", "test", "key"]


def test_processors_say_why_there_is_no_peak_memory(path: Path) -> None:
    for row in table(path, "trials"):
        assert row["peak_memory"] is None
        assert "not that of one trial" in row["peak_memory_reason"]
        assert (row["seconds_probe"] is not None) == row["model"].startswith("rgcn")
        assert 1 <= row["best_epoch"] <= row["epochs"]


def test_peak_memory_is_what_a_cuda_device_says(monkeypatch: pytest.MonkeyPatch) -> None:
    held = SimpleNamespace(now=100, most=0)
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda device: setattr(held, "most", held.now))
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: held.now)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda device: held.most)
    memory = PeakMemory("cuda:0")
    assert memory.bytes == 0
    held.most = 700
    assert memory.bytes == 600
    assert effort.unmeasured("cuda") == "not measured by the version that trained"


def test_measured_memory_is_stored_and_makes_no_conflict(path: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "a.db", tmp_path / "b.db"
    with Store(path, read_only=True) as store:
        key, spec, result, blob, _ = next(iter(store.rows()))
    for made, peak in ((first, {}), (second, {"peak_memory": 12345})):
        with Store(made) as store:
            store.adopt((key, spec, canonical({**json.loads(result), **peak}), blob, "2026-01-01 00:00:00"))
    with Store(second) as store:
        (row,) = rows_of(store)
        found = store.get(key)
    assert (row["peak_memory"], row["peak_memory_reason"], row["role"]) == (12345, None, None)
    assert found is not None
    assert found.to_json()["peak_memory"] == 12345
    assert merge([first, second], tmp_path / "all.db").conflicts == ()


def test_stores_of_early_versions_still_open(path: Path, tmp_path: Path) -> None:
    made = tmp_path / "early.db"
    with Store(path, read_only=True) as store, Store(made) as other:
        for row in store.rows():
            other.adopt(row)
        for key, outline in store.plans().items():
            del outline["plan"]
            for late in ("fixed", "same_test", "splits", "better", "percent"):
                del outline["task"][late]
            for arm in outline["arms"]:
                arm.pop("group") if not arm["group"] else None
                arm.pop("notes", None)
            other.put_plan(key, outline)
    with sqlite3.connect(made) as db:
        for table_name in ("probe", "failure"):
            db.execute(f"drop table {table_name}")
    rows = table(made, "trials")
    assert [r["role"] for r in rows] == [r["role"] for r in table(path, "trials")]
    assert [r["seconds_probe"] for r in rows] == [None] * len(rows)
    assert table(made, "probes") == []
    means = [[arm["mean"] for arm in record["arms"]] for record in records(made)]
    assert means == [[arm["mean"] for arm in record["arms"]] for record in records(path)]


def test_record_and_export_say_what_training_took(path: Path) -> None:
    record, rows, arms = records(path)[0], table(path, "trials"), table(path, "arms")
    for arm, told in zip(record["arms"], arms, strict=False):
        own = [r for r in rows if r["name"] == arm["name"] and r["model"] == record["model"]]
        assert len(own) == arm["trials"] == 2
        assert arm["epochs_to_best"] == told["epochs_to_best"] == np.mean([r["best_epoch"] for r in own])
        assert arm["parameters"] == told["parameters"] == record["parameters"] == own[0]["parameters"]
        assert arm["peak_memory"] is told["peak_memory"] is None
        assert arm["peak_memory_reason"] == told["peak_memory_reason"] == own[0]["peak_memory_reason"]
        for phase in ("train", "evaluate", "probe"):
            spent = sum(r[f"seconds_{phase}"] for r in own)
            assert arm["seconds"][phase] == told[f"seconds.{phase}"] == pytest.approx(spent)
    measured = [TrialResult(0.5, 0.5, 0.5, e, 3, 10, False, 1.0, 1.0, np.zeros((3, 4)), peak_memory=e) for e in (1, 2)]
    assert effort.effort(measured, "cuda") == {"parameters": 10, "epochs_to_best": 1.5, "peak_memory": 2}
