"""The log of a rewiring holds all it takes to make it again, and knows the graph it was made for."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from strategies import graphs, relabelled

from mixcli.catalog import REWIRINGS
from mixcli.context import Context
from mixcli.errors import InputError, NotApplicable
from mixcli.generators import graphs as families
from mixcli.graph import Graph
from mixcli.report.record import jsonable
from mixcli.rewiring.base import Rewired, Rewiring, apply, rewire
from mixcli.rewiring.edit_log import log_rows, read_log
from mixcli.rewiring.identity import Identity

METHODS = [name for name in REWIRINGS if name != "replay"]
VARIANTS = [
    "sdrf:variant=released,iterations=30", "borf:3,2,2", "afrc:cycles=4", "err:mode=delete", "proxy:mode=delete",
    "digl:kernel=heat,sparsify=threshold", "digl:weights=false,k=3", "gtr:search=candidates", "cayley:mode=egp",
]  # fmt: skip


def payload(g: Graph) -> Graph:
    rng = np.random.default_rng(0)
    return g.replace(node={"x": rng.random((g.n, 2))}, edge={"kind": rng.integers(9, size=g.m)}, name="g")


CASES = {
    "plain": payload(families.barabasi_albert(30, 2)),
    "weighted": payload(families.ring_of_cliques(4, 4).replace(weight=np.random.default_rng(1).random(28) + 0.1)),
    "named": payload(families.grid(4, 5).replace(labels=tuple(f"n{k * 7 % 20}" for k in range(20)))),
    "apart": payload(Graph(9, np.array([[0, 1], [1, 2], [2, 3], [4, 5], [5, 6], [6, 7]]))),
    "single": Graph(1, np.empty((0, 2), np.int64)),
}


def logged(path: Path, *runs: tuple[int, Rewired, Rewiring]) -> str:
    rows = [row for at, done, method in runs for row in log_rows(done, at, method.will_weigh())]
    path.write_text("".join(json.dumps(jsonable(row)) + "\n" for row in rows))
    return str(path)


def same(found: Graph, expected: Graph) -> None:
    assert np.array_equal(found.edges, expected.edges)
    assert (found.weight is None) == (expected.weight is None)
    assert found.weight is None or found.weight.tobytes() == expected.weight.tobytes()
    assert found.plan == expected.plan
    for mine, theirs in ((found.node, expected.node), (found.edge, expected.edge)):
        assert mine.keys() == theirs.keys()
        assert all(mine[key].tobytes() == theirs[key].tobytes() for key in mine)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("spec", [*METHODS, *VARIANTS])
def test_every_method_is_made_again_bit_for_bit(tmp_path: Path, spec: str, case: str) -> None:
    g, method = CASES[case], REWIRINGS.make(spec)
    try:
        done = apply(method, g, context=Context(seed=3))
    except NotApplicable as refusal:
        pytest.skip(str(refusal))
    file = logged(tmp_path / "log.jsonl", (0, done, method))
    again = rewire(g, f"replay:{file}")
    assert [e[:3] for e in again.edits] == [e[:3] for e in done.edits]
    same(again.graph, done.graph)
    if case != "named":
        return
    with pytest.raises(NotApplicable, match="given to"):  # the same names, otherwise joined
        rewire(g.replace(labels=(*g.labels[1:], g.labels[0])), f"replay:{file}")


@given(g=graphs(max_nodes=8, weighted=True), h=graphs(max_nodes=8, weighted=True))
@settings(max_examples=40, deadline=None)
def test_identity_by_number_and_by_name(g: Graph, h: Graph) -> None:
    assert Identity.of(g).same(Identity.of(h)) == (g.fingerprint == h.fingerprint)
    labels = tuple(f"node {k}" for k in range(g.n))
    named = g.replace(labels=labels)
    assert Identity.of(named).same(Identity.of(g))  # without names on both sides, numbers decide
    assert Identity.from_json(Identity.of(named).to_json()) == Identity.of(named)


def test_identity_follows_names_to_other_numbers() -> None:
    g = families.lollipop(4, 3).replace(labels=tuple("abcdefg"), weight=np.arange(1.0, 10.0))
    moved, _ = relabelled(g, seed=5)
    new = np.random.default_rng(5).permutation(g.n)
    labels = np.empty(g.n, object)
    labels[new] = g.labels
    assert Identity.of(moved.replace(labels=tuple(labels))).same(Identity.of(g))
    assert not Identity.of(moved.replace(labels=g.labels)).same(Identity.of(g))
    assert Identity.of(g.replace(labels=("a",) * g.n)).named is None


@pytest.mark.parametrize("spec", ["fosr:2", "digl:k=3", "double_edge_swap:2", "cayley", "random:0"])
def test_another_graph_is_refused_unless_told(tmp_path: Path, spec: str) -> None:
    g, method = families.cycle(12), REWIRINGS.make(spec)
    file = logged(tmp_path / "log.jsonl", (0, apply(method, g), method))
    for other in (families.path(12), families.cycle(13), g.replace(weight=np.arange(1.0, 13.0))):
        with pytest.raises(NotApplicable, match=r"found another \(fingerprint") as error:
            rewire(other.replace(name="other"), f"replay:{file}")
        assert error.value.exit_code == 4
        assert str(error.value).startswith(f"other: {file}: expected the graph that was given to {spec.split(':')[0]}")
    heavier = rewire(g.replace(weight=np.full(12, 2.0)), f"replay:{file},check=false")
    assert heavier.edits == apply(method, g).edits


def test_undoing_wants_the_graph_that_came_of_it(tmp_path: Path) -> None:
    g, method = families.path(9), REWIRINGS.make("random:3")
    done = apply(method, g)
    file = logged(tmp_path / "log.jsonl", (0, done, method))
    assert rewire(done.graph, f"replay:{file},undo=true").graph.fingerprint == g.fingerprint
    with pytest.raises(InputError, match="edges that are there to be removed"):
        rewire(g, f"replay:{file},undo=true")
    longer = Graph(10, done.graph.edges)
    with pytest.raises(NotApplicable, match="that came of random"):
        rewire(longer, f"replay:{file},undo=true")
    assert rewire(longer, f"replay:{file},undo=true,check=false").graph.m == g.m


def test_undoing_does_not_mind_weights(tmp_path: Path) -> None:
    g, method = families.ring_of_cliques(3, 4), REWIRINGS.make("digl:k=3")
    for base in (g, g.replace(weight=np.arange(1.0, 22.0))):
        done = apply(method, base)
        file = logged(tmp_path / f"{base.fingerprint[:9]}.jsonl", (0, done, method))
        assert np.array_equal(rewire(done.graph, f"replay:{file},undo=true").graph.edges, g.edges)


def test_a_smaller_budget_logs_the_first_lines_of_a_larger_one() -> None:
    g = families.ring_of_cliques(4, 5)
    short, long = (list(log_rows(rewire(g, "sdrf", budget=k), 0, weighs=False)) for k in (4, 9))
    assert short == long[:4]


def test_the_first_line_says_how_and_of_what_it_was_made(tmp_path: Path) -> None:
    g, method = families.path(5), REWIRINGS.make("random:2")
    done = apply(method, g, context=Context(seed=4))
    first, second = log_rows(done, 3, weighs=False)
    assert list(first)[:7] == list(second) == ["step", "op", "u", "v", "score", "reason", "graph"]
    assert (first["method"], first["seed"], first["graph"]) == ("random:iterations=2", 4, 3)
    assert first["before"] == {"fingerprint": g.fingerprint}
    (none,) = log_rows(rewire(g, "random:0"), 0, weighs=False)
    assert (none["op"], none["u"], none["v"]) == ("none", None, None)
    assert read_log(logged(tmp_path / "log.jsonl", (0, done, method))).graphs[0].facts == first | {"graph": 0}


def test_a_graph_the_log_does_not_know_is_refused(tmp_path: Path) -> None:
    many, method = [families.path(4), families.path(5), families.path(6)], REWIRINGS.make("random:1")
    runs = [(at, apply(method, many[at]), method) for at in (0, 2)]
    file = logged(tmp_path / "log.jsonl", *runs)
    for at, done, _ in runs:
        same(apply(REWIRINGS.make(f"replay:{file}").at(at), many[at]).graph, done.graph)
    with pytest.raises(NotApplicable, match="lines for graph 1 of the stream"):
        apply(REWIRINGS.make(f"replay:{file}").at(1), many[1])
    assert apply(REWIRINGS.make(f"replay:{file},check=false").at(1), many[1]).edits == ()


def test_weights_go_with_all_edits_only(tmp_path: Path) -> None:
    g, method = families.ring_of_cliques(3, 4), REWIRINGS.make("digl:k=3")
    done = apply(method, g)
    assert done.removed
    file = logged(tmp_path / "log.jsonl", (0, done, method))
    with pytest.raises(NotApplicable, match="weight for every edge"):
        rewire(g, f"replay:{file}", budget=1)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"op": "weigh", "u": 0, "v": 1}', "weight, a number > 0"),
        ('{"op": "weigh", "u": 0, "v": 1, "weight": 0}', "weight, a number > 0"),
        ('{"op": "weigh", "u": 0, "v": 1, "weight": Infinity}', "weight, a number > 0"),
        ('{"op": "weigh", "u": 0, "v": 1, "weight": 1' + "0" * 400 + "}", "weight, a number > 0"),
        ('{"op": "add", "u": 0, "v": 2, "score": 1' + "0" * 400 + "}", "score, a number"),
        ('{"op": "add", "u": 0, "v": 100000000000000000000}', "whole number >= 0"),
        ('{"op": "none", "before": "x"}', "a JSON object"),
        ('{"op": "none", "before": {}, "plan": {"overlays": 3}}', "layer plan"),
    ],
    ids=range(8),
)
def test_what_is_wrong_is_refused(tmp_path: Path, line: str, says: str) -> None:
    (tmp_path / "log.jsonl").write_text(line)
    with pytest.raises(InputError, match=says):
        rewire(families.path(4), f"replay:{tmp_path / 'log.jsonl'},check=false")
