"""GTR: known edges and totals, the definition on small graphs, components, constraints, memory."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import naive_resistance_rewiring as naive
from reference.files import real_graph
from strategies import graphs

from mixcli.context import Context
from mixcli.errors import LimitExceeded
from mixcli.generators import graphs as families
from mixcli.graph import Graph
from mixcli.limits import Limits
from mixcli.measures.base import measure
from mixcli.numerics import pair_table
from mixcli.numerics.pair_table import PairTable
from mixcli.rewiring.base import Constraints, Rewired, apply, rewire
from mixcli.rewiring.graph.gtr import GTR

EXAMPLES = settings(max_examples=25, deadline=None)
TWO = Graph(9, np.array([[0, 1], [1, 2], [2, 3], [4, 5], [5, 6], [6, 7], [7, 8]]))


def pairs(done: Rewired) -> list[tuple[int, int]]:
    return [e[1:3] for e in done.edits]


def totals(g: Graph, edges: int) -> list[float]:
    """Kirchhoff index after 0, 1, … edges, by the measure."""
    return [measure(rewire(g, f"gtr:iterations={k}").graph, "kirchhoff")["kirchhoff"].data for k in range(edges + 1)]


@pytest.mark.parametrize(
    ("g", "edges", "values"),
    [
        (families.path(4), [(0, 3)], [10, 5, 4, 3]),
        (families.path(10), [(1, 8), (0, 5), (3, 9)], [165, 81.875, 65.3125, 50.631148]),
        (families.cycle(10), [(0, 5)], [82.5, 66.428571, 51.041667, 43.39939]),
        (families.lollipop(5, 3), [(0, 7), (1, 6), (5, 7)], [42.8, 22.518182, 17.896443, 15.556522]),
        (families.petersen(), [(0, 2)], [33, 31, 29, 27.03096]),
        (families.barbell(5), [(0, 6)], [49]),
    ],
    ids=lambda x: getattr(x, "name", ""),
)
def test_known_edges_and_totals(g: Graph, edges: list, values: list[float]) -> None:
    assert pairs(rewire(g, f"gtr:iterations={len(edges)}")) == edges
    assert totals(g, len(values) - 1) == pytest.approx(values, abs=5e-6)


def test_karate() -> None:
    """Nodes 14 and 18 have the same neighbours: the smaller one is taken."""
    done = rewire(real_graph("karate"), "gtr:iterations=3")
    assert pairs(done) == [(16, 26), (11, 25), (4, 14)]
    after = 470.268185 - np.cumsum([e.score for e in done.edits])
    assert after == pytest.approx([441.857193, 419.055504, 404.034087], abs=2e-6)


@given(g=graphs(max_nodes=7, weighted=True), plain=st.booleans(), scaled=st.booleans())
@EXAMPLES
def test_every_step_is_the_definition(g: Graph, plain: bool, scaled: bool) -> None:
    g = Graph(g.n, g.edges) if plain else g
    variant = "paper" if scaled else "released"
    done = rewire(g, f"gtr:iterations=4,variant={variant}")
    expected = naive.gtr(g, 4, scaled)
    assert pairs(done) == [e[1:] for e in expected]
    assert [e.score for e in done.edits] == pytest.approx([e[0] for e in expected], rel=1e-6)


@given(g=graphs(max_nodes=12))
@EXAMPLES
def test_components_are_never_joined_and_totals_fall(g: Graph) -> None:
    done = rewire(g, "gtr:iterations=5")
    assert done.graph.components.count == g.components.count
    assert np.array_equal(done.graph.components.of_node, g.components.of_node)
    assert all(e.score > 0 for e in done.edits)


def test_the_size_of_a_component_decides_unless_released() -> None:
    """Joining the ends of P_4 and P_5: ΣR falls by 5 and 10, and by 5/4 and 2 for a node."""
    assert [e.score for e in rewire(TWO, "gtr:iterations=2").edits] == pytest.approx([10, 5])
    assert [e.score for e in rewire(TWO, "gtr:iterations=2,variant=released").edits] == pytest.approx([2, 1.25])


def test_equal_components_tie() -> None:
    both = Graph(8, np.array([[0, 2], [2, 4], [4, 6], [1, 3], [3, 5], [5, 7]])[[0, 3, 1, 4, 2, 5]])
    assert pairs(rewire(both, "gtr:iterations=2")) == [(0, 6), (1, 7)]


def test_a_complete_component_gets_nothing() -> None:
    assert rewire(families.complete(5), "gtr").edits == ()
    assert rewire(Graph(3, np.zeros((0, 2), np.int64)), "gtr").edits == ()


@given(g=graphs(max_nodes=9), data=st.data())
@EXAMPLES
def test_constraints_give_the_next_best_pair(g: Graph, data: st.DataObject) -> None:
    sides = tuple(data.draw(st.lists(st.integers(0, 1), min_size=g.n, max_size=g.n)))
    limits = Constraints(max_degree=data.draw(st.integers(1, 5)), sides=sides)
    done = apply(GTR(iterations=9), g, constraints=limits)
    degree = g.degree.copy()
    for e in done.edits:
        degree[[e.u, e.v]] += 1
        assert max(degree[e.u], degree[e.v]) <= limits.max_degree
        assert sides[e.u] != sides[e.v]


@given(g=graphs(max_nodes=9), data=st.data())
@EXAMPLES
def test_every_allowed_pair_is_found_in_the_end(g: Graph, data: st.DataObject) -> None:
    sides = tuple(data.draw(st.lists(st.integers(0, 1), min_size=g.n, max_size=g.n)))
    done = apply(GTR(iterations=99), g, constraints=Constraints(sides=sides))
    there = set(map(tuple, g.edges.tolist()))
    of_node = g.components.of_node
    every = [(u, v) for u in range(g.n) for v in range(u + 1, g.n) if of_node[u] == of_node[v]]
    assert sorted(pairs(done)) == [p for p in every if p not in there and sides[p[0]] != sides[p[1]]]


@given(g=graphs(max_nodes=12, weighted=True), height=st.integers(1, 40))
@EXAMPLES
def test_blocks_of_rows_do_not_matter(g: Graph, height: int) -> None:
    """One block is searched at once, several row by row: the same pairs, the same scores."""
    whole = rewire(g, "gtr:iterations=4").edits
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pair_table, "BLOCK", height)
        assert rewire(g, "gtr:iterations=4").edits == whole


def test_forbidden_pairs_are_passed_over() -> None:
    limits = Constraints(forbidden=frozenset({(0, 3)}))
    assert pairs(apply(GTR(iterations=1), families.path(4), constraints=limits)) == [(0, 2)]


def test_too_large_a_graph_is_refused_before_anything_is_made() -> None:
    with pytest.raises(LimitExceeded, match="candidates"):
        apply(GTR(), families.cycle(20_000), context=Context(limits=Limits(memory=2**30)))


@given(g=graphs(max_nodes=12, weighted=True), even=st.booleans())
@EXAMPLES
def test_a_small_table_from_an_inverse_is_the_one_from_resistances(g: Graph, even: bool) -> None:
    """The same edges, and scores to ten digits, whichever way small components start."""
    g = Graph(g.n, g.edges) if even else g
    quick = rewire(g, "gtr:iterations=4")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pair_table, "SMALL", 0)
        slow = rewire(g, "gtr:iterations=4")
    assert pairs(quick) == pairs(slow)
    assert [e.score for e in quick.edits] == pytest.approx([e.score for e in slow.edits], rel=1e-9)


@given(g=graphs(max_nodes=9, weighted=True))
@EXAMPLES
def test_tables_made_anew_equal_updated_ones(g: Graph) -> None:
    before = pair_table.REFRESH
    try:
        pair_table.REFRESH = 1
        anew = rewire(g, "gtr:iterations=6").edits
    finally:
        pair_table.REFRESH = before
    updated = rewire(g, "gtr:iterations=6").edits
    assert [e[:3] for e in anew] == [e[:3] for e in updated]
    assert [e.score for e in anew] == pytest.approx([e.score for e in updated], rel=1e-6)


@given(g=graphs(max_nodes=9, weighted=True), data=st.data())
@EXAMPLES
def test_pair_table_follows_changes(g: Graph, data: st.DataObject) -> None:
    """Resistances and totals after changes of conductance against a pseudo-inverse."""
    nodes = np.flatnonzero(g.components.of_node == g.components.largest)
    if len(nodes) < 2:
        return
    table, a = PairTable(g, nodes, "drop"), naive.conductances(g)
    for _ in range(3):
        u, v = sorted(data.draw(st.lists(st.sampled_from(nodes.tolist()), min_size=2, max_size=2, unique=True)))
        by = data.draw(st.sampled_from([1.0, 0.25, -0.5 * a[u, v]]))
        table.change(u, v, by)
        a[u, v] = a[v, u] = a[u, v] + by
    r = naive.resistances(a)[np.ix_(nodes, nodes)]
    low, high = np.triu_indices(len(nodes), 1)
    found = table.resistances(np.stack([nodes[low], nodes[high]], axis=1))
    assert found == pytest.approx(r[low, high], rel=1e-6)
    assert table.kirchhoff == pytest.approx(r.sum() / 2, rel=1e-6)


@given(g=graphs(max_nodes=8), scaled=st.booleans())
@EXAMPLES
def test_candidates_are_all_nodes_of_a_small_graph(g: Graph, scaled: bool) -> None:
    variant = "paper" if scaled else "released"
    exact, found = (rewire(g, f"gtr:iterations=9,variant={variant},search={how}") for how in ("exact", "candidates"))
    assert pairs(found) == pairs(exact)
    assert [e.score for e in found.edits] == pytest.approx([e.score for e in exact.edits], rel=1e-6)


@pytest.mark.parametrize(
    "g",
    [
        families.grid(12, 12),
        families.lollipop(10, 20),
        families.barabasi_albert(150, 2),
        families.erdos_renyi(120, 200),
    ],
    ids=lambda g: g.name,
)
def test_candidates_come_close_to_the_exact_search(g: Graph) -> None:
    exact, found = (rewire(g, f"gtr:iterations=12,search={how}") for how in ("exact", "candidates"))
    assert len(found.edits) == 12
    assert sum(e.score for e in found.edits) > 0.95 * sum(e.score for e in exact.edits)
    totals = [measure(x, "kirchhoff")["kirchhoff"].data if x.components.count == 1 else None for x in (g, found.graph)]
    if totals[0] is not None:
        assert sum(e.score for e in found.edits) == pytest.approx(totals[0] - totals[1], rel=1e-6)
    assert "candidate" in found.edits[0].reason
    assert np.array_equal(found.graph.components.of_node, g.components.of_node)


@given(g=graphs(max_nodes=10, weighted=True), data=st.data())
@EXAMPLES
def test_candidates_keep_to_constraints(g: Graph, data: st.DataObject) -> None:
    sides = tuple(data.draw(st.lists(st.integers(0, 1), min_size=g.n, max_size=g.n)))
    done = apply(GTR(iterations=99, search="candidates"), g, constraints=Constraints(sides=sides))
    assert all(sides[e.u] != sides[e.v] for e in done.edits)
    assert np.array_equal(done.graph.components.of_node, g.components.of_node)


def test_candidates_refuse_what_is_too_large_too() -> None:
    with pytest.raises(LimitExceeded, match="fosr"):
        apply(GTR(search="candidates"), families.cycle(20_000), context=Context(limits=Limits(memory=2**20)))
