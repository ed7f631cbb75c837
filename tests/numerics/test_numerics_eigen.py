"""λ₂ of connected graphs: every solver against closed forms and against the others, and the certificate's honesty."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from math import pi, sin

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import spectral
from strategies import relabelled
from zoo import ZOO, Entry

from mixcli.generators import graphs
from mixcli.graph import Graph
from mixcli.numerics import eigen
from mixcli.numerics.dense import grounded_inverse
from mixcli.numerics.eigen import Eigenpair, fiedler
from mixcli.numerics.laplacian import Pencil

Solver = Callable[[Pencil], Eigenpair | None]

SOLVERS: dict[str, Solver] = {
    "dense": lambda p: eigen.solve_dense(p, 1e-8),
    "lanczos": lambda p: eigen.solve_lanczos(p, 1e-8, 20.0, np.random.default_rng(1)),
    "inverse_lanczos": lambda p: eigen.solve_factored(p, 1e-8, np.random.default_rng(1)),
    "lobpcg": lambda p: eigen.solve_lobpcg(p, 1e-8, 20.0, np.random.default_rng(1)),
}

CONNECTED = [entry for entry in ZOO if entry.components == 1]


def conductances(g: Graph, decades: float, seed: int = 0) -> Graph:
    return g.replace(weight=10.0 ** (decades * np.random.default_rng(seed).random(g.m)))


def weighted_barbell(k: int, bridge: float) -> tuple[Graph, float]:
    """Two K_k joined by an edge of conductance `bridge`, and its gap: the odd vector has two values a side."""
    g = graphs.barbell(k)
    weight = np.ones(g.m)
    weight[(g.degree[g.edges] == k).all(axis=1)] = bridge
    square, linear = (k - 1) * (k - 1 + bridge), k * (k - 1) + (2 * k - 1) * bridge
    return g.replace(weight=weight), 4 * bridge / (linear + np.sqrt(linear**2 - 8 * bridge * square))


@pytest.mark.parametrize("entry", CONNECTED, ids=str)
def test_closed_forms(entry: Entry) -> None:
    for normalized, exact in ((True, entry.gap), (False, entry.connectivity)):
        pair = fiedler(entry.graph, normalized)
        assert pair.value == pytest.approx(exact, rel=1e-13)
        assert pair.converged
        assert pair.rho < 1e-10


@pytest.mark.parametrize(
    ("graph", "normalized", "exact", "method"),
    [
        (graphs.path(2000), True, 2 * sin(pi / 2 / 1999) ** 2, "inverse_lanczos"),
        (graphs.path(20000), True, 2 * sin(pi / 2 / 19999) ** 2, "lobpcg"),
        (graphs.path(20000), False, 4 * sin(pi / 2 / 20000) ** 2, "lobpcg"),
        (graphs.grid(90, 80), False, 4 * sin(pi / 2 / 90) ** 2, "lobpcg"),
        (graphs.torus(30, 20), True, sin(pi / 30) ** 2, "inverse_lanczos"),
        (graphs.hypercube(11), True, 2 / 11, "lanczos"),
        (graphs.complete(501), True, 501 / 500, "lanczos"),
        (graphs.star(3000), True, 1.0, "lanczos"),
        (graphs.bipartite(300, 250), True, 1.0, "lanczos"),
        (graphs.barbell(300, 400), True, 5.5518678698e-8, "inverse_lanczos"),
        (graphs.barbell(400, 600), True, 2.0824477246e-8, "lobpcg"),
    ],
    ids=lambda value: value if isinstance(value, str) else getattr(value, "name", None),
)
def test_larger_closed_forms(graph: Graph, normalized: bool, exact: float, method: str) -> None:
    pair = fiedler(graph, normalized)
    assert pair.method == method
    assert pair.converged
    assert pair.value == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize(
    "graph",
    [
        graphs.erdos_renyi(400, 2000),
        graphs.barabasi_albert(400, 3),
        graphs.watts_strogatz(400, 6, 0.05),
        graphs.regular(400, 3),
        graphs.grid(20, 21),
        graphs.tree(2, 7),
        graphs.ring_of_cliques(40, 10),
        conductances(graphs.grid(20, 21), 6),
        conductances(graphs.watts_strogatz(400, 6, 0.05), 12),
    ],
    ids=lambda g: g.name + (" weighted" if g.weight is not None else ""),
)
@pytest.mark.parametrize("normalized", [True, False])
def test_solvers_agree(graph: Graph, normalized: bool) -> None:
    graph = graph.component(graph.components.largest)
    pencil = Pencil.of(graph, normalized)
    found = {name: solve(pencil) for name, solve in SOLVERS.items() if normalized or name != "lanczos"}
    exact = found["dense"]
    assert exact is not None
    assert exact.converged
    for name, pair in found.items():
        if pair is None:  # left to the next one, which only these two may do
            assert name in ("lanczos", "inverse_lanczos")
            continue
        assert pair.converged, name
        assert pair.value == pytest.approx(exact.value, rel=1e-8), name
        assert pair.value >= exact.value * (1 - 1e-12), "a Rayleigh quotient is never below λ₂"


def test_dense_against_numpy() -> None:
    for seed in range(5):
        g = graphs.erdos_renyi(60, 200, seed=seed)
        g = conductances(g.component(g.components.largest), 2, seed)
        assert fiedler(g).value == pytest.approx(np.linalg.eigvalsh(spectral.normalised_laplacian(g))[1])
        assert fiedler(g, False).value == pytest.approx(np.linalg.eigvalsh(spectral.laplacian(g))[1])


@pytest.mark.parametrize("bridge", [1e-3, 1e-8, 1e-14, 1e6])
@pytest.mark.parametrize("k", [5, 60])
def test_tiny_gaps_keep_their_digits(k: int, bridge: float) -> None:
    graph, exact = weighted_barbell(k, bridge)
    for name in ("dense", "lobpcg"):
        pair = SOLVERS[name](Pencil.of(graph))
        assert pair is not None
        assert pair.value == pytest.approx(exact, rel=1e-8), name


def test_elimination_keeps_every_digit() -> None:
    weight = np.array([1e-150, 1e150, 1e-80, 1e90, 1.0])
    g = graphs.path(6).replace(weight=weight)
    inverse = grounded_inverse(Pencil(g.edges, weight, g.strength, g.strength))
    ground = int(np.argmin(np.diag(inverse)))
    assert ground in (1, 2)  # the two ends of the strongest edge
    to_ground = [(1 / weight[min(v, ground) : max(v, ground)]).sum() for v in range(6)]
    assert np.diag(inverse) == pytest.approx(to_ground, rel=1e-14)


@settings(max_examples=25, deadline=None)
@given(st.integers(3, 40), st.integers(0, 10**6), st.floats(-280, 280), st.booleans())
def test_scaling_and_relabelling(n: int, seed: int, exponent: float, normalized: bool) -> None:
    g = graphs.erdos_renyi(n, min(2 * n, n * (n - 1) // 2), seed=seed)
    g = g.component(g.components.largest)
    if g.n < 2:
        return
    g = conductances(g, 1, seed)
    value = fiedler(g, normalized).value
    assert 0 < value <= (g.n / (g.n - 1) if normalized else g.n * g.strength.max() / (g.n - 1)) * (1 + 1e-12)
    factor = 10.0**exponent
    scaled = fiedler(g.replace(weight=g.weight * factor), normalized).value
    assert scaled == pytest.approx(value if normalized else value * factor, rel=1e-10)
    assert fiedler(relabelled(g, seed)[0], normalized).value == pytest.approx(value, rel=1e-10)


@pytest.mark.parametrize("graph", [graphs.watts_strogatz(6000, 6, 0.02), graphs.barabasi_albert(6000, 3)])
def test_upper_bound_when_time_is_up(graph: Graph) -> None:
    exact, hasty = fiedler(graph), fiedler(graph, budget=1e-9)
    assert exact.converged
    assert not hasty.converged
    assert hasty.error > 1e-8
    assert hasty.value > exact.value


@pytest.mark.parametrize("graph", [graphs.grid(18, 20), graphs.watts_strogatz(400, 6, 0.05), graphs.path(450)])
def test_an_eigenvalue_is_within_rho(graph: Graph) -> None:
    """However early the iteration ends."""
    pencil = Pencil.of(graph)
    eigenvalues = np.linalg.eigvalsh(spectral.normalised_laplacian(graph))[1:]
    for tolerance in (1e0, 1e-1, 1e-2, 1e-4, 1e-6):
        pair = eigen.solve_lobpcg(pencil, tolerance, 10.0, np.random.default_rng(2))
        assert pair.value >= eigenvalues[0] * (1 - 1e-9)
        assert np.abs(pair.value / eigenvalues - 1).min() <= 1.05 * pair.rho + 1e-9
        assert np.abs(pair.value - eigenvalues).min() <= pair.residual + 1e-12


def test_same_seed_same_bits_whatever_the_threads() -> None:
    from threadpoolctl import threadpool_limits

    for graph in (graphs.watts_strogatz(6000, 6, 0.02), graphs.barabasi_albert(3000, 3), graphs.grid(12, 20)):
        with threadpool_limits(2, "blas"):
            two = fiedler(graph, seed=5)
        one = fiedler(graph, seed=5)
        assert one.value == two.value
        assert (one.vector == two.vector).all()


def test_small_graphs_never_load_the_compiler() -> None:
    code = (
        "import sys; from mixcli.measures.base import measure; from mixcli.generators import graphs as g\n"
        "for x in (g.barbell(5), g.grid(10, 20), g.grid(40, 50), g.erdos_renyi(3000, 12000)):\n"
        "    measure(x, 'spectral_gap')\n"
        "sys.exit('numba' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_large_graphs_get_more_time() -> None:
    assert eigen.patience(graphs.path(1000)) == 20
    assert eigen.patience(Graph(3_000_000, np.zeros((0, 2)))) == 60


@pytest.mark.parametrize("graph", [graphs.path(300), graphs.grid(17, 18), graphs.watts_strogatz(300, 6, 0.05)])
@pytest.mark.parametrize("decades", [6, 12, 24])
def test_uneven_weights_keep_their_digits(graph: Graph, decades: float) -> None:
    """Against an elimination that never subtracts, whose eigenvector still has the rounding of a dense solver."""
    pencil = Pencil.of(conductances(graph, decades))
    pair, exact = SOLVERS["lobpcg"](pencil), eigen.solve_dense(pencil, 1e-8)
    assert pair is not None
    assert pair.converged
    assert pair.value == pytest.approx(exact.value, rel=1e-4 if decades == 24 else 1e-8)
    assert pair.value <= exact.value * (1 + 1e-8)


def test_uneven_weights_whatever_the_seed() -> None:
    weighted = conductances(graphs.grid(75, 75), 24)
    first, second = fiedler(weighted, seed=0), fiedler(weighted, seed=1)
    assert first.converged
    assert first.value == pytest.approx(second.value, rel=1e-7)
