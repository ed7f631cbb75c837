"""Naive spectra, resistances and conductance: dense, slow and plain, to hold the fast code against."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mixcli.graph import Graph

Array = NDArray[np.float64]


def adjacency(g: Graph) -> Array:
    """Dense matrix of conductances."""
    a = np.zeros((g.n, g.n))
    a[g.edges[:, 0], g.edges[:, 1]] = 1.0 if g.weight is None else g.weight
    return a + a.T


def laplacian(g: Graph) -> Array:
    """D - A."""
    a = adjacency(g)
    return np.diag(a.sum(axis=1)) - a


def normalised_laplacian(g: Graph) -> Array:
    """I - D^-1/2 A D^-1/2, with a zero row for an isolated node."""
    a = adjacency(g)
    d = a.sum(axis=1)
    scale = np.where(d > 0, 1 / np.sqrt(np.where(d > 0, d, 1.0)), 0.0)
    return np.diag((d > 0).astype(float)) - scale[:, None] * a * scale


def resistances(g: Graph) -> Array:
    """(n, n) effective resistances of a connected graph, through the inverse of L + J / n."""
    inverse = np.linalg.inv(laplacian(g) + 1 / g.n)
    return np.diag(inverse)[:, None] + np.diag(inverse) - 2 * inverse


def conductance(g: Graph) -> float:
    """min over S of cut(S) / min(vol S, vol S^c), by trying all subsets without the last node."""
    a = adjacency(g)
    inside = (np.arange(1, 2 ** (g.n - 1))[:, None] >> np.arange(g.n)) & 1
    cut = (inside @ a * (1 - inside)).sum(axis=1)
    volume = inside @ a.sum(axis=1)
    smaller = np.minimum(volume, a.sum() - volume)
    return float((cut[smaller > 0] / smaller[smaller > 0]).min()) if (smaller == 0).sum() == 0 else 0.0
