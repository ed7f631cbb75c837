"""Whether a graph is the one that edits were made for: by the numbers of its nodes, or by their names."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mixcli.graph import Graph

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Identity"]


@dataclass(frozen=True)
class Identity:
    """Digests of a graph's topology and weights; payload does not enter.

    Args:
        fingerprint: `Graph.fingerprint`, which knows nodes by number.
        named: the same with nodes in the order of their labels, and the labels; None where not every node has one of
            its own.
        edges: the identity without the weights; None where there are none.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> one, other = path(3).replace(labels=("a", "b", "c")), path(3).replace(labels=("c", "b", "a"))
        >>> Identity.of(one).same(Identity.of(other)), Identity.of(one).same(Identity.of(path(4)))
        (True, False)
    """

    fingerprint: str
    named: str | None = None
    edges: Identity | None = None

    @classmethod
    def of(cls, graph: Graph) -> Identity:
        """The identity of a graph. Cost: O(n log n + m log m) with labels, O(m) without."""
        edges = None if graph.weight is None else cls.of(graph.replace(weight=None))
        return cls(graph.fingerprint, _named(graph), edges)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Identity:
        """Read what `to_json` wrote."""
        named, edges = data.get("named"), data.get("edges")
        return cls(
            str(data.get("fingerprint")),
            None if named is None else str(named),
            cls.from_json(edges) if isinstance(edges, Mapping) else None,
        )

    def to_json(self) -> dict[str, Any]:
        """The digests; what is not there is left out."""
        out: dict[str, Any] = {"fingerprint": self.fingerprint}
        if self.named is not None:
            out["named"] = self.named
        if self.edges is not None:
            out["edges"] = self.edges.to_json()
        return out

    def same(self, other: Identity) -> bool:
        """Whether two graphs are the same: names decide where both have them, else numbers."""
        if self.named is not None and other.named is not None:
            return self.named == other.named
        return self.fingerprint == other.fingerprint

    def same_edges(self, other: Identity) -> bool:
        """Whether they are, whatever their weights."""
        return (self.edges or self).same(other.edges or other)


def _named(graph: Graph) -> str | None:
    labels = graph.labels
    if labels is None or len(set(labels)) < len(labels):
        return None
    order = sorted(range(graph.n), key=labels.__getitem__)
    rank = np.empty(graph.n, dtype=np.int64)
    rank[order] = np.arange(graph.n)
    ends: NDArray[np.int64] = rank[graph.edges]
    if not graph.directed:
        ends.sort(axis=1)
    rows = np.lexsort((ends[:, 1], ends[:, 0]))
    weight = None if graph.weight is None else graph.weight[rows]
    moved = Graph(graph.n, ends[rows], graph.directed, weight)
    return hashlib.sha256((moved.fingerprint + json.dumps([labels[node] for node in order])).encode()).hexdigest()
