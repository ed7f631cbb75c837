"""The approximate factor: unbiased, exact on trees, repeatable; and the solver over it."""

from __future__ import annotations

import numpy as np
import pytest
from reference import spectral

from mixcli.errors import UsageError
from mixcli.generators import graphs
from mixcli.graph import Graph
from mixcli.numerics.approxchol import ApproxChol
from mixcli.numerics.pcg import LaplacianSolver


def factor(g: Graph, seed: int = 0, copies: int = 2) -> ApproxChol:
    return ApproxChol(g.n, g.edges, np.ones(g.m) if g.weight is None else g.weight, seed, copies)


def right_hand_side(g: Graph, k: int = 1, seed: int = 0) -> np.ndarray:
    b = np.random.default_rng(seed).standard_normal((g.n, k))
    for c in range(g.components.count):
        part = g.components.of_node == c
        b[part] -= b[part].mean(axis=0)
    return b


def decades(g: Graph, count: float) -> Graph:
    return g.replace(weight=10.0 ** (count * np.random.default_rng(3).random(g.m)))


@pytest.mark.parametrize("graph", [graphs.path(50), graphs.star(50), graphs.tree(3, 4), decades(graphs.tree(2, 6), 4)])
def test_exact_on_trees(graph: Graph) -> None:
    x = np.random.default_rng(1).standard_normal(graph.n)
    y = factor(graph).apply(spectral.laplacian(graph) @ x)
    assert y - y.mean() == pytest.approx(x - x.mean(), rel=1e-6, abs=1e-6)


def test_symmetric_and_positive_on_sums_of_zero() -> None:
    graph = decades(graphs.watts_strogatz(80, 6, 0.2), 3)
    b = right_hand_side(graph, 20)
    product = b.T @ factor(graph).apply(b)
    assert product == pytest.approx(product.T, rel=1e-9)
    assert np.linalg.eigvalsh((product + product.T) / 2).min() > 0


def test_right_in_expectation() -> None:
    """The mean of F W F' over many seeds is L: the sampled clique has the exact one as its expectation."""
    graph = graphs.complete(5)
    centre = np.eye(5) - 1 / 5
    mean, square, draws = np.zeros((5, 5)), np.zeros((5, 5)), 3000
    for seed in range(draws):
        product = np.linalg.pinv(centre @ factor(graph, seed, copies=1).apply(centre))
        mean += product / draws
        square += product**2 / draws
    error = np.sqrt(np.maximum(square - mean**2, 1e-12) / draws)
    assert (np.abs(mean - spectral.laplacian(graph)) < 5 * error).all()


def test_same_seed_same_factor() -> None:
    graph = graphs.barabasi_albert(500, 4)
    b = right_hand_side(graph)
    first, again, other = (factor(graph, seed).apply(b) for seed in (7, 7, 8))
    assert (first == again).all()
    assert (first != other).any()


@pytest.mark.parametrize(
    "graph",
    [
        graphs.path(3000),
        graphs.grid(60, 50),
        decades(graphs.grid(60, 50), 6),
        graphs.watts_strogatz(3000, 8, 0.02),
        graphs.barabasi_albert(3000, 3),
        graphs.erdos_renyi(3000, 3500),
    ],
    ids=lambda g: g.name + (" weighted" if g.weight is not None else ""),
)
def test_solves_on_every_kind_of_graph(graph: Graph) -> None:
    solver = LaplacianSolver(graph, seed=1)
    b = right_hand_side(graph, 3)
    found = solver.solve(b, 1e-8)
    strength, adjacency = graph.strength[:, None], graph.adjacency
    assert (found.residual <= 1.01e-8).all()
    assert found.iterations <= 100
    left = strength * found.x - adjacency @ found.x
    assert np.linalg.norm(left - b, axis=0) / np.linalg.norm(b, axis=0) == pytest.approx(found.residual, rel=1e-3)
    assert found.x.mean(axis=0) == pytest.approx(0, abs=1e-9 * np.abs(found.x).max())
    one = solver.solve(b[:, 0], 1e-8)
    assert one.x == pytest.approx(found.x[:, 0], abs=1e-4 * np.abs(one.x).max())


def test_resistance_by_solve() -> None:
    graph = decades(graphs.watts_strogatz(60, 4, 0.3), 2)
    b = np.zeros(60)
    b[0], b[31] = 1.0, -1.0
    x = LaplacianSolver(graph).solve(b, 1e-12).x
    assert x[0] - x[31] == pytest.approx(spectral.resistances(graph)[0, 31], rel=1e-9)


def test_projects_the_right_hand_side_by_component() -> None:
    graph = Graph(7, np.array([[0, 1], [1, 2], [3, 4], [4, 5]]))  # two paths and an isolated node
    found = LaplacianSolver(graph).solve(np.array([3.0, 0, 0, 5.0, 5.0, 5.0, 9.0]))
    assert found.x == pytest.approx([5 / 3, -1 / 3, -4 / 3, 0, 0, 0, 0], abs=1e-7)
    assert found.residual.max() < 1e-8


def test_expanders_need_no_factor() -> None:
    assert LaplacianSolver(graphs.regular(2000, 6)).solve(right_hand_side(graphs.regular(2000, 6))).method == "jacobi"
    assert LaplacianSolver(graphs.path(2000)).solve(right_hand_side(graphs.path(2000))).method == "approxchol"


def test_says_how_far_it_got() -> None:
    """Rounding ends at about the condition number times 1e-16; the residual must say so, and the solve must end."""
    found = LaplacianSolver(graphs.barbell(100, 400)).solve(right_hand_side(graphs.barbell(100, 400)), 1e-17)
    assert 1e-17 < found.residual[0] < 1e-6
    assert found.iterations < 1000


def test_refuses_another_length() -> None:
    with pytest.raises(UsageError, match="5 rows"):
        LaplacianSolver(graphs.path(5)).solve(np.ones(4))
