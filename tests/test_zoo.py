"""The zoo's closed forms against dense linear algebra, so that a wrong expectation cannot bless wrong code."""

from __future__ import annotations

import numpy as np
import pytest
from reference import spectral
from zoo import ZOO, Entry

CONNECTED = [entry for entry in ZOO if entry.components == 1]


@pytest.mark.parametrize("entry", ZOO, ids=str)
def test_eigenvalues(entry: Entry) -> None:
    laplacian = np.linalg.eigvalsh(spectral.laplacian(entry.graph))
    normalised = np.linalg.eigvalsh(spectral.normalised_laplacian(entry.graph))
    assert entry.graph.components.count == entry.components
    assert (laplacian < 1e-9).sum() == entry.components
    assert laplacian[1] == pytest.approx(entry.connectivity, abs=1e-12)
    assert normalised[1] == pytest.approx(entry.gap, abs=1e-12)
    if entry.spectrum is not None:
        assert normalised == pytest.approx(entry.spectrum, abs=1e-12)
    if entry.laplacian_spectrum is not None:
        assert laplacian == pytest.approx(entry.laplacian_spectrum, abs=1e-12)
    if entry.kemeny is not None and entry.components == 1:
        assert (1 / normalised[1:]).sum() == pytest.approx(entry.kemeny)


@pytest.mark.parametrize("entry", CONNECTED, ids=str)
def test_resistances(entry: Entry) -> None:
    g = entry.graph
    resistance = spectral.resistances(g)
    on_edges = resistance[g.edges[:, 0], g.edges[:, 1]]
    if entry.edge_resistance is not None:
        assert on_edges == pytest.approx(entry.edge_resistance)
    if entry.largest_resistance is not None:
        assert resistance.max() == pytest.approx(entry.largest_resistance)
    assert resistance.sum() / 2 == pytest.approx(entry.kirchhoff)
    if "resistance_curvature" in entry.curvature:
        node = 1 - np.bincount(g.edges.ravel(), np.repeat(on_edges, 2), g.n) / 2
        assert 2 * node[g.edges].sum(axis=1) / on_edges == pytest.approx(entry.curvature["resistance_curvature"])


@pytest.mark.parametrize("entry", [e for e in ZOO if e.graph.n <= 16], ids=str)
def test_conductance(entry: Entry) -> None:
    if entry.conductance is not None:
        assert spectral.conductance(entry.graph) == pytest.approx(entry.conductance)


@pytest.mark.parametrize("entry", ZOO, ids=str)
def test_edge_fields_have_one_value_per_edge(entry: Entry) -> None:
    fields = [*entry.curvature.values(), *([] if entry.edge_resistance is None else [entry.edge_resistance])]
    assert all(f.shape == (entry.graph.m,) for f in fields)
