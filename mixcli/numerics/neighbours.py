"""Neighbour sets that can be changed, made only for the nodes that somebody asks about."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mixcli.graph import Graph

__all__ = ["Neighbours"]


class Neighbours(dict[int, set[int]]):
    """The neighbours of each node of a simple undirected graph that is being edited.

    Sets are built from the graph's rows when they are first asked for, so a method that touches a few nodes of a graph
    with 10⁶ edges pays for these nodes only. They are not to be changed but by `add` and `remove`.

    Args:
        graph: the graph at the start; it is not changed.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> around = Neighbours(path(3))
        >>> around.add(0, 2)
        >>> sorted(around[0]), around.degree(0)
        ([1, 2], 2)
    """

    def __init__(self, graph: Graph) -> None:
        super().__init__()
        self._graph = graph

    def __missing__(self, node: int) -> set[int]:
        indptr, indices, _ = self._graph.csr
        found = self[node] = set(indices[indptr[node] : indptr[node + 1]].tolist())
        return found

    def degree(self, node: int) -> int:
        """Number of neighbours now."""
        return len(self[node]) if node in self else int(self._graph.degree[node])

    def add(self, u: int, v: int) -> None:
        """Join two nodes that are not joined."""
        self[u].add(v)
        self[v].add(u)

    def remove(self, u: int, v: int) -> None:
        """Take away an edge that is there."""
        self[u].remove(v)
        self[v].remove(u)
