"""λ₂ of a connected graph: which solver for which graph, and the certificate that comes with the value.

The rule, in order (processor seconds):

1. n <= 128: dense (5 ms).
2. B = D: Lanczos on D^-1 A by the three-term recurrence, left after 30 steps when the Ritz value says λ₂ < 0.04. On
   expanders and preferential attachment no preconditioner helps, and these steps are cheap (1 to 2 s at n = 1e5).
3. n <= 1200, or n <= 5000 and m <= 30000: Lanczos on L^+ B with a sparse factor (10 ms for a planar graph, 0.7 s for
   a random one), so that a small graph never waits for the compiler.
4. n <= 500: dense again (0.2 s), for weights over so many decades that the factor loses its digits.
5. Otherwise LOBPCG over an approximate Cholesky factor: paths, roads, small worlds, weights over twelve decades.

What comes back is always a Rayleigh quotient taken over edge differences: never below λ₂, and free of cancellation, so
that λ₂ = 5e-10 keeps as many digits as λ₂ = 0.5. Not certified by any of it: that no smaller eigenvalue was missed; a
random start makes it improbable.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from mixcli.numerics.blas import one_blas_thread
from mixcli.numerics.laplacian import Pencil

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.graph import Graph

    _Vector: TypeAlias = NDArray[np.float64]

__all__ = [
    "Eigenpair",
    "factors",
    "fiedler",
    "patience",
    "solve_dense",
    "solve_factored",
    "solve_lanczos",
    "solve_lobpcg",
]

DENSE_FIRST, DENSE = 128, 500
DIRECT, DIRECT_NODES, DIRECT_EDGES = 1200, 5000, 30000
_SMALL = 0.04  # a 3-regular random graph has 0.057; below, a preconditioner pays
_LONG = 1500  # steps of Lanczos on D^-1 A
_LOST = 1e-3  # ρ above this: not even close to an eigenvector


@dataclass(frozen=True, eq=False)
class Eigenpair:
    """λ₂ and its eigenvector, with what speaks for them.

    Args:
        value: Rayleigh quotient of `vector`; at least λ₂.
        vector: (n,) x with x'Bx = 1 and 1'Bx = 0.
        method: "dense", "lanczos", "inverse_lanczos" or "lobpcg".
        steps: its iterations, 0 for dense.
        residual: |L x - value B x| in the B^-1-norm: some eigenvalue is this close.
        rho: |L x - value B x| in the L^+-norm over |x| in the L-norm: some eigenvalue λ has |value / λ - 1| <= rho
            (from Lanczos: a bound of it that takes `value` for λ₂, hence good only near convergence).
        error: relative error to expect, min(rho, rho² / (1 - λ₂ / λ₃)).
        converged: whether `error` met the tolerance; if not, `value` is only an upper bound.
    """

    value: float
    vector: _Vector
    method: str
    steps: int
    residual: float
    rho: float
    error: float
    converged: bool


def patience(graph: Graph) -> float:
    """Processor seconds after which an iteration gives up: 20, and in proportion beyond a million nodes and edges."""
    return 20.0 * max(1.0, (graph.n + graph.m) / 1e6)


def fiedler(
    graph: Graph, normalized: bool = True, tolerance: float = 1e-8, budget: float | None = None, seed: int = 0
) -> Eigenpair:
    """Second smallest eigenvalue of L x = λ B x on a connected graph, B = D (normalised Laplacian) or B = I.

    Args:
        graph: connected, undirected, n >= 2; weights are conductances.
        normalized: B = D.
        tolerance: relative error wanted, > 0.
        budget: processor seconds for the iterative part; None for `patience(graph)`.
        seed: start of the random draws; with it the result is the same whatever the number of threads.

    Example:
        >>> from mixcli.generators.graphs import hypercube
        >>> pair = fiedler(hypercube(4))
        >>> round(pair.value, 12), pair.method, pair.converged
        (0.5, 'dense', True)
    """
    pencil = Pencil.of(graph, normalized)
    budget = patience(graph) if budget is None else budget
    with one_blas_thread():
        if graph.n <= DENSE_FIRST:
            return solve_dense(pencil, tolerance)
        end = time.thread_time() + budget
        rng = np.random.default_rng(seed)
        pair = solve_lanczos(pencil, tolerance, budget, rng) if normalized else None
        if pair is None and factors(graph.n, graph.m):
            pair = solve_factored(pencil, tolerance, rng)
        if (pair is None or not pair.converged) and graph.n <= DENSE:
            return solve_dense(pencil, tolerance)
        return pair or solve_lobpcg(pencil, tolerance, end - time.thread_time(), rng)


def solve_dense(pencil: Pencil, tolerance: float) -> Eigenpair:
    """Inversion without subtraction, then the largest eigenvalue of the inverse."""
    from mixcli.numerics.dense import fiedler_dense

    x, ratio, inverse = fiedler_dense(pencil)
    return _certified(pencil, x, lambda r: inverse @ r, 1 - ratio, tolerance, "dense", 0)


def solve_lanczos(pencil: Pencil, tolerance: float, budget: float, rng: np.random.Generator) -> Eigenpair | None:
    """Lanczos on D^-1 A; None where λ₂ is too small for it, or too clustered."""
    from mixcli.numerics.lanczos import lanczos_long

    end = time.thread_time() + budget / 2  # the eigenvector takes as long again

    def error(top: float, second: float, residual: float) -> float:
        value = 1 - top
        return min(residual, residual**2 / max(top - second, 1e-3 * value)) / max(value, np.finfo(float).tiny)

    def late() -> bool:
        return time.thread_time() > end

    def enough(top: float, second: float, residual: float, steps: int) -> bool:
        return late() or (steps >= 30 and 1 - top < _SMALL) or error(top, second, residual) < 0.1 * tolerance

    ritz = lanczos_long(pencil, lambda x: (pencil.adjacency @ x) / pencil.mass, _LONG, rng, enough)
    done = error(ritz.value, ritz.next, ritz.residual) < 0.1 * tolerance
    if not done and (1 - ritz.value < _SMALL or not late()):
        return None
    x = pencil.deflated(ritz.vector)
    value = pencil.quotient(x)
    # |r| in the L^+-norm is at most |r| in the D^-1-norm over √λ₂, so no solve is needed.
    gap = (ritz.value - ritz.next) / value
    return _certified(pencil, x, lambda r: r / pencil.mass / value, min(gap, 1.0), tolerance, "lanczos", ritz.steps)


def solve_factored(pencil: Pencil, tolerance: float, rng: np.random.Generator) -> Eigenpair | None:
    """Lanczos on L^+ B through a sparse factor of L without its strongest node; None where that does not work out."""
    from mixcli.numerics.lanczos import lanczos

    solve = grounded_solver(pencil)
    if solve is None:
        return None

    def enough(top: float, second: float, residual: float, steps: int) -> bool:
        rho, gap = residual / top, 1 - second / top
        return min(rho, rho**2 / max(gap, 1e-3)) < 0.1 * tolerance

    ritz = lanczos(pencil, lambda x: solve(pencil.mass * x), 300, rng, enough)
    gap = 1 - max(ritz.next, 0.0) / ritz.value
    x = pencil.deflated(solve(pencil.mass * ritz.vector))  # the random start is still in there, and rough
    pair = _certified(pencil, x, solve, gap, tolerance, "inverse_lanczos", ritz.steps)
    return pair if pair.converged else None


def factors(n: int, m: int) -> bool:
    """Whether a sparse factor takes less than a second, however it fills in."""
    return n <= DIRECT or (n <= DIRECT_NODES and m <= DIRECT_EDGES)


def grounded_solver(pencil: Pencil) -> Callable[[_Vector], _Vector] | None:
    """r -> L^+ r up to a constant, for (n,) or (n, k), through a sparse factor of L without its strongest node.

    None where weights over more than 16 decades make the factor singular in rounding.
    """
    from scipy.sparse import csc_array, diags_array
    from scipy.sparse.linalg import splu

    keep = np.flatnonzero(np.arange(pencil.n) != np.argmax(pencil.strength))
    matrix = csc_array(diags_array(pencil.strength[keep]) - pencil.adjacency[keep][:, keep])
    options = {"SymmetricMode": True}
    try:
        factor = splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options=options)
    except RuntimeError:
        return None

    def solve(r: _Vector) -> _Vector:
        y = np.zeros(r.shape)
        y[keep] = factor.solve(r[keep])
        return y

    return solve


def solve_lobpcg(pencil: Pencil, tolerance: float, budget: float, rng: np.random.Generator) -> Eigenpair:
    """LOBPCG over an approximate Cholesky factor."""
    from mixcli.numerics.approxchol import ApproxChol
    from mixcli.numerics.lobpcg import lobpcg
    from mixcli.numerics.pcg import conjugate_gradients

    end = time.thread_time() + budget
    factor = ApproxChol(pencil.n, pencil.edges, pencil.weight, int(rng.integers(2**63)))
    found = lobpcg(pencil, lambda r: factor.apply(r.T).T, tolerance, end - time.thread_time(), rng)

    def laplacian(x: _Vector) -> _Vector:
        return pencil.laplacian(x[:, 0])[:, None]

    def solve(r: _Vector) -> _Vector:
        y, _ = conjugate_gradients(laplacian, factor.apply, r[:, None], np.zeros((pencil.n, 1)), 1e-2, 200, 60)
        return y[:, 0]

    pair = _certified(pencil, found.vectors[0], solve, found.gap, tolerance, "lobpcg", found.steps)
    rounding = 64 * np.finfo(float).eps * float((pencil.strength / pencil.mass).max())
    agrees = abs(pair.value / pencil.scale - found.values[0]) <= max(tolerance * found.values[0], rounding)
    return replace(pair, converged=bool(pair.converged and found.errors[0] < tolerance and agrees))


def _certified(
    pencil: Pencil,
    x: _Vector,
    solve: Callable[[_Vector], _Vector],
    gap: float,
    tolerance: float,
    method: str,
    steps: int,
) -> Eigenpair:
    """The pair with its edge-difference quotient and residuals; `solve` maps r to y with r'y >= r'L^+ r, about."""
    x = pencil.deflated(x)
    x /= np.sqrt(pencil.mass @ (x * x))
    value = pencil.quotient(x)
    r = pencil.residual(x, value)
    r -= pencil.mass * (r.sum() / pencil.total_mass)
    rho = float(np.sqrt(max(float(r @ solve(r)), 0.0) / value))
    error = min(rho, rho**2 / max(gap, 1e-3))
    residual = float(np.sqrt((r * r / pencil.mass).sum()))
    converged = error < tolerance and rho < _LOST
    return Eigenpair(value * pencil.scale, x, method, steps, residual * pencil.scale, rho, error, converged)
