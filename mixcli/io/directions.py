"""The user's word on direction, applied to a graph whose file says that it is undirected."""

from __future__ import annotations

from mixcli.graph import Graph
from mixcli.io.arrays import WEIGHT, both_arcs
from mixcli.io.base import Reading

__all__ = ["as_decided"]


def as_decided(graph: Graph, reading: Reading) -> Graph:
    """The graph, or, where the user wants directions and it has none, both arcs of every edge."""
    if graph.directed or not reading.directed:
        return graph
    columns = dict(graph.edge) if graph.weight is None else {**graph.edge, WEIGHT: graph.weight}
    arcs, columns = both_arcs(graph.edges, columns)
    return graph.replace(edges=arcs, directed=True, weight=columns.pop(WEIGHT, None), edge=columns)
