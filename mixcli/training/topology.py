"""The arcs of an arm: all its graphs in one flat table per relation, ready to be sliced into batches."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mixcli.errors import InputError
from mixcli.graph import REVERSE, Graph
from mixcli.plan import Overlay
from mixcli.rewiring.base import EDGE_TYPE

__all__ = ["Arcs", "Laid", "Topology", "topology_of"]


@dataclass(frozen=True)
class Arcs:
    """Arcs sender → receiver of many graphs, sorted by receiver; nodes are numbered through all graphs.

    Args:
        receiver: (k,) node that gets the message.
        sender: (k,) node it comes from.
        start: (graphs + 1,) where each graph's arcs begin.
        weight: (k,) conductances, or None where all are 1.
    """

    receiver: NDArray[np.int64]
    sender: NDArray[np.int64]
    start: NDArray[np.int64]
    weight: NDArray[np.float32] | None

    def reversed(self) -> Arcs:
        """The same arcs with the ends exchanged."""
        order = np.lexsort((self.receiver, self.sender))
        weight = None if self.weight is None else self.weight[order]
        return Arcs(self.sender[order], self.receiver[order], self.start, weight)


@dataclass(frozen=True)
class Laid:
    """One overlay of all graphs of an arm.

    Args:
        plan: its name, and which layers use it how; without edges.
        arcs: both arcs of its edges, of weight 1.
    """

    plan: Overlay
    arcs: Arcs


@dataclass(frozen=True)
class Topology:
    """What a network sees of the graphs of one arm.

    A graph's rows are its nodes, then the virtual nodes of its overlays.

    Args:
        start: (graphs + 1,) where each graph's rows begin.
        union: all arcs of the graphs themselves.
        relations: these arcs by relation; [union] where there is only one.
        directed: whether some arc lacks its reverse.
        last: how the last layer mixes, None for over the arcs; see `FullyAdjacent`.
        laid: what some layers use beside these arcs or in their place.
        node: (rows,) node behind each row, numbered through all graphs, their total for a virtual one; None where no
            row is virtual.
        digest: SHA-256 of all of this.
    """

    start: NDArray[np.int64]
    union: Arcs
    relations: tuple[Arcs, ...]
    directed: bool
    last: str | None
    laid: tuple[Laid, ...] = ()
    node: NDArray[np.int64] | None = None
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        text = f"{self.last}:{int(self.directed)}:{len(self.relations)}:"
        digest = hashlib.sha256(text.encode() + self.start.tobytes())
        for arcs in (*self.relations, *(laid.arcs for laid in self.laid)):
            digest.update(arcs.receiver.tobytes() + arcs.sender.tobytes())
            if arcs.weight is not None:
                digest.update(arcs.weight.tobytes())
        for laid in self.laid:
            digest.update(f"{laid.plan.name}:{laid.plan.layers}:{int(laid.plan.replaces)};".encode())
        if self.node is not None:
            digest.update(self.node.tobytes())
        object.__setattr__(self, "digest", digest.hexdigest())

    @property
    def relation_count(self) -> int:
        """Relations a relational network needs: one per edge type and overlay, and one for a fully adjacent layer."""
        return len(self.relations) + len(self.laid) + (self.last is not None)

    @property
    def facts(self) -> dict[str, int]:
        """What the overlays add, empty where there are none."""
        if not self.laid:
            return {}
        edges = sum(len(laid.arcs.receiver) // 2 for laid in self.laid)
        return {"overlay_edges": edges, "virtual_nodes": self.virtual}

    @property
    def virtual(self) -> int:
        """Rows that are virtual nodes."""
        return 0 if self.node is None else int((self.node == self.node.max()).sum())

    def used(self, layer: int, of: int) -> tuple[int, ...]:
        """Numbers of the overlays that layer number `layer` (from 1) of `of` layers uses."""
        return tuple(k for k, laid in enumerate(self.laid) if laid.plan.used(layer, of))

    def tables(self, used: tuple[int, ...], relational: bool) -> tuple[Arcs, ...]:
        """What a layer that uses these overlays mixes over.

        Args:
            used: numbers of overlays; one that replaces the graph leaves the graph's own arcs out.
            relational: the arcs by relation, those of overlay k being number `len(relations) + k`, empty where a layer
                does not use it; else all arcs in one table, one that is there twice once, with the graph's weight.
        """
        laid = [self.laid[k] for k in used]
        alone = any(one.plan.replaces for one in laid)
        if not relational:
            return (_merged([self.union] * (not alone) + [one.arcs for one in laid], self.start),)
        empty = np.zeros(0, np.int64)
        none = _table(empty, empty, None, self.start)
        own = (none,) * len(self.relations) if alone else self.relations
        return (*own, *(one.arcs if k in used else none for k, one in enumerate(self.laid)))

    def arcs_held(self, layers: int) -> NDArray[np.int64]:
        """(graphs,) most arcs that a batch holds of each graph for a network of so many layers."""
        total = np.zeros(len(self.start) - 1, dtype=np.int64)
        for used in {(), *(self.used(k, layers) for k in range(1, layers + 1))}:
            parts = [self.laid[k].arcs for k in used]
            alone = any(self.laid[k].plan.replaces for k in used)
            for arcs in [self.union] * (not alone) + parts:
                total += np.diff(arcs.start)
        return total


def topology_of(graphs: Sequence[Graph]) -> Topology:
    """Flatten graphs.

    Relations come from the integer edge payload `edge_type` (0 original, 1 added by a rewiring); a graph without one
    has relation 0 only. Each overlay of the layer plan is one more.

    Args:
        graphs: at least one; all with the same layer plan but for the edges and virtual nodes of its overlays.

    Raises:
        InputError: graphs of one arm have different layer plans.
    """
    plans = {(g.plan.last, *((o.name, o.layers, o.replaces) for o in g.plan.overlays)) for g in graphs}
    if len(plans) != 1:
        found = ", ".join(sorted({str(g.plan) or "None" for g in graphs})[:4])
        raise InputError("the same layer plan for all graphs", found, "rewire all graphs by the same method")
    start = _offsets([g.n + g.plan.virtual for g in graphs])
    pieces = [_arcs(g, int(offset)) for g, offset in zip(graphs, start, strict=False)]
    receiver, sender, weight, kind = (np.concatenate(column) for column in zip(*pieces, strict=True))
    order = np.lexsort((sender, receiver))
    receiver, sender, weight, kind = receiver[order], sender[order], weight[order], kind[order]
    weighted = any(g.weight is not None for g in graphs)
    union = _table(receiver, sender, weight if weighted else None, start)
    relations: tuple[Arcs, ...] = (union,)
    if count := int(kind.max(initial=0)):
        masks = (kind == r for r in range(count + 1))
        relations = tuple(_table(receiver[m], sender[m], weight[m] if weighted else None, start) for m in masks)
    directed = any(g.directed for g in graphs)
    laid = tuple(_laid(graphs, k, start, weighted) for k in range(len(graphs[0].plan.overlays)))
    return Topology(start, union, relations, directed, graphs[0].plan.last, laid, _nodes(graphs, start))


def _laid(graphs: Sequence[Graph], k: int, start: NDArray[np.int64], weighted: bool) -> Laid:
    """Overlay number k of all graphs."""
    overlays = [g.plan.overlays[k] for g in graphs]
    edges = np.concatenate([o.edges + offset for o, offset in zip(overlays, start, strict=False)])
    receiver, sender = np.concatenate([edges, edges[:, ::-1]]).T
    order = np.lexsort((sender, receiver))
    weight = np.ones(len(order), np.float32) if weighted else None
    plan = dataclasses.replace(overlays[0], edges=np.empty((0, 2), np.int64), virtual=0)
    return Laid(plan, _table(receiver[order], sender[order], weight, start))


def _nodes(graphs: Sequence[Graph], start: NDArray[np.int64]) -> NDArray[np.int64] | None:
    """The node behind each row, or None where every row is one."""
    if not any(g.plan.virtual for g in graphs):
        return None
    first = _offsets([g.n for g in graphs])
    node = np.full(start[-1], first[-1], dtype=np.int64)
    for g, row, number in zip(graphs, start, first, strict=False):
        node[row : row + g.n] = np.arange(number, number + g.n)
    return node


def _merged(tables: list[Arcs], start: NDArray[np.int64]) -> Arcs:
    """All arcs of some tables; of arcs between the same ends the first table's."""
    if len(tables) == 1:
        return tables[0]
    receiver, sender = (np.concatenate([getattr(t, end) for t in tables]) for end in ("receiver", "sender"))
    _, first = np.unique(receiver * max(1, int(start[-1])) + sender, return_index=True)
    weights = [t.weight for t in tables if t.weight is not None]
    weight = np.concatenate(weights)[first] if weights else None
    return _table(receiver[first], sender[first], weight, start)


def _arcs(graph: Graph, offset: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32], NDArray]:
    u, v = graph.edges.T + offset
    weight = np.ones(graph.m, np.float32) if graph.weight is None else graph.weight.astype(np.float32)
    kind, back = _edge_type(graph, EDGE_TYPE), _edge_type(graph, EDGE_TYPE + REVERSE)
    kind = np.zeros(graph.m, np.int64) if kind is None else kind
    if graph.directed:
        return v, u, weight, kind
    back = kind if back is None else back
    return np.concatenate([v, u]), np.concatenate([u, v]), np.concatenate([weight] * 2), np.concatenate([kind, back])


def _edge_type(graph: Graph, name: str) -> NDArray[np.int64] | None:
    values = graph.edge.get(name)
    if values is None or not np.issubdtype(values.dtype, np.integer):
        return None
    if values.ndim != 1 or (len(values) and values.min() < 0):
        fix = "number the relations 0, 1, …"
        raise InputError(f"one relation number >= 0 per edge in {name!r}", "others", fix, where=graph.name)
    return values.astype(np.int64)


def _table(
    receiver: NDArray[np.int64], sender: NDArray[np.int64], weight: NDArray[np.float32] | None, start: NDArray[np.int64]
) -> Arcs:
    return Arcs(receiver, sender, np.searchsorted(receiver, start).astype(np.int64), weight)


def _offsets(sizes: Sequence[int]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
