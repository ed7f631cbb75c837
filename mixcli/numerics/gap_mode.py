"""The slowest mode of (L, D + cI), and by how much an edge would move its eigenvalue to first order.

For L y = λ (D + cI) y with y'(D + cI)y = 1, a little more conductance on uv changes λ at the rate

    Δ_uv = (y_u - y_v)² - λ (y_u² + y_v²),

the exact derivative where λ is simple. Wherever some pair is unjoined λ <= 1, so Δ is convex in y_v for fixed u, and
the best partner of u is the lowest or the highest node that it is not joined to: no search over n² pairs (ours).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from mixcli.errors import LimitExceeded
from mixcli.numerics.blas import one_blas_thread
from mixcli.numerics.eigen import factors, patience, solve_factored, solve_lobpcg
from mixcli.numerics.laplacian import Pencil

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.graph import Graph
    from mixcli.numerics.neighbours import Neighbours

__all__ = ["gap_mode", "greatest_gain", "rates"]

DENSE = 400  # nodes up to which all eigenvectors are computed
SAME = 1e-9  # eigenvalues closer than this are one
TOLERANCE = 1e-10


def gap_mode(
    graph: Graph, loops: float = 1.0, start: NDArray[np.float64] | None = None
) -> tuple[float, NDArray[np.float64]]:
    """λ and y of L y = λ (D + cI) y, λ the smallest eigenvalue above 0.

    Args:
        graph: connected, n >= 2; weights are conductances.
        loops: c >= 0, the conductance of the self-loop at every node; 0 gives the normalised Laplacian.
        start: (n,) where to start; where λ is not simple it also picks y from the eigenspace. One fixed vector by
            default, so that the result depends on the graph alone.

    Returns:
        λ, and (n,) y with y'(D + cI)y = 1.

    Raises:
        LimitExceeded: no solver comes close (a very large graph with a tiny gap).

    Cost: n <= 400 O(n³); else O(m) times some hundred Lanczos steps, or a preconditioned solver.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> value, y = gap_mode(path(3), loops=0.0)
        >>> round(value, 12), abs(y).round(6).tolist()
        (1.0, [0.707107, 0.0, 0.707107])
    """
    weight = np.ones(graph.m) if graph.weight is None else graph.weight
    mass = graph.strength + loops
    pencil = Pencil(graph.edges, weight, graph.strength, mass)
    if start is None:
        rng = np.random.default_rng(0)
        start = rng.standard_normal(graph.n)
    with one_blas_thread():
        y = _dense(pencil, start) if graph.n <= DENSE else _iterative(graph, pencil, start)
    y = pencil.deflated(y)
    y = y / np.sqrt((mass * y * y).sum())
    return pencil.energy(y), y


def rates(value: float, y: NDArray[np.float64], pairs: NDArray[np.int64]) -> NDArray[np.float64]:
    """(k,) Δ of pairs (k, 2)."""
    a, b = y[pairs[:, 0]], y[pairs[:, 1]]
    return (a - b) ** 2 - value * (a * a + b * b)


def greatest_gain(
    value: float,
    y: NDArray[np.float64],
    nodes: NDArray[np.int64],
    around: Neighbours,
    allowed: Callable[[int, int], bool] | None = None,
) -> tuple[float, int, int] | None:
    """argmax of Δ over the unjoined pairs of some nodes; the smallest (u, v) among equal ones.

    Args:
        value: λ, at most 1.
        y: (k,) mode at the nodes.
        nodes: (k,) node numbers, ascending.
        around: the neighbours of each node.
        allowed: which pairs may be joined; none allows all.

    Returns:
        (Δ, u, v), or None where no pair is left.

    Cost: O(k log k), plus the degree of each node looked at, in practice a handful.
    """
    ascending = np.argsort(y, kind="stable")
    descending = np.argsort(-y, kind="stable")
    low, high = y[ascending[0]], y[ascending[-1]]
    bound = np.maximum((y - low) ** 2 - value * (y * y + low * low), (y - high) ** 2 - value * (y * y + high * high))
    orders = [nodes[ascending].tolist(), nodes[descending].tolist()]
    at = dict(zip(nodes.tolist(), y.tolist(), strict=True))
    best: tuple[float, int, int] | None = None
    for row in np.argsort(-bound, kind="stable").tolist():
        if best is not None and bound[row] < best[0]:
            break
        u = int(nodes[row])
        joined = around[u]
        level = value == 1.0 and at[u] == 0.0  # then the rate is the same for all partners
        for order in [nodes.tolist()] if level else orders:
            v = next((v for v in order if v != u and v not in joined and (allowed is None or allowed(u, v))), None)
            if v is None:
                break
            gain = (at[u] - at[v]) ** 2 - value * (at[u] * at[u] + at[v] * at[v])
            found = gain, min(u, v), max(u, v)
            if best is None or gain > best[0] or (gain == best[0] and found[1:] < best[1:]):
                best = found
    return best


def _dense(pencil: Pencil, start: NDArray[np.float64]) -> NDArray[np.float64]:
    root = np.sqrt(pencil.mass)
    u, v = pencil.edges.T
    matrix = np.diag(pencil.strength)
    matrix[u, v] = matrix[v, u] = -pencil.weight
    matrix /= root
    matrix /= root[:, None]
    # The trivial eigenvalue 0 goes to 3, out of the way.
    matrix += 3.0 * np.outer(root, root) / pencil.total_mass
    value, vector = np.linalg.eigh(matrix)
    space = vector[:, value < value[0] + SAME]
    y = space @ (space.T @ (root * start))
    return y / root


def _iterative(graph: Graph, pencil: Pencil, start: NDArray[np.float64]) -> NDArray[np.float64]:
    y = _lanczos(pencil, start)
    if y is not None:
        return y
    rng = np.random.default_rng(0)
    pair = solve_factored(pencil, TOLERANCE, rng) if factors(graph.n, graph.m) else None
    if pair is None or not pair.converged:
        pair = solve_lobpcg(pencil, TOLERANCE, patience(graph), rng)
    if pair.rho > 1e-4:
        raise LimitExceeded(
            "the slowest mode to four digits", f"a residual of {pair.rho:.1g}", "use fosr, which needs power steps",
            where=graph.name,
        )  # fmt: skip
    return pair.vector


def _lanczos(pencil: Pencil, start: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """The mode by plain Lanczos; None where the gap is too small for it."""
    from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

    root = np.sqrt(pencil.mass)
    trivial = root / np.sqrt(pencil.total_mass)

    def product(x: Any) -> Any:
        x = np.ravel(x)
        x = x - trivial * (trivial * x).sum()
        x = x - pencil.laplacian(x / root) / (2.0 * root)  # spectrum in [0, 1], the mode on top
        return x - trivial * (trivial * x).sum()

    operator = LinearOperator((pencil.n, pencil.n), matvec=product, dtype=np.float64)
    try:
        _, vector = eigsh(operator, k=1, which="LA", v0=root * start, ncv=40, tol=1e-12, maxiter=40)
    except ArpackNoConvergence:
        return None
    return np.ravel(vector) / root
