"""BORF: known edits, against full recomputation, many graphs at once, constraints, settings of the released code."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.files import real_graph
from strategies import FIFTY, graphs

from mixcli.context import Context
from mixcli.errors import LimitExceeded, UsageError
from mixcli.generators import graphs as families
from mixcli.graph import Graph
from mixcli.limits import Limits
from mixcli.numerics import ollivier
from mixcli.numerics.motifs import neighbour_sets
from mixcli.numerics.transport_pair import farthest_pair
from mixcli.rewiring.base import Constraints, apply, rewire
from mixcli.rewiring.graph.borf import BORF


def by_definition(g: Graph, batches: int, h: int, k: int, alpha: float = 0.0) -> list[tuple[str, int, int]]:
    """Everything recomputed in every batch, curvatures compared as fractions."""
    p, q = ollivier.idleness(alpha).as_integer_ratio()
    out = []
    for _ in range(batches):
        sets = neighbour_sets(*g.csr[:2])
        exact = ollivier.ollivier(*g.csr[:2], g.edges, alpha)
        order = sorted(range(g.m), key=lambda row: (exact.exactly(row), *g.edges[row].tolist()))
        there, fresh = set(map(tuple, g.edges.tolist())), []
        for row in order[:h]:
            s, t, distance, _ = farthest_pair(sets, *g.edges[row].tolist(), p, q)
            pair = (min(s, t), max(s, t))
            if distance > 1 and pair not in there and pair not in fresh:
                fresh.append(pair)
        gone = [tuple(g.edges[row].tolist()) for row in order[::-1][:k]]
        if not fresh and not gone:
            break
        out += [("add", *pair) for pair in fresh] + [("remove", *pair) for pair in gone]
        g = Graph(g.n, np.array(sorted((there | set(fresh)) - set(gone))))
    return out


def test_the_bridge_of_a_barbell_is_doubled() -> None:
    add, remove = rewire(families.barbell(5), "borf:iterations=1,additions=1,removals=1").edits
    assert add[:5] == ("add", 0, 6, 0.6, 0)
    assert add.reason == "bottleneck 4-5 at -1.2"
    assert remove[:5] == ("remove", 8, 9, 0.75, 0)


@pytest.mark.parametrize("alpha", [0.0, 0.5])
def test_same_as_full_recomputation(alpha: float) -> None:
    for number, g in enumerate(FIFTY):
        h, k = 1 + number % 4, number % 3
        found = apply(BORF(3, h, k, alpha), g).edits
        assert [e[:3] for e in found] == by_definition(g, 3, h, k, alpha)


@pytest.mark.parametrize("made", [BORF(), BORF(2, 3, 0, variant="released"), BORF(3, 2, 2, 0.5)], ids=repr)
def test_many_graphs_at_once_are_edited_like_each_alone(made: BORF) -> None:
    many = [*FIFTY[:20], families.star(5), families.complete(5), Graph(0, FIFTY[0].edges[:0]), families.path(2)]
    expected = [list(apply(made, g).edits) for g in many]
    assert made.edits_many(many, Context()) == expected
    budgets = [3 + number % 4 for number in range(len(many))]
    endless = BORF(10**6, made.additions, made.removals, made.alpha, made.variant)
    expected = [list(apply(made, g, budget=b).edits) for g, b in zip(many, budgets, strict=True)]
    assert endless.edits_many(many, Context(), budgets) == expected


@given(st.lists(graphs(max_nodes=8), max_size=5))
@settings(max_examples=25, deadline=None)
def test_any_graphs_at_once(many: list[Graph]) -> None:
    assert BORF(2, 2, 1).edits_many(many, Context()) == [list(apply(BORF(2, 2, 1), g).edits) for g in many]


def test_released_code_removes_everything_where_nothing_is_to_be_removed() -> None:
    g = families.barbell(5)
    done = rewire(g, "borf:1,3,0,variant=released")
    assert done.removed == g.m
    assert done.graph.m == done.added == 1  # the edges of a clique name pairs that are joined
    assert rewire(g, "borf:1,3,0").removed == 0
    assert rewire(g, "borf:1,3,2,variant=released").edits == rewire(g, "borf:1,3,2").edits


def test_constraints_take_the_next_edge() -> None:
    g = families.barbell(5)
    free = apply(BORF(1, 3, 1), g)
    no = frozenset({free.edits[0][1:3]})
    held = apply(BORF(1, 3, 1), g, constraints=Constraints(forbidden=no))
    assert not no & {e[1:3] for e in held.edits}
    chain = families.path(6)
    kept = apply(BORF(1, 0, 1), chain, constraints=Constraints(keep_connected=True))
    assert apply(BORF(1, 0, 1), chain).removed == 1
    assert kept.removed == 0
    capped = apply(BORF(3, 5, 0), families.barabasi_albert(30, 2), constraints=Constraints(max_degree=5))
    fresh = {node for e in capped.edits for node in e[1:3]}
    assert capped.added
    assert max(capped.graph.degree[list(fresh)]) <= 5


@given(graphs(max_nodes=9), st.integers(0, 4), st.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_no_more_edits_than_asked_for(g: Graph, h: int, k: int) -> None:
    done = apply(BORF(2, h, k), g)
    assert done.added <= 2 * h
    assert done.removed <= 2 * k
    for step in (0, 1):
        assert sum(e.step == step and e.op == "add" for e in done.edits) <= h


def test_alpha_is_checked_and_hubs_are_refused() -> None:
    with pytest.raises(UsageError, match="alpha"):
        rewire(families.path(3), "borf:alpha=1")
    with pytest.raises(LimitExceeded, match="borf"):
        apply(BORF(), families.bipartite(300, 300), context=Context(limits=Limits(memory=10**5)))


def test_published_setting_on_a_real_graph() -> None:
    g = real_graph("karate")
    done = rewire(g, "borf:3,20,10")
    assert [e[:3] for e in done.edits] == by_definition(g, 3, 20, 10)
