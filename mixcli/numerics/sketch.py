"""Effective resistances of all edges from random right-hand sides, with error bars, at sizes where nothing is exact.

With Q random signs, Z = L^+ B' W^1/2 Q has E[z_u z_v] = L^+_uv over its columns z. Differences of z alone would give R
to √(2/k) with k columns (Spielman and Srivastava 2011). Here only a remainder is left to chance. On potentials of
d-mean 0 the inverse M of L satisfies M = D^-1 - J/vol + P M with P = D^-1 A; three times over, from both sides,

    M = D^-1 + D^-1 A D^-1 + D^-1 A D^-1 A D^-1 - 3 J/vol + P M (P²)',

so that R_uv, with s_u = Σ_x w_ux²/d_x, t_uv = Σ_x w_ux w_vx/d_x and b = e_u - e_v, is

    1/d_u + 1/d_v - 2 w/(d_u d_v) + s_u/d_u² + s_v/d_v² - 2 t_uv/(d_u d_v) + E (Pz)'b (P²z)'b :

two steps of the walk exactly, the rest sketched. The diagonal of M gives mean hitting times, Kemeny's constant and the
Kirchhoff index from the same columns (ours).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mixcli.graph import Graph
    from mixcli.limits import Limits

__all__ = ["COLUMNS", "Blocks", "Estimate", "Sketch", "Tally", "near", "random_bits", "sketch"]

COLUMNS = 32  # of a block: one walk over the graph serves them all
WAVE = 4  # blocks done before the error is looked at
MOST = 64  # blocks
SIGMAS = 3  # standard errors that `error` stands for


@dataclass(frozen=True)
class Estimate:
    """Estimated resistances with their standard errors.

    Args:
        edge: (m,) resistance across each edge.
        edge_error: (m,) standard error of each.
        foster: Σ_e c_e R_e before any clipping, which should be n - c.
        residual: |foster - (n - c)| / (n - c).
        draws: random columns or trees behind it.
        method: "sketch" or "trees".
    """

    edge: NDArray[np.float64]
    edge_error: NDArray[np.float64]
    foster: float
    residual: float
    draws: int
    method: str


@dataclass(frozen=True)
class Sketch(Estimate):
    """What the columns of a sketch give beside the edges, with standard errors.

    Args:
        hitting: (n,) mean hitting time of each node.
        hitting_error: (n,).
        kirchhoff: (c,) Kirchhoff index of each component.
        kirchhoff_error: (c,).
        kemeny: (c,) Kemeny's constant of each component.
        kemeny_error: (c,).
        solver: what solved the systems.
    """

    hitting: NDArray[np.float64]
    hitting_error: NDArray[np.float64]
    kirchhoff: NDArray[np.float64]
    kirchhoff_error: NDArray[np.float64]
    kemeny: NDArray[np.float64]
    kemeny_error: NDArray[np.float64]
    solver: str


class Tally(NamedTuple):
    """Sums over columns of products and of their squares: by edge (m,), by node (n,), and by component (c,) of those
    of its nodes, weighed by strength or plain.
    """

    edge: NDArray[np.float64]
    edge_square: NDArray[np.float64]
    node: NDArray[np.float64]
    node_square: NDArray[np.float64]
    weighed: NDArray[np.float64]
    weighed_square: NDArray[np.float64]
    plain: NDArray[np.float64]
    plain_square: NDArray[np.float64]


class Blocks(Protocol):
    """Whatever can work off one block of columns."""

    solver: str

    def tally(self, block: int) -> Tally:
        """The sums of block number `block`."""


def sketch(
    graph: Graph,
    error: float,
    blocks: Blocks,
    limits: Limits,
    operations: float,
    threads: int = 1,
    progress: Callable[[str, int, int], None] | None = None,
) -> Sketch:
    """Estimate every edge's resistance from random columns until the error asked for is reached.

    Args:
        graph: undirected; any number of components; weights are conductances.
        error: relative error (three standard errors, root mean square over the edges) at which to stop, > 0.
        blocks: what draws and solves.
        limits: operations it may take; the estimate ends there too, with the error it then has.
        operations: of one block.
        threads: blocks worked off at a time; the result does not depend on it.
        progress: called as progress(what, done, total).

    Returns:
        The estimate; 128 columns at least where the limits allow.
    """
    base, near_nodes = near(graph)
    most = int(np.clip(limits.operations / max(operations, 1.0), 1, MOST))
    sums, done = _nothing(graph), 0
    while done < most:
        wave = range(done, min(done + WAVE, most))
        with ThreadPoolExecutor(max(1, min(threads, WAVE))) as pool:
            for found in pool.map(blocks.tally, wave):
                sums = Tally(*(x + y for x, y in zip(sums, found, strict=True)))
        done = wave.stop
        if progress:
            progress("columns of the sketch", done * COLUMNS, most * COLUMNS)
        edge, spread = _mean(sums.edge, sums.edge_square, done * COLUMNS)
        relative = spread / np.maximum(base + edge, np.finfo(float).tiny)
        if not graph.m or SIGMAS * np.sqrt(np.mean(relative * relative)) <= error:
            break
    return _estimate(graph, base, near_nodes, sums, done * COLUMNS, blocks.solver)


def _nothing(graph: Graph) -> Tally:
    """The sums over no columns."""
    m, n, c = graph.m, graph.n, graph.components.count
    return Tally(*(np.zeros(shape) for shape in (m, m, n, n, c, c, c, c)))


def _mean(
    total: NDArray[np.float64], square: NDArray[np.float64], k: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean over k columns and its standard error."""
    mean = total / k
    return mean, np.sqrt(np.maximum(square / k - mean * mean, 0.0) / (k - 1))


def _estimate(
    graph: Graph, base: NDArray[np.float64], near_nodes: NDArray[np.float64], sums: Tally, k: int, solver: str
) -> Sketch:
    of, sizes, weight = graph.components.of_node, graph.components.sizes, _weights(graph)
    edge, edge_error = _mean(sums.edge, sums.edge_square, k)
    foster, expected = float(weight @ (base + edge)), graph.n - graph.components.count
    node, node_error = _mean(sums.node, sums.node_square, k)
    node += near_nodes
    volume = np.bincount(of, graph.strength, len(sizes))
    trace, trace_error = _mean(sums.plain, sums.plain_square, k)
    kemeny, kemeny_error = _mean(sums.weighed, sums.weighed_square, k)
    trace += np.bincount(of, near_nodes, len(sizes))
    kemeny += np.bincount(of, graph.strength * near_nodes, len(sizes))
    return Sketch(
        edge=np.clip(base + edge, 0.0, 1.0 / weight),  # Rayleigh: no more than the edge alone
        edge_error=edge_error,
        hitting=np.maximum(volume[of] * node, 0.0),
        hitting_error=volume[of] * node_error,
        kirchhoff=np.maximum(sizes * trace - _constant(graph), 0.0),
        kirchhoff_error=sizes * trace_error,
        kemeny=np.maximum(kemeny, 0.0),
        kemeny_error=kemeny_error,
        foster=foster,
        residual=abs(foster - expected) / expected if expected else 0.0,
        draws=k,
        method="sketch",
        solver=solver,
    )


def _constant(graph: Graph) -> NDArray[np.float64]:
    """1'M1 of each component: Kf = n tr M - 1'M1; one solve."""
    from mixcli.numerics.pcg import LaplacianSolver

    of, sizes = graph.components.of_node, graph.components.sizes
    volume = np.bincount(of, graph.strength, len(sizes))
    share = np.divide(sizes, volume, out=np.zeros(len(sizes)), where=volume > 0)
    b = np.where(volume[of] > 0, 1.0 - share[of] * graph.strength, 0.0)
    if not b.any():
        return np.zeros(len(sizes))
    return np.bincount(of, b * LaplacianSolver(graph).solve(b, 1e-8).x, len(sizes))


def near(graph: Graph) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The exact terms: (m,) of R across each edge, (n,) of the diagonal of M."""
    from mixcli.numerics.sketch_blocks import common_flow

    d, weight = graph.strength, _weights(graph)
    of = graph.components.of_node
    inverse = np.divide(1.0, d, out=np.zeros(graph.n), where=d > 0)
    volume = np.bincount(of, d, graph.components.count)[of]
    u, v = graph.edges.T
    ends, flow = np.concatenate([u, v]), np.concatenate([weight**2 * inverse[v], weight**2 * inverse[u]])
    away = np.bincount(ends, flow, graph.n).astype(np.float64)  # integers without edges
    away *= inverse * inverse
    cross = (weight + common_flow(graph)) * inverse[u] * inverse[v]
    edge = inverse[u] + inverse[v] + away[u] + away[v] - 2 * cross
    return edge, inverse + away - np.divide(3.0, volume, out=np.zeros(graph.n), where=volume > 0)


def random_bits(m: int, block: int, seed: int) -> NDArray[np.uint64]:
    """(m,) 64 random bits for each edge of a block: a hash of edge, block and seed, never stored for all blocks."""
    with np.errstate(over="ignore"):
        x = np.arange(m, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        x += np.uint64(seed) * np.uint64(0xBF58476D1CE4E5B9) + np.uint64(block + 1) * np.uint64(0x94D049BB133111EB)
        for _ in range(2):
            x ^= x >> np.uint64(30)
            x *= np.uint64(0xBF58476D1CE4E5B9)
            x ^= x >> np.uint64(27)
            x *= np.uint64(0x94D049BB133111EB)
            x ^= x >> np.uint64(31)
    return x


def _weights(graph: Graph) -> NDArray[np.float64]:
    return np.ones(graph.m) if graph.weight is None else graph.weight
