"""Solves L x = b on a graph by preconditioned conjugate gradients, for one or many right-hand sides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from mixcli.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.graph import Graph
    from mixcli.numerics.approxchol import ApproxChol

    _Map: TypeAlias = Callable[[NDArray[np.float64]], NDArray[np.float64]]

__all__ = ["LaplacianSolver", "Solution", "conjugate_gradients"]

_JACOBI_TRIAL = 40  # expanders are done by then; the factor costs as much as some hundred such steps
_STALL = 60  # steps without a tenth less residual: the rounding floor is reached


@dataclass(frozen=True, eq=False)
class Solution:
    """What a solve found, and how well it satisfies its equation.

    Args:
        x: (n,) or (n, k) solution, summing to 0 on each component.
        residual: (k,) |b - L x| / |b| of each column, recomputed from x; 0 where b is 0.
        iterations: conjugate gradient steps.
        method: "jacobi" or "approxchol", the preconditioner that finished.
    """

    x: NDArray[np.float64]
    residual: NDArray[np.float64]
    iterations: int
    method: str


class LaplacianSolver:
    """L^+ b for an undirected graph with any number of components.

    The diagonal of L is tried first; where that does not do within 40 steps, an approximate Cholesky factor is made,
    kept and used from then on. Right-hand sides are projected to sum to 0 on each component, which is where L x = b has
    a solution, and the solution is the one that sums to 0 too.

    Args:
        graph: undirected; weights are conductances.
        seed: start of the factor's random draws.

    Cost: about O(m log n) for the factor and O(m) a step; 15 to 40 steps to 1e-8 whatever the graph and its weights.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> found = LaplacianSolver(path(3)).solve(np.array([1.0, 0.0, -1.0]))
        >>> found.x.round(9).tolist(), bool(found.residual.max() < 1e-8)
        ([1.0, 0.0, -1.0], True)
    """

    def __init__(self, graph: Graph, seed: int = 0) -> None:
        self.graph, self._seed = graph, seed
        self._factor: ApproxChol | None = None
        self._label, self._size = graph.components.of_node, graph.components.sizes

    def solve(self, b: NDArray[np.float64], tolerance: float = 1e-8, iterations: int = 5000) -> Solution:
        """Solve for one right-hand side (n,) or k of them (n, k) at once.

        Args:
            b: right-hand sides.
            tolerance: largest |b - L x| / |b| wanted, > 0.
            iterations: most steps to take.

        Returns:
            The solution with the residual it has; where rounding does not allow the tolerance (about 1e-16 times the
            condition number), the best one found: look at `residual`.

        Raises:
            UsageError: b has another number of rows than the graph has nodes.
        """
        if b.shape[0] != self.graph.n:
            raise UsageError(f"a right-hand side of {self.graph.n} rows", str(b.shape[0]), "give one value per node")
        right = self._centred(np.array(b, dtype=np.float64).reshape(self.graph.n, -1))
        x, steps, method = np.zeros_like(right), 0, "jacobi"
        if self._factor is None:
            x, steps = conjugate_gradients(self._laplacian, self._jacobi, right, x, tolerance, _JACOBI_TRIAL, 0)
        if self._factor is not None or _relative(right - self._laplacian(x), right).max(initial=0.0) > tolerance:
            more = iterations - steps
            x, taken = conjugate_gradients(self._laplacian, self._sweep, right, x, tolerance, more, _STALL)
            steps, method = steps + taken, "approxchol"
        residual = _relative(right - self._laplacian(x), right)
        return Solution(self._centred(x).reshape(b.shape), residual, steps, method)

    def _laplacian(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        return self.graph.strength[:, None] * x - self.graph.adjacency @ x

    def _jacobi(self, r: NDArray[np.float64]) -> NDArray[np.float64]:
        return self._centred(r / np.maximum(self.graph.strength, np.finfo(float).tiny)[:, None])

    def _sweep(self, r: NDArray[np.float64]) -> NDArray[np.float64]:
        if self._factor is None:
            from mixcli.numerics.approxchol import ApproxChol

            weight = np.ones(self.graph.m) if self.graph.weight is None else self.graph.weight
            self._factor = ApproxChol(self.graph.n, self.graph.edges, weight, self._seed)
        return self._centred(self._factor.apply(r))

    def _centred(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """x less its mean over each component."""
        if len(self._size) == 1:
            return x - x.mean(axis=0)
        sums = [np.bincount(self._label, column, len(self._size)) / self._size for column in x.T]
        return x - np.stack(sums, axis=1)[self._label]


def conjugate_gradients(
    matrix: _Map,
    preconditioner: _Map,
    b: NDArray[np.float64],
    x: NDArray[np.float64],
    tolerance: float,
    steps: int,
    stall: int,
) -> tuple[NDArray[np.float64], int]:
    """Preconditioned conjugate gradients for the columns of b: independent recurrences that share every product.

    Args:
        matrix: X -> A X, positive semi-definite, for (n, k).
        preconditioner: R -> M R with M ≈ A^+.
        b: (n, k) right-hand sides in the range of A.
        x: (n, k) start.
        tolerance: a column stops when its |b - A x| is below this times |b|.
        steps: most steps.
        stall: stop when no column has gained a tenth for so many steps; 0 for never.

    Returns:
        x and the number of steps taken.
    """
    norm = np.sqrt((b * b).sum(axis=0))
    r = b - matrix(x)
    z = preconditioner(r)
    p, rz = z, (r * z).sum(axis=0)
    size = np.sqrt((r * r).sum(axis=0))
    best, best_at, taken = size, 0, 0
    while taken < steps and (size > tolerance * norm).any() and not (stall and taken - best_at >= stall):
        q = matrix(p)
        pq = (p * q).sum(axis=0)
        going = (size > tolerance * norm) & (pq > 0) & (rz > 0)
        if not going.any():
            break
        alpha = np.divide(rz, pq, out=np.zeros_like(rz), where=going)
        x, r = x + alpha * p, r - alpha * q
        size, taken = np.sqrt((r * r).sum(axis=0)), taken + 1
        if (size < 0.9 * best).any():
            best, best_at = np.minimum(best, size), taken
        z = preconditioner(r)
        old, rz = rz, (r * z).sum(axis=0)
        p = z + np.divide(rz, old, out=np.zeros_like(rz), where=going & (old > 0)) * p
    return x, taken


def _relative(r: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    size, norm = np.sqrt((r * r).sum(axis=0)), np.sqrt((b * b).sum(axis=0))
    return np.divide(size, norm, out=np.zeros_like(size), where=norm > 0)
