"""What holds for every rewiring in the catalog, whatever it does: new methods are tested here without another line."""

from __future__ import annotations

import itertools
import json
import math
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import graphs

from mixcli.catalog import REWIRINGS
from mixcli.context import Context
from mixcli.errors import NotApplicable
from mixcli.generators import graphs as families
from mixcli.graph import Graph
from mixcli.rewiring.base import EDGE_TYPE, Rewired, Rewiring, apply, apply_edits, within
from mixcli.rewiring.edit_log import log_rows
from mixcli.spec import build, parameters, parse, spec_of

FOLDER, NUMBER = tempfile.TemporaryDirectory(), itertools.count()
EXAMPLES = settings(max_examples=12, deadline=None)
NAMES = list(REWIRINGS)
IGNORE_WEIGHTS = ["sdrf", "fosr", "borf", "afrc", "random", "cayley", "expander", "virtual_node", "laser"]
JOIN = ["fosr", "random", "replay", "auto", "double_edge_swap"]
"""Methods that may join components; `auto` as the method it chooses, a swap with degrees kept."""
BARE = np.zeros((0, 2), np.int64)
SEEDED_ON = [families.barabasi_albert(60, 3), families.torus(6, 6), families.barbell(8)]

ODD = {
    "no nodes": Graph(0, BARE),
    "one node": Graph(1, BARE),
    "two nodes, no edge": Graph(2, BARE),
    "no edges": Graph(6, BARE),
    "one edge": Graph(2, np.array([[0, 1]])),
    "complete": families.complete(6),
    "star": families.star(7),
    "lone nodes": Graph(7, np.array([[1, 2], [2, 3], [3, 5]])),
    "two components": Graph(8, np.array([[0, 1], [0, 2], [1, 2], [3, 4], [4, 5], [5, 6], [6, 7]])),
    "barbell": families.barbell(5),
}


def method(name: str, **changes: object) -> Rewiring:
    return REWIRINGS.get(name)(**changes)


def run(
    name: str, g: Graph, *, seed: int = 0, threads: int = 1, budget: int | None = None, **changes: object
) -> Rewired:
    """The rewiring, or a skipped example where the method says that it does not apply."""
    if name == "replay":
        changes["file"] = str(log_for(g))
    try:
        return apply(method(name, **changes), g, context=Context(seed=seed, threads=threads), budget=budget)
    except NotApplicable:
        return Rewired(g, apply_edits(g, []))


def log_for(g: Graph) -> Path:
    """A log of additions and removals on this very graph, for what repeats them."""
    file = Path(FOLDER.name) / f"{next(NUMBER)}.jsonl"
    done = apply(method("sdrf", iterations=5, c_plus=0.2), g, context=Context())
    file.write_text("".join(json.dumps(row) + "\n" for row in log_rows(done, 0, False)))
    return file


def test_replay_repeats_something_here() -> None:
    assert any(run("replay", g).removed for g in SEEDED_ON)
    assert run("replay", families.barbell(5)).added


def outcome(done: Rewired) -> tuple[object, ...]:
    return done.edits, done.graph.plan


@pytest.mark.parametrize("name", NAMES)
def test_facts_are_stated(name: str) -> None:
    made = method(name)
    for fact in ("cost", "equation", "cites", "score"):
        assert getattr(made, fact), fact
    assert build(type(made), parse(spec_of(name, made))) == made
    assert all(f.metadata.get("help") for f in parameters(type(made)))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("case", ODD)
def test_odd_graphs(name: str, case: str) -> None:
    """No crash, no warning, and a graph that is still simple (`Graph` checks that on its own)."""
    g = ODD[case]
    with np.errstate(all="raise", under="ignore"):
        done = run(name, g)
    assert done.graph.n == g.n
    assert done.graph.m == g.m + done.added - done.removed


@pytest.mark.parametrize("name", [n for n in NAMES if n not in JOIN])
@given(g=graphs(max_nodes=10), seed=st.integers(0, 3))
@EXAMPLES
def test_components_are_joined_by_those_only_that_say_so(name: str, g: Graph, seed: int) -> None:
    before = g.components.of_node
    assert all(before[u] == before[v] for u, v in run(name, g, seed=seed).graph.edges.tolist())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_graphs_without_edges_and_complete_ones(name: str, n: int) -> None:
    """Only what joins components has something to add to a graph without edges, and K_n has to lose something first."""
    bare = run(name, Graph(n, BARE))
    assert bare.removed == 0
    assert bare.added == 0 or (n > 1 and name in JOIN)
    full = run(name, families.complete(n) if n else Graph(0, BARE))
    assert not full.edits or full.edits[0].op == "remove"


@pytest.mark.parametrize("name", NAMES)
@given(g=graphs(max_nodes=10, weighted=True), seed=st.integers(0, 3))
@EXAMPLES
def test_edits_are_valid_ordered_and_give_the_graph(name: str, g: Graph, seed: int) -> None:
    done, made = run(name, g, seed=seed), method(name)
    assert all(e.u < e.v and math.isfinite(e.score) for e in done.edits)
    assert all(isinstance(e.u, int) and isinstance(e.v, int) and isinstance(e.score, float) for e in done.edits)
    assert [e.step for e in done.edits] == sorted(e.step for e in done.edits)
    assert made.adds or done.added == 0
    assert made.removes or done.removed == 0
    again = apply_edits(g, done.edits)
    assert np.array_equal(again.edges, done.graph.edges)
    assert np.array_equal(again.edge[EDGE_TYPE], done.graph.edge[EDGE_TYPE])


@pytest.mark.parametrize("name", NAMES)
@given(g=graphs(max_nodes=10, weighted=True), seed=st.integers(0, 3))
@EXAMPLES
def test_payload_and_weights_of_what_stays_are_untouched(name: str, g: Graph, seed: int) -> None:
    rng = np.random.default_rng(seed)
    g = g.replace(
        node={"x": rng.normal(size=(g.n, 3)).astype(np.float32), "y": rng.integers(0, 3, g.n)},
        edge={"edge_attr": np.where(rng.random((g.m, 2)) < 0.2, np.nan, rng.normal(size=(g.m, 2)))},
        graph={"y": np.array([seed])}, labels=tuple(f"v{i}" for i in range(g.n)), name="case",
    )  # fmt: skip
    done = run(name, g, seed=seed)
    after = done.graph
    assert (after.n, after.labels, after.name, after.directed) == (g.n, g.labels, g.name, g.directed)
    assert all(after.node[k] is g.node[k] for k in g.node)
    assert after.graph["y"] is g.graph["y"]
    before = {tuple(e): row for row, e in enumerate(g.edges.tolist())}
    fresh = {e[1:3] for e in done.edits if e.op == "add"}
    for row, edge in enumerate(map(tuple, after.edges.tolist())):
        added = edge in fresh
        assert after.edge[EDGE_TYPE][row] == added
        if not added:
            old = before[edge]
            assert after.edge["edge_attr"][row].tobytes() == g.edge["edge_attr"][old].tobytes()
            assert g.weight is None or method(name).reweighs or after.weight[row] == g.weight[old]


@pytest.mark.parametrize("name", NAMES)
@given(g=graphs(max_nodes=10), seed=st.integers(0, 3))
@EXAMPLES
def test_same_seed_same_edits_for_any_number_of_threads(name: str, g: Graph, seed: int) -> None:
    first = outcome(run(name, g, seed=seed, threads=1))
    assert outcome(run(name, g, seed=seed, threads=2)) == first
    if not method(name).seeded:
        assert outcome(run(name, g, seed=seed + 1)) == first


@pytest.mark.parametrize("name", NAMES)
@given(g=graphs(max_nodes=9), seed=st.integers(0, 3))
@EXAMPLES
def test_a_smaller_budget_is_a_prefix(name: str, g: Graph, seed: int) -> None:
    large = run(name, g, seed=seed, budget=9).edits
    assert len(large) <= 9
    for budget in (0, 1, 4):
        most = within(REWIRINGS.make(name), budget)  # whole steps, where a step makes no sense in part
        assert run(name, g, seed=seed, budget=budget).edits == large[:most]


@pytest.mark.parametrize("name", [n for n in NAMES if "iterations" in {f.name for f in parameters(REWIRINGS.get(n))}])
@given(g=graphs(max_nodes=9), seed=st.integers(0, 3))
@EXAMPLES
def test_fewer_iterations_are_a_prefix(name: str, g: Graph, seed: int) -> None:
    large = run(name, g, seed=seed, iterations=6).edits
    for iterations in (0, 1, 3):
        small = run(name, g, seed=seed, iterations=iterations).edits
        assert small == large[: len(small)]
        assert iterations or not small


@pytest.mark.parametrize("name", [n for n in NAMES if not REWIRINGS.get(n).directed])
def test_directed_graphs_are_refused(name: str) -> None:
    with pytest.raises(NotApplicable):
        apply(method(name), Graph(3, np.array([[0, 1], [1, 2], [2, 0]]), directed=True))


@pytest.mark.parametrize("name", IGNORE_WEIGHTS)
@given(g=graphs(max_nodes=9, weighted=True))
@EXAMPLES
def test_weights_decide_nothing(name: str, g: Graph) -> None:
    assert outcome(run(name, g)) == outcome(run(name, Graph(g.n, g.edges)))


@pytest.mark.parametrize("name", NAMES)
@given(g=graphs(max_nodes=10), seed=st.integers(0, 3))
@EXAMPLES
def test_overlays_have_the_same_structure_for_every_graph(name: str, g: Graph, seed: int) -> None:
    def structure(graph: Graph) -> list[tuple[str, str, bool]]:
        return [(o.name, o.layers, o.replaces) for o in run(name, graph, seed=seed).graph.plan.overlays]

    assert structure(g) == structure(ODD["no nodes"]) == structure(ODD["barbell"])


@pytest.mark.parametrize("name", NAMES)
def test_seeds_matter_where_the_method_says_so(name: str) -> None:
    """On a graph without symmetry or on one with: some methods ask the seed where there are ties only."""
    if method(name).seeded:
        found = [{outcome(run(name, g, seed=s)) for s in range(8)} for g in SEEDED_ON]
        assert max(map(len, found)) > 1
