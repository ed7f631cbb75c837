"""Graph diffusion convolution from its definition: the whole matrix, dense."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from reference.naive_resistance_rewiring import conductances

from mixcli.graph import Graph

Pair = tuple[int, int]


def roots(g: Graph, loops: float) -> NDArray[np.float64]:
    """(n,) square roots of the strengths with loops; 1 where that is 0."""
    strength = conductances(g).sum(axis=1) + loops
    return np.sqrt(np.where(strength > 0, strength, 1.0))


def diffusion(g: Graph, kernel: str, rate: float, loops: float) -> NDArray[np.float64]:
    """(n, n) S."""
    root = roots(g, loops)
    t = (conductances(g) + loops * np.eye(g.n)) / np.outer(root, root)
    if kernel == "ppr":
        return rate * np.linalg.inv(np.eye(g.n) - (1 - rate) * t)
    value, vector = np.linalg.eigh(t)
    return (vector * np.exp(rate * (value - 1))) @ vector.T


def kept(s: NDArray[np.float64], sparsify: str, k: int, eps: float) -> NDArray[np.bool_]:
    """(n, n) which entries are kept in the column of either end; equal entries: the smaller node first."""
    level = np.rint(s * 2.0**36)
    if sparsify == "threshold":
        keep = level >= np.rint(eps * 2.0**36)
    else:
        keep = np.zeros(s.shape, dtype=bool)
        for v in range(len(s)):
            keep[np.lexsort((np.arange(len(s)), -level[:, v]))[:k], v] = True
        keep &= s > 1e-12
    return keep | keep.T


def weights(s: NDArray[np.float64], keep: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(n, n) S over the sums of the kept entries of its column, averaged with the same for the other direction."""
    column = (s * keep).sum(axis=0)
    column[column == 0] = 1.0
    return (s / column + (s / column).T) / 2
