"""Effective resistances by Gaussian elimination on the grounded Laplacian, in exact fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from mixcli.graph import Graph


def resistances(g: Graph) -> NDArray[np.float64]:
    """(n, n) resistances, each rounded once at the end; inf between components."""
    out = np.full((g.n, g.n), np.inf)
    for part in range(g.components.count):
        nodes = np.flatnonzero(g.components.of_node == part)
        inverse = _grounded_inverse(_laplacian(g, nodes))
        for i, u in enumerate(nodes):
            for j, v in enumerate(nodes):
                out[u, v] = float(inverse[i][i] + inverse[j][j] - 2 * inverse[i][j])
    return out


def _laplacian(g: Graph, nodes: NDArray[np.int64]) -> list[list[Fraction]]:
    row = {int(v): i for i, v in enumerate(nodes)}
    lap = [[Fraction(0)] * len(nodes) for _ in nodes]
    weight = np.ones(g.m) if g.weight is None else g.weight
    for (u, v), w in zip(g.edges.tolist(), weight.tolist(), strict=True):
        if u in row:
            i, j, c = row[u], row[v], Fraction(w)
            lap[i][i] += c
            lap[j][j] += c
            lap[i][j] -= c
            lap[j][i] -= c
    return lap


def _grounded_inverse(lap: list[list[Fraction]]) -> list[list[Fraction]]:
    """Inverse without the last row and column, with zeros put there."""
    n = len(lap)
    work = [lap[i][: n - 1] + [Fraction(i == j) for j in range(n - 1)] for i in range(n - 1)]
    for k in range(n - 1):  # pivots are positive: the matrix is positive definite
        work[k] = [x / work[k][k] for x in work[k]]
        for i in range(n - 1):
            if i != k and work[i][k]:
                factor = work[i][k]
                work[i] = [x - factor * y for x, y in zip(work[i], work[k], strict=True)]
    return [[*row[n - 1 :], Fraction(0)] for row in work] + [[Fraction(0)] * n]
