"""Attention files on the command line: what is asked for, what is refused, what is told."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import Run

T = 8


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """a.npz, causal, 3 layers of 2 heads; short.npz, the same with rows of 0.6; empty.pt, what sdpa gives."""
    hidden = ~torch.ones(T, T, dtype=torch.bool).tril()
    drawn = torch.tensor(np.random.default_rng(0).normal(size=(3, 1, 2, T, T)), dtype=torch.float32)
    weights = drawn.masked_fill(hidden, -torch.inf).softmax(-1)
    np.savez(tmp_path / "a.npz", *weights.numpy())
    np.savez(tmp_path / "short.npz", *(weights * 0.6).numpy())
    torch.save((), tmp_path / "empty.pt")
    (tmp_path / "tokens.json").write_text(json.dumps(["the", "cat", "sat", "on", "the", "mat", "and", "."]))
    return tmp_path


def test_heads_layers_and_queries(mixcli: Run, files: Path) -> None:
    chosen = ("--heads", "*.1,2.0", "--layers", "1-2", "--query", "3:5", "--values", "v.csv", "--no-timing")
    done = mixcli("analyze", "a.npz", "-m", "conformance", *chosen, cwd=files)
    assert done.returncode == 0
    records = [json.loads(line) for line in done.stdout_text.splitlines()]
    assert [r["sequence"]["read_out"] for r in records] == [3, 4]
    assert records[0]["kind"] == "attention"
    assert records[0]["sequence"]["heads"] == [1, 2]
    assert records[0]["measures"]["conformance"]["details"]["mask"] == "causal x2"
    rows = list(csv.DictReader((files / "v.csv").read_text().splitlines()))
    assert [(r["layer"], r["head"]) for r in rows[:3]] == [("1", "1"), ("2", "0"), ("2", "1")]


def test_the_default_measures_of_attention_with_tokens(mixcli: Run, files: Path) -> None:
    done = mixcli("analyze", "a.npz", "--tokens", "tokens.json", "--format", "table", cwd=files)
    assert done.returncode == 0
    assert done.stdout_text.startswith("a.npz: causal, 8 tokens, 3 layers, 2 heads")
    assert "conformance" in done.stdout_text
    assert "L0H" in done.stdout_text


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("a.npz", "--heads", "7.0"), 2, "a.npz: --heads: expected a layer from 0 to 2, found 7"),
        (("a.npz", "--heads", "first"), 2, "--heads: expected heads such as 0.3,5.*,*.0"),
        (("a.npz", "--query", "9"), 2, "expected one of 8 tokens, found 9"),
        (("a.npz", "--row-sum", "drop"), 2, "sink, renorm, error"),
        (("short.npz", "--row-sum", "error"), 3, "short.npz: expected rows that sum to 1, found 0.6"),
        (("empty.pt",), 3, 'empty.pt: expected attention weights of every layer, found an empty tuple; load the model'),
        (("zoo:path", "--merge", "max"), 2, "zoo:path: expected attention for --merge, found a graph"),
        (("none.safetensors",), 3, "none.safetensors: expected a file, found none of this name"),
    ],
    ids=["head", "grammar", "query", "policy", "row25 error", "row24", "graph", "missing"],
)  # fmt: skip
def test_what_is_refused(mixcli: Run, files: Path, arguments: tuple[str, ...], code: int, message: str) -> None:
    done = mixcli("analyze", *arguments, "-m", "conformance" if "zoo:path" not in arguments else "size", cwd=files)
    assert done.returncode == code
    assert message in " ".join(done.stderr_text.replace("│", " ").split())
    assert "Traceback" not in done.stderr_text
    assert not done.stdout_text


def test_row25_the_sink_policy_is_told_with_the_least_row_sum(mixcli: Run, files: Path) -> None:
    done = mixcli("analyze", "short.npz", "-m", "conformance", cwd=files)
    assert done.returncode == 0
    assert "min 0.6, max 0.6; a virtual token (sink) in front is read with the rest" in done.stderr_text
    record = json.loads(done.stdout_text)
    assert record["sequence"]["sinks"] == 1
    assert record["measures"]["conformance"]["details"]["row_sum_min"] == pytest.approx(0.6, abs=1e-6)


def test_convert_takes_a_part_and_keeps_an_existing_file(mixcli: Run, files: Path) -> None:
    convert = ("convert", "a.npz", "--layers", "0,2", "-o", "b.safetensors")
    assert mixcli(*convert, cwd=files).returncode == 0
    done = mixcli(*convert, cwd=files)
    assert done.returncode == 2
    assert "--force" in done.stderr_text
    piped = mixcli("analyze", "-", "-m", "conformance", stdin=(files / "b.safetensors").read_bytes(), cwd=files)
    record = json.loads(piped.stdout_text)
    assert (record["source"]["name"], record["sequence"]["layers"]) == ("stdin", 2)
    assert [step["spec"] for step in record["provenance"]] == ["npz", "safetensors"]
