"""The strongest entries of a diffusion matrix: top k of each column, or all above a threshold."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from mixcli.numerics.diffusion import Transition, rows, work

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.context import Context
    from mixcli.graph import Graph
    from mixcli.numerics.diffusion import Kernel

__all__ = ["Diffused", "diffused"]

GRID = 2.0**40
"""Entries are compared on a grid of this many steps up to 1, so that nodes which are alike by symmetry tie."""
BATCH = 256  # rows between two reports of progress


@dataclass(frozen=True, eq=False)
class Diffused:
    """Pairs that are kept or were edges, with their diffusion weights.

    Args:
        n: number of nodes.
        keys: (k,) u n + v of the pairs, u < v, ascending.
        value: (k,) S_uv.
        kept: (k,) which pairs the result has.
        column: (n,) sum of the kept entries of each column, the node's own included; 1 where there are none.
    """

    n: int
    keys: NDArray[np.int64]
    value: NDArray[np.float64]
    kept: NDArray[np.bool_]
    column: NDArray[np.float64]

    def weights(self, edges: NDArray[np.int64]) -> NDArray[np.float64]:
        """(k,) mean of S_uv over the column sums of u and of v; the pairs must be among those here."""
        value = self.value[np.searchsorted(self.keys, edges[:, 0] * self.n + edges[:, 1])]
        return 0.5 * value * (1.0 / self.column[edges[:, 0]] + 1.0 / self.column[edges[:, 1]])


def diffused(
    graph: Graph,
    context: Context,
    kernel: Kernel,
    rate: float,
    loops: float,
    tolerance: float,
    sparsify: Literal["top_k", "threshold"],
    k: int,
    eps: float,
) -> Diffused:
    """Diffuse from every node and keep what is strongest.

    Args:
        graph: undirected; weights are conductances.
        context: limits and progress.
        kernel: "ppr" or "heat".
        rate: α or t.
        loops: conductance of the loop at every node.
        tolerance: Ŝ_uv is too small by at most this times √(d̃_u d̃_v).
        sparsify: keep the k largest entries of each column, or all from eps up.
        k: entries of a column, the node's own included.
        eps: smallest entry that is kept.

    Raises:
        LimitExceeded: too much work, or too many entries to keep.
    """
    walk = Transition(graph, loops)
    many = graph.n * min(float(graph.n), k if sparsify == "top_k" else eps**-2) + 2.0 * graph.m
    context.limits.check(
        "digl", memory=60.0 * many, operations=2.0 * work(walk, kernel, rate, tolerance),
        instead="raise tolerance (and eps, with sparsify=threshold)",
    )  # fmt: skip
    indptr, indices, _ = graph.csr
    level = np.rint(eps * GRID)
    own, beside = np.zeros(graph.n), np.zeros(graph.n, dtype=bool)
    found: list[tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]]] = []
    for done, (s, nodes, values) in enumerate(rows(walk, kernel, rate, tolerance, context.thread_count), start=1):
        neighbours = indices[indptr[s] : indptr[s + 1]]
        beside[neighbours] = True
        near = np.flatnonzero(beside[nodes])
        beside[neighbours] = False
        top = _top(nodes, values, k) if sparsify == "top_k" else np.flatnonzero(np.rint(values * GRID) >= level)
        keep = np.concatenate([top, near])  # a neighbour may stand there twice, and is then kept
        strong = np.arange(len(keep)) < len(top)
        nodes, values = nodes[keep], values[keep]
        at = nodes == s
        if at.any():
            own[s] = values[at & strong].sum()
            nodes, values, strong = nodes[~at], values[~at], strong[~at]
        found.append((np.minimum(nodes, s) * graph.n + np.maximum(nodes, s), values, strong))
        if done % BATCH == 0:
            context.progress("diffuse", done, graph.n)
    found.append((*_edges(graph, walk, kernel, rate), np.zeros(graph.m, dtype=bool)))
    keys, value, kept = _merged(*map(np.concatenate, zip(*found, strict=True)))
    ends = np.concatenate([keys // max(graph.n, 1), keys % max(graph.n, 1)])
    column = own + np.bincount(ends, np.tile(value * kept, 2), minlength=graph.n)[: graph.n]
    return Diffused(graph.n, keys, value, kept, np.where(column > 0, column, 1.0))


def _top(nodes: NDArray[np.int64], values: NDArray[np.float64], k: int) -> NDArray[np.int64]:
    """Where the k largest stand, smaller nodes first among equal ones."""
    if len(nodes) <= k:
        return np.arange(len(nodes))
    least = np.partition(values, len(values) - k)[len(values) - k]
    some = np.flatnonzero(values >= least - 1.0 / GRID)  # all that may be equal to it, and what is larger
    if len(some) == k:
        return some
    return some[np.lexsort((nodes[some], -np.rint(values[some] * GRID)))[:k]]


def _edges(
    graph: Graph, walk: Transition, kernel: Kernel, rate: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Keys of the edges, and the part of S that one step along the edge alone gives: never 0."""
    u, v = graph.edges.T
    step = (1.0 if graph.weight is None else graph.weight) / (walk.root[u] * walk.root[v])
    first = rate * (1.0 - rate) if kernel == "ppr" else rate * math.exp(-rate)
    return u * graph.n + v, first * step


def _merged(
    keys: NDArray[np.int64], value: NDArray[np.float64], kept: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]]:
    """Each pair once: the larger of its values, all of which are too small, and kept if any of them is."""
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    first = np.flatnonzero(np.diff(keys, prepend=-1))
    if not len(first):
        return keys, value, kept
    return keys[first], np.maximum.reduceat(value[order], first), np.logical_or.reduceat(kept[order], first)
