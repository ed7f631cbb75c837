"""Mask sequences on the command line: specs, files and pipes as users type them."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import mixcli as mx


def shell(command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    script = f'mixcli() {{ "{sys.executable}" -m mixcli "$@"; }}; set -o pipefail; {command}'
    return subprocess.run(["bash", "-c", script], cwd=cwd, capture_output=True, timeout=240, text=True)


def test_a_mask_goes_through_pipes_beside_graphs(tmp_path: Path) -> None:
    command = (
        "(mixcli convert 'mask:window:4 x2; causal & decay:0.2,tokens=24' --to jsonl;"
        " mixcli convert zoo:path:3 --to jsonl)"
        " | mixcli convert --to jsonl | mixcli analyze --no-timing"
    )
    done = shell(command, tmp_path)
    assert done.returncode == 0, done.stderr
    mask, graph = map(json.loads, done.stdout.splitlines())
    assert (mask["kind"], mask["sequence"]["tokens"], mask["sequence"]["layers"]) == ("mask", 24, 3)
    assert (graph["kind"], graph["graph"]["nodes"]) == ("graph", 3)
    assert [s["op"] for s in mask["provenance"]] == ["generate", "read", "read"]


@pytest.mark.parametrize("suffix", ["jsonl", "jsonl.gz", "npz", "npy", "pt"])
def test_what_convert_writes_analyze_reads(tmp_path: Path, suffix: str) -> None:
    done = shell(f"mixcli convert mask:window:4,tokens=24 -o mask.{suffix}", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert (
        mx.load_sequence(tmp_path / f"mask.{suffix}").fingerprint
        == mx.load_sequence("mask:window:4,tokens=24").fingerprint
    )


def test_binary_formats_travel_through_pipes_too(tmp_path: Path) -> None:
    done = shell("mixcli convert mask:log,tokens=24 --to npz | mixcli analyze -m structure --no-timing", tmp_path)
    assert done.returncode == 0, done.stderr
    direct = shell("mixcli analyze mask:log,tokens=24 -m structure --no-timing", tmp_path)
    assert json.loads(done.stdout)["measures"] == json.loads(direct.stdout)["measures"]


def test_what_a_format_leaves_out_is_told(tmp_path: Path) -> None:
    done = shell("mixcli convert mask:decay:0.2,tokens=9 -o mask.npy", tmp_path)
    assert done.returncode == 0
    assert "left out: weights" in done.stderr
    done = shell("mixcli convert mask:causal,tokens=9 -o mask.gml", tmp_path)
    assert done.returncode == 2
    assert "write jsonl, npz, pt or npy" in done.stderr


def test_convention_of_a_file(tmp_path: Path) -> None:
    both_ways = np.kron(np.eye(2), np.ones((4, 4))).astype(bool)
    np.save(tmp_path / "both.npy", both_ways)
    done = shell("mixcli analyze mask:file:both.npy -m structure", tmp_path)
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert "--mask-convention attend" in done.stderr
    done = shell("mixcli convert mask:file:both.npy --mask-convention block -o m.npz", tmp_path)
    assert done.returncode == 0, done.stderr
    assert np.array_equal(mx.load_sequence(tmp_path / "m.npz").visible(0), ~both_ways)
    np.save(tmp_path / "causal.npy", ~np.tri(5, dtype=bool))
    done = shell("mixcli analyze mask:file:causal.npy -m structure", tmp_path)
    assert done.stderr == "file:causal.npy: convention: True blocks, the only causal reading\n"
    assert json.loads(done.stdout)["measures"]["structure"]["value"] == 1
    done = shell("mixcli convert mask:causal --mask-convention maybe -o x.npz", tmp_path)
    assert done.returncode == 2


def test_a_function_on_the_path_of_python(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def near(b, h, q, kv):\n    return (q >= kv) & (q - kv < 3)\n")
    done = shell("PYTHONPATH=. mixcli convert mask:mine:near,tokens=7,layers=2 --to jsonl", tmp_path)
    assert done.returncode == 0, done.stderr
    line = json.loads(done.stdout)
    assert line["masks"][0]["rows"][6] == [4, 7]
    done = shell("mixcli convert mask:mihn:near,tokens=7 --to jsonl", tmp_path)
    assert done.returncode == 2
    assert "installed module" in done.stderr


@pytest.mark.parametrize("spec", ["causal,tokens=1e12", "causal,layers=1e9", "expander:4,tokens=1e8"])
def test_masks_that_would_not_fit_are_refused_with_exit_code_5(tmp_path: Path, spec: str) -> None:
    done = shell(f"mixcli analyze mask:{spec}", tmp_path)
    assert (done.returncode, done.stdout) == (5, "")
    assert done.stderr.count("\n") == 1
