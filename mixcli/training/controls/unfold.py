"""From a topology back to graphs: what an arm's layers mix over, graph by graph, to be placed elsewhere."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mixcli.graph import REVERSE, Graph
from mixcli.plan import LayerPlan, Overlay
from mixcli.rewiring.base import EDGE_TYPE
from mixcli.training.topology import Arcs, Topology

__all__ = ["bare_graphs", "plans_of"]


def plans_of(topology: Topology, sizes: Sequence[int]) -> list[LayerPlan]:
    """The layer plan of each graph, overlays with their edges.

    Args:
        topology: of an arm.
        sizes: nodes of each graph, without virtual ones.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> from mixcli.rewiring.base import rewire
        >>> from mixcli.training.topology import topology_of
        >>> graph = rewire(path(20), "cayley").graph
        >>> plans_of(topology_of([graph]), [20])[0] == graph.plan
        True
    """
    rows = np.diff(topology.start)
    out = []
    for i, n in enumerate(sizes):
        overlays = []
        for laid in topology.laid:
            edges = _pairs(laid.arcs, i, int(topology.start[i]))
            virtual = max(0, int(edges.max(initial=-1)) - n + 1)
            overlays.append(dataclasses.replace(laid.plan, edges=edges, virtual=virtual))
        out.append(LayerPlan(topology.last, _of_all_rows(overlays, int(rows[i]) - n)))
    return out


def _of_all_rows(overlays: list[Overlay], virtual: int) -> tuple[Overlay, ...]:
    """The overlays, of which the one with most virtual nodes has all there are, joined to something or not."""
    if not virtual or max(o.virtual for o in overlays) == virtual:
        return tuple(overlays)
    most = max(range(len(overlays)), key=lambda k: (overlays[k].virtual, -k))
    return tuple(dataclasses.replace(o, virtual=virtual) if k == most else o for k, o in enumerate(overlays))


def bare_graphs(topology: Topology, sizes: Sequence[int], relational: bool) -> list[Graph]:
    """Each graph's own edges, with weights, and with their relations where these matter; without layer plan.

    Args:
        topology: of an arm; if it is directed, every arc becomes an edge of its own.
        sizes: nodes of each graph, without virtual ones.
        relational: whether to keep relations.
    """
    union, start, directed = topology.union, topology.start, topology.directed
    several = relational and len(topology.relations) > 1
    kind = _kinds(topology) if several else None
    out = []
    for i, n in enumerate(sizes):
        part = slice(*union.start[i : i + 2].tolist())
        u, v = union.sender[part] - start[i], union.receiver[part] - start[i]
        order = np.lexsort((v, u))
        order = order if directed else order[u[order] < v[order]]
        weight = None if union.weight is None else union.weight[part][order].astype(np.float64)
        edge: dict[str, NDArray[np.int64]] = {}
        if kind is not None:
            edge[EDGE_TYPE] = kind[part][order]
            if not directed:  # both arcs of an edge, sorted either way, are in the same order
                edge[EDGE_TYPE + REVERSE] = kind[part][_of_reverses(u, v)]
        out.append(Graph(n, np.stack([u[order], v[order]], axis=1), directed, weight, edge=edge))
    return out


def _of_reverses(u: NDArray[np.int64], v: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where the arcs v → u are of the edges u < v, in the order of these."""
    order = np.lexsort((u, v))
    return order[v[order] < u[order]]


def _pairs(arcs: Arcs, i: int, offset: int) -> NDArray[np.int64]:
    part = slice(*arcs.start[i : i + 2].tolist())
    u, v = arcs.sender[part] - offset, arcs.receiver[part] - offset
    return np.stack([u, v], axis=1)[u < v]


def _kinds(topology: Topology) -> NDArray[np.int64]:
    """Number of each arc's relation, in the order of the union."""
    width = max(1, int(topology.start[-1]))
    there = topology.union.receiver * width + topology.union.sender  # ascending
    kind = np.zeros(len(there), dtype=np.int64)
    for number, arcs in enumerate(topology.relations):
        kind[np.searchsorted(there, arcs.receiver * width + arcs.sender)] = number
    return kind
