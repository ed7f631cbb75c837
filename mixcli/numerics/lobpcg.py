"""LOBPCG (locally optimal block preconditioned conjugate gradients) for the smallest λ > 0 of a Laplacian pencil."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.numerics.laplacian import Pencil

    _Array: TypeAlias = NDArray[np.float64]

__all__ = ["Found", "lobpcg"]

_BLOCK = 2  # the least with a Ritz gap to judge by: with 1 the stopping rule is wrong on clustered eigenvalues
_REFRESH = 20  # steps between products computed anew instead of updated
_DEPENDENT = 1e-14  # directions of relative squared length below this are dropped from the basis


@dataclass(frozen=True, eq=False)
class Found:
    """Where the iteration ended.

    Args:
        vector: (n,) Ritz vector of the smallest value.
        value: its Ritz value.
        gap: 1 - value / next Ritz value.
        error: estimated relative error of the value.
        steps: iterations.
    """

    vector: NDArray[np.float64]
    value: float
    gap: float
    error: float
    steps: int


def lobpcg(
    pencil: Pencil,
    precondition: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    tolerance: float,
    budget: float,
    rng: np.random.Generator,
    steps: int = 2000,
) -> Found:
    """Smallest λ > 0 of L x = λ B x for a connected graph.

    Rayleigh-Ritz on the span of two vectors, their preconditioned residuals and the last change; the constants are
    deflated in the B-inner product. Stops when the error estimate min(ρ, ρ² / gap), ρ² = r'Mr / (x'Lx) with the
    preconditioner M for L^+, is below a tenth of the tolerance twice in a row and the value has stopped moving.

    Args:
        pencil: L and B.
        precondition: R -> M R with M ≈ L^+, for (n, k).
        tolerance: relative error wanted.
        budget: seconds.
        rng: draws the start.
        steps: most iterations.

    Source: Knyazev 2001, algorithm 5.1; the scale-free stopping rule is ours.
    """
    begun = time.perf_counter()
    x = pencil.deflated(precondition(pencil.deflated(rng.standard_normal((pencil.n, _BLOCK)))))
    x = x @ _orthonormal(x, pencil.mass)
    lx = pencil.laplacian(x)
    values, turn = np.linalg.eigh(x.T @ lx)
    x, lx = x @ turn, lx @ turn
    p, lp = np.empty((pencil.n, 0)), np.empty((pencil.n, 0))
    good, last, taken = 0, np.inf, 0
    while True:
        r = lx - values * (pencil.mass[:, None] * x)
        z = pencil.deflated(precondition(r))
        gap = float(1 - values[0] / values[-1])
        error = _error(float(r[:, 0] @ z[:, 0] / values[0]), gap)
        settled = abs(last - values[0]) < 0.1 * tolerance * values[0]
        good = good + 1 if error < 0.1 * tolerance and settled else 0
        last = float(values[0])
        if good >= 2 or taken >= steps or time.perf_counter() - begun > budget:
            return Found(x[:, 0], float(values[0]), gap, error, taken)
        z = _unit(z - x @ (x.T @ (pencil.mass[:, None] * z)), pencil.mass)
        s, ls = np.concatenate([x, z, p], axis=1), np.concatenate([lx, pencil.laplacian(z), lp], axis=1)
        values, v = _rayleigh_ritz(s, ls, pencil.mass)
        change = v.copy()
        change[:_BLOCK] = 0
        x, lx, p, lp = s @ v, ls @ v, s @ change, ls @ change
        scale = 1 / np.maximum(np.sqrt(pencil.mass @ (p * p)), np.finfo(float).tiny)
        p, lp, taken = p * scale, lp * scale, taken + 1
        if taken % _REFRESH == 0:
            x = pencil.deflated(x)
            lx, lp = pencil.laplacian(x), pencil.laplacian(p)


def _error(rho_squared: float, gap: float) -> float:
    """Relative error to expect: ρ holds for some eigenvalue, ρ² / gap for the nearest one."""
    rho_squared = max(rho_squared, 0.0)
    return float(min(np.sqrt(rho_squared), rho_squared / max(gap, 1e-3)))


def _rayleigh_ritz(s: _Array, ls: _Array, mass: _Array) -> tuple[_Array, _Array]:
    """The smallest Ritz values over span S, and their coefficients."""
    basis = _orthonormal(s, mass)
    h = basis.T @ (s.T @ ls) @ basis
    values, v = np.linalg.eigh((h + h.T) / 2)
    return values[:_BLOCK], basis @ v[:, :_BLOCK]


def _orthonormal(s: _Array, mass: _Array) -> _Array:
    """Coefficients of a B-orthonormal basis of span S, weak directions dropped."""
    gram = s.T @ (mass[:, None] * s)
    scale = 1 / np.sqrt(np.maximum(np.diag(gram), np.finfo(float).tiny))
    values, q = np.linalg.eigh(gram * scale[:, None] * scale)
    keep = values > _DEPENDENT * values[-1]
    return (scale[:, None] * q[:, keep]) / np.sqrt(values[keep])


def _unit(z: _Array, mass: _Array) -> _Array:
    return z / np.maximum(np.sqrt(mass @ (z * z)), np.finfo(float).tiny)
