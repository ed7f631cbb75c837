"""λ₂ of the normalised Laplacian and nothing beside it, for who compares many small graphs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixcli.numerics.blas import one_blas_thread

if TYPE_CHECKING:
    from mixcli.graph import Graph

__all__ = ["gap"]

DENSE = 128


def gap(graph: Graph) -> float:
    """λ₂ of a connected graph without weights, for n <= 128 to an absolute error of rounding, else to 1e-8 of itself.

    Args:
        graph: connected, at least two nodes; weights and payload are ignored.

    Cost: n <= 128 one dense eigenvalue problem; else that of `fiedler`.

    Example:
        >>> from mixcli.generators.graphs import complete
        >>> round(gap(complete(4)), 12)
        1.333333333333
    """
    if graph.n > DENSE:
        from mixcli.graph import Graph
        from mixcli.numerics.eigen import fiedler

        return fiedler(Graph(graph.n, graph.edges)).value
    u, v = graph.edges.T
    matrix = np.zeros((graph.n, graph.n))
    matrix[u, v] = matrix[v, u] = 1 / np.sqrt(graph.degree[u] * graph.degree[v])
    with one_blas_thread():
        return max(1.0 - float(np.linalg.eigvalsh(matrix)[-2]), 0.0)
