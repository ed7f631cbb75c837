"""LOBPCG (locally optimal block preconditioned conjugate gradients) for the smallest λ > 0 of a Laplacian pencil.

Vectors are rows here: rows of a (k, n) array are contiguous, which sparse products and copies like best.
"""

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
_STALL = 100  # steps without half the error: the rounding floor is reached


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

    vector: _Array
    value: float
    gap: float
    error: float
    steps: int


def lobpcg(
    pencil: Pencil,
    precondition: Callable[[_Array], _Array],
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
        precondition: R -> M R with M ≈ L^+, for the rows of (k, n).
        tolerance: relative error wanted.
        budget: processor seconds.
        rng: draws the start.
        steps: most iterations.

    Source: Knyazev 2001, algorithm 5.1; the scale-free stopping rule is ours.
    """
    begun = time.thread_time()
    x = _deflated(precondition(_deflated(rng.standard_normal((_BLOCK, pencil.n)), pencil)), pencil)
    x = _orthonormal(x, pencil.mass) @ x
    values, turn = np.linalg.eigh(x @ _laplacian(x, pencil).T)
    x = turn.T @ x
    lx = _laplacian(x, pencil)
    p, lp = np.empty((0, pencil.n)), np.empty((0, pencil.n))
    good, last, taken, best, best_at = 0, np.inf, 0, np.inf, 0
    while True:
        r = lx - values[:, None] * (x * pencil.mass)
        z = _deflated(precondition(r), pencil)
        gap = float(1 - values[0] / values[-1])
        error = _error(float(r[0] @ z[0] / values[0]), gap)
        settled = abs(last - values[0]) < max(0.1 * tolerance * values[0], _rounding(pencil))
        good = good + 1 if error < 0.1 * tolerance and settled else 0
        last = float(values[0])
        if error < 0.5 * best:
            best, best_at = error, taken
        spent = time.thread_time() - begun > budget or taken >= steps or taken - best_at >= _STALL
        if good >= 2 or spent:
            return Found(x[0], last, gap, error, taken)
        z = _unit(z - (z * pencil.mass @ x.T) @ x, pencil.mass)
        s, ls = np.concatenate([x, z, p]), np.concatenate([lx, _laplacian(z, pencil), lp])
        values, v = _rayleigh_ritz(s, ls, pencil.mass)
        change = v[:, _BLOCK:]
        x, lx, p, lp = v @ s, v @ ls, change @ s[_BLOCK:], change @ ls[_BLOCK:]
        scale = 1 / np.maximum(np.sqrt((p * p) @ pencil.mass), np.finfo(float).tiny)[:, None]
        p, lp, taken = p * scale, lp * scale, taken + 1
        if taken % _REFRESH == 0:
            x = _deflated(x, pencil)
            lx, lp = _laplacian(x, pencil), _laplacian(p, pencil)


def _laplacian(x: _Array, pencil: Pencil) -> _Array:
    return np.stack([pencil.laplacian(row) for row in x])


def _deflated(x: _Array, pencil: Pencil) -> _Array:
    return x - (x @ pencil.mass / pencil.total_mass)[:, None]


def _rounding(pencil: Pencil) -> float:
    """How far rounding may move a Ritz value: a Gram matrix is right to this, absolutely."""
    return 4 * np.finfo(float).eps * float((pencil.strength / pencil.mass).max())


def _error(rho_squared: float, gap: float) -> float:
    """Relative error to expect: ρ holds for some eigenvalue, ρ² / gap for the nearest one."""
    rho_squared = max(rho_squared, 0.0)
    return float(min(np.sqrt(rho_squared), rho_squared / max(gap, 1e-3)))


def _rayleigh_ritz(s: _Array, ls: _Array, mass: _Array) -> tuple[_Array, _Array]:
    """The smallest Ritz values over the rows of S, and their coefficients as rows."""
    basis = _orthonormal(s, mass)
    h = basis @ (s @ ls.T) @ basis.T
    values, v = np.linalg.eigh((h + h.T) / 2)
    return values[:_BLOCK], v[:, :_BLOCK].T @ basis


def _orthonormal(s: _Array, mass: _Array) -> _Array:
    """Coefficients, as rows, of a B-orthonormal basis of the rows of S, weak directions dropped."""
    gram = s * mass @ s.T
    scale = 1 / np.sqrt(np.maximum(np.diag(gram), np.finfo(float).tiny))
    values, q = np.linalg.eigh(gram * scale[:, None] * scale)
    keep = values > _DEPENDENT * values[-1]
    return (q[:, keep] / np.sqrt(values[keep])).T * scale


def _unit(z: _Array, mass: _Array) -> _Array:
    return z / np.maximum(np.sqrt((z * z) @ mass), np.finfo(float).tiny)[:, None]
