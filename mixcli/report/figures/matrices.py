"""Distances between all nodes of a graph small enough to be looked at, and an order that shows their blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixcli.errors import NotApplicable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.context import Context
    from mixcli.graph import Graph

__all__ = ["hops", "ordered", "resistances"]


def resistances(graph: Graph, context: Context) -> NDArray[np.float64]:
    """(n, n) effective resistance between all pairs, infinite between components.

    Raises:
        NotApplicable: the graph is directed.

    Example:
        >>> from mixcli.context import Context
        >>> from mixcli.generators.graphs import path
        >>> resistances(path(3), Context()).round(12).tolist()
        [[0.0, 1.0, 2.0], [1.0, 0.0, 1.0], [2.0, 1.0, 0.0]]
    """
    from mixcli.numerics.dense_resistance import all_resistances

    if graph.directed:
        raise NotApplicable(
            "an undirected graph for resistances", "a directed one", "use heatmap:hops", where=graph.name
        )
    context.limits.check(
        "all resistances", memory=32.0 * graph.n**2, operations=float(graph.n) ** 3, instead="use effective_resistance"
    )
    out = np.full((graph.n, graph.n), np.inf)
    np.fill_diagonal(out, 0.0)
    for number in range(graph.components.count):
        nodes = np.flatnonzero(graph.components.of_node == number)
        if len(nodes) < 2:
            continue
        flow = np.ascontiguousarray(graph.subgraph(nodes).adjacency.toarray(), dtype=np.float64)
        out[np.ix_(nodes, nodes)] = all_resistances(flow)
    return out


def hops(graph: Graph, context: Context) -> NDArray[np.float64]:
    """(n, n) number of edges on a shortest path from row to column, infinite where there is none.

    Example:
        >>> from mixcli.context import Context
        >>> from mixcli.generators.graphs import cycle
        >>> hops(cycle(4), Context())[0].tolist()
        [0.0, 1.0, 2.0, 1.0]
    """
    from scipy.sparse.csgraph import shortest_path

    context.limits.check("all distances", memory=24.0 * graph.n**2, instead="use the measure distance")
    found: NDArray[np.float64] = shortest_path(graph.adjacency, directed=graph.directed, unweighted=True)
    return found


def ordered(graph: Graph) -> NDArray[np.int64]:
    """The nodes by component, the largest first, and within each by the Fiedler vector of the normalised Laplacian.

    Directions and weights play no role. What differs by rounding alone is ordered by node number.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> ordered(path(4)).tolist()
        [0, 1, 2, 3]
    """
    from mixcli.graph import Graph as Plain
    from mixcli.numerics.eigen import fiedler

    plain = Plain(graph.n, graph.edges, graph.directed).undirected()
    parts, out = plain.components, []
    for number in np.argsort(-parts.sizes, kind="stable").tolist():
        nodes = np.flatnonzero(parts.of_node == number)
        if len(nodes) > 2:
            vector = fiedler(plain.subgraph(nodes)).vector
            vector = np.round(vector / np.abs(vector).max(), 7)
            vector = vector * (1 if vector[np.argmax(np.abs(vector) > 0.5)] < 0 else -1)
            nodes = nodes[np.argsort(vector, kind="stable")]
        out.append(nodes)
    return np.concatenate(out) if out else np.zeros(0, np.int64)
