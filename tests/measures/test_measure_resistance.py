"""Effective resistance, commute time and Kirchhoff index: closed forms, laws, networkx, real files."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.files import real_graph
from strategies import graphs, relabelled
from zoo import ZOO, Entry

from mixcli.context import Context
from mixcli.generators import graphs as families
from mixcli.graph import Graph, from_arcs
from mixcli.limits import Limits
from mixcli.measures.base import Values, measure
from mixcli.numerics import resistance


def _find(g: Graph, name: str, context: Context | None = None) -> Values:
    return measure(g, name, context=context)[name]


@pytest.mark.parametrize("entry", [e for e in ZOO if e.edge_resistance is not None], ids=str)
def test_edge_resistance_and_commute_time(entry: Entry) -> None:
    g = entry.graph
    found = _find(g, "effective_resistance")
    assert found.exact
    assert found.residual < 1e-10
    assert found.data == pytest.approx(entry.edge_resistance, abs=1e-12)
    assert _find(g, "commute_time").data == pytest.approx(2 * g.m * entry.edge_resistance, rel=1e-12)


@pytest.mark.parametrize("entry", [e for e in ZOO if e.kirchhoff is not None], ids=str)
def test_kirchhoff(entry: Entry) -> None:
    found = _find(entry.graph, "total_resistance")
    if entry.components == 1:
        assert found.data == pytest.approx(entry.kirchhoff, rel=1e-12)
        assert found.details["per_component"] == {"sizes": [entry.graph.n], "values": [found.data]}
    else:
        assert found.data is None
        assert f"{entry.components} components" in found.reason


def test_karate() -> None:
    g = real_graph("karate")
    assert _find(g, "kirchhoff").data == pytest.approx(470.268185, abs=1e-6)
    found = _find(g, "effective_resistance")
    assert found.data.min() == pytest.approx(0.142215, abs=1e-6)
    assert tuple(g.edges[found.data.argmin()]) == (32, 33)
    assert found.data.mean() == pytest.approx(0.423077, abs=1e-6)
    assert found.details["argmax"] == [0, 11]
    assert found.details["foster_sum"] == pytest.approx(33, abs=1e-10)


def test_components_keep_their_own_values() -> None:
    g = Graph(8, np.array([[0, 1], [0, 2], [1, 2], [3, 4], [4, 5], [5, 6]]))
    found = _find(g, "kirchhoff").details
    assert found["per_component"]["sizes"] == [4, 3, 1]
    assert found["per_component"]["values"] == pytest.approx([10, 2, 0])
    assert (found["largest_component"], found["sum_within_components"]) == pytest.approx((10, 12))
    assert found["mean_resistance"] == pytest.approx(12 / 9)
    assert _find(g, "commute_time").data == pytest.approx([4, 4, 4, 6, 6, 6])


def test_weights_are_conductances() -> None:
    g = families.path(3).replace(weight=np.array([4.0, 0.5]))
    assert _find(g, "effective_resistance").data == pytest.approx([0.25, 2])
    assert _find(g, "commute_time").data == pytest.approx([9 * 0.25, 9 * 2])
    assert _find(g, "kirchhoff").data == pytest.approx(0.25 + 2 + 2.25)


@given(st.lists(st.floats(0.01, 100), min_size=2, max_size=6))
@settings(max_examples=30, deadline=None)
def test_series_and_parallel(conductances: list[float]) -> None:
    """A cycle is an edge in parallel to the others in series; a bundle of two-step ways adds up their conductances."""
    c = np.array([1.0, *conductances])
    g = families.cycle(len(c)).replace(weight=c)
    found = _find(g, "effective_resistance").data
    assert found == pytest.approx(1 / (c + 1 / ((1 / c).sum() - 1 / c)), rel=1e-12)
    k = len(conductances)
    ways = np.array([(0, 2 + i) for i in range(k)] + [(1, 2 + i) for i in range(k)])
    bundle = from_arcs(2 + k, ways, directed=False, weight=np.tile(conductances, 2))
    assert resistance.pair(bundle, 0, 1, Limits()) == pytest.approx(2 / np.sum(conductances), rel=1e-12)


def test_all_edges_and_pairs_against_networkx() -> None:
    g = families.watts_strogatz(60, 6, 0.2).replace(weight=None)
    g = g.replace(weight=np.random.default_rng(0).uniform(0.2, 5, g.m))
    h = nx.Graph()
    h.add_weighted_edges_from((u, v, w) for (u, v), w in zip(g.edges.tolist(), g.weight.tolist(), strict=True))
    table = nx.resistance_distance(h, weight="weight", invert_weight=False)
    expected = [table[u][v] for u, v in g.edges.tolist()]
    assert _find(g, "effective_resistance").data == pytest.approx(expected, rel=1e-9)
    total = sum(sum(row.values()) for row in table.values()) / 2
    assert _find(g, "kirchhoff").data == pytest.approx(total, rel=1e-9)


@given(graphs(max_nodes=12, weighted=True))
@settings(max_examples=50, deadline=None)
def test_foster_and_relabelling(g: Graph) -> None:
    found = _find(g, "effective_resistance")
    weight = np.ones(g.m) if g.weight is None else g.weight
    assert (weight * found.data).sum() == pytest.approx(g.n - g.components.count, abs=1e-10)
    assert (weight * found.data <= 1 + 1e-12).all()
    moved, order = relabelled(g, seed=3)
    assert _find(moved, "effective_resistance").data == pytest.approx(found.data[order], rel=1e-11)
    sums = [_find(x, "kirchhoff").details["sum_within_components"] for x in (g, moved)]
    assert sums[0] == pytest.approx(sums[1], rel=1e-10, abs=1e-12)


@given(graphs(max_nodes=10), st.data())
@settings(max_examples=50, deadline=None)
def test_rayleigh_more_edges_mean_less_resistance(g: Graph, data: st.DataObject) -> None:
    missing = [p for p in np.argwhere(np.triu(np.ones((g.n, g.n)), 1)).tolist() if p not in g.edges.tolist()]
    if not missing:
        return
    added = data.draw(st.sampled_from(missing))
    larger = from_arcs(g.n, np.concatenate([g.edges, [added]]), directed=False)
    kept = (larger.edges != added).any(axis=1)
    before, after = (_find(x, "effective_resistance").data for x in (g, larger))
    assert (after[kept] <= before * (1 + 1e-12)).all()


def test_all_measures_share_one_elimination(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Graph] = []

    class Counted(resistance.Factor):
        def __init__(self, graph: Graph, *args: Any) -> None:
            made.append(graph)
            super().__init__(graph, *args)

    monkeypatch.setattr(resistance, "Factor", Counted)
    names = ("effective_resistance", "commute_time", "kirchhoff", "kemeny", "hitting_time")
    measure(families.grid(6, 6), *names)
    assert len(made) == 1


def test_says_where_resistance_tells_only_the_degrees() -> None:
    g = families.erdos_renyi(300, 9000)
    found = _find(g, "effective_resistance").details
    local = (1 / g.degree[g.edges]).sum(axis=1)
    assert found["local_deviation"] == pytest.approx(np.abs(_find(g, "effective_resistance").data / local - 1).mean())
    assert "degrees" in found["reading"]
    assert "reading" not in _find(families.barbell(5), "effective_resistance").details


def test_graphs_without_edges() -> None:
    g = Graph(3, np.zeros((0, 2), np.int64))
    assert _find(g, "effective_resistance").data.shape == (0,)
    assert _find(g, "commute_time").data.shape == (0,)
    assert _find(g, "kirchhoff").data is None
    assert _find(families.path(1), "kirchhoff").data == 0
    assert _find(Graph(0, np.zeros((0, 2), np.int64)), "kirchhoff").data == 0


@pytest.mark.parametrize("name", ["power", "usroads", "email-Enron"])
def test_foster_holds_on_real_files(name: str) -> None:
    g, context = real_graph(name), Context()
    found = _find(g, "effective_resistance", context)
    assert found.residual < 1e-10
    assert found.details["foster_sum"] == pytest.approx(g.n - g.components.count, rel=1e-10)
    assert found.data.max() <= 1 + 1e-9
    assert _find(g, "kirchhoff", context).details["largest_component"] > 0


def test_a_small_graph_waits_for_no_compiler() -> None:
    names = "size degree distance reach balanced_forman bfc:released effective_resistance commute_time kirchhoff"
    code = (
        "import sys; from mixcli.measures.base import measure; from mixcli.generators.graphs import barabasi_albert;"
        f"measure(barabasi_albert(400, 3), *{names.split()!r}); assert 'numba' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
