"""`rewire` killed at several moments, or interrupted, goes on with --resume and ends with the same bytes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import ENVIRONMENT

import mixcli as mx
from mixcli.generators import graphs as families
from mixcli.graph import Graph

GRAPHS = 60
SLOW = "gtr:iterations=30"  # some 10 ms a graph


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("stream") / "in.jsonl"
    sizes = [50 + k % 7 + 100 * (k >= 50) for k in range(GRAPHS)]  # the last ones leave time to be stopped before
    many = [families.erdos_renyi(n, 2 * n, k).replace(name=f"g{k}") for k, n in enumerate(sizes)]
    many[7] = Graph(3, many[7].edges[:0], directed=True, name="arcs")  # refused
    mx.save(many, path)
    return path


def command(stream: Path, output: str, *more: str, method: str = SLOW) -> list[str]:
    words = [sys.executable, "-m", "mixcli", "rewire", str(stream), "--method", method]
    return [*words, "-o", output, "--log", "edits.jsonl", *more]


def stopped_after(graphs: int, how: signal.Signals, words: list[str], folder: Path) -> subprocess.CompletedProcess:
    """The command, stopped when its journal holds so many graphs."""
    journal = folder / f"{words[words.index('-o') + 1]}.journal"
    running = subprocess.Popen(words, cwd=folder, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True)
    while running.poll() is None and not (journal.exists() and journal.read_bytes().count(b"\n") > graphs):
        time.sleep(0.002)
    running.send_signal(how)
    _, errors = running.communicate(timeout=60)
    return subprocess.CompletedProcess(words, running.returncode, "", errors)


def whole(stream: Path, output: str, folder: Path, method: str) -> tuple[bytes, bytes, bytes]:
    """Output, log and standard error of a run that nobody stops."""
    done = subprocess.run(command(stream, output, method=method), cwd=folder, env=ENVIRONMENT, capture_output=True)
    assert done.returncode == 4, done.stderr  # one graph is refused
    return (folder / output).read_bytes(), (folder / "edits.jsonl").read_bytes(), done.stderr


@pytest.mark.parametrize(
    ("output", "method", "jobs", "how"),
    [
        ("out.jsonl.gz", SLOW, "1", signal.SIGKILL),
        ("out.pt", "digl:k=6,tolerance=0.001", "1", signal.SIGKILL),
        ("out.jsonl", SLOW, "2", signal.SIGKILL),
        ("out.jsonl", SLOW, "2", signal.SIGINT),
    ],
)
def test_stopped_again_and_again(
    stream: Path, tmp_path: Path, output: str, method: str, jobs: str, how: signal.Signals
) -> None:
    (tmp_path / "whole").mkdir()
    expected = whole(stream, output, tmp_path / "whole", method)
    words = command(stream, output, "--resume", "--jobs", jobs, method=method)
    held = []
    for graphs in (1, 30):
        done = stopped_after(graphs, how, words, tmp_path)
        assert done.returncode == (-9 if how == signal.SIGKILL else 130), done.stderr
        held.append((tmp_path / f"{output}.journal").read_bytes().count(b"\n") - 1)
    assert held == sorted(held)
    assert 30 <= held[-1] < GRAPHS
    done = subprocess.run(words, cwd=tmp_path, env=ENVIRONMENT, capture_output=True)
    assert done.returncode == 4, done.stderr
    assert ((tmp_path / output).read_bytes(), (tmp_path / "edits.jsonl").read_bytes(), done.stderr) == expected
    assert not (tmp_path / f"{output}.journal").exists()


def test_ctrl_c_between_two_graphs_keeps_those_that_are_done(stream: Path, tmp_path: Path) -> None:
    done = stopped_after(5, signal.SIGINT, command(stream, "out.jsonl"), tmp_path)
    assert done.returncode == 130, done.stderr
    assert "Traceback" not in done.stderr
    assert re.search(r"interrupted (after \d+ graphs: later ones|in g\d+: kept its first \d+ edits?;)", done.stderr)
    after = list(mx.load_all(tmp_path / "out.jsonl"))
    held = (tmp_path / "out.jsonl.journal").read_text().count("\n") - 1
    assert 5 <= held <= len(after) <= held + 1 < GRAPHS
    logged = {json.loads(line)["graph"] for line in (tmp_path / "edits.jsonl").read_text().splitlines()}
    assert len(logged) == len(after)
    assert f"{held} graphs kept in out.jsonl.journal" in done.stderr


def test_what_is_not_the_same_run_is_refused_in_one_line(stream: Path, tmp_path: Path, mixcli) -> None:
    stopped_after(3, signal.SIGKILL, command(stream, "out.jsonl"), tmp_path)
    journal = (tmp_path / "out.jsonl.journal").read_bytes()
    other = tmp_path / "other.jsonl"
    other.write_bytes(b"\n".join(reversed(stream.read_bytes().splitlines())) + b"\n")
    base = ("rewire", str(stream), "-o", "out.jsonl", "--log", "edits.jsonl")
    for words, code, says in (
        ((*base, "--method", SLOW), 2, "pass --resume to go on with it, or --force to start over"),
        ((*base, "--method", "fosr", "--resume"), 2, "expected --method gtr:iterations=30 as in the unfinished run"),
        (
            (*base, "--method", SLOW, "--resume", "--seed", "1"),
            2,
            "expected --seed 0 as in the unfinished run, found 1",
        ),
        ((*base, "--method", SLOW, "--resume", "--budget", "9"), 2, "expected --budget none as in the unfinished"),
        ((*base[:1], str(other), *base[2:], "--method", SLOW, "--resume"), 3, "expected graph 0 as in the unfinished"),
    ):
        done = mixcli(*words)
        told = [line for line in done.stderr_text.splitlines() if "isolated" not in line]
        assert (done.returncode, len(told)) == (code, 1), done.stderr_text
        assert says in done.stderr_text
        assert (tmp_path / "out.jsonl.journal").read_bytes() == journal
        assert not (tmp_path / "out.jsonl").exists()
    afresh = mixcli(*base, "--method", "random:1", "--force")
    assert afresh.returncode == 4
    assert not (tmp_path / "out.jsonl.journal").exists()


def test_resume_wants_a_file_and_a_method_that_takes_time(mixcli, tmp_path: Path) -> None:
    (tmp_path / "e.jsonl").write_text('{"op": "add", "u": 0, "v": 2}\n')
    for words, code, says in (
        (("--method", "fosr:1", "--to", "jsonl"), 2, "expected -o FILE for --resume, found no file"),
        (("--method", "fosr:1", "--to", "jsonl", "-o", os.devnull), 2, "expected -o FILE for --resume"),
        (("--method", "replay:e.jsonl", "-o", "out.jsonl"), 4, "leave --resume out"),
    ):
        done = mixcli("rewire", "zoo:path:4", *words, "--resume")
        assert done.returncode == code, done.stderr_text
        assert says in done.stderr_text
    done = mixcli("rewire", "zoo:path:4", "--method", "fosr:1", "--resume", "-o", "out.jsonl")
    assert done.returncode == 0, done.stderr_text
    assert sorted(p.name for p in tmp_path.iterdir()) == ["e.jsonl", "out.jsonl"]


def test_a_command_that_is_wrong_leaves_no_journal(mixcli, stream: Path, tmp_path: Path) -> None:
    done = mixcli("rewire", str(stream), "--method", "random:1", "-o", "out.gml")
    assert done.returncode == 2
    (tmp_path / "old.jsonl").write_text("")
    assert mixcli("rewire", str(stream), "--method", "random:1", "-o", "old.jsonl").returncode == 2
    assert [p.name for p in tmp_path.iterdir()] == ["old.jsonl"]


def test_a_run_that_fails_fast_can_go_on(mixcli, stream: Path, tmp_path: Path) -> None:
    words = ("rewire", str(stream), "--method", SLOW, "-o", "out.jsonl")
    done = mixcli(*words, "--fail-fast")
    assert done.returncode == 4
    assert "7 graphs kept in out.jsonl.journal: the same command with --resume goes on from there" in done.stderr_text
    assert mixcli(*words, "--resume").returncode == 4
    assert [p.name for p in tmp_path.iterdir()] == ["out.jsonl"]
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == GRAPHS - 1
