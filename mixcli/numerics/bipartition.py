"""The two sides of a bipartite graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.graph import Graph

__all__ = ["bipartition"]


def bipartition(graph: Graph) -> NDArray[np.int64] | None:
    """A side, 0 or 1, for each node, so that every edge joins different sides; None where there is an odd cycle.

    The first node of each component is on side 0.

    Args:
        graph: any; directions and weights play no role.

    Cost: O(n + m).

    Example:
        >>> from mixcli.generators.graphs import cycle
        >>> bipartition(cycle(4)).tolist(), bipartition(cycle(5))
        ([0, 1, 0, 1], None)
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import breadth_first_order

    parts = graph.components
    first = np.full(parts.count, graph.n, dtype=np.int64)
    np.minimum.at(first, parts.of_node, np.arange(graph.n))
    # One more node, joined to the first of each component, makes one search do for all of them.
    row = np.concatenate([graph.edges[:, 0], np.full(parts.count, graph.n)])
    column = np.concatenate([graph.edges[:, 1], first])
    size = graph.n + 1
    matrix = coo_array((np.ones(len(row)), (row, column)), shape=(size, size)).tocsr()
    order, before = breadth_first_order(matrix, graph.n, directed=False)
    depth = [0] * size
    for node in order[1:].tolist():
        depth[node] = depth[before[node]] + 1
    side = (np.array(depth[: graph.n], dtype=np.int64) + 1) % 2
    return side if (side[graph.edges[:, 0]] != side[graph.edges[:, 1]]).all() else None
