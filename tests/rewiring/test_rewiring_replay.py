"""Replaying a log: the same graph again, by name or by number, and refusals before anything is changed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import graphs, relabelled

from mixcli.catalog import REWIRINGS
from mixcli.errors import InputError, NotApplicable
from mixcli.generators import graphs as families
from mixcli.graph import Graph
from mixcli.rewiring.base import Constraints, apply, rewire
from mixcli.rewiring.graph.replay import Replay

EXAMPLES = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def write(path: Path, rows: list[dict]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def rows_of(done, graph: int = 0, labels=None) -> list[dict]:
    keys = ("op", "u", "v", "score", "step", "reason")
    rows = [{**dict(zip(keys, edit, strict=True)), "graph": graph} for edit in done.edits]
    if labels is not None:
        rows = [{**r, "u_label": labels[r["u"]], "v_label": labels[r["v"]]} for r in rows]
    return rows


@given(g=graphs(max_nodes=9, weighted=True), spec=st.sampled_from(["sdrf:c_plus=-1", "fosr", "random:4"]))
@EXAMPLES
def test_a_replayed_log_gives_the_same_edits_and_graph(tmp_path: Path, g: Graph, spec: str) -> None:
    done = rewire(g, spec)
    again = apply(Replay(write(tmp_path / f"{g.fingerprint[:12]}{spec[:4]}.jsonl", rows_of(done))), g)
    assert again.edits == done.edits
    assert np.array_equal(again.graph.edges, done.graph.edges)
    assert np.array_equal(again.graph.edge["edge_type"], done.graph.edge["edge_type"])


@given(g=graphs(max_nodes=9), spec=st.sampled_from(["sdrf:c_plus=-1", "fosr", "random:4"]))
@EXAMPLES
def test_undoing_gives_the_graph_back(tmp_path: Path, g: Graph, spec: str) -> None:
    done = rewire(g, spec)
    log = write(tmp_path / f"{g.fingerprint[:12]}{spec[:4]}.jsonl", rows_of(done))
    back = rewire(done.graph, f"replay:{log},undo=true")
    assert np.array_equal(back.graph.edges, g.edges)
    assert (back.added, back.removed) == (done.removed, done.added)
    assert [e[1:3] for e in back.edits] == [e[1:3] for e in reversed(done.edits)]
    assert all(e.reason.startswith("takes back step") for e in back.edits)


def test_a_budget_replays_the_first_edits(tmp_path: Path) -> None:
    done = rewire(families.path(9), "random:6")
    log = write(tmp_path / "log.jsonl", rows_of(done))
    assert rewire(families.path(9), f"replay:{log}", budget=2).edits == done.edits[:2]


def test_names_go_before_numbers(tmp_path: Path) -> None:
    g = families.barbell(4).replace(labels=tuple("abcdefgh"))
    done = rewire(g, "fosr:3")
    log = write(tmp_path / "log.jsonl", rows_of(done, labels=g.labels))
    moved, _ = relabelled(g, seed=3)
    new = np.random.default_rng(3).permutation(g.n)
    labels = np.empty(g.n, object)
    labels[new] = g.labels
    again = rewire(moved.replace(labels=tuple(labels)), f"replay:{log}").graph
    named = {frozenset(labels[[u, v]].tolist()) for u, v in again.edges.tolist()}
    assert named == {frozenset({g.labels[u], g.labels[v]}) for u, v in done.graph.edges.tolist()}


def test_each_graph_of_a_stream_gets_its_own_edits(tmp_path: Path) -> None:
    many = [families.path(4), families.cycle(6), families.star(5)]
    runs = [rewire(g, "random:2") for g in many]
    log = write(tmp_path / "log.jsonl", [row for k, done in enumerate(runs) for row in rows_of(done, k)])
    for k, done in enumerate(runs):
        assert apply(Replay(log).at(k), many[k]).edits == done.edits
        assert rewire(many[k], f"replay:{log},graph={k}").edits == done.edits
    assert apply(Replay(log).at(7), many[0]).edits == ()
    with pytest.raises(InputError, match="say which"):
        rewire(many[0], f"replay:{log}")


def test_provenance_names_the_log_and_its_digest(tmp_path: Path) -> None:
    log = write(tmp_path / "log.jsonl", [{"op": "add", "u": 0, "v": 2}])
    step = rewire(families.path(3), f"replay:{log}").graph.provenance[-1]
    assert step.spec == f"replay:file={log}"
    assert len(step.notes["log_sha256"]) == 64


def test_directed_edits_keep_their_direction(tmp_path: Path) -> None:
    g = Graph(3, np.array([[0, 1], [1, 2]]), directed=True)
    log = write(tmp_path / "log.jsonl", [{"op": "add", "u": 2, "v": 0}, {"op": "remove", "u": 1, "v": 2}])
    assert rewire(g, f"replay:{log}").graph.edges.tolist() == [[0, 1], [2, 0]]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"op": "add", "u": 0, "v": 1}', "not there yet"),
        ('{"op": "remove", "u": 0, "v": 2}', "that are there"),
        ('{"op": "add", "u": 0, "v": 9}', "nodes 0 … 3"),
        ('{"op": "swap", "u": 0, "v": 2}', '"add" or "remove"'),
        ('{"op": "add", "u": -1, "v": 2}', "whole number >= 0"),
        ('{"op": "add", "u": true, "v": 2}', "whole number >= 0"),
        ('{"op": "add", "v": 2}', "found None"),
        ('{"op": "add", "u": 0, "v": 2, "score": "high"}', "score, a number"),
        ("[1, 2]", "JSON object"),
        ("nonsense", "log.jsonl:1: expected an edit"),
        ("[" * 100_000, "JSON object"),
        ('{"op": "add", "u": 0, "v": 2, "u_label": "x"}', "label of the graph"),
    ],
)
def test_what_is_wrong_is_refused_before_any_edit(tmp_path: Path, line: str, says: str) -> None:
    (tmp_path / "log.jsonl").write_text(line)
    with pytest.raises(InputError, match=says) as error:
        rewire(families.path(4).replace(labels=tuple("abcd")), f"replay:{tmp_path / 'log.jsonl'}")
    assert error.value.exit_code == 3
    assert str(tmp_path) in str(error.value)


def test_two_nodes_of_one_name_are_told_apart_by_number_alone(tmp_path: Path) -> None:
    g = families.path(4).replace(labels=("a", "a", "b", "c"))
    rows = [{"op": "add", "u": 1, "v": 3, "u_label": "a", "v_label": "c"}]
    assert rewire(g, f"replay:{write(tmp_path / 'a.jsonl', rows)}").edits[0][1:3] == (1, 3)
    rows[0]["u"] = 2
    with pytest.raises(InputError, match="one node has"):
        rewire(g, f"replay:{write(tmp_path / 'b.jsonl', rows)}")


def test_constraints_refuse_a_log_instead_of_changing_it(tmp_path: Path) -> None:
    log = write(tmp_path / "log.jsonl", [{"op": "add", "u": 0, "v": 3}])
    with pytest.raises(InputError, match="constraints allow"):
        apply(Replay(log), families.path(4), constraints=Constraints(max_degree=1))
    assert apply(Replay(log), families.path(4), constraints=Constraints(max_degree=2)).added == 1


def test_missing_files_and_no_file() -> None:
    with pytest.raises(NotApplicable, match="replay:edits"):
        apply(REWIRINGS.make("replay"), families.path(3))
    with pytest.raises(
        InputError, match=r"^nowhere\.jsonl: expected a log of edits, found no such file; check the path"
    ):
        rewire(families.path(3), "replay:nowhere.jsonl")
