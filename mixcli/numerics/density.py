"""The distribution of the eigenvalues of a large Laplacian, by stochastic Lanczos quadrature."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mixcli.graph import Graph

__all__ = ["PROBES", "STEPS", "histogram", "sampled_histogram"]

STEPS = 80
"""Lanczos steps: what is closer than about 1/80 of the range is not told apart."""
PROBES = 8, 32
_BREAKDOWN = 1e-10


def histogram(eigenvalues: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of the eigenvalues in each bin; those on the border of two within rounding count to the upper one.

    Example:
        >>> histogram(np.array([0.0, 1.0, 1.0, 2.0]), np.array([0.0, 1.0, 2.0])).tolist()
        [0.25, 0.75]
    """
    return _binned(eigenvalues, np.full(len(eigenvalues), 1 / max(len(eigenvalues), 1)), edges)


def _binned(
    values: NDArray[np.float64], weights: NDArray[np.float64], edges: NDArray[np.float64]
) -> NDArray[np.float64]:
    slack = 1e-9 * (edges[-1] - edges[0])
    where = np.clip(np.searchsorted(edges, values + slack, side="right") - 1, 0, len(edges) - 2)
    return np.bincount(where, weights, len(edges) - 1)


def sampled_histogram(
    graph: Graph, normalized: bool, edges: NDArray[np.float64], rng: np.random.Generator, steps: int = STEPS
) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """Estimate the share of the eigenvalues in each bin from random vectors.

    For a vector z of signs, E z' 1[λ in bin] z / n is the share; each z' f(L) z is a Gauss quadrature whose nodes and
    weights are the Ritz values and first components of a Lanczos run from z.

    Args:
        graph: undirected, at least one node.
        normalized: of the normalised Laplacian; else of D - A.
        edges: (b+1,) borders of the bins.
        rng: draws the vectors.
        steps: Lanczos steps for each.

    Returns:
        (b,) shares, which sum to 1; (b,) their standard errors over the vectors; the number of vectors. The errors do
        not cover the resolution of about range / steps: a heavy eigenvalue near a border may fall on the other side.

    Cost: `steps` products with L for each of 8 to 32 vectors, fewer the larger the graph (the error falls with n).

    Source: Ubaru, Chen and Saad 2017 (stochastic Lanczos quadrature).
    """
    probes = int(np.clip(10**6 // graph.n, *PROBES))
    apply = _operator(graph, normalized)
    shares = np.empty((probes, len(edges) - 1))
    for row in range(probes):
        start = rng.integers(0, 2, graph.n) * 2.0 - 1.0
        nodes, weights = _quadrature(apply, start / np.sqrt(graph.n), steps)
        shares[row] = _binned(nodes, weights, edges)
    return shares.mean(axis=0), shares.std(axis=0, ddof=1) / np.sqrt(probes), probes


def _operator(graph: Graph, normalized: bool) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """x -> L x, symmetric; the row of an isolated node is 0 in either Laplacian."""
    adjacency, strength = graph.adjacency, graph.strength
    if not normalized:
        return lambda x: strength * x - adjacency @ x
    root = np.sqrt(np.where(strength > 0, strength, 1.0))
    own = (strength > 0).astype(np.float64)
    return lambda x: own * x - (adjacency @ (x / root)) / root


def _quadrature(
    apply: Callable[[NDArray[np.float64]], NDArray[np.float64]], q: NDArray[np.float64], steps: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Nodes and weights of the Gauss rule of the spectral measure of q, |q| = 1."""
    from scipy.linalg import eigh_tridiagonal

    diagonal: list[float] = []
    beside: list[float] = []
    before, size = np.zeros_like(q), 0.0
    while len(diagonal) < steps:
        y = apply(q) - size * before
        along = float((y * q).sum())
        y -= along * q
        size = float(np.sqrt((y * y).sum()))
        diagonal.append(along)
        if size <= _BREAKDOWN * max(map(abs, diagonal)) or len(diagonal) == len(q):
            break  # q lies in a space of so few eigenvectors, and the rule is exact
        beside.append(size)
        before, q = q, y / size
    values, vectors = eigh_tridiagonal(diagonal, beside[: len(diagonal) - 1])
    return values, vectors[0] ** 2
