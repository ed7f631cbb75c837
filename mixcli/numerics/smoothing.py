"""How node features flatten as one linear layer is applied again and again: energies and angles, layer by layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

__all__ = ["Flattening", "edge_distances", "flattening"]

BLOCK = 2**17  # numbers in a block of edge differences: a megabyte, which stays in the cache


class Flattening(NamedTuple):
    """Curves over the layers 0 … K.

    Args:
        energy: (K+1,) Dirichlet energy; inf beyond the range of floats.
        quotient: (K+1,) energy over squared norm; nan where the features are all zero.
        edge_angle: (K+1,) mean over the nodes of the mean cosine distance to their neighbours; nan without any.
        pair_angle: (K+1,) mean cosine distance over all pairs of nodes; nan without any.
    """

    energy: NDArray[np.float64]
    quotient: NDArray[np.float64]
    edge_angle: NDArray[np.float64]
    pair_angle: NDArray[np.float64]


def flattening(
    matrix: csr_array,
    edges: NDArray[np.int64],
    weight: NDArray[np.float64],
    shrink: NDArray[np.float64],
    features: NDArray[np.float64],
    layers: int,
) -> Flattening:
    """Curves of S^k X for k = 0 … K.

    E(X) = Σ_uv w_uv |s_u x_u - s_v x_v|², s = 1 for tr X'(D - A)X and D^-1/2 for tr X'(I - D^-1/2 A D^-1/2)X.

    Args:
        matrix: (n, n) S.
        edges: (m, 2) each undirected edge once.
        weight: (m,) conductances.
        shrink: (n,) s.
        features: (n, f) X; left as it is.
        layers: K.

    Cost: layers · f · (nonzeros of S + 4 m + 4 n); memory for three more (n, f) arrays.
    """
    x, exponent = features, 0
    curves = np.full((4, layers + 1), np.nan)
    for k in range(layers + 1):
        if k:
            x = matrix @ x
        # Powers of two keep the numbers in range through any number of layers and change no digit.
        x, shift = _in_range(x)
        exponent += shift
        energy = float((weight * edge_distances(x * shrink[:, None], edges)).sum())  # no BLAS: it adds up by threads
        norm = float(np.einsum("ij,ij->", x, x))
        with np.errstate(over="ignore"):
            curves[0, k] = np.ldexp(energy, 2 * exponent)
        if norm > 0:
            curves[1, k] = energy / norm
        curves[2:, k] = _angles(x, edges)
    return Flattening(*curves)


def edge_distances(x: NDArray[np.float64], edges: NDArray[np.int64]) -> NDArray[np.float64]:
    """(m,) squared distances |x_u - x_v|² between the ends of each edge, taken before they are squared.

    Example:
        >>> edge_distances(np.array([[0.0, 0.0], [3.0, 4.0]]), np.array([[0, 1]])).tolist()
        [25.0]
    """
    out = np.empty(len(edges))
    step = max(1, BLOCK // max(1, x.shape[1]))
    for start in range(0, len(edges), step):
        u, v = edges[start : start + step].T
        apart = x[u] - x[v]
        out[start : start + step] = np.einsum("ij,ij->i", apart, apart)
    return out


def _in_range(x: NDArray[np.float64]) -> tuple[NDArray[np.float64], int]:
    most = float(np.abs(x).max(initial=0.0))
    shift = int(np.frexp(most)[1]) if most > 0 else 0
    return (np.ldexp(x, -shift), shift) if abs(shift) > 100 else (x, 0)


def _angles(x: NDArray[np.float64], edges: NDArray[np.int64]) -> tuple[float, float]:
    """Mean cosine distance to neighbours and over all pairs; 1 - cos is half the squared distance of unit vectors."""
    length = np.sqrt(np.einsum("ij,ij->i", x, x))
    known = length > 0
    number = int(known.sum())
    if number < len(x):
        new = np.cumsum(known) - 1
        x, length, edges = x[known], length[known], new[edges[known[edges].all(axis=1)]]
    unit = x * (1 / length)[:, None]
    near = np.nan
    if len(edges):
        u, v = edges.T
        distance = 0.5 * edge_distances(unit, edges)
        count = np.bincount(u, minlength=number) + np.bincount(v, minlength=number)
        total = np.bincount(u, distance, number) + np.bincount(v, distance, number)
        near = float((total[count > 0] / count[count > 0]).mean())
    if number < 2:
        return near, np.nan
    unit -= unit.mean(axis=0)
    return near, float(np.einsum("ij,ij->", unit, unit)) / (number - 1)
