"""The graphs of several arms in one table, so that each trial of a stack can gather those of its own arm."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mixcli.training.topology import Arcs, Laid, Topology

__all__ = ["side_by_side"]


def side_by_side(topologies: Sequence[Topology]) -> Topology:
    """The graphs of the first arm, then those of the second, and so on.

    Rows are numbered through all arms, and `node` is None whatever the arms have: which node is behind a row is for the
    loader to say. An arm with fewer relations than another hears nothing over the others.

    Args:
        topologies: with as many graphs each and the same layer plan.
    """
    rows = np.cumsum([0, *(int(t.start[-1]) for t in topologies)])
    start = np.concatenate([[0], *(t.start[1:] + row for t, row in zip(topologies, rows, strict=False))])
    count = max(len(t.relations) for t in topologies)
    relations = tuple(_joined([_relation(t, r) for t in topologies], rows) for r in range(count))
    union = relations[0] if count == 1 else _joined([t.union for t in topologies], rows)
    laid = tuple(
        Laid(overlay.plan, _joined([t.laid[k].arcs for t in topologies], rows))
        for k, overlay in enumerate(topologies[0].laid)
    )
    directed = any(t.directed for t in topologies)
    return Topology(start.astype(np.int64), union, relations, directed, topologies[0].last, laid)


def _relation(topology: Topology, r: int) -> Arcs:
    if r < len(topology.relations):
        return topology.relations[r]
    empty = np.zeros(0, np.int64)
    return Arcs(empty, empty, np.zeros(len(topology.start), np.int64), None)


def _joined(tables: Sequence[Arcs], rows: NDArray[np.int64]) -> Arcs:
    arcs = np.cumsum([0, *(len(t.receiver) for t in tables)])
    receiver = np.concatenate([t.receiver + row for t, row in zip(tables, rows, strict=False)])
    sender = np.concatenate([t.sender + row for t, row in zip(tables, rows, strict=False)])
    start = np.concatenate([[0], *(t.start[1:] + first for t, first in zip(tables, arcs, strict=False))])
    weight = None
    if any(t.weight is not None for t in tables):
        weight = np.concatenate(
            [np.ones(len(t.receiver), np.float32) if t.weight is None else t.weight for t in tables]
        )
    return Arcs(receiver, sender, start.astype(np.int64), weight)
