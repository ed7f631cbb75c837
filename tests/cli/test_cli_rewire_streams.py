"""`rewire` on streams of graphs: in chunks and over processes, with the results of one graph after the other."""

import json
from pathlib import Path

import numpy as np
import pytest

import mixcli as mx
from mixcli.graph import Graph

GRAPHS = str(Path(__file__).parent.parent.parent / "sample_data" / "graphs.jsonl")


@pytest.mark.parametrize("method", ["fosr:iterations=2", "borf:1,2,1", "random:iterations=2"])
def test_jobs_change_nothing_but_the_time(mixcli, tmp_path: Path, method: str) -> None:
    for jobs in (1, 2):
        command = ["rewire", GRAPHS, "--method", method, "--jobs", str(jobs), "--log", f"{jobs}.log"]
        done = mixcli(*command, "-o", f"{jobs}.jsonl")
        assert done.returncode == 0, done.stderr_text
        assert "60 graphs in all" in done.stderr_text
    assert (tmp_path / "1.jsonl").read_bytes() == (tmp_path / "2.jsonl").read_bytes()
    assert (tmp_path / "1.log").read_bytes() == (tmp_path / "2.log").read_bytes()
    edits = [json.loads(line) for line in (tmp_path / "1.log").read_text().splitlines()]
    for index, before in enumerate(mx.load_all(GRAPHS)):
        mine = [(e["op"], e["u"], e["v"], e["score"]) for e in edits if e["graph"] == index]
        assert mine == [e[:4] for e in mx.rewire(before, method).edits]


def test_jobs_go_with_nothing_that_looks_at_each_edit(mixcli) -> None:
    for more in (["--max-degree", "3"], ["--until", "spectral_gap>=0.1"]):
        done = mixcli("rewire", GRAPHS, "--method", "fosr", "--jobs", "2", *more)
        assert done.returncode == 2
        assert "--jobs" in done.stderr_text


def test_a_graph_that_is_refused_is_told_and_the_log_keeps_the_places(mixcli, tmp_path: Path) -> None:
    edges = np.array([[0, 1], [1, 2]])
    mx.save([Graph(3, edges, directed=at == 1) for at in range(3)], tmp_path / "in.jsonl")
    done = mixcli("rewire", "in.jsonl", "--method", "fosr:1", "--log", "e.log", "-o", "out.jsonl")
    assert done.returncode == 4
    assert "undirected graph" in done.stderr_text
    assert [json.loads(line)["graph"] for line in (tmp_path / "e.log").read_text().splitlines()] == [0, 2]
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 2
    stopped = mixcli("rewire", "in.jsonl", "--method", "fosr:1", "--fail-fast", "-o", "none.jsonl")
    assert stopped.returncode == 4
    assert not (tmp_path / "none.jsonl").exists()
