"""Bad input: one clear line, the right exit code, no traceback, nothing written."""

import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest


class Runs:
    def __reduce__(self):
        return (os.system, ("touch ran-code",))


def _files(folder: Path) -> None:
    (folder / "empty.edgelist").write_bytes(b"")
    (folder / "empty").write_bytes(b"")
    (folder / "noise.pt").write_bytes(bytes(np.random.default_rng(0).integers(0, 256, 4096, dtype=np.uint8)))
    (folder / "noise.gml").write_bytes(bytes(np.random.default_rng(1).integers(0, 256, 4096, dtype=np.uint8)))
    (folder / "noise").write_bytes(bytes(np.random.default_rng(2).integers(0, 256, 4096, dtype=np.uint8)))
    (folder / "code.pt").write_bytes(pickle.dumps({"edge_index": Runs()}))
    (folder / "code.npy").write_bytes(b"\x93NUMPY\x01\x00" + pickle.dumps(Runs()))
    (folder / "range.mtx").write_text("%%MatrixMarket matrix coordinate pattern symmetric\n3 3 1\n1 7\n")
    (folder / "range.gml").write_text("graph [ node [ id 0 ] node [ id 1 ] edge [ source 0 target 9 ] ]")
    (folder / "nan.edgelist").write_text("0 1 1.0\n1 2 nan\n")
    (folder / "negative.edgelist").write_text("0 1 1.0\n1 2 -2.5\n")
    (folder / "words.mtx").write_text("%%MatrixMarket matrix coordinate pattern symmetric\n3 3 1\none two\n")
    (folder / "half.graphml").write_text("<graphml><graph><node id='a'/>")


CASES = [
    ("missing.gml", "missing.gml"),
    ("empty.edgelist", "empty"),
    ("empty", "empty"),
    ("noise.pt", "noise.pt"),
    ("noise.gml", "noise.gml"),
    ("noise", "noise"),
    ("code.pt", "code.pt"),
    ("code.npy", "code.npy"),
    ("range.mtx", "7"),
    ("range.gml", "9"),
    ("nan.edgelist", "nan"),
    ("negative.edgelist", "-2.5"),
    ("words.mtx", "words.mtx"),
    ("half.graphml", "half.graphml"),
    (".", "."),
]


@pytest.mark.parametrize(("name", "says"), CASES)
@pytest.mark.parametrize("command", ["analyze", "rewire"])
def test_bad_input_is_one_line_and_exit_3(mixcli, tmp_path: Path, command: str, name: str, says: str) -> None:
    _files(tmp_path)
    before = sorted(p.name for p in tmp_path.iterdir())
    options = {"analyze": ["-m", "size"], "rewire": ["--method", "random", "-o", "out.gml"]}[command]
    done = mixcli(command, name, *options)
    lines = done.stderr_text.strip().splitlines()
    assert done.returncode == 3, done.stderr_text
    assert len(lines) == 1, done.stderr_text
    assert lines[0].startswith("mixcli: ")
    assert says in lines[0]
    assert "expected" in lines[0]
    assert done.stdout == b""
    assert sorted(p.name for p in tmp_path.iterdir()) == before


def test_one_bad_source_does_not_stop_the_others(mixcli) -> None:
    done = mixcli("analyze", "missing.gml", "zoo:path:3", "-m", "size")
    assert done.returncode == 3
    assert len(done.stdout_text.splitlines()) == 1
    done = mixcli("analyze", "missing.gml", "zoo:path:3", "-m", "size", "--fail-fast")
    assert done.returncode == 3
    assert done.stdout == b""


@pytest.mark.parametrize("source", ["zoo:path:1", "zoo:erdos_renyi:5,0", "zoo:path:2"])
def test_one_node_and_no_edges_are_analysed_by_stated_conventions(mixcli, source: str) -> None:
    done = mixcli("analyze", source, "--format", "json")
    assert done.returncode == 0, done.stderr_text
    assert "NaN" not in done.stdout_text
    assert "Infinity" not in done.stdout_text


def test_directed_is_refused_with_the_way_around(mixcli, tmp_path: Path) -> None:
    (tmp_path / "d.gml").write_text(
        "graph [ directed 1 node [ id 0 ] node [ id 1 ] node [ id 2 ] "
        "edge [ source 0 target 1 ] edge [ source 1 target 2 ] ]"
    )
    done = mixcli("analyze", "d.gml", "-m", "spectral_gap")
    assert done.returncode == 4
    assert "--undirected" in done.stderr_text
    assert mixcli("analyze", "d.gml", "-m", "spectral_gap", "--undirected").returncode == 0


def test_memory_limit_is_exit_5(mixcli) -> None:
    done = mixcli("analyze", "zoo:erdos_renyi:1000,4000", "-m", "effective_resistance", "--max-memory", "1k")
    assert done.returncode == 5
    assert "memory" in done.stderr_text


def test_what_a_source_would_need_is_forecast(mixcli) -> None:
    for source in ("zoo:barbell:k=2000", "task:ring_transfer:n=1000000", "mask:random,tokens=40000"):
        done = mixcli("analyze", source, "--max-memory", "64M")
        said = done.stderr if isinstance(done.stderr, str) else done.stderr.decode()
        assert done.returncode == 5, said
        assert source in said
        assert "to fit into 64 MiB of memory, found a need of" in said
        assert "ask for fewer" in said
        assert said.count("\n") == 1


def test_existing_files_need_force(mixcli, tmp_path: Path) -> None:
    target = tmp_path / "out.gml"
    target.write_text("precious")
    done = mixcli("convert", "zoo:path:3", "-o", "out.gml")
    assert done.returncode == 2
    assert "--force" in done.stderr_text
    assert target.read_text() == "precious"
    assert mixcli("convert", "zoo:path:3", "-o", "out.gml", "--force").returncode == 0
    assert target.read_text() != "precious"


def test_closed_pipe_is_141_and_silent() -> None:
    command = f"set -o pipefail; {sys.executable} -m mixcli analyze -q -m size $(yes zoo:path:3 | head -400) | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, timeout=120)
    assert done.returncode == 141, done.stderr
    assert done.stderr == b""
    assert done.stdout.count(b"\n") == 1


def test_ctrl_c_is_130_and_keeps_the_partial_result(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "mixcli",
        "rewire",
        "zoo:erdos_renyi:3000,9000",
        "--method",
        "sdrf:iterations=1000000",
    ]
    running = subprocess.Popen(
        [*command, "-o", "out.jsonl", "--log", "log.jsonl"], cwd=tmp_path, stderr=subprocess.PIPE
    )
    for _ in range(300):  # the log is opened when the first source has been read
        if list(tmp_path.glob(".log.jsonl.*")):
            break
        time.sleep(0.1)
    time.sleep(4)
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=60)
    assert running.returncode == 130, errors
    assert b"Traceback" not in errors
    assert (tmp_path / "out.jsonl").stat().st_size > 0
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) > 0


@pytest.mark.parametrize("command", [["analyze", "-m", "size"], ["rewire", "--method", "random"]])
def test_an_accelerator_that_would_not_be_used_is_refused(mixcli, command: list[str]) -> None:
    done = mixcli(*command, "zoo:path:3", "--device", "cuda")
    assert done.returncode == 4
    assert "leave --device out" in done.stderr_text
    assert mixcli("analyze", "zoo:path:3", "-m", "size", "--device", "cpu").returncode == 0


def test_an_accelerator_that_is_not_there_is_refused(mixcli) -> None:
    done = mixcli("analyze", "zoo:path:3", "-m", "effective_resistance", "--device", "mps")
    assert (done.returncode, "MPS" in done.stderr_text) in ((2, True), (0, False))


def test_one_of_several_accelerators_is_named_by_its_number(mixcli) -> None:
    for device, says in (("cuda:99", "expected a CUDA device for cuda:99, found"), ("cuda:x", "expected one of auto")):
        done = mixcli("analyze", "zoo:path:3", "-m", "effective_resistance", "--device", device)
        assert (done.returncode, says in done.stderr_text) == (2, True), done.stderr_text
