"""Many graphs as one without edges between them, so that one pass of a kernel serves them all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mixcli.graph import Graph

__all__ = ["Union", "union"]


class Union(NamedTuple):
    """Graphs side by side.

    Args:
        graph: all of them as one graph; node v of graph g is node first[g] + v.
        first: (k+1,) first node of each graph, and the number of all nodes.
    """

    graph: Graph
    first: NDArray[np.int64]

    def of_nodes(self, nodes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Which graph each of some nodes belongs to."""
        return np.searchsorted(self.first, nodes, side="right") - 1


def union(graphs: Sequence[Graph]) -> Union:
    """The disjoint union of undirected graphs; weights and payload are left behind.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> both = union([path(2), path(3)])
        >>> both.graph.edges.tolist(), both.first.tolist()
        ([[0, 1], [2, 3], [3, 4]], [0, 2, 5])
    """
    first = np.concatenate([[0], np.cumsum([g.n for g in graphs], dtype=np.int64)])
    shift = np.repeat(first[:-1], [g.m for g in graphs])
    edges = np.concatenate([np.zeros((0, 2), np.int64), *(g.edges for g in graphs)]) + shift[:, None]
    return Union(Graph(int(first[-1]), edges), first)
