"""The slowest mode of lazy diffusion: what the power iteration of FoSR converges to.

The iteration applies I + Â, Â = D^-1/2 A D^-1/2, and takes out the trivial vector √d. A node without edges keeps its
value, that is, its row of Â is that of the identity; so it is a component like any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mixcli.errors import LimitExceeded
from mixcli.graph import Graph

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Diffusion", "slow_mode"]

DENSE = 400  # nodes up to which all eigenvectors are computed
SAME = 1e-9  # eigenvalues closer than this are one
ACCURATE = 1e-5  # relative residual up to which a vector counts as the mode


class Diffusion:
    """The map x -> (I + Â)(x - projection on √d) / norm on a graph that gains edges.

    Args:
        graph: the graph at the start.

    Cost: O(n + m) a step.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> Diffusion(path(2)).step(np.array([3.0, 1.0]))
        array([0., 0.])
    """

    def __init__(self, graph: Graph) -> None:
        indptr, indices, _ = graph.csr
        self.degree = np.diff(indptr).astype(np.float64)
        self._entries = len(indices)
        self._row = np.repeat(np.arange(graph.n, dtype=np.int64), np.diff(indptr))
        self._column = indices.astype(np.int64)

    def add(self, u: int, v: int) -> None:
        """Join two nodes."""
        if self._entries + 2 > len(self._row):
            room = np.zeros(len(self._row) // 2 + 64, np.int64)
            self._row, self._column = np.concatenate([self._row, room]), np.concatenate([self._column, room])
        at = slice(self._entries, self._entries + 2)
        self._row[at], self._column[at] = (u, v), (v, u)
        self._entries += 2
        self.degree[[u, v]] += 1

    def deflate(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """x without its part along √d."""
        total = self.degree.sum()
        root = np.sqrt(self.degree)
        # Sums, not dot products: BLAS adds in an order that depends on the number of threads.
        return x - root * ((x * root).sum() / total) if total else x

    def apply(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Âx."""
        n, alone = len(x), self.degree == 0
        root = np.sqrt(np.where(alone, 1.0, self.degree))
        flow = (x / root)[self._column[: self._entries]]
        mixed = np.bincount(self._row[: self._entries], weights=flow, minlength=n)[:n] / root
        return np.where(alone, x, mixed)

    def step(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """One power step; a vector that vanishes stays zero."""
        total, root = self.degree.sum(), np.sqrt(self.degree)
        x = x - root * (_sum(x * root) / total) if total else x
        x = x + self.apply(x)
        size = np.sqrt(_sum(x * x))
        return x / size if size > 0 else x


def slow_mode(graph: Graph, start: NDArray[np.float64]) -> NDArray[np.float64]:
    """The limit of `Diffusion(graph).step` from a start vector: its part in the eigenspace of the slowest mode.

    Where the eigenvalue is simple the start only decides the sign; where it is not (several components, a torus) it
    picks the vector from the eigenspace.

    Args:
        graph: the graph.
        start: (n,) start vector.

    Returns:
        (n,) unit vector; zeros for a graph with fewer than two nodes.

    Raises:
        LimitExceeded: no solver comes close (a very large graph with a tiny gap).

    Cost: several components O(n + m); n <= 400 O(n³); else O(m) times some hundred Lanczos steps, and where the gap is
    too small for these, a preconditioned solver that starts from vectors of its own.
    """
    diffusion = Diffusion(graph)
    x = diffusion.deflate(start)
    if graph.n < 2:
        return np.zeros(graph.n)
    if graph.components.count > 1:
        x = _component_part(graph, x)
    elif graph.n <= DENSE:
        x = _dense_part(diffusion, x)
    else:
        mode = _lanczos(diffusion, x)
        x = _preconditioned(graph) if mode is None else mode
    size = np.sqrt((x * x).sum())
    return x / size if size > 0 else x


def _sum(values: NDArray[np.float64]) -> Any:
    """The sum from first to last: neither numpy's order nor that of BLAS, so kernels can follow it bit for bit."""
    return np.cumsum(values)[-1] if len(values) else 0.0


def _component_part(graph: Graph, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Part of x in the eigenspace of 0 of I - Â: √d on each component, one free value on each lone node."""
    of_node, count = graph.components.of_node, graph.components.count
    shape = np.sqrt(np.maximum(graph.degree, 1).astype(np.float64))
    along = np.bincount(of_node, weights=x * shape, minlength=count)
    size = np.bincount(of_node, weights=shape * shape, minlength=count)
    return shape * (along / size)[of_node]


def _dense_part(diffusion: Diffusion, x: NDArray[np.float64]) -> NDArray[np.float64]:
    n, root = len(x), np.sqrt(diffusion.degree)
    matrix = np.stack([diffusion.apply(e) for e in np.eye(n)])
    # The trivial eigenvalue 1 goes to -3, out of the way.
    matrix -= 4.0 * np.outer(root, root) / diffusion.degree.sum()
    value, vector = np.linalg.eigh(matrix)
    top = vector[:, value > value[-1] - SAME]
    return (top * (top * x[:, None]).sum(axis=0)).sum(axis=1)


def _lanczos(diffusion: Diffusion, x: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """The mode by plain Lanczos from x; None where the gap is too small for it."""
    from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

    def product(y: Any) -> Any:
        y = diffusion.deflate(np.ravel(y))
        return diffusion.deflate(y + diffusion.apply(y))

    operator = LinearOperator((len(x), len(x)), matvec=product, dtype=np.float64)
    try:
        # From x the Krylov space holds one vector of each eigenspace: the part of x in it.
        _, vector = eigsh(operator, k=1, which="LA", v0=x, ncv=40, tol=1e-12, maxiter=40)
    except ArpackNoConvergence:
        return None
    return np.ravel(vector)


def _preconditioned(graph: Graph) -> NDArray[np.float64]:
    """The mode of a graph with a tiny gap; x of the pencil (L, D) is D^-1/2 times it."""
    from mixcli.numerics.eigen import fiedler

    pair = fiedler(Graph(graph.n, graph.edges), tolerance=1e-16)
    if pair.rho > ACCURATE:
        raise LimitExceeded(
            f"the slowest mode to within {ACCURATE:g}",
            f"{pair.rho:.1g} after {pair.steps} steps",
            "use converged=false with more power_steps",
            where=graph.name,
        )
    return np.sqrt(graph.degree) * pair.vector
