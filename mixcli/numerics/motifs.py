"""Triangles and 4-cycles over every edge: the integers behind the combinatorial curvatures.

For an edge ij let P = N(i) - N(j) - j and Q = N(j) - N(i) - i, and H the bipartite graph of the edges between P and Q.
Each edge of H closes a 4-cycle through ij without a chord. One pass finds

    t = |N(i) ∩ N(j)|,   s = nodes of H that are not isolated,   γ = largest degree in H,   q = edges of H,
    c = Σ_{w ∈ N(j) - i} (p_w - 1),   all 4-cycles through ij, where p_w = |N(i) ∩ N(w)| counts the 2-paths from i to w,

from which Forman, augmented Forman, Balanced Forman and the Jost-Liu bound follow. The p_w are counted once for all the
edges at i. They give c at once, and only the w with p_w > 1 can be in H, so in a sparse graph little of H is scanned
(ours). At most this costs Σ_v S_v + Σ_e min(S_i, S_j), S_v = Σ_{k ~ v} d_k, and O(n + m) memory.
Small graphs take a path in plain Python, which needs no compiler; the counts are integers, so both paths agree exactly.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from mixcli.arcs import stable_order
from mixcli.numerics.jit import Plan
from mixcli.numerics.pool import in_chunks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.context import Progress
    from mixcli.graph import Graph

__all__ = ["EdgeCounts", "edge_count", "edge_counts", "graph_counts", "neighbour_sets", "sharp_count", "sharp_counts"]

PLAIN_ENTRY = 8e-8  # seconds for a list entry on the plain path
PLAIN_EDGE = 60  # list entries that one edge takes as long as, whatever its neighbourhood
CHUNK = 1 << 25  # list entries one thread takes at a time, some 50 ms
PLAN = Plan("motifs", ("motifs_kernel.py",), loading=0.4, compiling=2.0)
SHARP_PLAN = Plan("sharp", ("motifs_kernel.py",), loading=0.4, compiling=1.0)


class Sets(Protocol):
    """The set of neighbours of each node: a list of sets, or `mixcli.numerics.neighbours.Neighbours`."""

    def __getitem__(self, node: int, /) -> AbstractSet[int]: ...


class EdgeCounts(NamedTuple):
    """Integers of each edge, all (k,) int64.

    Args:
        triangles: t, common neighbours of the ends.
        square_ends: s_i + s_j, neighbours of either end that lie on a chordless 4-cycle through the edge.
        gamma: γ, the most chordless 4-cycles through the edge that share one such neighbour.
        squares: q, chordless 4-cycles through the edge.
        four_cycles: c, all 4-cycles through the edge, with and without chords.
    """

    triangles: NDArray[np.int64]
    square_ends: NDArray[np.int64]
    gamma: NDArray[np.int64]
    squares: NDArray[np.int64]
    four_cycles: NDArray[np.int64]


def graph_counts(graph: Graph, threads: int = 1, progress: Progress | None = None) -> EdgeCounts:
    """`edge_counts` of all edges of a graph, weights ignored; measures share it through `context.once`."""
    indptr, indices, _ = graph.csr
    return edge_counts(indptr, indices, graph.edges, threads, progress)


def edge_counts(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    edges: NDArray[np.int64],
    threads: int = 1,
    progress: Progress | None = None,
) -> EdgeCounts:
    """Triangles and 4-cycles over each of some edges.

    Args:
        indptr: (n+1,) row starts of the neighbour lists of a simple undirected graph, both directions listed.
        indices: (2m,) neighbours.
        edges: (k, 2) edges of that graph: all of them, or the few a local change has touched.
        threads: threads for the compiled path.
        progress: told of the edges that are done.

    Returns:
        Counts in the order of `edges`; the same for any number of threads.

    Cost: at most Σ_v S_v + Σ_e min(S_i, S_j) list entries (about 10⁹ a second compiled), O(n) memory a thread.

    Example:
        >>> from mixcli.generators.graphs import complete
        >>> edge_counts(*complete(4).csr[:2], complete(4).edges).triangles.tolist()
        [2, 2, 2, 2, 2, 2]
    """
    degree = np.diff(indptr)
    running = np.concatenate([[0], np.cumsum(degree[indices])])
    second = running[indptr[1:]] - running[indptr[:-1]]  # S_v
    work = int(np.minimum(second[edges[:, 0]], second[edges[:, 1]]).sum()) + PLAIN_EDGE * len(edges) + len(indices)
    if not PLAN.compiled(work * PLAIN_ENTRY):
        return _edge_counts_plain(indptr, indices, edges)
    counts = _edge_counts_compiled(indptr, indices, edges, second, threads, progress)
    PLAN.used()
    return counts


def _edge_counts_plain(indptr: NDArray[np.int64], indices: NDArray[np.int32], edges: NDArray[np.int64]) -> EdgeCounts:
    sets = neighbour_sets(indptr, indices)
    rows = []
    for i, j in edges.tolist():
        counts = edge_count(sets, i, j)
        cycles = counts[3]
        if counts[0]:  # a 4-cycle with a chord passes a common neighbour
            of_i, of_j = sets[i], sets[j]
            only_j = of_j - of_i - {i}
            cycles += sum(len(sets[c] & of_i) - 1 + len(sets[c] & only_j) for c in of_i & of_j)
        rows.append((*counts, cycles))
    return EdgeCounts(*np.array(rows, dtype=np.int64).reshape(-1, 5).T.copy())


def _edge_counts_compiled(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    edges: NDArray[np.int64],
    second: NDArray[np.int64],
    threads: int = 1,
    progress: Progress | None = None,
) -> EdgeCounts:
    from mixcli.numerics.motifs_kernel import count_edges

    u, v = edges[:, 0], edges[:, 1]
    swap = second[u] < second[v]
    dear, cheap = np.where(swap, v, u), np.where(swap, u, v)
    order = stable_order(dear, len(second))
    out = np.zeros((5, len(edges)), np.int64)

    def run(lo: int, hi: int) -> None:
        count_edges(indptr[:-1], indptr[1:], indices, dear, cheap, order[lo:hi], out)

    _by_work(run, second[cheap[order]], threads, progress)
    return EdgeCounts(*out)


def neighbour_sets(indptr: NDArray[np.int64], indices: NDArray[np.int32]) -> list[set[int]]:
    """The neighbour lists as Python sets, for `edge_count`; a rewiring may add to them and take from them."""
    flat, start = indices.tolist(), indptr.tolist()
    return [set(flat[a:b]) for a, b in itertools.pairwise(start)]


def edge_count(neighbours: Sets, i: int, j: int) -> tuple[int, int, int, int]:
    """(t, s_i + s_j, γ, q) of one edge, or of a pair as if it were one, from sets of neighbours.

    Args:
        neighbours: for each node the set of its neighbours.
        i: one end.
        j: the other end.

    Cost: Σ_{k ∈ P} min(d_k, |Q|), P the smaller side.

    Example:
        >>> edge_count([{1, 3}, {0, 2}, {1, 3}, {0, 2}], 0, 1)
        (0, 2, 1, 1)
    """
    of_i, of_j = neighbours[i], neighbours[j]
    if of_i == {j} or of_j == {i}:
        return 0, 0, 0, 0  # a leaf edge is in no cycle, and the other end may be a hub
    common = of_i & of_j
    first, other = of_i - of_j - {j}, of_j - of_i - {i}
    if len(other) < len(first):
        first, other = other, first
    ends = gamma = squares = 0
    back: dict[int, int] = {}
    for k in first if other else ():
        hits = neighbours[k] & other
        if hits:
            ends += 1
            squares += len(hits)
            gamma = max(gamma, len(hits))
            for w in hits:
                back[w] = back.get(w, 0) + 1
    return len(common), ends + len(back), max(gamma, max(back.values(), default=0)), squares


def sharp_counts(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    edge: NDArray[np.int64],
    edges: NDArray[np.int64],
    triangles: NDArray[np.int64],
    threads: int = 1,
) -> NDArray[np.int64]:
    """♯ of each edge, the count in the 4-cycle term of the released Balanced Forman code.

    That code counts the k ~ j with (A²)_ik > A_ik, and the k ~ i with (A²)_jk > A_jk. Every k outside N(i) passes (the
    walk i-j-k exists), a common neighbour passes when ik lies in two triangles, so

        ♯ = (d_i - t) + (d_j - t) + |{k common: t_ik >= 2}| + |{k common: t_jk >= 2}|     (our rearrangement).

    Args:
        indptr: (n+1,) row starts.
        indices: (2m,) neighbours.
        edge: (2m,) row of the full edge list behind each entry of `indices`.
        edges: (k, 2) edges to count for.
        triangles: (m,) triangles over every edge of the graph.
        threads: threads for the compiled path.

    Returns:
        (k,) int64.
    """
    degree = np.diff(indptr)
    u, v = edges[:, 0], edges[:, 1]
    work = int((degree[u] + degree[v]).sum()) + PLAIN_EDGE * len(edges) + len(indices)
    if not SHARP_PLAN.compiled(work * PLAIN_ENTRY):
        return _sharp_counts_plain(indptr, indices, edge, edges, triangles)
    counts = _sharp_counts_compiled(indptr, indices, edge, edges, triangles, threads)
    SHARP_PLAN.used()
    return counts


def _sharp_counts_plain(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    edge: NDArray[np.int64],
    edges: NDArray[np.int64],
    triangles: NDArray[np.int64],
) -> NDArray[np.int64]:
    sets = neighbour_sets(indptr, indices)
    twice = triangles[edge] >= 2
    strong = neighbour_sets(np.concatenate([[0], np.cumsum(twice)])[indptr], indices[twice])
    rows = [
        len(sets[i] - sets[j]) + len(sets[j] - sets[i]) + len(strong[i] & sets[j]) + len(strong[j] & sets[i])
        for i, j in edges.tolist()
    ]
    return np.array(rows, dtype=np.int64)


def _sharp_counts_compiled(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    edge: NDArray[np.int64],
    edges: NDArray[np.int64],
    triangles: NDArray[np.int64],
    threads: int = 1,
) -> NDArray[np.int64]:
    from mixcli.numerics.motifs_kernel import count_sharp

    strong = triangles[edge] >= 2
    out, degree = np.zeros(len(edges), np.int64), np.diff(indptr)

    def run(lo: int, hi: int) -> None:
        count_sharp(indptr, indices, strong, edges[lo:hi], out[lo:hi])

    _by_work(run, degree[edges].sum(axis=1), threads)
    return out


def sharp_count(neighbours: Sets, i: int, j: int) -> tuple[int, int]:
    """(t, ♯) of one edge from sets of neighbours; see `sharp_counts`.

    Example:
        >>> sharp_count([{1, 3}, {0, 2}, {1, 3}, {0, 2}], 0, 1)
        (0, 4)
    """
    of_i, of_j = neighbours[i], neighbours[j]
    common = of_i & of_j
    sharp = len(of_i) + len(of_j) - 2 * len(common)
    for k in common:
        sharp += (len(neighbours[k] & of_i) >= 2) + (len(neighbours[k] & of_j) >= 2)
    return len(common), sharp


def _by_work(
    run: Callable[[int, int], None], work: NDArray[np.int64], threads: int, progress: Progress | None = None
) -> None:
    """Call `run(lo, hi)` over all edges, in chunks of equal work."""
    so_far = np.cumsum(work)
    cuts = np.searchsorted(so_far, np.arange(CHUNK, work.sum(), CHUNK)) + 1
    bounds = list(itertools.pairwise(np.unique([0, *cuts, len(work)]).tolist()))
    done = 0

    def tell(lo: int, hi: int) -> None:
        nonlocal done
        done += hi - lo
        if progress is not None:
            progress("edges", done, len(work))

    in_chunks(run, bounds, threads, tell)
