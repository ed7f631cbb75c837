"""The spectral gap with Cheeger's interval: closed forms, laws, the disconnected, and real files."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import spectral
from reference.files import real_graph
from strategies import graphs as any_graph
from strategies import relabelled
from zoo import ZOO, Entry

from mixcli.context import Context
from mixcli.errors import NotApplicable
from mixcli.generators import graphs
from mixcli.graph import Graph
from mixcli.measures.base import Values, measure
from mixcli.measures.graph.spectral_gap import SpectralGap


def gap(g: Graph, **parameters: float) -> Values:
    return SpectralGap(**parameters)(g)


@pytest.mark.parametrize("entry", ZOO, ids=str)
def test_closed_forms(entry: Entry) -> None:
    found, combinatorial = gap(entry.graph), gap(entry.graph, normalized=False)
    assert found.exact
    assert found.data == pytest.approx(entry.gap, rel=1e-12)
    assert combinatorial.data == pytest.approx(entry.connectivity, rel=1e-12)
    assert found.details["multiplicity_of_zero"] == entry.components
    if entry.conductance is not None:
        slack = 1 + 1e-12
        assert found.details["cheeger_lower"] <= entry.conductance * slack
        assert entry.conductance <= found.details["sweep_conductance"] * slack
        assert found.details["sweep_conductance"] <= found.details["cheeger_upper"] * slack


def test_sweep_finds_the_bottleneck() -> None:
    for k in (3, 5, 40):
        assert gap(graphs.barbell(k)).details["sweep_conductance"] == pytest.approx(1 / (k * (k - 1) + 1))
    assert gap(graphs.path(10)).details["sweep_conductance"] == pytest.approx(1 / 9)
    found = gap(graphs.barbell(6), normalized=False).details
    assert found["sweep_expansion"] == pytest.approx(1 / 6)
    assert found["sweep_nodes"] == 6


@settings(max_examples=60, deadline=None)
@given(any_graph(max_nodes=9, weighted=True))
def test_cheeger_interval_holds_the_conductance(g: Graph) -> None:
    if g.n < 2:
        return
    found, slack = gap(g), 1 + 1e-9
    low, high = found.details["cheeger_lower"], found.details["cheeger_upper"]
    conductance = spectral.conductance(g)
    assert low <= conductance * slack
    assert conductance <= found.details["sweep_conductance"] * slack
    assert found.details["sweep_conductance"] <= high * slack
    combinatorial = gap(g, normalized=False).details
    assert combinatorial["cheeger_lower"] <= combinatorial["sweep_expansion"] * slack
    assert combinatorial["sweep_expansion"] <= combinatorial["cheeger_upper"] * slack


@settings(max_examples=60, deadline=None)
@given(any_graph(max_nodes=12, weighted=True), st.integers(0, 99))
def test_laws(g: Graph, seed: int) -> None:
    found = gap(g)
    if g.n < 2:
        assert found.data is None
        return
    assert found.data == pytest.approx(np.linalg.eigvalsh(spectral.normalised_laplacian(g))[1], abs=1e-9)
    assert (found.data == 0) == (g.components.count > 1)
    assert found.data <= g.n / (g.n - 1) * (1 + 1e-12)
    assert gap(relabelled(g, seed)[0]).data == pytest.approx(found.data, rel=1e-9)
    alone = gap(g.replace(n=g.n + 1))
    assert alone.data == 0
    assert alone.details["multiplicity_of_zero"] == g.components.count + 1
    assert alone.details["largest_component"]["nodes"] == g.components.sizes.max()


def test_disjoint_union() -> None:
    a, b = graphs.grid(5, 5), graphs.complete(6)
    both = Graph(31, np.concatenate([a.edges, b.edges + 25]))
    found = gap(both)
    assert found.data == 0
    assert found.exact
    assert found.residual == 0
    inner, alone = found.details["largest_component"], gap(a)
    assert inner["value"] == alone.data
    assert (inner["nodes"], inner["edges"]) == (25, 40)
    assert {k: inner[k] for k in ("cheeger_lower", "sweep_conductance")} == {
        k: alone.details[k] for k in ("cheeger_lower", "sweep_conductance")
    }


def test_without_edges() -> None:
    found = gap(Graph(4, np.zeros((0, 2))))
    assert found.data == 0
    assert found.details["multiplicity_of_zero"] == 4
    assert found.details["largest_component"]["value"] is None
    for n in (0, 1):
        nothing = gap(Graph(n, np.zeros((0, 2))))
        assert nothing.data is None
        assert "second eigenvalue" in nothing.reason


def test_directed_graphs_are_refused() -> None:
    with pytest.raises(NotApplicable, match="undirected"):
        gap(Graph(2, np.array([[0, 1]]), directed=True))


def test_details_are_plain_json() -> None:
    for g in (graphs.path(1), graphs.petersen(), Graph(3, np.array([[0, 1]])), graphs.grid(30, 30)):
        for normalized in (True, False):
            text = json.dumps(gap(g, normalized=normalized).details, allow_nan=False)
            assert "multiplicity_of_zero" in text or g.n == 1


def test_out_of_time_says_so() -> None:
    found = gap(graphs.watts_strogatz(6000, 6, 0.02), budget=1e-9)
    assert not found.exact
    assert not found.details["ok"]
    assert found.details["cheeger_lower"] is None
    assert found.details["sweep_conductance"] <= found.details["cheeger_upper"]


def test_seed_decides_and_work_is_shared() -> None:
    g = graphs.watts_strogatz(6000, 6, 0.02)
    context = Context(seed=3)
    first = measure(g, "spectral_gap", context=context)["spectral_gap"]
    assert SpectralGap()(g, Context(seed=3)).data == first.data
    assert SpectralGap()(g, Context(seed=4)).data == pytest.approx(first.data, rel=1e-8)
    assert len(context._memo) == 1


@pytest.mark.parametrize(
    ("name", "components", "exact", "rel"),
    [
        ("karate", 1, 0.132272, 1e-5),
        ("power", 1, 2.710210775e-4, 1e-8),
        ("usroads", 56, 2.94976975e-6, 1e-8),
        ("email-Enron", 1065, 3.52693953e-3, 1e-8),
    ],
)
def test_real_files(name: str, components: int, exact: float, rel: float) -> None:
    g = real_graph(name)
    found = gap(g)
    largest = found.details.get("largest_component", {"value": found.data, **found.details})
    assert found.details["multiplicity_of_zero"] == components
    assert (found.data == 0) == (components > 1)
    assert largest["value"] == pytest.approx(exact, rel=rel)
    assert largest["ok"]
    assert largest["cheeger_lower"] <= largest["sweep_conductance"] <= largest["cheeger_upper"]
    assert math.isclose(largest["cheeger_upper"], math.sqrt(2 * largest["value"]))


@pytest.mark.parametrize("graph", [graphs.path(1500), graphs.grid(12, 15), graphs.watts_strogatz(300, 6, 0.1)])
@pytest.mark.parametrize("decades", [24, 600])
def test_weights_over_many_decades_end_in_a_value_or_a_refusal(graph: Graph, decades: int) -> None:
    spread = np.random.default_rng(0).uniform(-decades / 2, decades / 2, graph.m)
    weighted = graph.replace(weight=10.0**spread)
    if decades > 300:
        with pytest.raises(NotApplicable, match="decades"):
            gap(weighted)
        return
    found = gap(weighted)
    assert 0 < found.data <= graph.n / (graph.n - 1)
    assert found.details["sweep_conductance"] <= found.details["cheeger_upper"] * (1 + 1e-9)
