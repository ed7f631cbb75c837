"""Random regular multigraphs from Hamiltonian cycles or permutations, and their spectral gap."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

__all__ = ["laplacian_gap", "random_cycles", "random_permutations"]

DENSE = 300
"""Nodes up to which all eigenvalues are computed; beyond, an expander's second one takes some tens of products."""


def random_cycles(n: int, d: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """(n d, 2) edges of d independent uniform Hamiltonian cycles over n ≥ 3 nodes, pairs repeated where cycles meet."""
    orders = [rng.permutation(n) for _ in range(d)]
    return np.concatenate([np.stack([o, np.roll(o, -1)], axis=1) for o in orders])


def random_permutations(n: int, d: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """(n d, 2) pairs v, π(v) of d independent uniform permutations; fixed points are loops."""
    nodes = np.arange(n)
    return np.concatenate([np.stack([nodes, rng.permutation(n)], axis=1) for _ in range(d)])


def laplacian_gap(n: int, pairs: NDArray[np.int64]) -> float:
    """λ₂ of D - A of a multigraph in which each pair counts as often as it is listed; loops count nothing.

    Cost: O(n³) up to 300 nodes, else a Lanczos run of some tens of products.
    """
    laplacian = _laplacian(n, pairs)
    if n <= DENSE:
        return float(np.linalg.eigvalsh(laplacian.toarray())[1])
    from scipy.sparse.linalg import LinearOperator, eigsh

    top = 2.0 * float(laplacian.diagonal().max())  # no eigenvalue is larger

    def shifted(x: NDArray[np.float64]) -> NDArray[np.float64]:
        """(top - L) x without the constant vector, so that top - λ₂ is the largest eigenvalue."""
        x = x - x.mean()
        return top * x - laplacian @ x

    start = np.cos(np.arange(n) * 1.0)  # any vector not constant will do, and a fixed one repeats
    operator = LinearOperator((n, n), matvec=shifted, dtype=np.float64)
    return top - float(eigsh(operator, k=1, which="LA", v0=start, tol=1e-6, return_eigenvectors=False)[0])


def _laplacian(n: int, pairs: NDArray[np.int64]) -> csr_array:
    from scipy.sparse import coo_array, diags_array

    u, v = pairs[pairs[:, 0] != pairs[:, 1]].T
    ones = np.ones(2 * len(u))
    adjacency = coo_array((ones, (np.concatenate([u, v]), np.concatenate([v, u]))), (n, n)).tocsr()
    return (diags_array(adjacency.sum(axis=1)) - adjacency).tocsr()
