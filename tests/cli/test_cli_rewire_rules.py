"""`mixcli rewire` with constraints, logs and replays, as a user types it."""

import json
from pathlib import Path

import numpy as np
import pytest

import mixcli as mx
from mixcli.generators import graphs as families
from mixcli.graph import Graph


def test_a_log_replayed_gives_the_identical_graph(mixcli, tmp_path: Path) -> None:
    done = mixcli("rewire", "zoo:grid:4,4", "--method", "sdrf:c_plus=0.1", "--log", "e.jsonl", "-o", "a.jsonl")
    assert done.returncode == 0, done.stderr_text
    assert mixcli("rewire", "zoo:grid:4,4", "--method", "replay:e.jsonl", "-o", "b.jsonl").returncode == 0
    one, two = mx.load(tmp_path / "a.jsonl"), mx.load(tmp_path / "b.jsonl")
    assert one.fingerprint == two.fingerprint
    assert one.edge["edge_type"].tolist() == two.edge["edge_type"].tolist()
    rows = [json.loads(line) for line in (tmp_path / "e.jsonl").read_text().splitlines()]
    assert {"step", "op", "u", "v", "score", "reason", "graph"} <= set(rows[0])
    assert {r["reason"].split()[0] for r in rows} == {"bottleneck", "curvature"}


def test_a_stream_is_replayed_graph_by_graph(mixcli, tmp_path: Path) -> None:
    sources = ("zoo:path:5", "zoo:cycle:7", "zoo:star:6")
    mixcli("rewire", *sources, "--method", "random:3", "--log", "e.jsonl", "-o", "a.jsonl")
    done = mixcli("rewire", *sources, "--method", "replay:e.jsonl", "-o", "b.jsonl")
    assert done.returncode == 0, done.stderr_text
    pairs = zip(mx.load_all(tmp_path / "a.jsonl"), mx.load_all(tmp_path / "b.jsonl"), strict=True)
    assert all(one.fingerprint == two.fingerprint for one, two in pairs)


def test_names_in_the_log_find_their_nodes_in_another_order(mixcli, tmp_path: Path) -> None:
    (tmp_path / "g.csv").write_text("source,target\nann,bob\nbob,cid\ncid,dee\n")
    (tmp_path / "h.csv").write_text("source,target\ncid,dee\nann,bob\nbob,cid\n")
    mixcli("rewire", "g.csv", "--method", "fosr:1", "--log", "e.jsonl", "-o", "a.csv")
    done = mixcli("rewire", "h.csv", "--method", "replay:e.jsonl", "-o", "b.csv")
    assert done.returncode == 0, done.stderr_text
    rows = [
        {frozenset(line.split(",")[:2]) for line in (tmp_path / f).read_text().splitlines()[2:]}
        for f in ("a.csv", "b.csv")
    ]
    assert rows[0] == rows[1]


def test_constraints_on_the_command_line(mixcli, tmp_path: Path) -> None:
    (tmp_path / "never.txt").write_text("0 7\n1 6\n")
    arguments = ("rewire", "zoo:lollipop:5,3", "--method", "fosr:converged=true", "--budget", "4", "--log", "e.jsonl")
    done = mixcli(*arguments, "--forbid", "never.txt", "--max-degree", "5", "-o", "a.jsonl")
    assert done.returncode == 0, done.stderr_text
    edits = [(r["u"], r["v"]) for r in map(json.loads, (tmp_path / "e.jsonl").read_text().splitlines())]
    assert len(edits) == 4
    assert not {(0, 7), (1, 6)} & set(edits)
    after = mx.load(tmp_path / "a.jsonl")
    assert after.degree.max() <= 5
    assert after.provenance[-2].notes["constraints"] == {"max_degree": 5, "forbidden_pairs": 2}


def test_forbidden_pairs_by_name(mixcli, tmp_path: Path) -> None:
    (tmp_path / "g.csv").write_text("source,target\nann,bob\nbob,cid\ncid,dee\n")
    (tmp_path / "never.csv").write_text("source,target\ndee,ann\n")
    done = mixcli("rewire", "g.csv", "--method", "random:9", "--forbid", "never.csv", "--to", "csv")
    assert done.returncode == 0, done.stderr_text
    pairs = [set(line.split(",")[:2]) for line in done.stdout_text.splitlines()[2:]]
    assert len(pairs) == 5
    assert {"ann", "dee"} not in pairs


def test_sides(mixcli, tmp_path: Path) -> None:
    done = mixcli("rewire", "zoo:grid:3,4", "--method", "fosr:5", "--sides", "auto", "-o", "a.jsonl")
    assert done.returncode == 0, done.stderr_text
    after = mx.load(tmp_path / "a.jsonl")
    parity = [(u // 4 + u % 4 + v // 4 + v % 4) % 2 for u, v in after.edges.tolist()]
    assert after.m == 22
    assert set(parity) == {1}
    import numpy as np

    mx.save(mx.load("zoo:path:6").replace(node={"kind": np.array(["a", "b", "c"] * 2)}), tmp_path / "k.jsonl")
    done = mixcli("rewire", "k.jsonl", "--method", "random:99", "--sides", "kind", "--to", "edgelist")
    pairs = [tuple(map(int, line.split())) for line in done.stdout_text.splitlines() if not line.startswith("#")]
    assert len(pairs) == 12
    assert all(u % 3 != v % 3 for u, v in pairs)


def test_keep_connected_keeps_bridges(mixcli) -> None:
    command = ("rewire", "zoo:path:6", "--method", "sdrf:iterations=3,c_plus=-3", "--to", "jsonl", "-q")
    assert "components" in mixcli(*command[:-1]).stderr_text
    done = mixcli(*command[:-1], "--keep-connected")
    assert done.returncode == 0
    assert "components" not in done.stderr_text


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--forbid", "none.txt"], 3, "none.txt"),
        (["--forbid", "far.txt"], 3, "node number, 0 … 4"),
        (["--sides", "auto"], 4, "odd cycle"),
        (["--sides", "kind"], 2, "node payload 'kind'"),
        (["--max-degree", "-1"], 2, "max-degree"),
        (["--budget", "x"], 2, "a count like 40"),
        (["--budget", "inf%"], 2, "a count like 40"),
    ],
)
def test_what_cannot_be_had_is_said(mixcli, tmp_path: Path, arguments: list[str], code: int, says: str) -> None:
    (tmp_path / "far.txt").write_text("0 99\n")
    done = mixcli("rewire", "zoo:cycle:5", "--method", "fosr:1", *arguments, "--to", "jsonl")
    assert done.returncode == code, done.stderr_text
    assert says in done.stderr_text


def test_a_log_of_another_graph_is_refused(mixcli, tmp_path: Path) -> None:
    mixcli("rewire", "zoo:cycle:9", "--method", "random:3", "--log", "e.jsonl", "-o", "a.jsonl")
    done = mixcli("rewire", "zoo:path:9", "--method", "replay:e.jsonl", "--to", "jsonl")
    assert done.returncode == 4
    assert done.stderr_text.count("\n") == 1
    assert "e.jsonl: expected the graph that was given to random" in done.stderr_text
    told = mixcli("rewire", "zoo:path:9", "--method", "replay:e.jsonl,check=false", "--to", "jsonl")
    assert told.returncode == 0, told.stderr_text
    (tmp_path / "old.jsonl").write_text('{"step": 0, "op": "add", "u": 0, "v": 9, "score": 1}\n')
    done = mixcli("rewire", "zoo:path:9", "--method", "replay:old.jsonl", "--to", "jsonl")
    assert done.returncode == 3
    assert "old.jsonl" in done.stderr_text


def test_weights_plans_and_refusals_are_replayed(mixcli, tmp_path: Path) -> None:
    arc = Graph(3, np.array([[0, 1], [1, 2]]), directed=True)
    many = [families.barbell(4), arc, families.grid(3, 4).replace(weight=np.arange(1.0, 18.0)), families.path(2)]
    mx.save(many, tmp_path / "in.jsonl")
    for method in ("digl:k=3", "laser"):
        done = mixcli("rewire", "in.jsonl", "--method", method, "--log", "e.jsonl", "-o", "a.jsonl", "--force")
        assert done.returncode == 4
        again = mixcli("rewire", "in.jsonl", "--method", "replay:e.jsonl", "-o", "b.jsonl", "--force")
        assert again.returncode == 4
        assert "lines for graph 1 of the stream, found none" in again.stderr_text
        rows = [
            [{k: v for k, v in json.loads(line).items() if k != "provenance"} for line in path.read_text().splitlines()]
            for path in (tmp_path / "a.jsonl", tmp_path / "b.jsonl")
        ]
        assert rows[0] == rows[1]
        assert len(rows[0]) == 3


@pytest.mark.parametrize(
    ("method", "said"),
    [("digl:k=3", "all edges have new weights"), ("digl:k=3,weights=false", "added edges have weight 1")],
    ids=["weights", "none"],
)
def test_what_became_of_the_weights_is_told(mixcli, tmp_path: Path, method: str, said: str) -> None:
    (tmp_path / "w.csv").write_text("source,target,weight\na,b,2.5\nb,c,1\nc,d,0.5\nd,e,3\n")
    done = mixcli("rewire", "w.csv", "--method", method, "--dry-run")
    assert done.returncode == 0
    assert f"; {said}\n" in done.stderr_text


def test_constraints_are_named_where_they_end_it(mixcli) -> None:
    done = mixcli("rewire", "zoo:path:5", "--method", "random", "--max-degree", "0", "--dry-run")
    assert "stopped after 0 of 10, with nothing left that the constraints allow" in done.stderr_text
