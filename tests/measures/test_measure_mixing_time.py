"""Mixing times: closed forms, naive matrix powers, bounds on both sides, and walks that never mix."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import spectral
from strategies import graphs as any_graph
from strategies import relabelled

from mixcli.errors import LimitExceeded
from mixcli.generators import graphs
from mixcli.graph import Graph
from mixcli.measures.graph.mixing_time import MixingTime
from mixcli.numerics.mixing import Walk, double_cover


def powers(g: Graph, lazy: bool, epsilon: float, most: int) -> int | None:
    """The mixing time by stepping all starts at once; None after `most` steps."""
    a = spectral.adjacency(g)
    p = a / a.sum(axis=1, keepdims=True)
    p = (np.eye(g.n) + p) / 2 if lazy else p
    stationary, at = a.sum(axis=1) / a.sum(), np.eye(g.n)
    for t in range(most + 1):
        if np.abs(at - stationary).sum(axis=1).max() / 2 <= epsilon + 1e-12:
            return t
        at = at @ p
    return None


@pytest.mark.parametrize(
    "graph",
    [
        graphs.complete(2),
        graphs.complete(7),
        graphs.cycle(9),
        graphs.path(12),
        graphs.star(8),
        graphs.hypercube(5),
        graphs.petersen(),
        graphs.barbell(5),
        graphs.grid(4, 5),
        graphs.erdos_renyi(60, 300),
    ],
    ids=lambda g: g.name,
)
@pytest.mark.parametrize("epsilon", [0.25, 0.01, 0.49])
@pytest.mark.parametrize("walk", ["lazy", "simple"])
def test_against_matrix_powers(graph: Graph, epsilon: float, walk: str) -> None:
    graph = graph.component(graph.components.largest)
    found = MixingTime(epsilon, walk)(graph)  # type: ignore[arg-type]
    naive = powers(graph, walk == "lazy", epsilon, 2000)
    assert found.data == naive
    if naive is None:
        assert "bipartite" in found.reason
        return
    assert found.details["lower"] <= naive <= found.details["upper"]


@settings(max_examples=50, deadline=None)
@given(any_graph(max_nodes=8), st.integers(0, 99), st.sampled_from(["lazy", "simple"]))
def test_laws(g: Graph, seed: int, walk: str) -> None:
    found = MixingTime(walk=walk)(g)  # type: ignore[arg-type]
    assert MixingTime(walk=walk)(relabelled(g, seed)[0]).data == found.data  # type: ignore[arg-type]
    json.dumps(dict(found.details), allow_nan=False)
    if g.components.count > 1:
        assert found.data is None
        assert found.details["largest_component"]["nodes"] == g.components.sizes.max()
        return
    if found.data is not None and g.n > 1:
        assert found.data == powers(g, walk == "lazy", 0.25, 5000)
        bounds = MixingTime(walk=walk, method="bounds")(g)  # type: ignore[arg-type]
        assert (bounds.data, bounds.exact) == (found.details["upper"], False)
        assert bounds.data - bounds.error == found.details["lower"]


def test_complete_graph_in_closed_form() -> None:
    """d(t) = (1 - 1/n) (1/2 - 1/(2(n-1)))^t for the lazy walk."""
    walk = Walk(graphs.complete(6), lazy=True)
    assert walk.profile([0, 1, 4]) == pytest.approx([5 / 6 * 0.4**t for t in (0, 1, 4)])
    assert walk.gap == pytest.approx(0.6)


@pytest.mark.parametrize("graph", [graphs.cycle(7), graphs.petersen(), graphs.barbell(4), graphs.complete(5)])
def test_absolute_gap_is_the_gap_of_the_double_cover(graph: Graph) -> None:
    eigenvalues = np.linalg.eigvalsh(spectral.normalised_laplacian(graph))
    absolute = min(eigenvalues[1], 2 - eigenvalues[-1])
    assert MixingTime(walk="simple")(graph).details["gap"] == pytest.approx(absolute)
    both = np.linalg.eigvalsh(spectral.normalised_laplacian(double_cover(graph)))
    assert both == pytest.approx(np.sort(np.concatenate([eigenvalues, 2 - eigenvalues])))


def test_weights_are_used() -> None:
    g = graphs.cycle(5).replace(weight=np.array([1.0, 2.0, 0.5, 3.0, 1.0]))
    for walk in ("lazy", "simple"):
        assert MixingTime(walk=walk)(g).data == powers(g, walk == "lazy", 0.25, 500)  # type: ignore[arg-type]


def test_tiny_gap_takes_long() -> None:
    found = MixingTime()(graphs.barbell(60, 40))
    assert found.exact
    assert found.details["lower"] <= found.data <= found.details["upper"]
    assert found.data > 100_000
    walk = Walk(graphs.barbell(60, 40), lazy=True)
    assert walk.distance(found.data) <= 0.25 < walk.distance(found.data - 1)


def test_smallest_graphs() -> None:
    assert MixingTime()(graphs.path(1)).data == 0
    assert MixingTime()(Graph(0, np.zeros((0, 2)))).data is None
    apart = MixingTime()(Graph(5, np.array([[0, 1], [1, 2]])))
    assert (apart.data, apart.details["components"]) == (None, 3)
    assert apart.details["largest_component"]["value"] == powers(graphs.path(3), True, 0.25, 50)


def test_larger_graphs_get_bounds() -> None:
    found = MixingTime()(graphs.grid(40, 41))
    assert not found.exact
    assert found.details["lower"] < found.data
    hasty = MixingTime(budget=1e-9)(graphs.watts_strogatz(6000, 6, 0.02))
    assert (hasty.data, hasty.details["upper"]) == (None, None)
    assert hasty.details["lower"] > 0
    with pytest.raises(LimitExceeded, match="bounds"):
        MixingTime(method="exact")(graphs.path(50_000))


@pytest.mark.parametrize("factor", [1e-300, 1e300, 1.7e308])
def test_scale_of_the_weights_does_not_matter(factor: float) -> None:
    g = graphs.barbell(4)
    weighted = MixingTime()(g.replace(weight=np.full(g.m, factor)))
    plain = MixingTime()(g)
    assert weighted.data == plain.data
    assert weighted.details["upper"] == plain.details["upper"]


def test_steps_in_doubt_are_stated() -> None:
    g = graphs.watts_strogatz(300, 6, 0.1)
    g = g.replace(weight=10.0 ** np.random.default_rng(0).uniform(-12, 12, g.m))
    lazy, simple = MixingTime()(g), MixingTime(walk="simple")(g)
    for found in (lazy, simple):
        assert found.details["lower"] <= found.data <= found.details["upper"]
        assert found.exact == (found.error is None)
    doubt = 2 * (simple.error or 1) + (lazy.error or 1)
    assert abs(lazy.data - 2 * simple.data) <= doubt + 1e-6 * lazy.data
