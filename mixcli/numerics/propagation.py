"""The linear part of message passing, S = c_r I + c_a O, as a sparse matrix.

O is the adjacency with one of three normalisations, with or without a self-loop of conductance 1 at every node:

    none: A        rw: D^-1 A (every row a mean)        sym: D^-1/2 A D^-1/2 (with self-loops: that of a GCN)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from mixcli.graph import Graph
from mixcli.numerics.mixing import double_cover

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

__all__ = ["Loops", "Normalisation", "looped_cover", "operator", "strengths"]

Normalisation: TypeAlias = Literal["sym", "rw", "none"]
Loops: TypeAlias = Literal["add", "none"]


def strengths(graph: Graph, self_loops: Loops) -> NDArray[np.float64]:
    """(n,) diagonal of D as the normalisation sees it: one more everywhere where self-loops are added."""
    return graph.strength + 1.0 if self_loops == "add" else graph.strength


def operator(
    graph: Graph, normalisation: Normalisation = "sym", self_loops: Loops = "add", c_r: float = 0.0, c_a: float = 1.0
) -> csr_array:
    """S = c_r I + c_a O of an undirected graph.

    Args:
        graph: undirected; weights are conductances. The row of a node without edges (and self-loop) is zero in O.
        normalisation: "sym" D^-1/2 A D^-1/2, "rw" D^-1 A, "none" A.
        self_loops: "add": A + I in place of A, also in the degrees.
        c_r: weight of a node's own state.
        c_a: weight of what its neighbours send.

    Returns:
        (n, n) sparse matrix; symmetric but for "rw", whose rows sum to c_r + c_a.

    Cost: O(n + m).

    Example:
        >>> from mixcli.generators.graphs import path
        >>> operator(path(3), "rw", "none").toarray().tolist()
        [[0.0, 1.0, 0.0], [0.5, 0.0, 0.5], [0.0, 1.0, 0.0]]
    """
    from scipy.sparse import csr_array, eye_array

    degree = strengths(graph, self_loops)
    matrix = graph.adjacency.copy()
    if self_loops == "add":
        matrix = (matrix + eye_array(graph.n, format="csr")).tocsr()
    if normalisation != "none":
        row = np.repeat(np.arange(graph.n), np.diff(matrix.indptr))
        matrix.data /= degree[row] if normalisation == "rw" else np.sqrt(degree[row] * degree[matrix.indices])
    matrix.data *= c_a
    return csr_array(matrix + c_r * eye_array(graph.n, format="csr")) if c_r else matrix


def looped_cover(graph: Graph) -> Graph:
    """The bipartite double cover of a graph with a self-loop of conductance 1 at every node, which becomes an edge vv'.

    As for `mixing.double_cover`, the gap of its normalised Laplacian is 1 - μ, μ = max |eigenvalue| but the first of
    D^-1/2 (A + I) D^-1/2: an operator with self-loops needs no solver of its own.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> looped_cover(path(2)).edges.tolist()
        [[0, 2], [0, 3], [1, 2], [1, 3]]
    """
    cover, nodes = double_cover(graph), np.arange(graph.n)
    edges = np.concatenate([cover.edges, np.stack([nodes, nodes + graph.n], axis=1)])
    order = np.lexsort((edges[:, 1], edges[:, 0]))
    weight = None if cover.weight is None else np.concatenate([cover.weight, np.ones(graph.n)])[order]
    return Graph(2 * graph.n, edges[order], weight=weight)
