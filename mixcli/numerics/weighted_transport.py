"""Ollivier curvature of every edge of a weighted graph, exactly.

Weights are conductances w. The walk at x stays with probability α and else goes to y with w_xy / Σ_z w_xz; the length
of an edge is 1/w; d is the length of a shortest path, so that d(i, j) may be less than the edge's own length. Then

    κ_α(i, j) = 1 - W1(μ_i, μ_j) / d(i, j),       κ_LLY(i, j) = lim_{α → 1} κ_α(i, j) / (1 - α).

The limit is reached at α = ½: κ_LLY = 2 κ_½, on every weighted graph. (Put M = α / (1 - α); by duality
W1 / (1 - α) = max_f M (f(i) - f(j)) + p_i f - p_j f over the f of Lipschitz constant 1: convex and piecewise linear in
M, with slope f(i) - f(j) <= d. What mass of i is not cancelled, M - p_j(i), exceeds all demand but that of j, at most
1 - p_j(i), once M > 1. So every optimal plan carries some mass from i to j, by complementary slackness every optimal f
has f(i) - f(j) = d, and W1 / (1 - α) = M d + const for M > 1, by continuity for M >= 1: κ_α / (1 - α) is constant.)

Masses common to both walks stay where they are (triangle inequality), so distances are needed only from N(i) ∪ i to
N(j) ∪ j, none longer than the path over i, j. Edges are taken in blocks that share a table of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mixcli.numerics import weighted_transport_plan as plan
from mixcli.numerics.jit import Plan
from mixcli.numerics.weighted_transport_run import Compiled, Plain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.context import Context
    from mixcli.graph import Graph

__all__ = ["Curvatures", "curvatures", "ollivier"]

KERNELS = Plan("weighted_transport", ("weighted_transport_kernel.py",), loading=1.0, compiling=7.0)
PLAIN_STEP = 2.8e-7  # seconds for an arc or a pair on the plain path
PIVOTS = 6  # how often each pair of a source and a sink is looked at, about
TABLE = 1 << 24  # places in the table of one block (only those needed are ever touched) …
LARGE = 1 << 27  # … and where searches reach most of a graph of up to SPAN nodes, so that more edges share them
SPAN = 1 << 15
TRANSPORT = 30  # elementary operations for a pair of a source and a sink
ARC = 32  # elementary operations for an arc that a search looks at
TRIALS = 16  # searches, and blocks, that predict the cost of all
INSTEAD = "pass --unweighted, or take forman, which costs O(m), or balanced_forman, which ignores weights"


@dataclass(frozen=True)
class Curvatures:
    """Curvature of every edge, and its certificate.

    Args:
        edge: (m,) curvatures.
        residual: largest gap between a transport plan and its dual, violated constraints included, relative to the
            larger of the cost and the distance; 0 but for rounding.
    """

    edge: NDArray[np.float64]
    residual: float


def ollivier(graph: Graph, alpha: float | None, context: Context) -> NDArray[np.float64]:
    """Ollivier curvature of every edge of a weighted graph; `curvatures` without the certificate.

    Args:
        graph: undirected; without weights all are 1.
        alpha: probability to stay, in [0, 1]; None for the limit of κ_α / (1 - α) (Lin-Lu-Yau).
        context: threads, limits, progress.

    Returns:
        (m,) curvatures, at most 1 (2 for the limit), unbounded below.

    Example:
        >>> from mixcli.context import Context
        >>> from mixcli.generators.graphs import complete
        >>> ollivier(complete(3), 0.0, Context()).tolist()
        [0.5, 0.5, 0.5]
    """
    return curvatures(graph, alpha, context).edge


def curvatures(graph: Graph, alpha: float | None, context: Context) -> Curvatures:
    """Ollivier curvature of every edge of a weighted graph, κ = 1 - W1(μ_i, μ_j) / d(i, j), with a certificate.

    Args:
        graph: undirected; weights are conductances, 1 where there are none.
        alpha: probability to stay, in [0, 1]; None for the limit of κ_α / (1 - α) (Lin-Lu-Yau).
        context: threads, limits, progress.

    Returns:
        Curvatures in the order of graph.edges, the same for any number of threads.

    Raises:
        NotApplicable: weights so extreme that lengths overflow.
        LimitExceeded: the searches for distances would look at too many arcs, or a hub's table is too large.

    Cost: one shortest-path search a node (several on graphs of more than 10,000 nodes), as far as three edges reach;
    and per edge about d_i d_j times some ten.

    Example:
        >>> import numpy as np
        >>> from mixcli.context import Context
        >>> from mixcli.graph import Graph
        >>> triangle = Graph(3, np.array([[0, 1], [0, 2], [1, 2]]), weight=np.array([1.0, 1.0, 2.0]))
        >>> curvatures(triangle, 0.0, Context()).edge.round(12).tolist()
        [0.583333333333, 0.583333333333, 0.333333333333]
    """
    if graph.m == 0:
        return Curvatures(np.zeros(0), 0.0)
    idle, factor = (0.5, 2.0) if alpha is None else (alpha, 1.0)
    if idle > 0.5:  # the last linear piece: nothing is lost to rounding next to α = 1
        idle, factor = 0.5, 2.0 * (1.0 - idle)
    edge, residual = context.once(_solve, graph, idle, context)
    return Curvatures(factor * edge, residual)


def _solve(graph: Graph, alpha: float, context: Context) -> tuple[NDArray[np.float64], float]:
    problem = plan.problem(graph)
    context.limits.check("transport along weighted edges", operations=TRANSPORT * problem.pairs, instead=INSTEAD)
    plain = PLAIN_STEP * (problem.n * len(problem.indices) + PIVOTS * problem.pairs)
    compiled = KERNELS.compiled(plain)
    run: Plain | Compiled = Compiled(problem, context.thread_count) if compiled else Plain(problem)
    out, off, done = np.empty(graph.m), np.empty(graph.m), 0
    large = problem.n <= SPAN and context.limits.allows(memory=8.0 * min(problem.n**2, LARGE))
    blocks = plan.blocks(problem, graph, LARGE if large else TABLE)
    searches = sum(plan.support(problem, edges)[0].size for edges in blocks[:TRIALS]) / min(TRIALS, len(blocks))
    arcs = run.trial(TRIALS) * searches * len(blocks)
    context.limits.check("the distances of a weighted graph", operations=ARC * arcs, instead=INSTEAD)
    for edges in blocks:
        sources, columns = plan.support(problem, edges)
        context.limits.check("a table of distances", memory=8.0 * len(sources) * len(columns), instead=INSTEAD)
        out[edges], off[edges] = run.block(edges, sources, columns, alpha)
        done += len(edges)
        context.progress("ollivier", done, graph.m)
    if compiled:
        KERNELS.used()
    return out, float(off.max())
