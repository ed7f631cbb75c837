"""Edits: single changes of a graph, and the graph that a list of them makes of another."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from mixcli.errors import InputError
from mixcli.graph import Graph

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ADDED", "EDGE_TYPE", "Edit", "apply_edits", "edited"]

EDGE_TYPE = "edge_type"
"""Edge payload that tells relational networks which edges were there (0) and which were added (1)."""

ADDED = 1


class Edit(NamedTuple):
    """One change: what, which edge (u < v where undirected), the method's own score of it, in which step, and why."""

    op: Literal["add", "remove"]
    u: int
    v: int
    score: float
    step: int
    reason: str = ""

    def __repr__(self) -> str:
        facts = f"op={self.op!r}, u={self.u}, v={self.v}, score={self.score!r}, step={self.step}"
        return f"Edit({facts}, reason={self.reason!r})" if self.reason else f"Edit({facts})"


def apply_edits(graph: Graph, edits: Iterable[Edit]) -> Graph:
    """The graph that a list of edits makes of another; payload follows the edges that stay.

    Added edges get `edge_type` 1 (or one more than the largest type there is), weight 1 where the graph is weighted,
    and zeros in every other edge payload. A removed edge that is added again counts as added.

    Args:
        graph: the graph before.
        edits: in order, each possible on the graph as changed by those before it.

    Raises:
        InputError: an edit adds an edge that is there or a self-loop, removes one that is not there, or names a node
            that does not exist.

    Cost: O(m + k log k) for k edits.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> apply_edits(path(3), [Edit("add", 0, 2, 0.0, 0)]).edge["edge_type"].tolist()
        [0, 1, 0]
    """
    edges, weight, payload = edited(graph, list(edits))
    return graph.replace(edges=edges, weight=weight, edge=payload)


def edited(graph: Graph, edits: list[Edit]) -> tuple[NDArray[Any], NDArray[Any] | None, dict[str, NDArray[Any]]]:
    """Edges, weights and edge payload after the edits."""
    n = max(graph.n, 1)
    there = graph.edges[:, 0] * n + graph.edges[:, 1]  # (m,) ascending
    touched, fresh = _net_effect(there, _keys(graph, edits), np.array([e.op == "add" for e in edits], bool), edits)
    keep = np.ones(graph.m, dtype=bool)
    keep[_rank(there, touched)[_holds(there, touched)]] = False
    kept = np.flatnonzero(keep)
    place = np.searchsorted(there[kept], fresh)
    keys = np.insert(there[kept], place, fresh)
    rows = np.insert(kept, place, -1)  # row of the old arrays behind each new edge, -1 for an added one
    payload = {k: _carry(a, rows) for k, a in graph.edge.items()}
    payload[EDGE_TYPE] = _edge_type(graph, rows)
    weight = None
    if graph.weight is not None:
        weight = np.where(rows < 0, 1.0, graph.weight[np.maximum(rows, 0)]) if graph.m else np.ones(len(rows))
    return np.stack([keys // n, keys % n], axis=1), weight, payload


def _keys(graph: Graph, edits: list[Edit]) -> NDArray[np.int64]:
    """u·n + v of each edit's edge."""
    ends = np.array([(e.u, e.v) for e in edits], dtype=np.int64).reshape(-1, 2)
    bad = (ends < 0).any(axis=1) | (ends >= graph.n).any(axis=1) | (ends[:, 0] == ends[:, 1])
    if bad.any():
        first = edits[int(bad.argmax())]
        raise InputError(f"edits between two of the nodes 0 … {graph.n - 1}", str(first), "correct the edit")
    if not graph.directed:
        ends.sort(axis=1)
    return ends[:, 0] * max(graph.n, 1) + ends[:, 1]


def _net_effect(
    there: NDArray[np.int64], keys: NDArray[np.int64], adds: NDArray[np.bool_], edits: list[Edit]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Edges that any edit names, and those among them that are there in the end; both ascending."""
    order = np.argsort(keys, kind="stable")
    key, add = keys[order], adds[order]
    first = np.ones(len(key), dtype=bool)
    first[1:] = key[1:] != key[:-1]
    present = np.empty(len(key), dtype=bool)  # before the edit
    present[first] = _holds(there, key[first])
    present[~first] = add[np.flatnonzero(~first) - 1]
    if (add == present).any():
        edit = edits[int(order[add == present].min())]
        what = "edges that are not there yet to be added" if edit.op == "add" else "edges that are there to be removed"
        raise InputError(what, str(edit), "apply the edits to the graph they were made for, in their order")
    last = np.ones(len(key), dtype=bool)
    last[:-1] = first[1:]
    return key[first], key[last & add]


def _rank(there: NDArray[np.int64], keys: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.minimum(np.searchsorted(there, keys), max(len(there) - 1, 0))


def _holds(there: NDArray[np.int64], keys: NDArray[np.int64]) -> NDArray[np.bool_]:
    return there[_rank(there, keys)] == keys if len(there) else np.zeros(len(keys), dtype=bool)


def _carry(values: NDArray[Any], rows: NDArray[Any]) -> NDArray[Any]:
    out = np.zeros((len(rows), *values.shape[1:]), dtype=values.dtype)
    out[rows >= 0] = values[rows[rows >= 0]]
    return out


def _edge_type(graph: Graph, rows: NDArray[Any]) -> NDArray[Any]:
    before = graph.edge.get(EDGE_TYPE)
    if before is None or not np.issubdtype(before.dtype, np.integer):
        return np.where(rows < 0, ADDED, 0)
    fresh = max(ADDED, int(before.max(initial=0)) + 1) if not _is_ours(graph) else ADDED
    out = np.full(len(rows), fresh, dtype=np.int64)
    out[rows >= 0] = before[rows[rows >= 0]]
    return out


def _is_ours(graph: Graph) -> bool:
    """Whether `edge_type` came from an earlier rewiring, so that 1 already means "added"."""
    return any(s.op == "rewire" for s in graph.provenance)
