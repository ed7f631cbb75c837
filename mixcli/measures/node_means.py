"""From edges to nodes: the mean of an edge measure over the edges of each node."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from mixcli.measures.base import Values

if TYPE_CHECKING:
    from mixcli.graph import Graph

__all__ = ["node_means"]


def node_means(graph: Graph, values: Values) -> Values:
    """Mean of an edge measure over the edges at each node.

    x_i = 1/d_i Σ_{e at i} x_e; in a directed graph over the edges that leave and those that arrive.

    Args:
        graph: the graph.
        values: of level "edge".

    Returns:
        Values: (n,) means, NaN at isolated nodes; `reason` then says so.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> node_means(path(3), Values("edge", np.array([1.0, 3.0]))).data.tolist()
        [1.0, 2.0, 3.0]
    """
    data = np.asarray(values.data, np.float64)
    sums = np.bincount(graph.edges.T.ravel(), np.tile(data, 2), graph.n)
    alone = graph.degree == 0
    means = np.where(alone, np.nan, sums / np.maximum(graph.degree, 1))
    isolated = int(alone.sum())
    reason = f"{isolated} isolated node{'s' * (isolated > 1)}: no edges to take the mean of" if isolated else ""
    return dataclasses.replace(values, level="node", data=means, error=None, details={}, reason=reason)
