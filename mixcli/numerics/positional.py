"""Positional encodings of nodes: eigenvectors of the Laplacian, and return probabilities of the random walk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.graph import Graph

__all__ = ["laplacian_encoding", "random_walk_encoding"]

DENSE_NODES = 1500
"""Up to so many nodes all eigenvectors are computed at once."""
GROUND = 1e-8
"""Eigenvalues below this are the components', and tell nothing of a place."""


def laplacian_encoding(graph: Graph, k: int) -> NDArray[np.float32]:
    """(n, k) eigenvectors of I - D^-½ A D^-½ for the k smallest eigenvalues above 0, each scaled to norm √n.

    An eigenvector's sign is free: here its entry of greatest modulus (the first of them, up to rounding) is positive,
    which is ours; within an eigenspace of several dimensions the basis stays arbitrary. Columns that the graph is too
    small for are 0.

    Args:
        graph: undirected.
        k: columns.

    Cost: O(n³) up to 1500 nodes, else Lanczos iterations.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> np.abs(laplacian_encoding(path(3), 2)).astype(float).round(3).tolist()
        [[1.225, 0.866], [0.0, 1.225], [1.225, 0.866]]

    Source: Dwivedi et al., JMLR 2023 (arXiv 2003.00982), section 4.2.
    """
    out = np.zeros((graph.n, k), dtype=np.float32)
    values, vectors = _smallest(graph, k)
    chosen = np.flatnonzero(values > GROUND)[:k]
    found = vectors[:, chosen]
    for column in range(found.shape[1]):
        size = np.abs(found[:, column])
        first = int(np.flatnonzero(size >= size.max() - 1e-9)[0])
        found[:, column] *= np.sign(found[first, column]) * np.sqrt(graph.n)
    out[:, : found.shape[1]] = found
    return out


def random_walk_encoding(graph: Graph, k: int) -> NDArray[np.float32]:
    """(n, k) probabilities that a simple random walk is back after 1, …, k steps; 0 for isolated nodes.

    Args:
        graph: undirected or directed.
        k: columns.

    Cost: O(k n m) time, in blocks of columns.

    Example:
        >>> from mixcli.generators.graphs import cycle
        >>> random_walk_encoding(cycle(3), 3)[0].tolist()
        [0.0, 0.5, 0.25]

    Source: Dwivedi et al., ICLR 2022 (arXiv 2110.07875), equation 12.
    """
    from scipy.sparse import csr_array, diags_array

    out = np.zeros((graph.n, k), dtype=np.float32)
    strength = np.asarray(graph.adjacency.sum(axis=1)).ravel()
    walk = csr_array(diags_array(np.divide(1.0, strength, out=np.zeros(graph.n), where=strength > 0)) @ graph.adjacency)
    block = max(1, 2**22 // max(1, graph.n))
    for lo in range(0, graph.n, block):
        nodes = np.arange(lo, min(lo + block, graph.n))
        at = np.zeros((graph.n, len(nodes)))
        at[nodes, nodes - lo] = 1.0
        for step in range(k):
            at = walk @ at
            out[nodes, step] = at[nodes, nodes - lo]
    return out


def _smallest(graph: Graph, k: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Smallest eigenvalues, ascending, enough of them for k above 0, and their eigenvectors."""
    from scipy.sparse import csr_array, diags_array

    strength = graph.strength
    scale = np.divide(1.0, np.sqrt(strength), out=np.zeros(graph.n), where=strength > 0)
    matrix = csr_array(diags_array(scale) @ graph.adjacency @ diags_array(scale))
    if graph.n <= DENSE_NODES:
        values, vectors = np.linalg.eigh(np.diag((strength > 0).astype(float)) - matrix.toarray())
        return values, vectors
    from scipy.sparse.linalg import eigsh

    wanted = min(graph.n - 2, k + graph.components.count)
    rng = np.random.default_rng(0)
    start = rng.normal(size=graph.n)
    values, vectors = eigsh(matrix, k=wanted, which="LA", v0=start, tol=1e-9)
    order = np.argsort(-values)
    return 1.0 - values[order], vectors[:, order]
