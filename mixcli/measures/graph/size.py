"""How big a graph is and how many pieces it has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mixcli.context import Context
from mixcli.graph import Graph
from mixcli.measures.base import Level, Measure, Values


@dataclass(frozen=True)
class Size(Measure):
    """Number of nodes; edges, components, isolated nodes, density and bipartiteness beside it.

    density = 2m / (n(n-1)), or m / (n(n-1)) with directions.

    Returns:
        Values: the number of nodes. Details: edges, components, largest_component, isolated, density, bipartite
        (directions forgotten), and what the reader resolved (self_loops_read, parallel_edges_read).

    Cost: O(n + m).

    Example:
        >>> from mixcli.generators.graphs import cycle
        >>> found = Size()(cycle(5))
        >>> found.data, found.details["edges"], found.details["density"], found.details["bipartite"]
        (5, 5, 0.5, False)
    """

    level: ClassVar[Level] = "graph"
    unit: ClassVar[str] = "nodes"
    range: ClassVar[str] = "[0, ∞)"
    cost: ClassVar[str] = "O(n + m)"
    directed: ClassVar[bool] = True
    weighted = "ignored"
    disconnected: ClassVar[str] = "counts all components"
    equation: ClassVar[str] = "n = |V|"
    cites: ClassVar[str] = "by definition"

    def compute(self, graph: Graph, context: Context) -> Values:
        n, m = graph.n, graph.m
        pairs = n * (n - 1) if graph.directed else n * (n - 1) // 2
        sizes = graph.components.sizes
        details = {
            "edges": m,
            "components": graph.components.count,
            "largest_component": int(sizes.max(initial=0)),
            "isolated": int((graph.degree == 0).sum()),
            "density": m / pairs if pairs else None,
            "bipartite": context.once(is_bipartite, graph),
            "self_loops_read": int(graph.notes.get("self_loops", 0)),
            "parallel_edges_read": int(graph.notes.get("parallel_edges", 0)),
        }
        return Values("graph", n, details=details)


def is_bipartite(graph: Graph) -> bool:
    """Whether the nodes split into two sides with every edge across (directions forgotten).

    The double cover has nodes (v, 0) and (v, 1) and joins (u, 0)-(v, 1) and (u, 1)-(v, 0) for every edge; a connected
    graph is bipartite exactly when its double cover falls into two parts.

    Args:
        graph: any graph.

    Cost: O(n + m).
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    u, v = graph.edges.T.astype(np.int32)
    rows, columns = np.concatenate([u, u + graph.n]), np.concatenate([v + graph.n, v])
    cover = coo_array((np.ones(len(rows), np.int8), (rows, columns)), shape=(2 * graph.n, 2 * graph.n)).tocsr()
    return int(connected_components(cover, directed=False)[0]) == 2 * graph.components.count
