"""Exact effective resistances, and what random walks need beside them, from one elimination.

Vertices are eliminated while that is cheap; what remains, nearly complete, is inverted densely; then resistances are
filled in backwards (`mixcli.numerics.elimination`). Small graphs need no compiler for it, and get the same bits with
and without one.

The rest comes along. With g the last vertex of a component, Z the inverse of L grounded at g and masses m of sum M,

    Σ_{u<v} m_u m_v R_uv = M Σ_v m_v Z_vv - m'Zm,   Z_vv = R_vg,
    L^m_vv = Z_vv - 2 (Zm)_v / M + m'Zm / M²        (the inverse of L on potentials of m-mean 0),

m = 1 gives the Kirchhoff index and the diagonal of L^+, m = d Kemeny's constant and mean hitting times. R_vg falls out
of the backward recursion, because g outlives every v, and Zm is one solve with the same factor (ours).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mixcli.errors import UsageError
from mixcli.numerics.factor import Factor
from mixcli.numerics.jit import Plan

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.graph import Graph
    from mixcli.limits import Limits

__all__ = ["Resistances", "Solved", "assembled", "from_source", "hitting_to", "pair", "resistances"]

PLAIN_EDGES = 10_000  # up to here plain Python may be done before a kernel is loaded or compiled
PLAIN_EDGE = 2e-5  # seconds for an edge in plain Python
PLAN = Plan("elimination", ("elimination_kernel.py", "dense_panel_kernel.py"), loading=0.4, compiling=5.0)
SOLVED = 1e-12  # relative residual asked of an iterative solve


@dataclass(frozen=True)
class Resistances:
    """What one elimination of a graph gives.

    Args:
        edge: (m,) effective resistance between the ends of each edge.
        kirchhoff: (c,) sum of the resistances over the unordered pairs of each component.
        diagonal: (n,) diagonal of L^+.
        kemeny: (c,) Kemeny's constant of each component, Σ 1/λ over the positive eigenvalues of its normalised
            Laplacian; 0 for a single node.
        hitting: (n,) expected steps of a random walk to each node from the stationary distribution of its component.
        foster: Σ_e c_e R_e, which Foster's theorem says is n - c.
        residual: |foster - (n - c)| / (n - c), 0 without edges.
        tail: vertices that were left for the dense part.
    """

    edge: NDArray[np.float64]
    kirchhoff: NDArray[np.float64]
    diagonal: NDArray[np.float64]
    kemeny: NDArray[np.float64]
    hitting: NDArray[np.float64]
    foster: float
    residual: float
    tail: int


@dataclass(frozen=True)
class Solved:
    """Values by node from one solve, and how well it satisfied its equation.

    Args:
        value: (n,); infinite in other components.
        residual: |b - L x| / |b|.
    """

    value: NDArray[np.float64]
    residual: float


def resistances(graph: Graph, limits: Limits) -> Resistances:
    """Effective resistance of every edge, Kirchhoff index, Kemeny's constant and hitting times; all exact.

    R_uv = (e_u - e_v)' L^+ (e_u - e_v),   Kf = Σ_{u<v} R_uv,   K = Σ_{u<v} d_u d_v R_uv / vol,
    Σ_u π_u H_uv = vol (L^d)_vv.

    Args:
        graph: undirected; any number of components; weights are conductances.
        limits: memory and operations the dense part may take.

    Returns:
        The values, and Foster's sum as their check.

    Raises:
        LimitExceeded: what is left after the cheap eliminations is too large to be inverted.

    Cost: 8 r² bytes and about 2·10⁻¹¹ r³ seconds for a tail of r vertices (road networks 0.006 n, social networks
    0.08 n, random 6-regular-like graphs 0.36 n), plus the elimination.

    Example:
        >>> from mixcli.generators.graphs import cycle
        >>> from mixcli.limits import Limits
        >>> found = resistances(cycle(4), Limits())
        >>> found.edge.tolist(), found.kirchhoff.tolist(), found.kemeny.tolist()
        ([0.75, 0.75, 0.75, 0.75], [5.0], [2.5])
    """
    compiled = graph.m > PLAIN_EDGES or PLAN.compiled(graph.m * PLAIN_EDGE)
    factor = Factor(graph, limits, not compiled)
    edge, to_root = factor.resistances()
    plain, weighed = factor.potential(np.ones(graph.n)), factor.potential(graph.strength)
    if compiled:
        PLAN.used()
    return assembled(graph, edge, to_root, plain, weighed, len(factor.tail))


def assembled(
    graph: Graph,
    edge: NDArray[np.float64],
    to_root: NDArray[np.float64],
    plain: NDArray[np.float64],
    weighed: NDArray[np.float64],
    tail: int,
) -> Resistances:
    """All that follows from R of the edges, Z_vv, Z1 and Zd, Z grounded at one node of each component.

    Args:
        graph: the graph.
        edge: (m,) resistances.
        to_root: (n,) Z_vv, resistance to the grounded node.
        plain: (n,) Z1.
        weighed: (n,) Zd.
        tail: nodes that were done densely.
    """
    weight = np.ones(graph.m) if graph.weight is None else graph.weight
    foster, expected = float(weight @ edge), graph.n - graph.components.count
    residual = abs(foster - expected) / expected if expected else 0.0
    kirchhoff, diagonal, _, _ = _weighed(graph, np.ones(graph.n), plain, to_root)
    pairs, mean, share, volume = _weighed(graph, graph.strength, weighed, to_root)
    hitting = mean * volume[graph.components.of_node]
    return Resistances(edge, kirchhoff, diagonal, pairs * share, hitting, foster, residual, tail)


def _weighed(
    graph: Graph, mass: NDArray[np.float64], potential: NDArray[np.float64], to_root: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """By component Σ_{u<v} m_u m_v R_uv, by node L^m_vv, by component 1/M and M."""
    of, count = graph.components.of_node, graph.components.count
    total, form, trace = (np.bincount(of, x, count) for x in (mass, mass * potential, mass * to_root))
    share = np.divide(1.0, total, out=np.zeros(count), where=total > 0)  # an isolated node has no strength
    mean = to_root - 2 * potential * share[of] + (form * share * share)[of]
    return total * trace - form, mean, share, total


def pair(graph: Graph, u: int, v: int, limits: Limits) -> float:
    """Effective resistance between two nodes by one solve; infinite across components.

    Args:
        graph: undirected; any size.
        u: a node.
        v: a node.
        limits: memory and operations a factor may take.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> from mixcli.limits import Limits
        >>> pair(path(5), 1, 4, Limits())
        3.0
    """
    _check_nodes(graph, u, v)
    if u == v:
        return 0.0
    if graph.components.of_node[u] != graph.components.of_node[v]:
        return float("inf")
    b = np.zeros(graph.n)
    b[u], b[v] = 1.0, -1.0
    x, _ = _solve(graph, b, limits)
    return float(x[u] - x[v])


def from_source(graph: Graph, source: int, limits: Limits, found: Resistances | None = None) -> Solved:
    """Effective resistance between one node and every other, by one solve beside the diagonal of L^+.

    R_sv = L^+_ss + L^+_vv - 2 L^+_sv.

    Args:
        graph: undirected.
        source: the node s.
        limits: memory and operations that may be taken.
        found: what `resistances` gave for this graph, if at hand.

    Raises:
        LimitExceeded: as for `resistances`.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> from mixcli.limits import Limits
        >>> from_source(path(4), 1, Limits()).value.round(12).tolist()
        [1.0, 0.0, 1.0, 2.0]
    """
    _check_nodes(graph, source)
    diagonal = (found or resistances(graph, limits)).diagonal
    of = graph.components.of_node
    inside = of == of[source]
    b = np.where(inside, -1.0 / inside.sum(), 0.0)
    b[source] += 1.0
    x, residual = _solve(graph, b, limits)
    x -= x[inside].mean()
    value = np.where(inside, diagonal[source] + diagonal - 2 * x, np.inf)
    value[source] = 0.0
    return Solved(np.maximum(value, 0.0), residual)


def hitting_to(graph: Graph, target: int, limits: Limits) -> Solved:
    """Expected steps of a random walk from every node until it first meets the target, by one solve.

    H_ut = x_u - x_t,   L x = d - vol e_t.

    Args:
        graph: undirected; any size.
        target: the node t.
        limits: memory and operations a factor may take.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> from mixcli.limits import Limits
        >>> hitting_to(path(4), 0, Limits()).value.tolist()
        [0.0, 5.0, 8.0, 9.0]
    """
    _check_nodes(graph, target)
    of = graph.components.of_node
    inside = of == of[target]
    b = np.where(inside, graph.strength, 0.0)
    b[target] -= b.sum()
    x, residual = _solve(graph, b, limits)
    return Solved(np.where(inside, x - x[target], np.inf), residual)


def _solve(graph: Graph, b: NDArray[np.float64], limits: Limits) -> tuple[NDArray[np.float64], float]:
    """x with L x = b, b of sum 0 in each component, and its relative residual: directly if small, else iteratively."""
    if graph.m > PLAIN_EDGES:
        from mixcli.numerics.pcg import LaplacianSolver

        found = LaplacianSolver(graph).solve(b, SOLVED)
        return found.x, float(found.residual.max(initial=0.0))
    x = Factor(graph, limits, not PLAN.compiled(graph.m * PLAIN_EDGE)).potential(b)
    norm = float(np.linalg.norm(b))
    return x, float(np.linalg.norm(b - graph.strength * x + graph.adjacency @ x)) / norm if norm else 0.0


def _check_nodes(graph: Graph, *nodes: int) -> None:
    for node in nodes:
        if not 0 <= node < graph.n:
            raise UsageError(f"a node between 0 and {graph.n - 1}", str(node), "nodes are numbered from 0")
