"""`--method auto`: three lines that say what was chosen and why, in the file too."""

from pathlib import Path

import mixcli as mx


def test_auto_explains_itself(mixcli, tmp_path: Path) -> None:
    command = ("rewire", "zoo:lollipop:5,3", "--method", "auto")
    done = mixcli(*command, "--log", "e.jsonl", "-o", "a.jsonl")
    assert done.returncode == 0, done.stderr_text
    told = [line for line in done.stderr_text.splitlines() if line.startswith("auto: ")]
    assert len(told) == 3
    (step,) = [s for s in mx.load(tmp_path / "a.jsonl").provenance if s.op == "rewire"]
    assert step.spec == "auto"
    assert list(step.notes["why"]) == told
    assert mixcli("rewire", "zoo:lollipop:5,3", "--method", "replay:e.jsonl", "-o", "b.jsonl").returncode == 0
    assert mx.load(tmp_path / "a.jsonl").fingerprint == mx.load(tmp_path / "b.jsonl").fingerprint
    assert "auto:" not in mixcli(*command, "-q", "--to", "jsonl").stderr_text


def test_a_trace_of_auto_explains_it_too(mixcli) -> None:
    options = ("zoo:lollipop:5,3", "--method", "auto")
    traced = mixcli("trace", *options, "-m", "size", "--format", "csv")
    assert traced.returncode == 0, traced.stderr_text
    rewired = mixcli("rewire", *options, "--to", "jsonl")
    told = [line for line in rewired.stderr_text.splitlines() if line.startswith("auto: ")]
    assert traced.stderr_text.splitlines() == told
    assert len(told) == 3
    assert "auto:" not in mixcli("trace", *options, "-m", "size", "-q").stderr_text
