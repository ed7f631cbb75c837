"""Resistances of tokens by the plainest means: dense solves on chains and on networks written out edge by edge."""

from __future__ import annotations

import numpy as np
from scipy.linalg import solve_triangular

__all__ = ["all_visits", "first_passage", "harmonic", "layered", "layered_profile", "noise_variance", "restart_chain"]


def harmonic(k: int) -> float:
    """H_k."""
    return float((1.0 / np.arange(1, k + 1)).sum())


def restart_chain(chain: np.ndarray, read_out: int) -> np.ndarray:
    """The chain that goes from token 0 back to the read-out."""
    closed = chain.copy()
    closed[0] = 0.0
    closed[0, read_out] = 1.0
    return closed


def first_passage(chain: np.ndarray) -> np.ndarray:
    """H[i, j]: expected steps from i to j, one dense solve for each j, on an irreducible chain."""
    size = len(chain)
    out = np.zeros((size, size))
    for j in range(size):
        rest = np.flatnonzero(np.arange(size) != j)
        out[rest, j] = np.linalg.solve(np.eye(size - 1) - chain[np.ix_(rest, rest)], np.ones(size - 1))
    return out


def all_visits(chain: np.ndarray) -> np.ndarray:
    """(T, T) probability that the walk from i ever visits j, for a lower triangular chain; ends count as entered."""
    leaves = np.tril(chain, -1).sum(axis=1)
    left = np.diag(np.where(leaves > 0, leaves, 1.0)) - np.tril(chain, -1)
    visits = solve_triangular(left, np.eye(len(chain)), lower=True)  # whose zeros are exact
    return visits / np.diagonal(visits)


def noise_variance(laplacian: np.ndarray) -> np.ndarray:
    """Stationary Var(x_j - x_k) of x' = -L x + noise, by the Kronecker form of the Lyapunov equation, times 2."""
    size = len(laplacian)
    across = np.linalg.svd(np.ones((1, size)))[2][1:]
    reduced = across @ laplacian @ across.T
    identity = np.eye(size - 1)
    equation = np.kron(reduced, identity) + np.kron(identity, reduced)
    spread = across.T @ np.linalg.solve(equation, identity.ravel()).reshape(size - 1, size - 1) @ across
    own = np.diag(spread)
    return 2.0 * (own[:, None] + own[None, :] - 2.0 * spread)


def layered(masks: list[np.ndarray], source: int, read_out: int) -> float:
    """Resistance from (0, source) to (L, read-out) over the nodes on a directed walk between them; inf without one.

    masks: conductance of (layer l, key) - (layer l + 1, query) for every layer.
    """
    size, depth = len(masks[0]), len(masks)
    ahead = [np.arange(size) == source]
    for mask in masks:
        ahead.append((mask[:, ahead[-1]] > 0).any(axis=1))
    back = [np.arange(size) == read_out]
    for mask in reversed(masks):
        back.insert(0, (mask[back[0]] > 0).any(axis=0))
    kept = [np.flatnonzero(a & b) for a, b in zip(ahead, back, strict=True)]
    if not len(kept[0]):
        return float("inf")
    name = {(layer, int(token)): None for layer in range(depth + 1) for token in kept[layer]}
    number = {node: k for k, node in enumerate(name)}
    laplacian = np.zeros((len(number), len(number)))
    for layer, mask in enumerate(masks):
        for query in kept[layer + 1]:
            for key in kept[layer]:
                u, v, c = number[layer + 1, int(query)], number[layer, int(key)], float(mask[query, key])
                laplacian[u, u] += c
                laplacian[v, v] += c
                laplacian[u, v] -= c
                laplacian[v, u] -= c
    start, end = number[0, source], number[depth, read_out]
    rest = [k for k in range(len(number)) if k != end]
    unit = np.array([float(k == start) for k in rest])
    return float(np.linalg.solve(laplacian[np.ix_(rest, rest)], unit)[rest.index(start)])


def layered_profile(masks: list[np.ndarray], read_out: int) -> np.ndarray:
    """(T,) `layered` of every source."""
    return np.array([layered(masks, source, read_out) for source in range(len(masks[0]))])
