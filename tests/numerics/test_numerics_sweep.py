"""The sweep cut against a loop over all thresholds, and the two forms of Lanczos against each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import spectral
from strategies import graphs as any_graph

from mixcli.generators import graphs
from mixcli.graph import Graph
from mixcli.numerics.lanczos import lanczos, lanczos_long
from mixcli.numerics.laplacian import Pencil
from mixcli.numerics.sweep import sweep_cut


def slow_sweep(g: Graph, mass: np.ndarray, x: np.ndarray) -> float:
    a, order = spectral.adjacency(g), np.argsort(x, kind="stable")
    found = []
    for size in range(1, g.n):
        inside, outside = order[:size], order[size:]
        found.append(a[np.ix_(inside, outside)].sum() / min(mass[inside].sum(), mass[outside].sum()))
    return min(found)


@settings(max_examples=60, deadline=None)
@given(any_graph(max_nodes=12, weighted=True), st.integers(0, 99), st.booleans())
def test_sweep_against_all_thresholds(g: Graph, seed: int, normalized: bool) -> None:
    if g.n < 2 or g.components.count > 1:
        return
    pencil = Pencil.of(g, normalized)
    x = np.random.default_rng(seed).integers(0, 5, g.n).astype(float)
    value, side = sweep_cut(pencil, x)
    mass = g.strength if normalized else np.ones(g.n)
    assert value * pencil.scale == pytest.approx(slow_sweep(g, mass, x))
    assert 0 < side.sum() < g.n
    assert mass[side].sum() <= mass.sum() / 2 * (1 + 1e-12)
    cut = spectral.adjacency(g)[np.ix_(side, ~side)].sum()
    assert value * pencil.scale == pytest.approx(cut / mass[side].sum())


@pytest.mark.parametrize("graph", [graphs.erdos_renyi(200, 900), graphs.hypercube(7), graphs.complete(30)])
def test_short_and_long_lanczos_agree(graph: Graph) -> None:
    graph = graph.component(graph.components.largest)
    pencil = Pencil.of(graph)
    exact = 1 - np.linalg.eigvalsh(spectral.normalised_laplacian(graph))[1]

    def apply(x: np.ndarray) -> np.ndarray:
        return (pencil.adjacency @ x) / pencil.mass

    def enough(value: float, second: float, residual: float, steps: int) -> bool:
        return residual < 1e-9

    for form in (lanczos, lanczos_long):
        ritz = form(pencil, apply, 190, np.random.default_rng(0), enough)
        assert ritz.value == pytest.approx(exact, abs=1e-12)
        assert ritz.next <= ritz.value
        assert pencil.mass @ ritz.vector**2 == pytest.approx(1)
        left = apply(ritz.vector) - ritz.value * ritz.vector
        assert np.sqrt(pencil.mass @ left**2) < 2e-9
