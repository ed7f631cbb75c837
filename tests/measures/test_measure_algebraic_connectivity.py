"""Algebraic connectivity: closed forms, interlacing, values per component, the eigenvector."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import spectral
from strategies import graphs as any_graph
from strategies import relabelled
from zoo import ZOO, Entry

from mixcli.generators import graphs
from mixcli.graph import Graph, from_arcs
from mixcli.measures.graph.algebraic_connectivity import AlgebraicConnectivity
from mixcli.measures.graph.spectral_gap import SpectralGap


def value(g: Graph) -> float:
    found = AlgebraicConnectivity()(g).data
    assert isinstance(found, float)
    return found


@pytest.mark.parametrize("entry", ZOO, ids=str)
def test_closed_forms(entry: Entry) -> None:
    found = AlgebraicConnectivity()(entry.graph)
    assert found.exact
    assert found.data == pytest.approx(entry.connectivity, abs=1e-9, rel=1e-12)
    assert found.details["multiplicity_of_zero"] == entry.components
    same = SpectralGap(normalized=False)(entry.graph)
    assert (same.data, same.details) == (found.data, found.details)


@settings(max_examples=60, deadline=None)
@given(any_graph(max_nodes=10, weighted=True), st.integers(0, 10**6))
def test_an_edge_never_lowers_it(g: Graph, seed: int) -> None:
    """Interlacing: λ₂(L) <= λ₂(L + b b') <= λ₃(L)."""
    if g.n < 2:
        return
    u, v = np.random.default_rng(seed).choice(g.n, 2, replace=False)
    weight = np.ones(g.m) if g.weight is None else g.weight
    more = from_arcs(
        g.n, np.concatenate([g.edges, [[u, v]]]), directed=False, weight=np.append(weight, 0.7), listing="once"
    )
    before, after = value(g), value(more)
    assert after >= before * (1 - 1e-9)
    if g.n > 2:
        assert after <= np.linalg.eigvalsh(spectral.laplacian(g))[2] + 1e-9


@settings(max_examples=60, deadline=None)
@given(any_graph(max_nodes=10, weighted=True), st.integers(0, 99))
def test_laws(g: Graph, seed: int) -> None:
    if g.n < 2:
        assert AlgebraicConnectivity()(g).data is None
        return
    found = value(g)
    assert found == pytest.approx(np.linalg.eigvalsh(spectral.laplacian(g))[1], abs=1e-9 * (1 + g.strength.max()))
    assert found <= g.n * g.strength.min() / (g.n - 1) * (1 + 1e-9)
    assert value(relabelled(g, seed)[0]) == pytest.approx(found, rel=1e-9)


def test_components_each_on_their_own() -> None:
    parts = [graphs.grid(4, 5), graphs.complete(6), graphs.path(4), graphs.path(1), graphs.path(1)]
    offsets = np.cumsum([0, *(p.n for p in parts)])
    edges = np.concatenate([p.edges + o for p, o in zip(parts, offsets[:-1], strict=True)])
    found = AlgebraicConnectivity(listed=4)(Graph(int(offsets[-1]), edges))
    assert (found.data, found.exact, found.details["multiplicity_of_zero"]) == (0.0, True, 5)
    listed = found.details["components"]
    assert [c["nodes"] for c in listed] == [20, 6, 4, 1]
    assert [c["value"] for c in listed[:3]] == [value(p) for p in parts[:3]]
    assert listed[3]["value"] is None
    assert "one node" in listed[3]["reason"]
    assert found.details["largest_component"] == listed[0]


def test_vector_satisfies_its_equation() -> None:
    g = graphs.grid(6, 9)
    found = AlgebraicConnectivity(vector=True)(g)
    x = np.array(found.details["vector"])
    assert spectral.laplacian(g) @ x == pytest.approx(found.data * x, abs=1e-9)
    apart = SpectralGap(vector=True)(Graph(8, np.concatenate([graphs.cycle(5).edges, graphs.path(3).edges + 5])))
    assert [c["members"] for c in apart.details["components"]] == [[0, 1, 2, 3, 4], [5, 6, 7]]
    assert len(apart.details["components"][1]["vector"]) == 3
