"""Whether a graph has directions, where the user, a comment of ours and the arcs all have a say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixcli.graph import Graph, is_symmetric
from mixcli.io.arrays import WEIGHT, both_arcs
from mixcli.io.base import Reading

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mixcli.io.about import About

__all__ = ["arcs_are_directed", "as_decided"]


def arcs_are_directed(
    n: int, arcs: NDArray[np.int64], weight: NDArray[np.float64] | None, reading: Reading, about: About
) -> bool:
    """Whether arcs have a direction: as the user says, else our comment, else yes unless all are answered.

    Args:
        n: number of nodes.
        arcs: (k, 2) from and to.
        weight: (k,) conductances, which must be alike in both directions.
        reading: what the user decided.
        about: what our comment says.
    """
    if reading.directed is not None:
        return reading.directed
    return about.directed if about.directed is not None else not is_symmetric(n, arcs, weight)


def as_decided(graph: Graph, reading: Reading) -> Graph:
    """The graph, or, where the user wants directions and it has none, both arcs of every edge."""
    if graph.directed or not reading.directed:
        return graph
    columns = dict(graph.edge) if graph.weight is None else {**graph.edge, WEIGHT: graph.weight}
    arcs, columns = both_arcs(graph.edges, columns)
    return graph.replace(edges=arcs, directed=True, weight=columns.pop(WEIGHT, None), edge=columns)
