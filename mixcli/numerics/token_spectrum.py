"""Eigenvalues and largest singular values of one layer of attention; triangular ones cost next to nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mixcli.numerics.blas import one_blas_thread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.numerics.token_operators import Operators

__all__ = ["LayerSpectrum", "layer_spectrum"]

DENSE = 512
"""Tokens up to which singular values come from a decomposition; above, from products with vectors."""
TOLERANCE = 1e-8


@dataclass(frozen=True)
class LayerSpectrum:
    """Eigenvalues of a row-stochastic matrix, and how far it is from normal.

    Args:
        eigenvalues: complex or real, in falling order of modulus.
        sigma_1: largest singular value: how much any states can grow.
        sigma_2: largest singular value of (I - 11'/T) A: how much differences of states can grow.
        departure: Henrici's departure from normality, sqrt(‖A‖_F² - Σ |λ|²).
        triangular: whether the eigenvalues are the diagonal.
    """

    eigenvalues: NDArray[Any]
    sigma_1: float
    sigma_2: float
    departure: float
    triangular: bool

    @property
    def moduli(self) -> NDArray[np.float64]:
        """(T,) in falling order."""
        return np.abs(self.eigenvalues)

    @property
    def gap(self) -> float:
        """1 - |λ_2|; 1 for a single token."""
        return float(1 - self.moduli[1]) if len(self.eigenvalues) > 1 else 1.0

    @property
    def kemeny(self) -> float | None:
        """Σ_{k >= 2} 1 / (1 - λ_k), or None where 1 is there twice."""
        rest = 1 - self.eigenvalues[1:]
        return None if (np.abs(rest) < 1e-12).any() else float((1 / rest).sum().real)


def layer_spectrum(operators: Operators, layer: int) -> LayerSpectrum:
    """Eigenvalues and singular values of one layer.

    Cost: O(T) for the eigenvalues of anything causal, O(C³) for each class of C tokens that all read each other;
    singular values O(T³) up to 512 tokens, else some tens of products with vectors.

    Source: departure from normality: Henrici 1962.
    """
    with one_blas_thread():
        values = operators.diagonal(layer) if operators.causal else _by_class(operators, layer)
        values = values[np.lexsort((np.abs(values - 1), -np.round(np.abs(values), 9)))]  # 1 before -1
        excess = operators.squares(layer) - float((np.abs(values) ** 2).sum())
        sigma_1, sigma_2 = _largest(operators, layer)
    return LayerSpectrum(values, sigma_1, sigma_2, float(np.sqrt(max(excess, 0.0))), operators.causal)


def _by_class(operators: Operators, layer: int) -> NDArray[Any]:
    """Eigenvalues of the diagonal blocks to which an order of the strongly connected classes brings the matrix."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    indptr, keys = operators.keys(layer)
    graph = csr_array((np.ones(len(keys), np.int8), keys, indptr), (operators.size, operators.size))
    count, label = connected_components(graph, directed=True, connection="strong")
    matrix = operators.matrix(layer)
    if count == 1:
        return np.linalg.eigvals(matrix)
    members = np.split(np.argsort(label, kind="stable"), np.cumsum(np.bincount(label))[:-1])
    lone = np.array([m[0] for m in members if len(m) == 1], np.int64)
    blocks = [np.linalg.eigvals(matrix[np.ix_(m, m)]) for m in members if len(m) > 1]
    return np.concatenate([matrix[lone, lone], *blocks])


def _largest(operators: Operators, layer: int) -> tuple[float, float]:
    if operators.size <= DENSE:
        matrix = operators.matrix(layer)
        centred = matrix - matrix.mean(axis=0)
        return tuple(float(np.sqrt(np.linalg.eigvalsh(m.T @ m)[-1].clip(0))) for m in (matrix, centred))  # type: ignore[return-value]
    return _iterated(operators, layer, centred=False), _iterated(operators, layer, centred=True)


def _iterated(operators: Operators, layer: int, *, centred: bool) -> float:
    """Lanczos iteration on A'A, or on A'(I - 11'/T) A."""
    from scipy.sparse.linalg import LinearOperator, eigsh

    def product(x: NDArray[np.float64]) -> NDArray[np.float64]:
        y = operators.right(layer, x.ravel())
        return operators.left(layer, y - y.mean() if centred else y)

    size = operators.size
    squared = LinearOperator((size, size), matvec=product, dtype=np.float64)
    start = np.cos(np.arange(size) * 0.7) + 1.5
    found = eigsh(squared, k=1, which="LA", tol=TOLERANCE, v0=start, return_eigenvectors=False)
    return float(np.sqrt(max(found[0], 0.0)))
