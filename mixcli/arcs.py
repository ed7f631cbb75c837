"""Lists of node pairs as files give them, made canonical: pure functions on arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mixcli.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "MAX_NODES",
    "REVERSE",
    "check_ends",
    "checked_weight",
    "fold",
    "is_symmetric",
    "joined",
    "merge",
    "stable_order",
]

REVERSE = ".reverse"
"""Suffix of an edge payload that differs between the two directions: `edge_attr.reverse` holds the v → u values."""

MAX_NODES = 2**31 - 1  # node numbers are stored as int32 inside the kernels


def is_symmetric(n: int, arcs: NDArray[np.int64], weight: NDArray[np.float64] | None = None) -> bool:
    """Whether every arc (u, v) is listed as often as (v, u), with the same weights where given.

    Args:
        n: number of nodes.
        arcs: (k, 2).
        weight: (k,) or None.
    """
    u, v = arcs[:, 0], arcs[:, 1]
    w = np.zeros(len(arcs)) if weight is None else weight
    there, back = np.lexsort((w, v, u)), np.lexsort((w, u, v))
    same = (u[there] == v[back]).all() and (v[there] == u[back]).all()
    return bool(same and (w[there] == w[back]).all())


def stable_order(key: NDArray[np.int64], below: int) -> NDArray[np.int64]:
    """Positions that sort small whole numbers, equal ones in the order they stand in; ten times as fast as lexsort.

    Args:
        key: (k,) numbers in 0 … below - 1.
        below: their bound, at most 2³².

    Example:
        >>> stable_order(np.array([2, 0, 2, 1]), 3).tolist()
        [1, 3, 0, 2]
    """
    order = np.argsort(key.astype(np.uint16), kind="stable")  # numpy sorts 16 bits by counting
    if below > 1 << 16:
        order = order[np.argsort((key >> 16).astype(np.uint16)[order], kind="stable")]
    return order


def joined(n: int, edges: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n,) in which connected component each node is, numbered in the order of their smallest nodes; for few edges.

    Example:
        >>> joined(5, np.array([[0, 3], [1, 4]])).tolist()
        [0, 1, 2, 0, 1]
    """
    least = list(range(n))  # a node of the same component, smaller than the node unless that is the smallest
    for u, v in edges.tolist():
        while least[u] != u:
            least[u] = u = least[least[u]]
        while least[v] != v:
            least[v] = v = least[least[v]]
        least[max(u, v)] = min(u, v)
    for v, smaller in enumerate(least):
        least[v] = least[smaller]
    root = np.array(least, dtype=np.int64)
    return (np.cumsum(root == np.arange(n)) - 1)[root]


Merged = tuple["NDArray[np.int64]", "NDArray[np.float64] | None", dict[str, "NDArray[Any]"]]


def merge(
    n: int,
    u: NDArray[np.int64],
    v: NDArray[np.int64],
    weight: NDArray[np.float64] | None,
    payload: dict[str, NDArray[Any]],
    counts: dict[str, Any],
) -> Merged:
    """Sort pairs, add up the conductances of parallel ones, keep the payload of the first."""
    key, first, inverse = np.unique(u * max(n, 1) + v, return_index=True, return_inverse=True)
    if len(key) < len(u):
        counts["parallel_edges"] = counts.get("parallel_edges", 0) + len(u) - len(key)
        if weight is not None:
            weight = np.bincount(inverse, weights=weight, minlength=len(key))
    elif weight is not None:
        weight = weight[first]
    edges = np.stack([u[first], v[first]], axis=1) if len(first) else np.zeros((0, 2), np.int64)
    return edges, weight, {k: a[first] for k, a in payload.items()}


def fold(
    n: int,
    u: NDArray[np.int64],
    v: NDArray[np.int64],
    weight: NDArray[np.float64] | None,
    payload: dict[str, NDArray[Any]],
    counts: dict[str, Any],
) -> Merged:
    """Make one undirected edge of the arcs u → v and v → u."""
    arcs, weight, payload = merge(n, u, v, weight, payload, counts)
    low, high = arcs.min(axis=1), arcs.max(axis=1)
    key, inverse = np.unique(low * max(n, 1) + high, return_inverse=True)
    forward = arcs[:, 0] < arcs[:, 1]
    # Row of the u → v and of the v → u arc behind each edge; -1 where only one direction is listed.
    there, back = np.full(len(key), -1), np.full(len(key), -1)
    there[inverse[forward]] = np.flatnonzero(forward)
    back[inverse[~forward]] = np.flatnonzero(~forward)
    one_way = int((there < 0).sum() + (back < 0).sum())
    if one_way < len(key):
        counts["both_directions"] = len(key) - one_way
    if one_way and one_way < len(key):
        counts["one_direction"] = one_way
    a, b = np.where(there < 0, back, there), np.where(back < 0, there, back)
    if weight is not None:
        differ = int((weight[a] != weight[b]).sum())
        if differ:
            counts["weights_averaged"] = differ
        weight = np.where(weight[a] == weight[b], weight[a], (weight[a] + weight[b]) / 2)
    edges = np.stack([low[a], high[a]], axis=1) if len(key) else np.zeros((0, 2), np.int64)
    folded: dict[str, NDArray[Any]] = {}
    for name, values in payload.items():
        folded[name] = values[a]
        if not _same(values[a], values[b]):
            folded[name + REVERSE] = values[b]
    return edges, weight, folded


def _same(a: NDArray[Any], b: NDArray[Any]) -> bool:
    return bool(np.array_equal(a, b, equal_nan=a.dtype.kind in "fc"))


def check_ends(n: int, arcs: NDArray[np.int64], name: str) -> None:
    if not 0 <= n <= MAX_NODES:
        raise InputError(f"between 0 and {MAX_NODES} nodes", str(n), where=name)
    if not len(arcs):
        return
    low, high = int(arcs.min()), int(arcs.max())
    if low < 0 or high >= n:
        row = int(np.flatnonzero((arcs < 0).any(axis=1) | (arcs >= n).any(axis=1))[0])
        pair = f"edge ({arcs[row, 0]}, {arcs[row, 1]})"
        fix = "correct the edge or the number of nodes"
        raise InputError(f"edges between nodes 0 … {n - 1}", pair, fix, where=name)


def checked_weight(weight: NDArray[Any], k: int, name: str) -> NDArray[np.float64]:
    weight = np.ascontiguousarray(weight, dtype=np.float64).ravel()
    if len(weight) != k:
        raise InputError(f"{k} edge weights", str(len(weight)), "give one weight per edge", where=name)
    if not np.isfinite(weight).all():
        bad = int(np.flatnonzero(~np.isfinite(weight))[0])
        fix = "a weight is a conductance: give a finite number"
        raise InputError("finite edge weights", f"{weight[bad]} at edge {bad}", fix, where=name)
    if (weight < 0).any():
        bad = int(np.flatnonzero(weight < 0)[0])
        raise InputError(
            "edge weights >= 0 (conductances)", f"{weight[bad]:g} at edge {bad}",
            "take absolute values, or drop the weights with --unweighted", where=name,
        )  # fmt: skip
    return weight
