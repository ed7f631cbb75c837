"""DropEdge and double edge swaps: what they keep, where they stop, and that every outcome can occur."""

from __future__ import annotations

import itertools

import networkx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import graphs

from mixcli.context import Context
from mixcli.errors import UsageError
from mixcli.generators import graphs as families
from mixcli.graph import Graph
from mixcli.numerics.connected import connected
from mixcli.numerics.neighbours import Neighbours
from mixcli.rewiring.base import Constraints, apply, rewire
from mixcli.rewiring.graph.double_edge_swap import DoubleEdgeSwap, is_threshold
from mixcli.rewiring.graph.drop_edge import DropEdge
from mixcli.rewiring.many import apply_many

EXAMPLES = settings(max_examples=40, deadline=None)


def every_swap(g: Graph) -> set[tuple]:
    """All swaps that leave a graph simple, as (removed, added), by trying all pairs of edges."""
    there = set(map(tuple, g.edges.tolist()))
    found = set()
    for one, other in itertools.combinations(sorted(there), 2):
        (a, b), (c, d) = one, other
        for fresh in (((a, d), (b, c)), ((a, c), (b, d))):
            made = {tuple(sorted(p)) for p in fresh}
            if len({a, b, c, d}) == 4 and not made & there:
                found.add((frozenset((one, other)), frozenset(made)))
    return found


def test_dropping_none_and_all() -> None:
    g = families.complete(6)
    assert rewire(g, "drop_edge:p=0").edits == ()
    assert rewire(g, "drop_edge:p=1").graph.m == 0
    with pytest.raises(UsageError):
        rewire(g, "drop_edge:p=1.5")


@given(g=graphs(), seed=st.integers(0, 5), p=st.floats(0, 1), q=st.floats(0, 1))
@EXAMPLES
def test_a_smaller_p_is_a_prefix(g: Graph, seed: int, p: float, q: float) -> None:
    few, many = (apply(DropEdge(r), g, context=Context(seed)).edits for r in sorted((p, q)))
    assert many[: len(few)] == few
    assert all(e.score < max(p, q) for e in many)


def test_a_share_of_p_is_dropped() -> None:
    """2,775 edges, 20 seeds: the mean share is 0.3 to within 5 standard errors."""
    g = families.complete(75)
    share = np.mean([apply(DropEdge(0.3), g, context=Context(s)).removed / g.m for s in range(20)])
    assert abs(share - 0.3) < 5 * np.sqrt(0.21 / (20 * g.m))


@given(g=graphs(), seed=st.integers(0, 3))
@EXAMPLES
def test_dropping_can_keep_components(g: Graph, seed: int) -> None:
    done = apply(DropEdge(1.0), g, context=Context(seed), constraints=Constraints(keep_connected=True))
    assert np.array_equal(done.graph.components.of_node, g.components.of_node)
    assert done.graph.m == g.n - g.components.count  # what is left is a forest


@given(g=graphs(), seed=st.integers(0, 5), iterations=st.integers(0, 12))
@EXAMPLES
def test_swaps_keep_every_degree(g: Graph, seed: int, iterations: int) -> None:
    done = apply(DoubleEdgeSwap(iterations), g, context=Context(seed))
    assert np.array_equal(done.graph.degree, g.degree)
    assert done.added == done.removed
    assert len(done.edits) == 4 * len({e.step for e in done.edits})


@pytest.mark.parametrize("budget", [0, 3, 4, 10, 31])
def test_a_budget_makes_no_swap_in_part(budget: int) -> None:
    g, swap = families.cycle(30), DoubleEdgeSwap()
    one, (other,) = apply(swap, g, budget=budget), apply_many(swap, [g], budget=budget)
    assert len(one.edits) == budget // 4 * 4
    assert one.edits == other.edits
    assert (one.graph.degree == 2).all()


def test_a_condition_leaves_no_swap_in_part() -> None:
    g = families.cycle(30)
    done = apply(DoubleEdgeSwap(), g, budget=40, stop=lambda edit: True)
    assert len(done.edits) == 4
    assert (done.graph.degree == 2).all()


@given(g=graphs(max_nodes=7))
@EXAMPLES
def test_degrees_alone_say_whether_a_swap_exists(g: Graph) -> None:
    assert is_threshold(g.degree) == (not every_swap(g))
    assert bool(apply(DoubleEdgeSwap(1), g).edits) == bool(every_swap(g))


def test_every_swap_is_drawn_equally_often() -> None:
    """C_5 has 10 swaps (two disjoint edges, one way that is simple and one more); chi-square over 2,000 seeds."""
    g = families.cycle(5)
    counts = dict.fromkeys(every_swap(g), 0)
    for seed in range(2000):
        edits = apply(DoubleEdgeSwap(1), g, context=Context(seed)).edits
        gone = frozenset(e[1:3] for e in edits if e.op == "remove")
        counts[gone, frozenset(e[1:3] for e in edits if e.op == "add")] += 1
    expected = 2000 / len(counts)
    assert sum((c - expected) ** 2 / expected for c in counts.values()) < 40


@given(g=graphs(), seed=st.integers(0, 3), cap=st.integers(1, 6), data=st.data())
@EXAMPLES
def test_swaps_keep_to_constraints(g: Graph, seed: int, cap: int, data: st.DataObject) -> None:
    pairs = list(itertools.combinations(range(g.n), 2))
    forbidden = frozenset(data.draw(st.lists(st.sampled_from(pairs), max_size=6))) if pairs else frozenset()
    limits = Constraints(max_degree=cap, forbidden=forbidden, keep_connected=True)
    done = apply(DoubleEdgeSwap(6), g, context=Context(seed), constraints=limits)
    assert np.array_equal(done.graph.degree, g.degree)
    assert not {e[1:3] for e in done.edits if e.op == "add"} & forbidden
    of_node = done.graph.components.of_node
    assert all(len(set(of_node[g.components.of_node == c].tolist())) == 1 for c in range(g.components.count))


def test_swaps_of_a_ring_keep_it_connected_when_told_to() -> None:
    limits = Constraints(keep_connected=True)
    for seed in range(30):
        done = apply(DoubleEdgeSwap(20), families.cycle(12), context=Context(seed), constraints=limits)
        assert done.graph.components.count == 1
        assert done.added == 40


@given(g=graphs(), data=st.data())
@EXAMPLES
def test_connected_is_that_of_networkx(g: Graph, data: st.DataObject) -> None:
    plain = networkx.Graph(g.edges.tolist())
    plain.add_nodes_from(range(g.n))
    u, v = data.draw(st.integers(0, g.n - 1)), data.draw(st.integers(0, g.n - 1))
    around = Neighbours(g)
    assert connected(around, u, v) == networkx.has_path(plain, u, v)
    if plain.has_edge(u, v):
        bridges = {frozenset(e) for e in networkx.bridges(plain)}
        assert connected(around, u, v, without=True) == (frozenset((u, v)) not in bridges)
