"""Export: a row for each trial, in every form the same."""

import builtins
import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from test_training_compare import data, quick

from mixcli.errors import UsageError
from mixcli.report.text import csv_lines
from mixcli.training import export
from mixcli.training.export import columns, trial_rows, write_parquet
from mixcli.training.store import Store
from mixcli.training.trial_result import CURVES, TrialResult


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("export") / "r.db"
    quick({"toy": data()}, ["none", "random:iterations=2"], trials=2, store=made)
    return made


def test_rows_hold_the_trial_its_settings_and_its_arm(path: Path) -> None:
    with Store(path, read_only=True) as store:
        rows = list(trial_rows(store))
        trials = store.trials()
    assert len(rows) == 4
    for row, (spec, result) in zip(rows, trials, strict=True):
        assert (row["dataset"], row["arm"], row["trial"], row["seed"]) == ("toy", spec["arm"], spec["trial"], 0)
        assert (row["best"], row["epochs"], row["seconds_train"]) == (result.best, result.epochs, result.train)
        assert row["protocol.epochs"] == spec["protocol"]["epochs"] == 3
        assert row["edges_added"] == (0 if row["arm"] == "none" else 48)
        assert not any(k.startswith("curve") for k in row)


def test_curves_come_on_request_and_divergence_is_null(path: Path) -> None:
    with Store(path, read_only=True) as store:
        for row, (_, result) in zip(trial_rows(store, curves=True), store.trials(), strict=True):
            got = np.array([row[f"curve.{name}"] for name in CURVES], dtype=np.float32)
            assert np.array_equal(got, result.curves.T)
    with Store() as store:
        curves = np.array([[np.nan, np.inf, 0.5, 0.5]], dtype=np.float32)
        spec = {"schema": 1, "protocol": {}, "dataset": "d", "topology": "t"}
        store.put("k", spec, TrialResult(0.5, 0.5, 0.5, 1, 1, 10, True, 0.1, 0.1, curves))
        (row,) = trial_rows(store, curves=True)
        assert (row["curve.train_loss"], row["curve.val_loss"], row["dataset"], row["edges"]) == (
            [None], [None], None, None,
        )  # fmt: skip
        json.dumps(row, allow_nan=False)


def test_csv_holds_the_same(path: Path) -> None:
    with Store(path, read_only=True) as store:
        rows, names = list(trial_rows(store)), columns(store)
    read = list(csv.DictReader(io.StringIO("".join(csv_lines(names, rows)))))
    for row, line in zip(rows, read, strict=True):
        assert line == {k: "" if row.get(k) is None else str(row[k]) for k in names}


def test_parquet_holds_the_same(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    with Store(path, read_only=True) as store, (tmp_path / "t.parquet").open("wb") as out:
        rows, names = list(trial_rows(store, curves=True)), columns(store, curves=True)
        monkeypatch.setattr(export, "ROWS", 3)
        write_parquet(store, out, curves=True)
    read = parquet.read_table(tmp_path / "t.parquet").to_pylist()
    assert read == [{k: row.get(k) for k in names} for row in rows]
    with Store() as store, (tmp_path / "empty.parquet").open("wb") as out:
        write_parquet(store, out)
    assert parquet.read_table(tmp_path / "empty.parquet").num_rows == 0


def test_parquet_without_pyarrow_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = builtins.__import__

    def without(name, *args, **kw):
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return usual(name, *args, **kw)

    monkeypatch.setattr(builtins, "__import__", without)
    with Store() as store, pytest.raises(UsageError, match="pip install pyarrow"):
        write_parquet(store, io.BytesIO())
