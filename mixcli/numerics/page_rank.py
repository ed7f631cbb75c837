"""Rows of personalised PageRank, by pushing residuals in rounds while they still matter.

S = α M^-1, M = I - (1 - α) T, is solved without the leaves and without the loops: a leaf ℓ of h has S_ℓv = c_ℓ S_hv for
v ≠ ℓ, with c_ℓ = (1 - α) T_ℓh / M_ℓℓ, so taking it away changes M_hh alone, by (1 - α)² T_ℓh² / M_ℓℓ; and what a node
pushes to itself is summed up at once, by dividing by M_uu. A round pushes all residuals at once that are above their
limit, so nodes that are alike from the source on are treated alike. `push` runs on lists; `diffusion_kernel` compiles
the same source. (Both savings are ours, and so is the bound for every entry.)
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from mixcli.graph import Graph

__all__ = ["Core", "core", "push", "push_rows"]

BATCH = 16  # sources to push from before rows are handed on

Row = tuple[int, "NDArray[np.int64]", "NDArray[np.float64]"]


class Core(NamedTuple):
    """A graph without its leaves, and what they come back by; numbers are places in `node` but for node and leaf.

    Args:
        start: (k+1,) first arc of each node.
        ends: (a,) where arcs go.
        share: (a,) what of the residual of u, over √d̃_u, arrives at v, over √d̃_v.
        gain: (k,) 1 / M_uu.
        root: (k,) √d̃.
        node: (k,) numbers in the whole graph.
        hang: (k+1,) first leaf of each node.
        leaf: (l,) numbers of the leaves in the whole graph.
        factor: (l,) c_ℓ.
        own: (l,) α / M_ℓℓ, what S_ℓℓ has beyond c_ℓ² S_hh.
    """

    start: Any
    ends: Any
    share: Any
    gain: Any
    root: Any
    node: Any
    hang: Any
    leaf: Any
    factor: Any
    own: Any


def core(graph: Graph, loops: float, root: NDArray[np.float64], alpha: float) -> Core:
    """The graph without its leaves; of two nodes that have only each other one stays.

    Args:
        graph: undirected; weights are conductances.
        loops: conductance of the loop at every node.
        root: (n,) √d̃, 1 where d̃ = 0.
        alpha: α.
    """
    matrix, keep = graph.adjacency, 1.0 - alpha
    is_leaf = graph.degree == 1
    u, v = graph.edges.T
    is_leaf[u[is_leaf[u] & is_leaf[v]]] = False
    node, leaf = np.flatnonzero(~is_leaf), np.flatnonzero(is_leaf)
    diagonal = 1.0 - keep * np.where(graph.strength + loops > 0, loops / root**2, 0.0)  # M_uu
    hub, weight = matrix[leaf].indices.astype(np.int64), matrix[leaf].data
    factor = keep * weight / (root[hub] * root[leaf]) / diagonal[leaf]
    inner = matrix[node][:, node]
    inner.sort_indices()
    bare = diagonal.copy()
    np.subtract.at(bare, hub, factor**2 * diagonal[leaf])
    order = np.argsort(hub, kind="stable")
    place = np.cumsum(~is_leaf) - 1
    hang = np.searchsorted(place[hub[order]], np.arange(len(node) + 1))
    share = keep * inner.data / root[node][inner.indices] ** 2
    # Unsigned places spare the compiled loop a look at the sign of each.
    arcs = (inner.indptr.astype(np.int64), inner.indices.astype(np.uint32), share)
    leaves = (hang, leaf[order], factor[order], (alpha / diagonal[leaf])[order])
    return Core(*arcs, 1.0 / bare[node], root[node], node, *leaves)


def push_rows(parts: Core, alpha: float, tolerance: float, run: Any, as_list: bool, threads: int = 1) -> Iterator[Row]:
    """Source, nodes and values > 0 of every row; each node is a source once, leaves after what they hang on.

    Args:
        parts: see `core`.
        alpha: α.
        tolerance: ε; what is missing of S_uv is at most ε √(d̃_u d̃_v).
        run: `push`, or its compiled form.
        as_list: whether it runs on lists.
        threads: threads, for the compiled form.
    """
    k = len(parts.node)
    lists = tuple(part.tolist() if as_list else part for part in parts[:-1])

    def batch(first: int) -> list[Row]:
        scratch = spare.pop() if spare else _scratch(k, k + len(parts.leaf), as_list)
        out: list[Row] = []
        for source in range(first, min(first + BATCH, k)):
            count = run(source, *lists, alpha, tolerance, *scratch)
            nodes, values = scratch[-2:]
            out += _rows(parts, source, np.array(nodes[:count], dtype=np.int64), np.array(values[:count]))
        spare.append(scratch)
        return out

    spare: list[tuple[Any, ...]] = []  # one for each thread, handed on from batch to batch
    if as_list or threads < 2:
        for first in range(0, k, BATCH):
            yield from batch(first)
        return
    with ThreadPoolExecutor(threads) as pool:
        ahead = deque(pool.submit(batch, first) for first in range(0, min(2 * threads * BATCH, k), BATCH))
        for first in range(len(ahead) * BATCH, k + len(ahead) * BATCH, BATCH):
            if not ahead:
                return
            yield from ahead.popleft().result()
            if first < k:
                ahead.append(pool.submit(batch, first))


def _scratch(k: int, n: int, as_list: bool) -> tuple[Any, ...]:
    """Room for one row: see `push`, from `found` on."""
    if as_list:
        return (*([0.0] * k for _ in range(3)), *([0] * (k + 1) for _ in range(3)), [0] * k, [0] * n, [0.0] * n)
    floats, places = (np.zeros(k) for _ in range(3)), (np.zeros(k + 1, np.uint32) for _ in range(3))
    return (*floats, *places, np.zeros(k, np.int8), np.zeros(n, np.int64), np.zeros(n))


def _rows(parts: Core, source: int, reached: NDArray[np.int64], found: NDArray[np.float64]) -> list[Row]:
    """The row of a node and those of its leaves, which are multiples of it."""
    out = [(int(parts.node[source]), found)]
    first = int(parts.hang[source])
    for at in range(first, int(parts.hang[source + 1])):
        row = parts.factor[at] * found
        row[1 + at - first] += parts.own[at]
        out.append((int(parts.leaf[at]), row))
    if found.all():
        return [(node, reached, row) for node, row in out]
    some = [row > 0 for _, row in out]  # nodes may have been reached by residuals alone
    return [(node, reached[here], row[here]) for (node, row), here in zip(out, some, strict=True)]


def push(
    source: int,
    start: Any,
    ends: Any,
    share: Any,
    gain: Any,
    root: Any,
    node: Any,
    hang: Any,
    leaf: Any,
    factor: Any,
    alpha: float,
    tolerance: float,
    found: Any,
    residual: Any,
    amount: Any,
    front: Any,
    following: Any,
    touched: Any,
    state: Any,
    nodes: Any,
    values: Any,
) -> int:
    """One row into `nodes` and `values`, the source first and leaves right after what they hang on.

    Residuals and what is found are held over √d̃. Everything up to `state` is left zero as it came. `state` is 1 where a
    node was reached, 3 where it waits for the next round; what depends on it is written without branches, since no
    processor could guess them.

    Returns:
        The count.
    """
    limit = tolerance * root[source]
    residual[source] = 1.0 / root[source]
    state[source] = 1
    touched[0] = front[0] = source
    count, size = 1, 1
    if residual[source] <= limit:
        size = 0
    while size > 0:
        for i in range(size):
            u = front[i]
            amount[i] = residual[u] * gain[u]
            found[u] += alpha * amount[i]
            residual[u] = 0.0
            state[u] = 1
        ahead = 0
        for i in range(size):
            u = front[i]
            for j in range(start[u], start[u + 1]):
                v = ends[j]
                residual[v] += amount[i] * share[j]
                now = state[v]
                touched[count] = v
                count += now == 0
                goes = (now < 2) & (residual[v] > limit)
                following[ahead] = v
                ahead += goes
                state[v] = now | 1 | (2 * goes)
        front, following = following, front
        size = ahead
    reached = 0
    for i in range(count):
        u = touched[i]
        value = found[u] * root[u]
        nodes[reached] = node[u]
        values[reached] = value
        reached += 1
        for j in range(hang[u], hang[u + 1]):
            nodes[reached] = leaf[j]
            values[reached] = value * factor[j]
            reached += 1
        found[u] = residual[u] = 0.0
        state[u] = 0
    return reached
