"""What `analyze` does with attention when it is not told, with and without hidden states."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

A = np.tri(6)[None, None] / np.arange(1, 7)[:, None]


def analyze(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mixcli", "analyze", *words, "--no-timing"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("hidden", [False, True])
def test_collapse_is_there_exactly_where_hidden_states_are(tmp_path: Path, hidden: bool) -> None:
    states = {"hidden_states_0": np.eye(6), "hidden_states_1": A[0, 0]} if hidden else {}
    np.savez(tmp_path / "a.npz", attn_0=A[0], **states)
    done = analyze(str(tmp_path / "a.npz"), "--format", "json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["measures"]
    assert {"sinks", "entropy", "heads", "rank"} <= found.keys()
    assert ("collapse" in found) == hidden
    assert (found["rank"]["details"]["hidden"] is not None) == hidden
    assert "left out" not in done.stderr


def test_values_of_heads_stand_in_one_file(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.tile(A, (2, 3, 1, 1)))
    done = analyze(str(tmp_path / "a.npy"), "-m", "sinks", "-m", "entropy", "--values", str(tmp_path / "v.csv"))
    assert done.returncode == 0, done.stderr
    lines = (tmp_path / "v.csv").read_text().splitlines()
    assert lines[0] == "graph,layer,head,sinks,entropy"
    assert len(lines) == 7
    assert lines[6].startswith("0,1,2,0.408")
