"""Hard constraints on edits."""

from __future__ import annotations

import networkx
import numpy as np
import pytest
from hypothesis import given, settings

from mixcli.errors import NotApplicable, UsageError
from mixcli.generators.graphs import cycle, path, star
from mixcli.graph import Graph
from mixcli.rewiring.base import Constraints, Edit, Rules, apply
from mixcli.rewiring.graph.last_layer_fa import LastLayerFA
from tests.strategies import graphs


def test_without_constraints_everything_is_allowed() -> None:
    rules = Rules(path(4))
    assert not rules
    assert rules.open is None
    assert rules.may_add(0, 3)
    assert rules.may_remove(1, 2)


def test_a_degree_cap_follows_the_edits() -> None:
    rules = Rules(path(4), Constraints(max_degree=2))
    assert rules.may_add(0, 3)
    rules.done(Edit("add", 0, 3, 0.0, 0))
    assert not rules.may_add(0, 2)
    assert rules.open.tolist() == [False] * 4
    rules.done(Edit("remove", 1, 2, 0.0, 1))
    assert rules.may_add(1, 2)


def test_forbidden_pairs_have_no_order() -> None:
    rules = Rules(path(4), Constraints(forbidden=frozenset({(3, 0)})))
    assert not rules.may_add(0, 3)
    assert not rules.may_add(3, 0)
    assert rules.filter_pairs([(0, 2), (0, 3)]) == [(0, 2)]


def test_sides_are_kept() -> None:
    rules = Rules(path(4), Constraints(sides=(0, 1, 0, 1)))
    assert rules.may_add(0, 3)
    assert not rules.may_add(0, 2)


def test_a_bridge_stays_until_there_is_a_way_around() -> None:
    rules = Rules(star(4), Constraints(keep_connected=True))
    assert not rules.may_remove(0, 1)
    rules.done(Edit("add", 1, 2, 0.0, 0))
    assert rules.may_remove(0, 1)
    rules.done(Edit("remove", 0, 1, 0.0, 1))
    assert not rules.may_remove(1, 2)


@settings(max_examples=60, deadline=None)
@given(graphs(max_nodes=12))
def test_keep_connected_refuses_bridges_and_nothing_else(graph: Graph) -> None:
    plain = networkx.Graph(graph.edges.tolist())
    bridges = {tuple(sorted(e)) for e in networkx.bridges(plain)}
    rules = Rules(graph, Constraints(keep_connected=True))
    for u, v in graph.edges.tolist():
        assert rules.may_remove(u, v) == ((u, v) not in bridges)


@pytest.mark.parametrize(
    ("constraints", "says"),
    [
        (Constraints(max_degree=-1), ">= 0"),
        (Constraints(sides=(0, 1)), "each of 5 nodes"),
        (Constraints(forbidden=frozenset({(0, 5)})), "0 … 4"),
    ],
)
def test_constraints_that_do_not_fit_are_refused(constraints: Constraints, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        Rules(cycle(5), constraints)


def test_a_layer_plan_has_nothing_to_constrain() -> None:
    with pytest.raises(NotApplicable, match="edits edges"):
        apply(LastLayerFA(), cycle(5), constraints=Constraints(max_degree=3))


def test_directed_graphs_cannot_be_constrained() -> None:
    directed = Graph(3, np.array([[0, 1], [1, 2]]), directed=True)
    assert not Rules(directed)
    with pytest.raises(NotApplicable, match="--undirected"):
        Rules(directed, Constraints(keep_connected=True))


def test_what_is_constrained_is_told_in_short() -> None:
    told = Constraints(3, frozenset({(0, 1), (1, 2)}), True, (0, 1, 0)).to_json()
    assert told == {"max_degree": 3, "forbidden_pairs": 2, "keep_connected": True, "sides": 2}
