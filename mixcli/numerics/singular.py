"""The largest singular value of a dense matrix, by Lanczos iteration on AᵀA; and all of them of a small one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Largest", "largest_singular_value", "stable_rank"]

STEPS = 60
"""Iterations at most; attention with a sink needs five, uniform causal attention ten."""


@dataclass(frozen=True)
class Largest:
    """The largest singular value of a matrix.

    Args:
        value: σ₁, at most the true value up to rounding.
        residual: |AᵀA v - σ₁² v| / σ₁²: some squared singular value is this close, relatively.
        steps: products with AᵀA.
    """

    value: float
    residual: float
    steps: int


def largest_singular_value(matrix: NDArray[Any], tolerance: float = 1e-6) -> Largest:
    """σ₁ of a matrix, by Lanczos iteration on AᵀA with full reorthogonalisation.

    The start is Aᵀ1. Where no entry is negative it is never orthogonal to the vector looked for, since that has no
    negative entry either (Perron and Frobenius) and 1ᵀAv = σ₁ 1ᵀu > 0. Otherwise a drawn vector is added.

    Args:
        matrix: (n, m) float32 or float64; products are taken in its own precision.
        tolerance: residual at which to stop. The error of σ₁² is at most that, and of its square over the distance to
            the next σ² where that is larger.

    Cost: two products of the matrix and a vector a step, some ten steps.

    Example:
        >>> round(largest_singular_value(np.array([[1.0, 0.0], [0.5, 0.5]])).value, 12)
        1.144122805635
    """
    start = matrix.sum(axis=0, dtype=np.float64)
    if not matrix.size or not np.any(start) or float(matrix.min()) < 0:
        rng = np.random.default_rng(0)
        start = start + rng.standard_normal(matrix.shape[1]) * max(1.0, float(np.abs(start).max()))
    q = start / np.linalg.norm(start)
    basis, along, beside = np.empty((STEPS, len(q))), np.empty(STEPS), np.empty(STEPS)
    for k in range(STEPS):
        basis[k] = q
        y = (matrix.T @ (matrix @ q.astype(matrix.dtype))).astype(np.float64)
        along[k] = q @ y
        for _ in range(2):
            y -= basis[: k + 1].T @ (basis[: k + 1] @ y)
        beside[k] = np.linalg.norm(y)
        ritz = np.diag(along[: k + 1]) + np.diag(beside[:k], 1) + np.diag(beside[:k], -1)
        values, vectors = np.linalg.eigh(ritz)
        top = max(float(values[-1]), 0.0)
        left = float(beside[k] * abs(vectors[-1, -1]))
        if left <= tolerance * top or top == 0 or k + 1 in (STEPS, len(q)):
            break
        q = y / beside[k]
    return Largest(float(np.sqrt(top)), left / top if top else 0.0, k + 1)


def stable_rank(matrix: NDArray[Any], tolerance: float = 1e-6) -> float:
    """|A|_F² / σ₁², between 1 and the rank; 0 of a zero matrix.

    Example:
        >>> round(stable_rank(np.eye(5)), 12)
        5.0
    """
    top = largest_singular_value(matrix, tolerance).value
    return float(np.square(matrix, dtype=np.float64).sum()) / top**2 if top else 0.0
