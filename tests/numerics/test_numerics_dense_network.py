"""Resistances through a dense inverse, and between all pairs, on any device."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from reference import naive_resistance
from strategies import graphs
from zoo import ZOO, Entry

from mixcli.context import Context
from mixcli.errors import LimitExceeded
from mixcli.generators import graphs as families
from mixcli.graph import Graph
from mixcli.limits import Limits
from mixcli.numerics import dense_network, device, estimates
from mixcli.numerics.dense_network import all_pairs, on_device
from mixcli.numerics.resistance import resistances


@pytest.mark.parametrize("entry", ZOO, ids=str)
def test_the_same_as_by_elimination(entry: Entry) -> None:
    found, expected = on_device(entry.graph, "cpu"), resistances(entry.graph, Limits())
    for field in ("edge", "kirchhoff", "diagonal", "kemeny", "hitting"):
        assert getattr(found, field) == pytest.approx(getattr(expected, field), rel=1e-9, abs=1e-10)
    assert found.residual < 1e-10


@pytest.mark.parametrize("entry", [e for e in ZOO if e.largest_resistance is not None and e.components == 1], ids=str)
def test_largest_resistance(entry: Entry) -> None:
    for solver in (None, device.TorchSolver("cpu")):
        assert all_pairs(entry.graph, Limits(), solver).max() == pytest.approx(entry.largest_resistance, rel=1e-9)


def test_graphs_without_edges() -> None:
    found = on_device(Graph(3, np.zeros((0, 2), np.int64)), "cpu")
    assert found.edge.shape == (0,)
    assert found.kirchhoff.tolist() == [0, 0, 0]


@given(graphs(max_nodes=8, weighted=True))
@settings(max_examples=30, deadline=None)
def test_all_pairs_against_exact_fractions(g: Graph) -> None:
    expected = naive_resistance.resistances(g)
    assert all_pairs(g, Limits()) == pytest.approx(expected, rel=1e-12)
    assert all_pairs(g, Limits(), device.TorchSolver("cpu")) == pytest.approx(expected, rel=1e-8, abs=1e-10)


def test_all_pairs_refuse_before_they_allocate() -> None:
    with pytest.raises(LimitExceeded, match="from_source"):
        all_pairs(families.path(100_000), Limits())


def test_an_accelerator_is_used_where_it_keeps_the_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[str] = []

    def recorded(graph: Graph, place: str) -> object:
        used.append(place)
        return on_device(graph, "cpu")

    monkeypatch.setattr(estimates, "PLAIN_EDGES", 0)
    monkeypatch.setattr(device, "resolve", lambda name: "cuda")
    monkeypatch.setattr(dense_network, "on_device", recorded)
    g = families.erdos_renyi(100, 300)
    found = estimates.exactly(g, Context(device="cuda"))
    assert used == ["cuda"]
    assert found.edge == pytest.approx(resistances(g, Limits()).edge, rel=1e-10)
    rough = g.replace(weight=10.0 ** (np.arange(300) % 17 - 8.0))
    found = estimates.exactly(rough, Context(device="cuda"))
    assert used == ["cuda", "cuda"]
    assert found.residual < 1e-12
    estimates.exactly(g, Context(device="cpu"))
    assert len(used) == 2
