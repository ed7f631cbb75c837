"""Lanczos in the inner product of the masses, for the largest eigenvalue of a map: a short and a long form."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.numerics.laplacian import Pencil

__all__ = ["Ritz", "lanczos", "lanczos_long"]

_BREAKDOWN = 1e-13  # a new direction this small, relative to the map's largest value, is rounding


@dataclass(frozen=True, eq=False)
class Ritz:
    """The largest Ritz pair.

    Args:
        value: Ritz value.
        next: the second largest one (-inf while there is none).
        residual: |T x - value x| in the B-norm, x of norm 1.
        vector: (n,) x.
        steps: applications of the map.
    """

    value: float
    next: float
    residual: float
    vector: NDArray[np.float64]
    steps: int


def lanczos(
    pencil: Pencil,
    apply: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    steps: int,
    rng: np.random.Generator,
    enough: Callable[[float, float, float, int], bool],
    every: int = 5,
) -> Ritz:
    """Largest eigenvalue of a map T that is self-adjoint in <x, y> = x'By, on the complement of the constants.

    Args:
        pencil: its masses B give the inner product.
        apply: x -> T x.
        steps: most applications of T.
        rng: draws the start.
        enough: told (value, next, residual, steps) every so often; True ends it.
        every: how often to ask.

    Returns:
        The pair at the end, whether or not `enough` ever said so.

    Cost: `steps` products and O(n steps²) for keeping the basis orthogonal; memory 8 n steps bytes.
    """
    n, mass = pencil.n, pencil.mass
    basis = np.empty((min(steps, n - 1) + 1, n))
    x = pencil.deflated(rng.standard_normal(n))
    basis[0] = x / np.sqrt(mass @ (x * x))
    diagonal: list[float] = []
    beside: list[float] = []
    for k in range(min(steps, n - 1)):
        y = pencil.deflated(apply(basis[k]))
        diagonal.append(float((mass * y) @ basis[k]))
        y, size = _orthogonal(y, basis[: k + 1], pencil)
        beside.append(size)
        over = size <= _BREAKDOWN * max(map(abs, diagonal))
        if over or k + 1 == min(steps, n - 1) or (k + 1) % every == 0:
            values, vectors = _tridiagonal(diagonal, beside)
            second = float(values[-2]) if k else -np.inf
            residual = 0.0 if over else size * abs(float(vectors[-1, -1]))
            if over or k + 1 == min(steps, n - 1) or enough(float(values[-1]), second, residual, k + 1):
                break
        basis[k + 1] = y / size
    return Ritz(float(values[-1]), second, residual, vectors[:, -1] @ basis[: k + 1], k + 1)


def lanczos_long(
    pencil: Pencil,
    apply: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    steps: int,
    rng: np.random.Generator,
    enough: Callable[[float, float, float, int], bool],
) -> Ritz:
    """The same by the three-term recurrence alone, for cheap maps and hundreds of steps; memory for six vectors.

    Orthogonality is lost only along Ritz vectors that have converged to about 1e-8 (Paige 1980), and the run ends when
    the wanted one has: so nothing needs to be kept. A second run of the recurrence adds up the eigenvector, which takes
    no longer than writing hundreds of vectors and reading them back. Arguments and result are those of `lanczos`;
    tolerances below 1e-12 are not for it.
    """
    start = pencil.deflated(rng.standard_normal(pencil.n))
    start /= np.sqrt(pencil.mass @ (start * start))
    diagonal: list[float] = []
    beside: list[float] = []
    ask = 5
    for _, along, size in _recurrence(pencil, apply, start):
        diagonal.append(along)
        beside.append(size)
        k = len(diagonal)
        over = size <= _BREAKDOWN * max(map(abs, diagonal)) or k == min(steps, pencil.n - 1)
        if over or k >= ask:
            ask = k + max(5, k // 12)
            value, second, last = _top(diagonal, beside)
            if over or enough(value, second, size * abs(float(last[-1])), k):
                break
    x = np.zeros(pencil.n)
    for coefficient, (q, _, _) in zip(last, _recurrence(pencil, apply, start), strict=False):
        x += coefficient * q
    return Ritz(value, second, beside[-1] * abs(float(last[-1])), x, len(diagonal))


def _recurrence(
    pencil: Pencil, apply: Callable[[NDArray[np.float64]], NDArray[np.float64]], q: NDArray[np.float64]
) -> Iterator[tuple[NDArray[np.float64], float, float]]:
    """Lanczos vectors with the entries of the tridiagonal matrix on and beside its diagonal."""
    before, size = np.zeros_like(q), 0.0
    while True:
        y = apply(q)
        along = float((pencil.mass * y) @ q)
        y -= along * q
        y -= size * before
        y = pencil.deflated(y)
        size = float(np.sqrt(pencil.mass @ (y * y)))
        yield q, along, size
        before, q = q, y / size


def _top(diagonal: list[float], beside: list[float]) -> tuple[float, float, NDArray[np.float64]]:
    """The two largest eigenvalues of the tridiagonal matrix, and the eigenvector of the first."""
    from scipy.linalg import eigh_tridiagonal

    k = len(diagonal)
    if k == 1:
        return diagonal[0], -np.inf, np.ones(1)
    try:
        values, vectors = eigh_tridiagonal(diagonal, beside[:-1], select="i", select_range=(k - 2, k - 1))
    except np.linalg.LinAlgError:  # entries over tens of decades; the slower driver always ends
        values, vectors = eigh_tridiagonal(diagonal, beside[:-1], lapack_driver="stev")
    return float(values[-1]), float(values[-2]), vectors[:, -1]


def _orthogonal(
    y: NDArray[np.float64], basis: NDArray[np.float64], pencil: Pencil
) -> tuple[NDArray[np.float64], float]:
    """y less its projection on the basis, and its length; a second pass where the first one cancelled much."""
    before = float(np.sqrt(pencil.mass @ (y * y)))
    for _ in range(2):
        y = pencil.deflated(y - (basis @ (pencil.mass * y)) @ basis)
        after = float(np.sqrt(pencil.mass @ (y * y)))
        if after > 0.7 * before:
            break
        before = after
    return y, after


def _tridiagonal(diagonal: list[float], beside: list[float]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    matrix = np.diag(diagonal) + np.diag(beside[:-1], 1) + np.diag(beside[:-1], -1)
    return np.linalg.eigh(matrix)
