"""The linear part of message passing, S = c_r I + c_a O, as a sparse matrix, and which powers of it reach whom.

O is the adjacency with one of three normalisations, with or without a self-loop of conductance 1 at every node:

    none: A        rw: D^-1 A (every row a mean)        sym: D^-1/2 A D^-1/2 (with self-loops: that of a GCN)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

import numpy as np

from mixcli.graph import Graph
from mixcli.numerics.mixing import double_cover

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

__all__ = ["ENTRY", "Layer", "Loops", "Normalisation", "layers_from", "looped_cover", "operator", "strengths"]

Normalisation: TypeAlias = Literal["sym", "rw", "none"]
Loops: TypeAlias = Literal["add", "none"]

ENTRY = 1  # elementary operations for one entry of S and one column of a product


class Layer(NamedTuple):
    """One layer's view from the sources.

    Args:
        number: k.
        entries: (n, b) columns (S^k)_vs of the sources s; overwritten by nobody, but valid only until the next layer.
        fresh: flat indices into `entries` of the pairs (v, s) that are exactly k hops apart.
    """

    number: int
    entries: NDArray[np.float64]
    fresh: NDArray[np.int64]


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


def layers_from(graph: Graph, matrix: csr_array, sources: NDArray[np.int64], layers: int) -> Iterator[Layer]:
    """The columns of S^k that belong to some sources, k = 0 … layers, with the hop distance of every pair.

    Args:
        graph: undirected.
        matrix: (n, n) S.
        sources: (b,) distinct nodes.
        layers: the last k.

    Yields:
        A layer for each k.

    Cost: layers · (n + 2 m) · b multiplications, and as many for the distances until everything has been reached;
    memory for three (n, b) arrays.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> g = path(3)
        >>> [layer.entries[:, 0].tolist() for layer in layers_from(g, operator(g, "none", "none"), np.array([0]), 2)]
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 1.0]]
    """
    columns = np.arange(len(sources))
    entries = np.zeros((graph.n, len(sources)))
    entries[sources, columns] = 1.0
    near = np.zeros((graph.n, len(sources)), dtype=bool)
    near[sources, columns] = True
    front: NDArray[np.float32] | None = entries.astype(np.float32)
    yield Layer(0, entries, np.flatnonzero(near))
    pattern = graph.adjacency.astype(np.float32)
    pattern.data[:] = 1.0
    for k in range(1, layers + 1):
        entries = matrix @ entries
        fresh = np.zeros(0, np.int64)
        if front is not None:
            found = (pattern @ front > 0) & ~near
            fresh = np.flatnonzero(found)
            near |= found
            front = found.astype(np.float32) if len(fresh) else None
        yield Layer(k, entries, fresh)


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
