"""Attention through pipes and gzip, beside graphs, which go on as before."""

import gzip
import hashlib
import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from attention_made import A, numbered, same, save
from safetensors.torch import load_file, save_file

import mixcli
from mixcli.graph import Graph
from mixcli.sequence import Attention
from mixcli.sources import load_any


def test_a_pipe(tmp_path: Path) -> None:
    save(tmp_path / "a.pt", A)
    np.savez(tmp_path / "a.npz", *A.numpy())
    np.save(tmp_path / "a.npy", A[:, 0].numpy())
    save_file(numbered("attentions.{}"), tmp_path / "a.safetensors")
    for name in ("a.pt", "a.npz", "a.npy", "a.safetensors"):
        (found,) = load_any("-", stdin=io.BytesIO((tmp_path / name).read_bytes()))
        assert isinstance(found, Attention)
        same(found)
        assert found.name == "stdin"


@pytest.mark.parametrize("piped", [False, True])
def test_gzip_is_undone(tmp_path: Path, piped: bool) -> None:
    data = gzip.compress(save(tmp_path / "a.pt", A).read_bytes())
    (tmp_path / "a.pt.gz").write_bytes(data)
    (found,) = load_any("-", stdin=io.BytesIO(data)) if piped else load_any(tmp_path / "a.pt.gz")
    assert isinstance(found, Attention)
    same(found)
    assert found.name == ("stdin" if piped else "a.pt.gz")
    assert found.origin.sha256 == hashlib.sha256(data).hexdigest()


def test_a_pipe_of_a_graph_goes_on_as_before(tmp_path: Path) -> None:
    graph = mixcli.load("zoo:barbell:k=4")
    for suffix in ("npz", "pt", "npy", "npz.gz"):
        mixcli.save(graph, tmp_path / f"g.{suffix}")
        data = (tmp_path / f"g.{suffix}").read_bytes()
        (found,) = load_any("-", stdin=io.BytesIO(data))
        assert isinstance(found, Graph)
        assert found.origin.sha256 == hashlib.sha256(data).hexdigest()
        assert found.fingerprint == graph.fingerprint


def test_a_pipe_through_the_command_line(tmp_path: Path) -> None:
    data = save(tmp_path / "a.pt", A).read_bytes()
    made = [sys.executable, "-m", "mixcli", "convert", "-", "--heads", "0.*,2.1", "--to", "safetensors"]
    few = subprocess.run(made, input=data, capture_output=True, check=True).stdout
    (tmp_path / "few.safetensors").write_bytes(few)
    found = load_file(tmp_path / "few.safetensors")
    assert {name: tuple(part.shape) for name, part in found.items()} == {
        "attentions.0": (2, 8, 8), "attentions.1": (1, 8, 8),
    }  # fmt: skip
