"""SDRF: known first edges, every step against full recomputation, gains against their definition, real graphs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import naive_rewiring
from reference.files import real_graph
from strategies import FIFTY, graphs

from mixcli.context import Context
from mixcli.generators import graphs as families
from mixcli.graph import Graph
from mixcli.measures.base import measure
from mixcli.numerics.local_curvature import LocalCurvature
from mixcli.numerics.neighbours import Neighbours
from mixcli.numerics.support import Surroundings, draw
from mixcli.numerics.support_gain import paper_gains, released_gains
from mixcli.rewiring.base import apply, rewire, topology_rng
from mixcli.rewiring.graph.sdrf import SDRF

GAINS = {"paper": paper_gains, "released": released_gains}


@pytest.mark.parametrize("variant", ["paper", "released"])
@pytest.mark.parametrize("tau", [math.inf, 145.0, 0.0])
def test_first_edge_on_a_barbell_crosses_the_bridge(variant: str, tau: float) -> None:
    edit = apply(SDRF(1, tau, variant=variant), families.barbell(5)).edits[0]
    assert edit.op == "add"
    assert edit.u < 5 <= edit.v


def test_score_of_an_addition_is_the_gain_of_the_bottleneck() -> None:
    g = families.barbell(5)
    done = rewire(g, "sdrf:iterations=1,tau=inf")
    before = measure(g, "bfc")["bfc"].data[g.edges.tolist().index([4, 5])]
    after = measure(done.graph, "bfc")["bfc"].data[done.graph.edges.tolist().index([4, 5])]
    assert done.edits[0].score == after - before == pytest.approx(7 / 15)


def test_score_of_a_removal_is_its_curvature_before_the_addition() -> None:
    done = rewire(families.barbell(5), "sdrf:iterations=1,c_plus=1.2").edits
    assert [(e.op, e.step) for e in done] == [("add", 0), ("remove", 0)]
    assert done[1][1:4] == (0, 1, 1.25)


def test_bound_above_every_curvature_removes_nothing() -> None:
    g = families.watts_strogatz(40, 6, 0.1)
    assert rewire(g, "sdrf:c_plus=2").edits == rewire(g, "sdrf").edits


def test_stops_where_there_is_nothing_to_join_or_remove() -> None:
    assert rewire(families.complete(6), "sdrf").edits == ()
    assert rewire(families.path(2), "sdrf").edits == ()
    assert rewire(families.path(2), "sdrf:variant=released,c_plus=3").edits[0].op == "remove"
    assert len(rewire(families.path(3), "sdrf").edits) == 1  # then it is a triangle


@pytest.mark.parametrize("variant", ["paper", "released"])
def test_curvature_equals_a_full_pass_after_every_edit(variant: str) -> None:
    """50 random graphs, 40 edits each, additions and removals anywhere: not one bit of difference."""
    for number, g in enumerate(FIFTY):
        rng, state, now = np.random.default_rng(number), LocalCurvature(g, variant), g
        for _ in range(40):
            if rng.random() < 0.5 and now.m > 1:
                u, v = now.edges[rng.integers(now.m)].tolist()
                state.remove(u, v)
                now = Graph(g.n, now.edges[(now.edges != [u, v]).any(axis=1)])
            else:
                u, v = sorted(rng.choice(g.n, 2, replace=False).tolist())
                if [u, v] in now.edges.tolist():
                    continue
                state.add(u, v)
                now = naive_rewiring.with_edge(now, u, v)
            edges, values = state.values()
            full = LocalCurvature(now, variant)
            assert np.array_equal(edges, now.edges)
            assert np.array_equal(values, full.values()[1])
            assert state.lowest() == full.lowest()
            assert state.highest() == full.highest()


@pytest.mark.parametrize("variant", ["paper", "released"])
@pytest.mark.parametrize("tau", [5.0, 500.0])
@pytest.mark.parametrize("c_plus", [None, 0.3])
def test_same_edits_as_full_recomputation(variant: str, tau: float, c_plus: float | None) -> None:
    for number, g in enumerate(FIFTY[::4]):
        context = Context(seed=number)
        uniforms = topology_rng(context, "sdrf", g).random(6)
        expected = naive_rewiring.sdrf(g, 6, tau, c_plus, variant, uniforms)
        found = apply(SDRF(6, tau, c_plus, variant), g, context=context).edits
        assert [e[:3] for e in found] == expected


def test_best_candidate_is_the_first_of_greatest_gain() -> None:
    for g in FIFTY[::3]:
        expected = naive_rewiring.sdrf(g, 6, math.inf, 0.3, "paper", [0.0] * 6)
        assert [e[:3] for e in apply(SDRF(6, math.inf, 0.3), g).edits] == expected


@pytest.mark.parametrize("variant", ["paper", "released"])
def test_every_candidate_and_its_gain(variant: str) -> None:
    """With tau = 0 every candidate weighs the same, so evenly spaced numbers draw each of them once, in order."""
    for g in [*FIFTY[::7], families.bipartite(3, 4), families.complete(5), families.star(6)]:
        around = Neighbours(g)
        for (i, j), value in zip(g.edges.tolist(), naive_rewiring.curvatures(g, variant).tolist(), strict=True):
            expected = naive_rewiring.candidates(g, i, j, variant)
            near = Surroundings(around, i, j)
            gains = GAINS[variant](near, value)
            found = [draw(near, gains, 0.0, (r + 0.5) / len(expected)) for r in range(len(expected))]
            assert [f[:2] for f in found] == [e[:2] for e in expected]
            assert [f[2] for f in found] == pytest.approx([e[2] for e in expected], abs=1e-12)
            if variant == "paper":
                assert [f[2] for f in found] == [e[2] for e in expected]
            if not expected:
                assert draw(near, gains, 1.0, 0.5) is None


@given(
    graphs(max_nodes=9), st.sampled_from(["paper", "released"]), st.floats(0, 500), st.floats(0, 1, exclude_max=True)
)
@settings(max_examples=60, deadline=None)
def test_draw_follows_the_softmax(g: Graph, variant: str, tau: float, uniform: float) -> None:
    for (i, j), value in zip(g.edges.tolist(), naive_rewiring.curvatures(g, variant).tolist(), strict=True):
        expected = naive_rewiring.candidates(g, i, j, variant)
        near = Surroundings(Neighbours(g), i, j)
        found = draw(near, GAINS[variant](near, value), tau, uniform)
        assert (found is None) == (not expected)
        if found is not None:
            weights = np.exp(tau * (np.array([e[2] for e in expected]) - max(e[2] for e in expected)))
            share = np.cumsum(weights) / weights.sum()
            at = [e[:2] for e in expected].index(found[:2])
            assert (share[at - 1] if at else 0.0) - 1e-9 <= uniform <= share[at] + 1e-9


def test_large_tau_does_not_overflow() -> None:
    g = families.barabasi_albert(200, 3)
    assert [e[:3] for e in rewire(g, "sdrf:tau=1e6").edits] == [e[:3] for e in rewire(g, "sdrf:tau=1e9").edits]


def test_two_hubs_need_no_table_of_all_pairs_of_their_leaves() -> None:
    leaves = 30_000
    arcs = np.concatenate([
        [[0, 1]], np.stack([np.zeros(leaves, np.int64), np.arange(2, leaves + 2)], 1),
        np.stack([np.ones(leaves, np.int64), np.arange(leaves + 2, 2 * leaves + 2)], 1),
    ])  # fmt: skip
    arcs = arcs[np.lexsort(arcs.T[::-1])]
    done = apply(SDRF(2), Graph(2 * leaves + 2, arcs))
    assert done.added == 2


@pytest.mark.parametrize("name", ["karate", "power"])
def test_real_graph_raises_its_least_curvature(name: str) -> None:
    g = real_graph(name)
    done = rewire(g, "sdrf:iterations=30,tau=163")
    assert done.added == 30
    low = [measure(h, "bfc")["bfc"].data.min() for h in (g, done.graph)]
    assert low[1] >= low[0]


def test_karate_follows_full_recomputation() -> None:
    g = real_graph("karate")
    uniforms = topology_rng(Context(), "sdrf", g).random(10)
    for variant in ("paper", "released"):
        expected = naive_rewiring.sdrf(g, 10, 145.0, 0.95, variant, uniforms)
        assert [e[:3] for e in rewire(g, f"sdrf:c_plus=0.95,variant={variant}").edits] == expected
