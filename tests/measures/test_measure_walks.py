"""Kemeny's constant and hitting times: closed forms, laws, dense linear algebra, networkx, conventions."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from reference import spectral
from reference.files import real_graph
from strategies import graphs
from zoo import ZOO, Entry

from mixcli.context import Context
from mixcli.errors import UsageError
from mixcli.generators import graphs as families
from mixcli.graph import Graph
from mixcli.limits import Limits
from mixcli.measures.base import Values, measure
from mixcli.numerics import resistance
from mixcli.numerics.resistance import from_source, hitting_to, pair, resistances


def _find(g: Graph, name: str, context: Context | None = None) -> Values:
    return measure(g, name, context=context)[name]


def _hitting(g: Graph) -> np.ndarray:
    """(n, n) hitting times of a connected graph by solving (I - P) h = 1 for each target."""
    walk = spectral.adjacency(g) / g.strength[:, None]
    table = np.zeros((g.n, g.n))
    for t in range(g.n):
        rest = np.arange(g.n) != t
        table[rest, t] = np.linalg.solve(np.eye(g.n - 1) - walk[np.ix_(rest, rest)], np.ones(g.n - 1))
    return table


@pytest.mark.parametrize("entry", [e for e in ZOO if e.kemeny is not None and e.components == 1], ids=str)
def test_kemeny_closed_forms(entry: Entry) -> None:
    found = _find(entry.graph, "kemeny")
    assert found.data == pytest.approx(entry.kemeny, rel=1e-12)
    assert found.exact
    assert found.residual < 1e-10


def test_kemeny_against_networkx() -> None:
    g = families.watts_strogatz(50, 4, 0.3)
    g = g.replace(weight=np.random.default_rng(0).uniform(0.2, 5, g.m))
    h = nx.Graph()
    h.add_weighted_edges_from((u, v, w) for (u, v), w in zip(g.edges.tolist(), g.weight.tolist(), strict=True))
    assert _find(g, "kemeny").data == pytest.approx(nx.kemeny_constant(h, weight="weight"), rel=1e-9)


def test_disconnected_graphs_have_no_kemeny_but_their_components_do() -> None:
    g = Graph(8, np.array([[0, 1], [0, 2], [1, 2], [3, 4], [4, 5], [5, 6]]))
    found = _find(g, "kemeny")
    assert found.data is None
    assert "3 components" in found.reason
    assert found.details["per_component"]["values"] == pytest.approx([19 / 6, 4 / 3, 0])
    assert found.details["largest_component"] == pytest.approx(19 / 6)


def test_hitting_times_of_a_path_and_a_clique() -> None:
    n = 7
    assert _find(families.path(n), f"hitting_time:target={n - 1}").data == pytest.approx(
        [(n - 1) ** 2 - u**2 for u in range(n)]
    )
    assert _find(families.path(n), "hitting_time:source=0").data == pytest.approx([v**2 for v in range(n)])
    assert _find(families.complete(6), "hitting_time").data == pytest.approx(np.full(6, 25 / 6))


@given(graphs(max_nodes=9, weighted=True))
@settings(max_examples=40, deadline=None)
def test_hitting_against_linear_systems_and_kemeny(g: Graph) -> None:
    g = g.component(g.components.largest)
    if g.n < 2:
        return
    table, stationary = _hitting(g), g.strength / g.strength.sum()
    context = Context()
    found = _find(g, "hitting_time", context).data
    assert found == pytest.approx(stationary @ table, rel=1e-8)
    assert stationary @ found == pytest.approx(_find(g, "kemeny", context).data, rel=1e-10)
    assert _find(g, "hitting_time:source=1", context).data == pytest.approx(table[1], rel=1e-7, abs=1e-9)
    assert _find(g, "hitting_time:target=0", context).data == pytest.approx(table[:, 0], rel=1e-8)
    commute = (table + table.T)[g.edges[:, 0], g.edges[:, 1]]
    assert _find(g, "commute_time", context).data == pytest.approx(commute, rel=1e-9)


def test_parts_are_walked_on_their_own() -> None:
    g = Graph(8, np.array([[0, 1], [0, 2], [1, 2], [3, 4], [4, 5], [5, 6]]))
    found = _find(g, "hitting_time")
    assert found.data[7] == 0
    assert found.data[:3] == pytest.approx(np.full(3, 4 / 3))
    assert found.details["argmax"] in (3, 6)
    alone = _find(g, "hitting_time:target=4").data
    assert np.isinf(alone[[0, 1, 2, 7]]).all()
    assert alone[3:7] == pytest.approx([1, 0, 3, 4])
    assert np.isinf(_find(g, "hitting_time:source=4").data[7])
    assert _find(g, "hitting_time:source=7").data[7] == 0


def test_edgeless_graphs() -> None:
    one, none = families.path(1), Graph(0, np.zeros((0, 2), np.int64))
    assert _find(one, "kemeny").data == 0
    assert _find(none, "kemeny").data is None
    assert _find(one, "hitting_time").data.tolist() == [0.0]
    assert _find(none, "hitting_time").data.shape == (0,)
    assert _find(Graph(3, np.zeros((0, 2), np.int64)), "kemeny").data is None


def test_nodes_that_are_not_there() -> None:
    with pytest.raises(UsageError, match="node between 0 and 3"):
        _find(families.path(4), "hitting_time:target=4")
    with pytest.raises(UsageError, match="both"):
        _find(families.path(4), "hitting_time:source=1,target=2")


@pytest.mark.parametrize("edges", [10**9, -1], ids=["direct", "iterative"])
def test_one_solve_gives_a_pair_or_a_source(edges: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resistance, "PLAIN_EDGES", edges)
    g = families.watts_strogatz(120, 6, 0.1)
    g = g.replace(weight=np.random.default_rng(2).uniform(0.1, 9, g.m))
    table, limits = spectral.resistances(g), Limits()
    assert pair(g, 3, 77, limits) == pytest.approx(table[3, 77], rel=1e-9)
    assert pair(g, 5, 5, limits) == 0
    assert from_source(g, 9, limits).value == pytest.approx(table[9], rel=1e-9, abs=1e-12)
    assert hitting_to(g, 4, limits).value == pytest.approx(_hitting(g)[:, 4], rel=1e-8)
    assert resistances(g, limits).diagonal == pytest.approx(np.diag(np.linalg.pinv(spectral.laplacian(g))), rel=1e-9)


def test_across_components_resistance_is_infinite() -> None:
    g = Graph(4, np.array([[0, 1], [2, 3]]))
    assert pair(g, 0, 3, Limits()) == np.inf
    assert from_source(g, 0, Limits()).value.tolist() == pytest.approx([0, 1, np.inf, np.inf])


def test_karate() -> None:
    g = real_graph("karate")
    h = nx.Graph(g.edges.tolist())
    assert _find(g, "kemeny").data == pytest.approx(nx.kemeny_constant(h), rel=1e-10)
