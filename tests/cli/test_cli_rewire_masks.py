"""`mixcli rewire` and `mixcli trace` over masks and attention, as users type them."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import mixcli as mx
from mixcli.sequence import Attention


def shell(command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    script = f'mixcli() {{ "{sys.executable}" -m mixcli "$@"; }}; set -o pipefail; {command}'
    return subprocess.run(["bash", "-c", script], cwd=cwd, capture_output=True, timeout=240, text=True)


def test_before_and_after_are_told(tmp_path: Path) -> None:
    done = shell("mixcli rewire mask:window:4,tokens=24,layers=3 --method sink:1,4 -o out.jsonl", tmp_path)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    first, second = done.stderr.splitlines()
    assert "90 → 110 pairs a layer (+20 −0), density 0.3 → 0.3667, pairs reached 0.6196 → 0.6703" in first
    assert "layered resistance inf → 0.4009, influence 0 → 0.488 (0 → 0.271 with residual 0.5)" in second
    after = mx.load_sequence(tmp_path / "out.jsonl")
    assert np.array_equal(after.visible(0), mx.load_sequence("mask:sink:1,4,tokens=24").visible(0))
    assert [s.op for s in after.provenance] == ["generate", "rewire", "read"]
    quiet = shell("mixcli rewire mask:window:4,tokens=24,layers=3 --method sink:1,4 -q -o again.jsonl", tmp_path)
    assert (quiet.returncode, quiet.stderr) == (0, "")
    assert (tmp_path / "again.jsonl").read_bytes() == (tmp_path / "out.jsonl").read_bytes()


def test_through_pipes_to_analyze(tmp_path: Path) -> None:
    command = (
        "mixcli rewire mask:causal,tokens=16,layers=2 --method pause:3 -q"
        " | mixcli rewire --method sink:1 -q | mixcli analyze -m resistance_layered --no-timing"
    )
    done = shell(command, tmp_path)
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    facts = record["sequence"]
    assert (facts["tokens"], facts["sinks"], facts["pauses"], facts["read_out"]) == (20, 1, 3, 19)
    assert record["measures"]["resistance_layered"]["details"]["last"] == pytest.approx(2 / 4)
    assert [s["op"] for s in record["provenance"]] == ["generate", "rewire", "read", "rewire", "read"]


@pytest.mark.parametrize(
    ("form", "options"), [("npz", "-o out.npz"), ("npy", "--to npy > out.npy"), ("pt", "--to pt > out.pt")]
)
def test_formats(tmp_path: Path, form: str, options: str) -> None:
    done = shell(f"mixcli rewire mask:window:3,tokens=9,layers=2 --method global:2 {options}", tmp_path)
    assert done.returncode == 0, done.stderr
    assert mx.load_sequence(tmp_path / f"out.{form}").visible(1)[8, :2].all()


def test_a_log_of_edits(tmp_path: Path) -> None:
    command = "mixcli rewire mask:window:4,tokens=12,layers=3 --method greedy_resistance:2 --log log.jsonl -o out.npz"
    assert shell(command, tmp_path).returncode == 0
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [rows[0][key] for key in ("op", "layer", "query", "key", "step")] == ["add", None, 11, 3, 0]
    assert rows[0]["method"] == "greedy_resistance:iterations=2"
    assert rows[0]["before"] == mx.load_sequence("mask:window:4,tokens=12,layers=3").fingerprint
    assert all(r["score"] > 0 and r["reason"] and r["sequence"] == 0 for r in rows)
    done = shell("mixcli rewire mask:causal,tokens=4 --method pause:1 --log none.jsonl -o p.npz", tmp_path)
    assert done.returncode == 0
    assert json.loads((tmp_path / "none.jsonl").read_text())["op"] == "none"


def test_budgets_conditions_and_dry_runs(tmp_path: Path) -> None:
    source = "mask:window:4,tokens=24,layers=3"
    done = shell(f"mixcli rewire {source} --method offsets:8 --budget 3 -o a.npz", tmp_path)
    assert "90 → 93 pairs" in done.stderr
    done = shell(f"mixcli rewire {source} --method offsets:8 --budget 10% -o b.npz", tmp_path)
    assert "90 → 99 pairs" in done.stderr
    done = shell(
        f"mixcli rewire {source} --method greedy_resistance --until 'resistance_layered<=2' -o c.npz", tmp_path
    )
    assert re.search(r"resistance_layered.first<=2 reached after \d+ edits? \(resistance_layered.first = ", done.stderr)
    assert mx.load_sequence(tmp_path / "c.npz").provenance[-2].notes["reached"] is True
    done = shell(f"mixcli rewire {source} --method sink:1,4 --dry-run", tmp_path)
    assert (done.stdout, done.stderr.strip()) == (
        "",
        "window:4,tokens=24,layers=3: would add 20 pairs and remove 0 pairs",
    )
    done = shell(f"mixcli rewire {source} --method sink:2 --dry-run", tmp_path)
    assert "would put in 2 sink tokens" in done.stderr
    done = shell(f"mixcli rewire {source} --method bridge -o d.npz", tmp_path)
    assert "nothing to change" in done.stderr


def test_a_name_that_graphs_and_masks_have(tmp_path: Path) -> None:
    done = shell("mixcli rewire mask:window:4,tokens=12,layers=2 --method expander:2 -o m.npz", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "pairs a layer (+" in done.stderr
    done = shell("mixcli rewire zoo:path:9 --method expander:2 --to jsonl", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "beside the graph in every layer" in done.stderr
    done = shell(
        "mixcli convert mask:window:4,tokens=12,layers=2 --to jsonl"
        " | mixcli rewire --method expander:k=2 --to npz > p.npz",
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert mx.load_sequence(tmp_path / "p.npz").fingerprint == mx.load_sequence(tmp_path / "m.npz").fingerprint


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        (
            "rewire mask:causal,tokens=8 --method fosr",
            4,
            "a graph for fosr, found a mask sequence; for a mask sequence: pause",
        ),
        (
            "rewire zoo:path:5 --method pause:2",
            4,
            "a mask sequence or attention for pause, found a graph; for a graph: sdrf",
        ),
        ("rewire mask:causal,tokens=8 --method pasue:2", 2, "did you mean pause?"),
        ("rewire mask:causal,tokens=8 --method pause:-1", 2, "k >= 0"),
        ("rewire mask:causal,tokens=8", 2, "for masks and attention: pause, sink"),
        ("rewire mask:causal,tokens=8 --method global:2 --max-degree 3", 4, "--max-degree"),
        ("rewire mask:causal,tokens=8 --method global:2 --every 3", 2, "--until"),
        ("rewire mask:causal,tokens=8 --method pause:2 --until 'reach<=2' -o x.npz", 4, "puts tokens in at once"),
        ("rewire mask:causal,tokens=8 --method global:2 --until 'kirchhoff<=2'", 2, "kirchhoff"),
        ("rewire mask:packed:4,4 --method pause:2 -o x.npz", 4, "reads=all"),
        ("rewire mask:causal,tokens=8 --method differential -o x.npz", 4, "attention weights for differential"),
        ("rewire mask:causal,tokens=8 --method global -q -o x.gml", 2, "write jsonl, npz, pt or npy"),
        ("trace mask:causal,tokens=8 --method pause:2", 4, "global, offsets, bridge, expander, greedy_resistance"),
        ("trace mask:causal,tokens=8 --method fosr", 4, "a graph for fosr"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, command: str, code: int, words: str) -> None:
    done = shell(f"mixcli {command}", tmp_path)
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


def test_graphs_beside_masks_in_one_stream(tmp_path: Path) -> None:
    command = (
        "(mixcli convert mask:window:2,tokens=6 --to jsonl; mixcli convert zoo:path:3 --to jsonl;"
        " mixcli convert mask:window:3,tokens=6 --to jsonl) | mixcli rewire --method global --to jsonl"
    )
    done = shell(command, tmp_path)
    assert done.returncode == 4
    assert "a mask sequence or attention for global, found a graph" in done.stderr
    assert len(done.stdout.splitlines()) == 2


def test_a_trace_of_masks(tmp_path: Path) -> None:
    command = (
        "mixcli trace mask:window:4,tokens=16,layers=3 --method greedy_resistance:4 --every 2"
        " -m resistance_layered -m reach -m resistance_layered.infinite --format "
    )
    done = shell(command + "jsonl", tmp_path)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["edits"] for row in rows] == [0, 2, 4]
    assert rows[0]["resistance_layered.first"] is None
    infinite = [row["resistance_layered.infinite"] for row in rows]
    assert infinite == sorted(infinite, reverse=True)
    done = shell(command + "json", tmp_path)
    record = json.loads(done.stdout)
    assert (record["kind"], record["sequence"]["tokens"]) == ("mask", 16)
    done = shell(command + "table", tmp_path)
    assert "16 tokens, 3 layers" in done.stdout


def test_differential_attention_from_files(tmp_path: Path) -> None:
    weights = np.random.default_rng(0).random((2, 2, 5, 5)) * np.tri(5)
    weights /= weights.sum(axis=3, keepdims=True)
    mx.save(Attention.of(weights), tmp_path / "a.safetensors")
    mx.save(Attention.of(weights[:, ::-1]), tmp_path / "b.safetensors")
    command = "mixcli rewire a.safetensors --method differential:other=b.safetensors,lam=0.5 -o d.safetensors"
    done = shell(command, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "lam 0.5, 0.5 by layer" in done.stderr
    found = mx.load_sequence(tmp_path / "d.safetensors")
    assert np.allclose(found.head(1, 0), weights[1, 0] - 0.5 * weights[1, 1], atol=1e-6)
    done = shell("mixcli rewire a.safetensors --method differential --heads 0.0,1.1 -o x.safetensors", tmp_path)
    assert done.returncode == 4
    assert "an even number of heads" in done.stderr
    done = shell("mixcli rewire a.safetensors --method pause:2 -o x.safetensors", tmp_path)
    assert done.returncode == 4
    assert "rewire the mask" in done.stderr
