"""The arcs of an arm: all its graphs in one flat table per relation, ready to be sliced into batches."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mixcli.errors import InputError, NotApplicable
from mixcli.graph import REVERSE, Graph
from mixcli.rewiring.base import EDGE_TYPE

__all__ = ["Arcs", "Topology", "topology_of"]


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
class Topology:
    """What a network sees of the graphs of one arm.

    Args:
        start: (graphs + 1,) where each graph's nodes begin.
        union: all arcs.
        relations: the arcs by relation; [union] where there is only one.
        directed: whether some arc lacks its reverse.
        last: how the last layer mixes, None for over the arcs; see `FullyAdjacent`.
        digest: SHA-256 of all of this.
    """

    start: NDArray[np.int64]
    union: Arcs
    relations: tuple[Arcs, ...]
    directed: bool
    last: str | None
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        text = f"{self.last}:{int(self.directed)}:{len(self.relations)}:"
        digest = hashlib.sha256(text.encode() + self.start.tobytes())
        for arcs in self.relations:
            digest.update(arcs.receiver.tobytes() + arcs.sender.tobytes())
            if arcs.weight is not None:
                digest.update(arcs.weight.tobytes())
        object.__setattr__(self, "digest", digest.hexdigest())

    @property
    def relation_count(self) -> int:
        """Relations a relational network needs: one per edge type, and one for a fully adjacent last layer."""
        return len(self.relations) + (self.last is not None)


def topology_of(graphs: Sequence[Graph]) -> Topology:
    """Flatten graphs.

    Relations come from the integer edge payload `edge_type` (0 original, 1 added by a rewiring); a graph without one
    has relation 0 only.

    Args:
        graphs: at least one; all with the same layer plan.

    Raises:
        InputError: graphs of one arm have different layer plans.
    """
    if overlays := {o.name for g in graphs for o in g.plan.overlays}:
        found = f"the layers of {', '.join(sorted(overlays))}"
        raise NotApplicable("a layer plan that the networks here can follow", found, "use last_layer_fa, or edits")
    plans = {g.plan.last for g in graphs}
    if len(plans) != 1:
        found = ", ".join(sorted(map(str, plans)))
        raise InputError("the same layer plan for all graphs", found, "rewire all graphs by the same method")
    start = _offsets([g.n for g in graphs])
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
    return Topology(start, union, relations, any(g.directed for g in graphs), plans.pop())


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
