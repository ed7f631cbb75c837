"""Cheeger constants: closed forms, the naive minimum over all sets, bounds, and what a cut says about itself."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import spectral
from strategies import graphs as any_graph
from strategies import relabelled
from zoo import ZOO, Entry

from mixcli.generators import graphs
from mixcli.graph import Graph
from mixcli.measures.graph.cheeger import Cheeger
from mixcli.numerics.cuts import best_cut
from mixcli.numerics.laplacian import Pencil

KNOWN = [entry for entry in ZOO if entry.conductance is not None]


@pytest.mark.parametrize("entry", KNOWN, ids=str)
def test_closed_forms(entry: Entry) -> None:
    found = Cheeger()(entry.graph)
    assert found.exact
    assert found.data == pytest.approx(entry.conductance, abs=1e-9)
    assert found.details["lower"] == found.details["upper"] == found.data


@pytest.mark.parametrize(
    ("graph", "expansion"),
    [
        (graphs.path(9), 1 / 4),
        (graphs.cycle(9), 2 / 4),
        (graphs.complete(7), 4),
        (graphs.star(9), 1),
        (graphs.hypercube(4), 1),
        (graphs.barbell(6), 1 / 6),
        (graphs.grid(4, 6), 4 / 12),
        (graphs.petersen(), 1),
    ],
    ids=lambda x: getattr(x, "name", ""),
)
def test_edge_expansion(graph: Graph, expansion: float) -> None:
    found = Cheeger(constant="expansion")(graph)
    assert found.data == pytest.approx(expansion, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(any_graph(max_nodes=9, weighted=True), st.integers(0, 99))
def test_against_all_sets(g: Graph, seed: int) -> None:
    if g.n < 2:
        assert Cheeger()(g).data is None
        return
    found, swept = Cheeger()(g), Cheeger(exact_nodes=0)(g)
    assert found.data == pytest.approx(spectral.conductance(g), rel=1e-9)
    assert found.data <= swept.data * (1 + 1e-12)
    assert swept.details["lower"] <= found.data * (1 + 1e-9)
    assert Cheeger()(relabelled(g, seed)[0]).data == pytest.approx(found.data, rel=1e-9)
    if g.components.count == 1:
        a, inside = spectral.adjacency(g), np.zeros(g.n, dtype=bool)
        inside[swept.details["side"]] = True
        cut, volume = a[inside][:, ~inside].sum(), min(a[inside].sum(), a[~inside].sum())
        assert swept.data == pytest.approx(cut / volume)
        assert swept.details["cut"] == pytest.approx(cut)
        assert swept.data <= swept.details["cheeger_upper"] * (1 + 1e-9)
        assert swept.error == pytest.approx(swept.data - swept.details["lower"])


@settings(max_examples=40, deadline=None)
@given(any_graph(max_nodes=8, weighted=True))
def test_expansion_lies_between_its_bounds(g: Graph) -> None:
    if g.n < 2 or g.components.count > 1:
        return
    found = Cheeger(constant="expansion")(g)
    assert found.details["cheeger_lower"] <= found.data * (1 + 1e-9)
    assert found.data <= found.details["cheeger_upper"] * (1 + 1e-9)


def test_twenty_nodes_are_tried_and_more_are_swept() -> None:
    assert Cheeger()(graphs.path(20)).details["method"] == "all_cuts"
    swept = Cheeger()(graphs.path(21))
    assert (swept.details["method"], swept.exact) == ("sweep", False)
    assert swept.data == pytest.approx(1 / 19)
    value, side = best_cut(Pencil.of(graphs.path(22)))
    assert (value, side.sum()) == (pytest.approx(1 / 21), 11)


def test_disconnected_graphs_are_already_cut() -> None:
    both = Graph(9, np.concatenate([graphs.complete(5).edges, graphs.path(4).edges + 5]))
    found = Cheeger()(both)
    assert (found.data, found.exact) == (0.0, True)
    assert found.details["side"] == [5, 6, 7, 8]
    assert found.details["largest_component"]["value"] == pytest.approx(3 / 4)
    assert found.details["cut_edges"] == 0
    without = Cheeger()(Graph(3, np.zeros((0, 2))))
    assert without.data == 0
    assert without.details["largest_component"]["value"] is None
    json.dumps(dict(without.details), allow_nan=False)


def test_without_a_lower_bound_when_time_is_up() -> None:
    found = Cheeger(budget=1e-9)(graphs.watts_strogatz(6000, 6, 0.02))
    assert found.details["lower"] is None
    assert found.error == found.data
    assert "side" not in found.details
