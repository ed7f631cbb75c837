"""`mixcli trace` and `--until`, as a user types them."""

import csv
import io
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import mixcli as mx
from tests.cli.conftest import ENVIRONMENT

TRACE = (
    "trace",
    "zoo:barbell:k=6",
    "--method",
    "fosr",
    "--budget",
    "12",
    "--every",
    "4",
    "-m",
    "spectral_gap",
    "-m",
    "bfc.min",
)


def test_rows_in_every_form(mixcli) -> None:
    lines = [json.loads(line) for line in mixcli(*TRACE).stdout_text.splitlines()]
    assert [row["edits"] for row in lines] == [0, 4, 8, 12]
    assert list(lines[0]) == [
        "source", "index", "method", "edits", "step", "added", "removed", "spectral_gap", "balanced_forman.min", "knee",
    ]  # fmt: skip
    table = list(csv.DictReader(io.StringIO(mixcli(*TRACE, "--format", "csv").stdout_text)))
    assert [float(row["spectral_gap"]) for row in table] == [row["spectral_gap"] for row in lines]
    record = json.loads(mixcli(*TRACE, "--format", "json").stdout_text)
    assert record["schema"] == "mixcli.trace/1"
    assert [row["balanced_forman.min"] for row in record["rows"]] == [row["balanced_forman.min"] for row in lines]
    knee = record["measures"]["spectral_gap"]["knee"]
    assert [row["edits"] for row in lines if "spectral_gap" in row["knee"]] == ([] if knee is None else [knee])
    shown = mixcli(*TRACE, "--format", "table").stdout_text
    assert "balanced_forman.min" in shown
    assert "◂" in shown


def test_the_last_row_is_what_analyze_says_of_the_rewired_graph(mixcli, tmp_path: Path) -> None:
    mixcli("rewire", "zoo:barbell:k=6", "--method", "fosr", "--budget", "12", "-o", "a.jsonl")
    record = json.loads(mixcli("analyze", "a.jsonl", "-m", "spectral_gap", "-m", "bfc").stdout_text)
    row = json.loads(mixcli(*TRACE).stdout_text.splitlines()[-1])
    assert row["spectral_gap"] == record["measures"]["spectral_gap"]["value"]
    assert row["balanced_forman.min"] == record["measures"]["balanced_forman"]["summary"]["min"]


def test_a_replayed_log_has_the_same_curve(mixcli) -> None:
    mixcli("rewire", "zoo:barbell:k=6", "--method", "fosr", "--budget", "12", "--log", "e.jsonl", "-o", "a.jsonl")
    again = [a if a != "fosr" else "replay:e.jsonl" for a in TRACE]
    assert mixcli(*again).stdout_text.replace("replay:file=e.jsonl,graph=0", "fosr") == mixcli(*TRACE).stdout_text


def test_several_graphs_and_undefined_values(mixcli) -> None:
    done = mixcli("trace", "zoo:path:4", "zoo:cycle:6", "--method", "random:2", "-m", "kirchhoff", "-m", "size")
    rows = [json.loads(line) for line in done.stdout_text.splitlines()]
    assert [(r["index"], r["edits"]) for r in rows] == [(k, e) for k in (0, 1) for e in (0, 1, 2)]
    apart = mixcli("trace", "--from", "edgelist", "--method", "random:1", "-m", "kirchhoff", stdin="0 1\n2 3\n")
    first = json.loads(apart.stdout_text.splitlines()[0])
    assert first["kirchhoff"] is None
    assert "2 components" in first["reason"]["kirchhoff"]


def test_interrupted_between_graphs_keeps_the_rows(tmp_path: Path) -> None:
    """The first graph's rows are out while the process waits for the second; then comes Ctrl-C."""
    mx.save(mx.load("zoo:cycle:6"), tmp_path / "one.jsonl")
    line = (tmp_path / "one.jsonl").read_bytes().splitlines()[-1] + b"\n"
    process = subprocess.Popen(
        [sys.executable, "-m", "mixcli", "trace", "-", "--from", "jsonl", "--method", "random:1", "-m", "size"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT, cwd=tmp_path,
    )  # fmt: skip
    process.stdin.write(line)
    process.stdin.flush()
    rows = [json.loads(process.stdout.readline()) for _ in range(2)]
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert [row["edits"] for row in rows] == [0, 1]
    assert b"interrupted" in said


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--method", "fosr", "-m", "bfc.mid"], 2, "did you mean min"),
        (["--method", "fosr", "-m", "gap", "-m", "lambda2"], 2, "spectral_gap twice"),
        (["-m", "gap"], 2, "--method METHOD"),
        (["--method", "fosr", "--every", "0"], 2, "--every"),
        (["--method", "fosr", "-m", "spectral_gap.nothing"], 2, "a detail of the measure"),
        (["--method", "fosr", "--sides", "auto"], 4, "odd cycle"),
    ],
)
def test_what_cannot_be_had_is_said(mixcli, arguments: list[str], code: int, says: str) -> None:
    done = mixcli("trace", "zoo:barbell:k=4", *arguments)
    assert done.returncode == code, done.stderr_text
    assert says in done.stderr_text


def test_until_on_the_command_line(mixcli, tmp_path: Path) -> None:
    done = mixcli("rewire", "zoo:barbell:k=6", "--method", "fosr", "--until", "spectral_gap>=0.2", "-o", "a.jsonl")
    assert done.returncode == 0
    assert "spectral_gap>=0.2 reached after" in done.stderr_text
    (step,) = [s for s in mx.load(tmp_path / "a.jsonl").provenance if s.op == "rewire"]
    assert step.notes["reached"] is True
    rows = mixcli("trace", "zoo:barbell:k=6", "--method", "fosr", "--budget", str(step.notes["edits"])).stdout_text
    gaps = [json.loads(line)["spectral_gap"] for line in rows.splitlines()]
    assert gaps[-1] >= 0.2
    assert max(gaps[:-1]) < 0.2


def test_until_that_is_never_reached_is_said_and_no_error(mixcli) -> None:
    command = ("rewire", "zoo:cycle:8", "--method", "fosr", "--until", "spectral_gap>=1.9", "--budget", "3")
    done = mixcli(*command, "--to", "edgelist")
    assert done.returncode == 0
    assert "never reached, given up after 3 edits (spectral_gap = " in done.stderr_text
    assert '"reached":false' in done.stdout_text


def test_until_over_a_stream_counts_where_it_was_reached(mixcli) -> None:
    sources = ("zoo:barbell:k=4", "zoo:barbell:k=5", "zoo:complete:6", "zoo:path:3")
    done = mixcli(
        "rewire", *sources, "--method", "random", "--until", "spectral_gap>=1.1", "--budget", "2", "--to", "jsonl"
    )
    assert done.returncode == 0
    assert "4 graphs in all" in done.stderr_text
    assert "spectral_gap>=1.1 reached in 2" in done.stderr_text  # K6 has 1.2, and the path becomes a triangle


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--until", "spectral_gap=0.2"], "a condition like spectral_gap>=0.1"),
        (["--until", "gpa>=0.2"], "did you mean gap"),
        (["--every", "3"], "--until CONDITION"),
    ],
)
def test_wrong_conditions(mixcli, arguments: list[str], says: str) -> None:
    done = mixcli("rewire", "zoo:cycle:8", "--method", "fosr", *arguments, "--to", "jsonl")
    assert done.returncode == 2
    assert says in done.stderr_text


def test_words_around_a_narrow_table_are_not_broken(mixcli) -> None:
    lines = mixcli("trace", "zoo:barbell:k=4", "--method", "fosr:iterations=5", "--format", "table").stdout_text
    assert lines.startswith("barbell:k=4: 8 nodes, 13 edges\n")
    assert lines.endswith("from the start to the best value (Satopää et al. 2011)\n")
    assert not any(line.endswith(" ") for line in lines.splitlines())
