"""Distances and resistances between nodes of one graph of a topology, as probes need them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mixcli.graph import Graph
from mixcli.limits import Limits
from mixcli.numerics.dense_resistance import all_resistances
from mixcli.numerics.resistance import from_source, resistances
from mixcli.training.topology import Topology

__all__ = ["graph_of", "hops_to", "local_arcs", "resistances_to", "volumes_of"]

DENSE = 256
"""Nodes up to which all resistances of a graph are found at once."""


def local_arcs(topology: Topology, graph: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """(receiver, sender, weight) of the arcs of one graph itself, nodes from 0; what layers lay over it left out.

    Args:
        topology: of an arm.
        graph: number of the graph.
    """
    first, stop = topology.union.start[graph : graph + 2]
    arcs, offset = topology.union, topology.start[graph]
    weight = np.ones(stop - first) if arcs.weight is None else arcs.weight[first:stop].astype(np.float64)
    return arcs.receiver[first:stop] - offset, arcs.sender[first:stop] - offset, weight


def graph_of(topology: Topology, graph: int) -> Graph:
    """The undirected graph with these arcs; rows of virtual nodes are isolated nodes.

    Args:
        topology: undirected.
        graph: number of the graph.
    """
    receiver, sender, weight = local_arcs(topology, graph)
    once = sender < receiver
    u, v, w = sender[once], receiver[once], weight[once]
    order = np.lexsort((v, u))
    n = int(topology.start[graph + 1] - topology.start[graph])
    edges = np.stack([u, v], axis=1)[order]
    return Graph(n, edges, weight=None if topology.union.weight is None else w[order])


def hops_to(topology: Topology, graph: int, targets: NDArray[np.int64]) -> NDArray[np.float64]:
    """(targets, n) fewest arcs over which a message gets from each node to each target, inf where it cannot.

    Args:
        topology: of an arm.
        graph: number of the graph.
        targets: nodes of it.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import dijkstra

    receiver, sender, _ = local_arcs(topology, graph)
    n = int(topology.start[graph + 1] - topology.start[graph])
    hears = csr_array((np.ones(len(receiver)), (receiver.astype(np.int32), sender.astype(np.int32))), shape=(n, n))
    return np.atleast_2d(dijkstra(hears, unweighted=True, indices=np.asarray(targets)))


def resistances_to(topology: Topology, graph: int, targets: NDArray[np.int64]) -> NDArray[np.float64]:
    """(targets, n) effective resistance between each target and each node, inf between components.

    Args:
        topology: undirected.
        graph: number of the graph.
        targets: nodes of it.

    Cost: n³ operations up to 256 nodes, beyond that one elimination and a solve for each target.
    """
    n = int(topology.start[graph + 1] - topology.start[graph])
    if n <= DENSE:
        return _all(_Key(topology), graph)[targets]
    given, limits = graph_of(topology, graph), Limits()
    found = resistances(given, limits)
    return np.stack([from_source(given, int(t), limits, found).value for t in targets])


def volumes_of(topology: Topology, graph: int, targets: NDArray[np.int64]) -> NDArray[np.float64]:
    """(targets,) sum of the degrees in the component of each target: commute time is this times the resistance.

    Args:
        topology: undirected.
        graph: number of the graph.
        targets: nodes of it.
    """
    given = graph_of(topology, graph)
    receiver, _, weight = local_arcs(topology, graph)
    component = given.components.of_node
    total = np.bincount(component[receiver], weight, minlength=given.components.count)
    return np.asarray(total[component[targets]], dtype=np.float64)


class _Key:
    """A topology that is told apart by its digest."""

    def __init__(self, topology: Topology) -> None:
        self.topology = topology

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.topology.digest == self.topology.digest

    def __hash__(self) -> int:
        return hash(self.topology.digest)


@lru_cache(maxsize=4096)
def _all(key: _Key, graph: int) -> NDArray[np.float64]:
    """(n, n) resistances of one small graph, component by component; the trials of all arms ask for the same."""
    given = graph_of(key.topology, graph)
    out = np.full((given.n, given.n), np.inf)
    flow = np.zeros((given.n, given.n))
    u, v = given.edges.T
    flow[u, v] = flow[v, u] = 1.0 if given.weight is None else given.weight
    for nodes in _parts(given):
        out[np.ix_(nodes, nodes)] = all_resistances(np.ascontiguousarray(flow[np.ix_(nodes, nodes)]))
    return out


def _parts(graph: Graph) -> Sequence[NDArray[np.int64]]:
    return [np.flatnonzero(graph.components.of_node == c) for c in range(graph.components.count)]
