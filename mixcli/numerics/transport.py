"""Exact transport along edges: the integers behind Ollivier-Ricci and Lin-Lu-Yau curvature.

For an edge xy of an unweighted graph, mass that both ends share stays put (triangle inequality), and what is left
travels one, two or three hops. With masses scaled to integers

    W = F₁ + 2 F₂ + 3 (M - F₁ - F₂),

M the mass left, F₁ a maximum flow along pairs at distance one, and F₂ a maximum flow along the arcs that are tight for
the labels of the first: two integer flows an edge, no distances between other nodes, no linear program (ours).

Edges are grouped by their end y of larger degree, whose second neighbours are listed once. Groups stay in the order of
y, which finds more of the graph in the cache, are cut into chunks of like predicted work and dealt to a pool of
threads, the dearest first. Small graphs take a path in plain Python; all numbers are integers, so both paths and any
number of threads agree exactly.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mixcli.numerics import transport_plain
from mixcli.numerics.jit import Plan
from mixcli.numerics.motifs import neighbour_sets
from mixcli.numerics.pool import in_chunks
from mixcli.numerics.transport_scratch import Scratch, Sizes, allocate

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Forecast", "forecast", "numerators"]

KERNELS = Plan("transport", ("transport_kernel.py",), loading=0.5, compiling=15.0)
CHUNK = 0.2  # predicted seconds of work between two reports
SHARED = 0.5  # predicted seconds from which a second thread is worth its scratch memory
BLOCK = 2048  # edges of one y that are dealt together

Report = Callable[[int, int], None]


class Forecast(NamedTuple):
    """Predicted cost of the edges of a graph.

    Args:
        plain: seconds in plain Python.
        compiled: seconds in compiled loops, one thread.
        memory: bytes of working memory a thread.
    """

    plain: float
    compiled: float
    memory: int


class _Work(NamedTuple):
    """Predicted seconds of each edge and, for once, of each node as the larger end; what the edges need."""

    edge: NDArray[np.float64]
    owner: NDArray[np.float64]
    plain: float
    sizes: Sizes


class _Blocks(NamedTuple):
    """Edges grouped by their end y of larger degree; block b is other[first[b]:last[b]] around owner[b]."""

    owner: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    other: NDArray[np.int64]
    where: NDArray[np.int64]
    seconds: NDArray[np.float64]
    plain: float
    sizes: Sizes


def forecast(indptr: NDArray[np.int64], indices: NDArray[np.int32], edges: NDArray[np.int64]) -> Forecast:
    """Predict what `numerators` would cost."""
    if not len(edges):
        return Forecast(0.0, 0.0, 0)
    degree = np.diff(indptr)
    y, x = _larger_and_smaller(degree, edges)
    work = _work(degree, indptr, indices, y, x)
    owns = np.zeros(len(degree), np.bool_)
    owns[y] = True
    return Forecast(work.plain, float(work.edge.sum() + work.owner[owns].sum()), work.sizes.memory)


def numerators(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    edges: NDArray[np.int64],
    p: int,
    q: int,
    threads: int = 1,
    report: Report | None = None,
) -> NDArray[np.int64]:
    """Numerators of the curvature κ_α of edges, α = p/q; p = q stands for Lin-Lu-Yau.

    They stand over q d_x d_y where α (max(d_x, d_y) + 1) < 1. Elsewhere κ_α = (1 - α) κ_LLY, and the numerator is that
    of κ_LLY over d_x d_y. Needs q max(d) < 2³¹ and q d_x d_y < 2⁶¹.

    Args:
        indptr: (n+1,) row starts of the neighbour lists of a simple undirected graph, both directions listed.
        indices: (2m,) neighbours.
        edges: (k, 2) edges of that graph.
        p: numerator of α, 0 ≤ p ≤ q.
        q: denominator of α.
        threads: threads for the compiled path.
        report: called as report(done, total) after each chunk, in edges weighted by their predicted work.

    Returns:
        (k,) int64.
    """
    if not len(edges):
        return np.zeros(0, np.int64)
    blocks = _blocks(indptr, indices, edges)
    if KERNELS.compiled(blocks.plain):
        found = _compiled(indptr, indices, blocks, p, q, threads, report)
        KERNELS.used()
        return found
    sets = neighbour_sets(indptr, indices)
    return np.array([transport_plain.numerator(sets, u, v, p, q) for u, v in edges.tolist()], dtype=np.int64)


def _blocks(indptr: NDArray[np.int64], indices: NDArray[np.int32], edges: NDArray[np.int64]) -> _Blocks:
    degree = np.diff(indptr)
    y, x = _larger_and_smaller(degree, edges)
    work = _work(degree, indptr, indices, y, x)
    order = np.argsort(y, kind="stable")
    y, x = y[order], x[order]
    starts = np.flatnonzero(np.concatenate([[True], y[1:] != y[:-1]]))
    rank = np.arange(len(y)) - np.repeat(starts, np.diff(np.append(starts, len(y))))
    first = np.flatnonzero(rank % BLOCK == 0)
    last = np.append(first[1:], len(y))
    owner = y[first]
    total = np.concatenate([[0.0], np.cumsum(work.edge[order])])
    seconds = total[last] - total[first] + work.owner[owner]
    return _Blocks(owner, first, last, x, order, seconds, work.plain, work.sizes)


def _larger_and_smaller(degree: NDArray[np.int64], edges: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
    u, v = edges[:, 0], edges[:, 1]
    swap = (degree[u] > degree[v]) | ((degree[u] == degree[v]) & (u > v))
    return np.where(swap, u, v), np.where(swap, v, u)


def _work(
    degree: NDArray[np.int64],
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    y: NDArray[np.int64],
    x: NDArray[np.int64],
) -> _Work:
    running = np.concatenate([[0], np.cumsum(degree[indices])])
    second = running[indptr[1:]] - running[indptr[:-1]]  # S_v: sum of the degrees of the neighbours of v
    inner = degree[x] > 1
    a, b = degree[x[inner]], degree[y[inner]]
    cost = np.full(len(x), 1e-8)
    cost[inner] = 1e-6 + 1.2e-9 * second[x[inner]] + 2.5e-9 * a * b
    plain = 1e-6 * len(x) + 2e-5 * len(a) + 1.2e-7 * float((second[x[inner]] + second[y[inner]] + 2 * a * b).sum())
    sizes = Sizes(
        len(degree),
        int(degree[y].max()),
        int(a.max(initial=1)),
        int(second[y].max()),
        int(((a + 2) * (b + 2)).max(initial=1 << 13)),
        int(((a + 2) * ((b + 65) // 64)).max(initial=64)),
        int(((b + 2) * ((a + 65) // 64)).max(initial=64)),
        int(degree.max()),
    )
    return _Work(cost, 4e-9 * second, plain, sizes)


def _compiled(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    blocks: _Blocks,
    p: int,
    q: int,
    threads: int = 1,
    report: Report | None = None,
) -> NDArray[np.int64]:
    from mixcli.numerics.transport_kernel import transport_blocks

    out = np.zeros(len(blocks.other), np.int64)
    chunks = _chunks(blocks.seconds)
    total = float(blocks.seconds.sum())
    idle: list[Scratch] = []
    done = 0.0

    def work(low: int, high: int) -> None:
        scratch = idle.pop() if idle else allocate(blocks.sizes)
        transport_blocks(
            indptr, indices, blocks.owner[low:high], blocks.first[low:high], blocks.last[low:high], blocks.other,
            blocks.where, p, q, out, scratch,
        )  # fmt: skip
        idle.append(scratch)

    def tell(low: int, high: int) -> None:
        nonlocal done
        done += float(blocks.seconds[low:high].sum())
        if report is not None:
            report(min(len(out), round(done / total * len(out))), len(out))

    if total < SHARED:
        threads = 1
    if threads > 1:  # the dearest first, so that no thread is left with one at the end
        chunks.sort(key=lambda chunk: -float(blocks.seconds[slice(*chunk)].sum()))
    in_chunks(work, chunks, threads, tell)
    return out


def _chunks(seconds: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Runs of blocks that take about as long as one report should."""
    group = (np.cumsum(seconds) / CHUNK).astype(np.int64)
    cuts = [0, *(np.flatnonzero(np.diff(group)) + 1).tolist(), len(seconds)]
    return list(itertools.pairwise(cuts))
