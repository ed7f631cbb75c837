"""Eigenvalues and their histogram: closed forms, multiplicities, dense matrices, components, honest errors."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import spectral
from strategies import graphs as any_graph
from strategies import relabelled
from zoo import ZOO, Entry

from mixcli.errors import LimitExceeded
from mixcli.generators import graphs
from mixcli.graph import Graph, from_arcs
from mixcli.limits import Limits
from mixcli.measures.base import Context
from mixcli.measures.graph.spectrum import Spectrum
from mixcli.numerics.density import histogram, sampled_histogram
from mixcli.numerics.spectrum import all_eigenvalues, lowest, upper_end


def eigenvalues(g: Graph, k: int, **parameters: float) -> np.ndarray:
    return np.array(Spectrum(k=k, bins=0, **parameters)(g).details["eigenvalues"])


@pytest.mark.parametrize("entry", ZOO, ids=str)
def test_closed_forms(entry: Entry) -> None:
    g = entry.graph
    for normalized, known, second in (
        (True, entry.spectrum, entry.gap),
        (False, entry.laplacian_spectrum, entry.connectivity),
    ):
        found = eigenvalues(g, g.n, normalized=normalized)
        assert found[1] == pytest.approx(second, abs=1e-9)
        assert (found == 0).sum() == entry.components
        if known is not None:
            assert found == pytest.approx(known, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(any_graph(max_nodes=12, weighted=True), st.integers(0, 99), st.booleans())
def test_laws(g: Graph, seed: int, normalized: bool) -> None:
    matrix = spectral.normalised_laplacian(g) if normalized else spectral.laplacian(g)
    exact, scale = np.linalg.eigvalsh(matrix), max(1.0, float(g.strength.max()))
    found = Spectrum(k=g.n, normalized=normalized)(g)
    assert found.details["eigenvalues"] == pytest.approx(exact, abs=1e-9 * scale)
    assert all_eigenvalues(g, normalized) == pytest.approx(exact, abs=1e-9 * scale)
    assert max(found.details["residuals"]) <= 1e-9 * scale
    assert exact[-1] <= upper_end(g, normalized) * (1 + 1e-12)
    assert sum(found.details["histogram"]) == pytest.approx(1)
    moved = eigenvalues(relabelled(g, seed)[0], g.n, normalized=normalized)
    assert moved == pytest.approx(np.array(found.details["eigenvalues"]), abs=1e-9 * scale)
    json.dumps(dict(found.details), allow_nan=False)


@settings(max_examples=40, deadline=None)
@given(any_graph(max_nodes=10), st.integers(0, 10**6))
def test_interlacing(g: Graph, seed: int) -> None:
    """λ_k(L) <= λ_k(L + b b') <= λ_k+1(L)."""
    if g.n < 2:
        return
    pair = np.random.default_rng(seed).choice(g.n, 2, replace=False)
    more = from_arcs(g.n, np.concatenate([g.edges, [pair]]), directed=False, listing="both")
    before, after = eigenvalues(g, g.n, normalized=False), eigenvalues(more, g.n, normalized=False)
    assert (after >= before - 1e-9).all()
    assert (after[:-1] <= before[1:] + 1e-9).all()


def torus_eigenvalues(rows: int, columns: int, k: int) -> np.ndarray:
    each = [4 * np.sin(np.pi * np.arange(n) / n) ** 2 for n in (rows, columns)]
    return np.sort(np.add.outer(*each).ravel())[:k]


@pytest.mark.parametrize("side", [36, 80])
def test_multiplicities_are_not_missed(side: int) -> None:
    """By a sparse factor, and by a random one on the larger graph."""
    found = lowest(graphs.torus(side, side), 10, False, 1e-8, 20.0, 0)
    assert found.method == "lobpcg"
    assert found.converged
    assert found.values == pytest.approx(torus_eigenvalues(side, side, 10), rel=1e-8, abs=1e-12)
    again = lowest(graphs.torus(side, side), 10, True, 1e-8, 20.0, 1)
    assert again.values * 4 == pytest.approx(found.values, rel=1e-8)


def test_larger_closed_forms() -> None:
    k = np.arange(5)
    assert eigenvalues(graphs.path(20000), 5) == pytest.approx(2 * np.sin(np.pi * k / 2 / 19999) ** 2, rel=1e-8)
    assert eigenvalues(graphs.hypercube(11), 13)[1:] == pytest.approx([2 / 11] * 11 + [4 / 11], rel=1e-8)


@pytest.mark.parametrize("normalized", [True, False])
def test_against_dense(normalized: bool) -> None:
    g = graphs.erdos_renyi(1300, 3500, seed=1)
    g = g.replace(weight=10.0 ** np.random.default_rng(0).uniform(-1, 1, g.m))
    exact = np.linalg.eigvalsh(spectral.normalised_laplacian(g) if normalized else spectral.laplacian(g))
    count = g.components.count
    assert count > 1
    found = lowest(g, count + 6, normalized, 1e-8, 20.0, 0)
    assert found.values == pytest.approx(exact[: count + 6], rel=1e-8, abs=1e-9)
    assert (found.values[:count] == 0).all()
    assert (found.values[count:] > 0).all()


def test_as_many_zeros_as_components() -> None:
    parts = [graphs.complete(4), graphs.path(3), graphs.path(1)]
    edges = np.concatenate([parts[0].edges, parts[1].edges + 4])
    found = Spectrum(k=6)(Graph(8, edges))
    assert found.details["eigenvalues"] == pytest.approx([0, 0, 0, 1, 4 / 3, 4 / 3])
    assert found.details["multiplicity_of_zero"] == 3
    assert found.details["largest_component"]["eigenvalues"] == pytest.approx([0, 4 / 3, 4 / 3, 4 / 3])
    assert Spectrum(k=2)(Graph(8, edges)).details["method"] == "components"
    assert Spectrum(k=9)(Graph(8, edges)).data == pytest.approx(2)
    assert Spectrum()(Graph(4, np.zeros((0, 2)))).details["eigenvalues"] == [0, 0, 0, 0]
    assert Spectrum()(graphs.path(1)).details["histogram"][0] == 1
    assert Spectrum()(Graph(0, np.zeros((0, 2)))).data is None


@pytest.mark.parametrize(
    "graph",
    [graphs.erdos_renyi(500, 2000), graphs.grid(20, 25), graphs.watts_strogatz(400, 6, 0.1), graphs.star(300)],
    ids=lambda g: g.name,
)
@pytest.mark.parametrize("normalized", [True, False])
def test_sampled_histogram_holds_the_exact_one(graph: Graph, normalized: bool) -> None:
    """Within the error bars and the resolution: bins may swap what lies within range / steps of their border."""
    edges = np.linspace(0, upper_end(graph, normalized), 8)
    matrix = spectral.normalised_laplacian(graph) if normalized else spectral.laplacian(graph)
    values = np.linalg.eigvalsh(matrix)
    exact = np.cumsum(histogram(values, edges))
    shares, errors, probes = sampled_histogram(graph, normalized, edges, np.random.default_rng(0))
    assert probes == 32
    assert shares.sum() == pytest.approx(1)
    near = (edges[1] - edges[0]) / 4
    low = [(values < e - near).mean() for e in edges[1:]]
    high = [(values < e + near).mean() for e in edges[1:]]
    found, bar = np.cumsum(shares), 5 * np.sqrt(np.cumsum(errors**2)) + 2e-3
    assert (found >= np.minimum(low, exact) - bar).all()
    assert (found <= np.maximum(high, exact) + bar).all()


def test_few_distinct_eigenvalues_end_the_quadrature() -> None:
    edges = np.array([0, 0.5, 1.5, 2.0])
    shares, errors, _ = sampled_histogram(graphs.bipartite(40, 30), True, edges, np.random.default_rng(0))
    assert np.abs(shares - np.array([1, 68, 1]) / 70).max() <= 5 * errors.max() + 1e-9


def test_out_of_time_gives_upper_bounds() -> None:
    g = graphs.watts_strogatz(6000, 6, 0.02)
    hasty, patient = Spectrum(k=4, bins=0, budget=1e-9)(g), Spectrum(k=4, bins=0)(g)
    assert patient.exact
    assert not hasty.exact
    assert not hasty.details["ok"]
    bounds, exact = (np.array(v.details["eigenvalues"]) for v in (hasty, patient))
    assert (bounds >= exact).all()


def test_digits_lost_to_rounding_are_owned_up_to() -> None:
    """A dense solver knows the eigenvalues of the whole to 1e-16; below that a relative error is what remains."""
    g = graphs.barbell(5)
    weight = np.ones(g.m)
    weight[(g.degree[g.edges] == 5).all(axis=1)] = 1e-17
    found = Spectrum(k=2, bins=0)(g.replace(weight=weight))
    assert not found.exact
    assert found.details["relative_errors"][1] > 1e-3
    assert Spectrum(k=2, bins=0)(g).details["relative_errors"][1] < 1e-12


def test_too_many_eigenvalues_are_refused() -> None:
    with pytest.raises(LimitExceeded, match="fewer"):
        Spectrum(k=500)(graphs.grid(300, 300), Context(limits=Limits(memory=2**30)))


def test_same_seed_same_bits() -> None:
    g = graphs.watts_strogatz(6000, 6, 0.02)
    first, second = (Spectrum(k=3)(g, Context(seed=2)).details for _ in range(2))
    assert first == second


def test_small_graphs_never_load_the_compiler() -> None:
    code = (
        "import sys; from mixcli.measures.base import measure; from mixcli.generators import graphs as g\n"
        "for x in (g.barbell(5), g.grid(40, 50), g.erdos_renyi(1500, 6000)):\n"
        "    measure(x, 'spectrum', 'cheeger', 'mixing_time', 'algebraic_connectivity')\n"
        "sys.exit('numba' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("normalized", [True, False])
def test_all_eigenvalues_through_torch(normalized: bool) -> None:
    graph = graphs.erdos_renyi(60, 55, seed=4)  # several components and isolated nodes
    expected = all_eigenvalues(graph, normalized)
    assert all_eigenvalues(graph, normalized, "cpu") == pytest.approx(expected, abs=1e-12)


def test_an_accelerator_takes_the_histogram_of_larger_graphs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond what a processor does densely; torch on the processor stands in for the device."""
    from mixcli.numerics import device

    solver = device.TorchSolver
    monkeypatch.setattr(device, "resolve", lambda name: "cuda:0")
    monkeypatch.setattr(device, "TorchSolver", lambda name: solver("cpu"))
    graph = graphs.cycle(1001)
    exact = Spectrum(k=2, bins=4)(graph, Context(device="cuda")).details
    sampled = Spectrum(k=2, bins=4)(graph, Context(device="cpu")).details
    assert "histogram_error" not in exact
    assert "histogram_error" in sampled
    assert sum(exact["histogram"]) == pytest.approx(1)
    angles = 1 - np.cos(2 * np.pi * np.arange(1001) / 1001)
    assert exact["histogram"] == pytest.approx(np.histogram(angles, exact["bin_edges"])[0] / 1001, abs=2e-3)
