"""ERR: hand-made steps, the definition on small graphs, edge count, bridges, constraints."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import naive_resistance_rewiring as naive
from strategies import graphs

from mixcli.context import Context
from mixcli.errors import LimitExceeded
from mixcli.generators import graphs as families
from mixcli.graph import Graph
from mixcli.limits import Limits
from mixcli.rewiring.base import Constraints, apply, rewire
from mixcli.rewiring.graph.err import ERR

EXAMPLES = settings(max_examples=25, deadline=None)


def test_path_becomes_a_star_like_tree() -> None:
    """P_4: R(0, 3) = 3 closes the ring, every edge of which then has R = 3/4."""
    done = rewire(families.path(4), "err:iterations=1")
    assert [e[:3] for e in done.edits] == [("add", 0, 3), ("remove", 0, 1)]
    assert [e.score for e in done.edits] == pytest.approx([3.0, 0.75])


def test_barbell_gets_a_second_bridge_and_loses_clique_edges() -> None:
    done = rewire(families.barbell(5), "err:iterations=2")
    assert done.edits[0][:3] == ("add", 0, 6)
    assert done.edits[0].score == pytest.approx(0.4 + 1 + 0.4)
    sides = [(e.u < 5) == (e.v < 5) for e in done.edits if e.op == "remove"]
    assert all(sides)


@given(g=graphs(max_nodes=8, weighted=True), plain=st.booleans(), mode=st.sampled_from(["both", "add", "delete"]))
@EXAMPLES
def test_every_step_is_the_definition(g: Graph, plain: bool, mode: str) -> None:
    g = Graph(g.n, g.edges) if plain else g
    done = rewire(g, f"err:iterations=5,mode={mode}")
    expected = naive.err(g, 5, adds=mode != "delete", removes=mode != "add")
    assert [e[:3] for e in done.edits] == [e[:3] for e in expected]
    assert [e.score for e in done.edits] == pytest.approx([e[3] for e in expected], rel=1e-6)


@given(g=graphs(max_nodes=12), iterations=st.integers(0, 30))
@EXAMPLES
def test_edges_are_kept_in_number_and_components_as_they_are(g: Graph, iterations: int) -> None:
    done = apply(ERR(iterations=iterations), g)
    assert done.added - done.removed in (0, 1)  # 1 where nothing may go any more
    assert np.array_equal(done.graph.components.of_node, g.components.of_node)
    named = [e[1:3] for e in done.edits]
    assert len(set(named)) == len(named)


def test_nothing_to_do_on_complete_and_edgeless_graphs() -> None:
    assert rewire(families.complete(6), "err").edits == ()
    assert rewire(Graph(4, np.zeros((0, 2), np.int64)), "err").edits == ()
    assert rewire(families.path(6), "err:mode=delete").edits == ()


@given(g=graphs(max_nodes=9), cap=st.integers(1, 5), data=st.data())
@EXAMPLES
def test_constraints_are_kept(g: Graph, cap: int, data: st.DataObject) -> None:
    sides = tuple(data.draw(st.lists(st.integers(0, 1), min_size=g.n, max_size=g.n)))
    done = apply(ERR(iterations=6), g, constraints=Constraints(max_degree=cap, sides=sides, keep_connected=True))
    degree = g.degree.copy()
    for e in done.edits:
        degree[[e.u, e.v]] += 1 if e.op == "add" else -1
        assert e.op == "remove" or (max(degree[e.u], degree[e.v]) <= cap and sides[e.u] != sides[e.v])


def test_too_large_a_graph_is_refused() -> None:
    for limits in (Limits(memory=2**30), Limits(memory=2**60)):
        with pytest.raises(LimitExceeded, match=r"component of 20000 nodes .* gtr:search=candidates") as error:
            apply(ERR(), families.cycle(20_000), context=Context(limits=limits))
        assert error.value.exit_code == 5
