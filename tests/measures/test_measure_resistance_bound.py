"""The resistance bound: closed forms, that it bounds what it says it bounds, refusals, real files."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from reference import naive_propagation as naive
from reference.files import real_graph
from strategies import graphs, relabelled

from mixcli.context import Context
from mixcli.errors import NotApplicable, UsageError
from mixcli.generators import graphs as families
from mixcli.graph import Graph
from mixcli.measures.graph.effective_resistance import EffectiveResistance
from mixcli.measures.graph.mixing_time import MixingTime
from mixcli.measures.graph.resistance_bound import ResistanceBound
from mixcli.numerics.propagation import looped_cover

LOOPS = st.sampled_from(["add", "none"])
VARIANTS = st.sampled_from(["paper", "local"])


def _entries(g: Graph, loops: str, layers: int) -> np.ndarray:
    """(n, n) Σ_{l <= r} O^l."""
    step, total, power = naive.operator(g, "sym", loops == "add", 0.0, 1.0), np.zeros((g.n, g.n)), np.eye(g.n)
    for _ in range(layers + 1):
        total += power
        power = step @ power
    return total


@pytest.mark.parametrize("n", [3, 4, 8])
@pytest.mark.parametrize("r", [0, 1, 5])
def test_complete_graph(n: int, r: int) -> None:
    found = ResistanceBound(layers=r)(families.complete(n))
    mu = 1 / (n - 1)
    assert found.details["mu"] == pytest.approx(mu, abs=1e-9)
    assert found.data == pytest.approx(r + 1 + mu ** (r + 1) / (1 - mu) - (n - 1) / n, rel=1e-8)


@pytest.mark.parametrize("n", [5, 9, 201])
def test_odd_cycle(n: int) -> None:
    found = ResistanceBound(layers=4)(families.cycle(n))
    mu = np.cos(np.pi / n)
    assert found.details["absolute_gap"] == pytest.approx(1 - mu, rel=1e-7)
    assert found.data == pytest.approx(5 + mu**5 / (1 - mu) - (n - 1) / n, rel=1e-6)
    assert found.details["intercept"] + found.details["slope"] * (n - 1) / n == pytest.approx(found.data[0])


def test_star_with_self_loops() -> None:
    n = 6  # O on the span of hub and leaves has the eigenvalues 1 and 1/n - 1/2; 1/2 on differences of leaves
    found = ResistanceBound(layers=2, self_loops="add")(families.star(n))
    assert found.details["mu"] == pytest.approx(1 / 2, abs=1e-8)
    assert found.data == pytest.approx(n / 2 * (3 + 1 / 8 * 2) - n / 2, rel=1e-7)


@settings(max_examples=60, deadline=None)
@given(graphs(7, weighted=True), LOOPS, st.integers(0, 6))
def test_it_bounds_the_sum_of_entries_between_all_pairs(g: Graph, loops: str, layers: int) -> None:
    assume(g.components.count == 1 and g.m)
    total = _entries(g, loops, layers)
    for u, v in itertools.combinations(range(g.n), 2):
        paper, local = (
            ResistanceBound(layers=layers, self_loops=loops, variant=variant, source=u, target=v)(g)
            for variant in ("paper", "local")
        )
        assume(paper.data is not None)
        assert paper.details["entries"] == pytest.approx(total[u, v], rel=1e-10, abs=1e-14)
        assert total[u, v] <= local.data[0] * (1 + 1e-9)
        assert local.data[0] <= paper.data[0] * (1 + 1e-9)


@settings(max_examples=40, deadline=None)
@given(graphs(9, weighted=True), LOOPS, VARIANTS, st.integers(0, 5))
def test_names_of_nodes_do_not_matter(g: Graph, loops: str, variant: str, seed: int) -> None:
    find = ResistanceBound(layers=3, self_loops=loops, variant=variant)
    here, (moved, order) = find(g), relabelled(g, seed)
    there = find(moved)
    assert (here.data is None) == (there.data is None)
    if here.data is not None:
        assert there.data == pytest.approx(here.data[order], rel=1e-6)


def test_it_tells_a_bridge_from_an_edge_inside() -> None:
    g = families.barbell(5)
    found = ResistanceBound(layers=6)(g)
    bridge = int(EffectiveResistance()(g).data.argmax())
    assert found.data.argmin() == bridge
    pair = ResistanceBound(layers=6, source=int(g.edges[bridge, 0]), target=int(g.edges[bridge, 1]))(g)
    assert pair.level == "pair"
    assert pair.data == pytest.approx([found.data[bridge]], rel=1e-12)
    assert pair.details["resistance"] == pytest.approx(1)
    far = ResistanceBound(layers=6, source=0, target=9)(g)
    assert far.index.tolist() == [[0, 9]]
    assert far.data[0] < pair.data[0]


def test_one_over_the_gap_is_shared_with_the_simple_walk() -> None:
    g = families.petersen()
    walk = MixingTime(walk="simple")(g).details["absolute_gap"]
    assert ResistanceBound()(g).details["absolute_gap"] == pytest.approx(walk, rel=1e-12)


def test_cover_of_a_looped_weighted_graph() -> None:
    g = Graph(3, np.array([[0, 1], [1, 2]]), weight=np.array([2.0, 3.0]))
    dense = naive.adjacency(g, True)
    assert naive.adjacency(looped_cover(g), False)[:3, 3:] == pytest.approx(dense)


def test_what_has_no_mu_below_one_is_refused_with_the_reason() -> None:
    bipartite = ResistanceBound()(families.grid(3, 3))
    assert bipartite.data is None
    assert "bipartite" in bipartite.reason
    assert "self_loops=add" in bipartite.reason
    assert ResistanceBound(self_loops="add")(families.grid(3, 3)).data is not None
    two = Graph(6, np.array([[0, 1], [0, 2], [1, 2], [3, 4], [3, 5], [4, 5]]))
    assert "2 components" in ResistanceBound()(two).reason
    assert "5 components" in ResistanceBound()(Graph(5, np.zeros((0, 2)))).reason


@pytest.mark.parametrize("n", [0, 1])
def test_no_pairs_no_bounds(n: int) -> None:
    assert ResistanceBound()(Graph(n, np.zeros((0, 2)))).data.shape == (0,)


def test_refusals() -> None:
    g = families.complete(4)
    with pytest.raises(NotApplicable, match="undirected"):
        ResistanceBound()(Graph(3, np.array([[0, 1]]), directed=True))
    for source, target in ((1, None), (None, 1), (2, 2)):
        with pytest.raises(UsageError, match="two nodes"):
            ResistanceBound(source=source, target=target)(g)
    with pytest.raises(UsageError, match="nodes 0 … 3"):
        ResistanceBound(source=0, target=4)(g)


def test_an_unfinished_gap_gives_no_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    from mixcli.measures.graph import resistance_bound

    class Hasty(resistance_bound.Search):
        def pair(self, graph, context):
            return dataclasses.replace(super().pair(graph, context), converged=False)

    monkeypatch.setattr(resistance_bound, "Search", Hasty)
    found = ResistanceBound()(families.complete(4))
    assert found.data is None
    assert not found.exact
    assert "budget" in found.reason


def test_karate() -> None:
    g, context = real_graph("karate"), Context()
    total = _entries(g, "none", 5)[tuple(g.edges.T)]
    paper, local = (ResistanceBound(layers=5, variant=v)(g, context) for v in ("paper", "local"))
    assert (total <= local.data).all()
    assert (local.data <= paper.data).all()
    assert np.median(local.data / total) < 0.25 * np.median(paper.data / total)
