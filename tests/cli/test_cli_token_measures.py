"""Measures of masks from the command line: what is measured unasked, values by token, refusals."""

import csv
import json
from pathlib import Path

from conftest import Run


def test_a_mask_is_measured_unasked(mixcli: Run) -> None:
    done = mixcli("analyze", "mask:window:16,tokens=256,layers=6")
    assert done.returncode == 0, done.stderr_text
    found = json.loads(done.stdout_text)["measures"]
    assert {"structure", "reach", "paths", "influence", "mixing", "spectrum"} <= found.keys()
    assert (found["reach"]["value"], found["mixing"]["value"], found["spectrum"]["value"]) == (17, 39, 0.5)
    assert found["structure"]["details"]["radius"] == 17
    assert "diagonal" in found["spectrum"]["caveat"]
    assert found["influence(residual=none)"]["details"]["first"] == 0
    assert sum(entry["seconds"] for entry in found.values()) < 5


def test_values_by_token(mixcli: Run, tmp_path: Path) -> None:
    done = mixcli(
        "analyze", "mask:causal:tokens=12,layers=5", "-m", "paths", "-m", "runway", "-m", "rollout",
        "--values", "tokens.csv",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr_text
    rows = list(csv.DictReader((tmp_path / "tokens.csv").open()))
    assert [row["token"] for row in rows] == [str(j) for j in range(12)]
    assert [float(row["runway"]) for row in rows] == [5.0] * 7 + [4.0, 3.0, 2.0, 1.0, 0.0]
    assert abs(sum(float(row["influence"]) for row in rows) - 1) < 1e-12


def test_what_is_never_reached_is_said(mixcli: Run) -> None:
    done = mixcli("analyze", "mask:chunk:8,tokens=24,layers=3", "-m", "reach", "-m", "mixing")
    found = json.loads(done.stdout_text)["measures"]
    assert found["reach"]["value"] is None
    assert "never reached, at any depth" in found["reach"]["reason"]
    assert "never hear of each other" in found["mixing"]["reason"]


def test_what_cannot_be_measured_is_refused(mixcli: Run) -> None:
    done = mixcli("analyze", "mask:causal:tokens=9", "-m", "influence:residual=auto")
    assert done.returncode == 4
    assert "hidden states for residual=auto" in done.stderr_text
    done = mixcli("analyze", "mask:causal:tokens=9", "-m", "influence:residual=none,scale=bound")
    assert done.returncode == 2
    assert "leave one of them out" in done.stderr_text


def test_a_measure_of_another_kind_of_source_does_not_apply(mixcli: Run) -> None:
    done = mixcli("analyze", "zoo:barbell:5", "mask:causal:tokens=9", "-m", "sinks", "--format", "jsonl")
    assert done.returncode == 4
    assert done.stderr_text.startswith("mixcli: barbell:5: expected a measure, found 'sinks'; sinks is for masks and")
    assert [json.loads(line)["kind"] for line in done.stdout_text.splitlines()] == ["mask"]
    assert mixcli("analyze", "mask:causal:tokens=9", "-m", "degree").returncode == 4
    assert mixcli("analyze", "mask:causal:tokens=9", "-m", "sink").returncode == 2
