"""Positional encodings: closed forms, dense against Lanczos, components and isolated nodes."""

import numpy as np
import pytest

from mixcli.generators.graphs import complete, cycle, erdos_renyi, path, star
from mixcli.graph import Graph
from mixcli.numerics import positional
from mixcli.numerics.positional import laplacian_encoding, random_walk_encoding


def test_path_has_cosines() -> None:
    found = laplacian_encoding(path(3), 4)
    assert np.allclose(np.abs(found[:, 0]), [np.sqrt(1.5), 0, np.sqrt(1.5)], atol=1e-6)
    assert (found[:, 2:] == 0).all()


def test_columns_are_eigenvectors_of_norm_root_n() -> None:
    graph = erdos_renyi(60, 260, 3)
    found = laplacian_encoding(graph, 5).astype(float)
    degree = graph.degree
    matrix = np.eye(graph.n) - graph.adjacency.toarray() / np.sqrt(np.outer(degree, degree))
    values = [v @ matrix @ v / (v @ v) for v in found.T]
    assert np.allclose(matrix @ found, found * values, atol=1e-4)
    assert np.allclose((found**2).sum(axis=0), graph.n, rtol=1e-5)
    assert np.all(np.diff(values) >= -1e-6)


def test_lanczos_gives_what_the_dense_solver_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = erdos_renyi(80, 320, 5)
    dense = laplacian_encoding(graph, 4)
    monkeypatch.setattr(positional, "DENSE_NODES", 10)
    assert np.allclose(laplacian_encoding(graph, 4), dense, atol=1e-4)


@pytest.mark.parametrize(("graph", "back"), [(cycle(4), [0, 0.5, 0]), (complete(3), [0, 0.5, 0.25])])
def test_return_probabilities(graph: Graph, back: list[float]) -> None:
    assert np.allclose(random_walk_encoding(graph, 3), [back] * graph.n, atol=1e-7)


def test_star_returns_every_other_step() -> None:
    found = random_walk_encoding(star(5), 4)
    hub = star(5).degree.argmax()
    assert np.allclose(found[hub], [0, 1, 0, 1])


def test_isolated_and_empty() -> None:
    lonely = Graph(3, np.array([[0, 1]]))
    assert np.allclose(random_walk_encoding(lonely, 2)[2], 0)
    assert np.isfinite(laplacian_encoding(lonely, 2)).all()
    assert laplacian_encoding(Graph(1, np.zeros((0, 2), np.int64)), 2).tolist() == [[0, 0]]
