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

_SPARE = 1  # vectors beyond those wanted: without one the stopping rule is wrong on clustered eigenvalues
_REFRESH = 20  # steps between products computed anew instead of updated
_DEPENDENT = 1e-14  # directions of relative squared length below this are dropped from the basis
_STALL = 100  # steps without half the error: the rounding floor is reached
_DONE = 0.01  # of the tolerance: the leading vectors this good are kept as they are and cost no more


@dataclass(frozen=True, eq=False)
class Found:
    """Where the iteration ended.

    Args:
        vectors: (k, n) Ritz vectors of the smallest values, B-orthonormal rows.
        values: (k,) their Ritz values, ascending: each at least the eigenvalue of its rank.
        errors: (k,) estimated relative errors of the values.
        gap: 1 - first value / the next Ritz value.
        steps: iterations.
    """

    vectors: _Array
    values: _Array
    errors: _Array
    gap: float
    steps: int


def lobpcg(
    pencil: Pencil,
    precondition: Callable[[_Array], _Array],
    tolerance: float,
    budget: float,
    rng: np.random.Generator,
    wanted: int = 1,
    steps: int = 2000,
) -> Found:
    """Smallest λ > 0 of L x = λ B x for a connected graph, with their multiplicities.

    Rayleigh-Ritz on the span of the vectors wanted and one more, their preconditioned residuals and the last changes;
    the constants are deflated in the B-inner product. Stops when every error estimate min(ρ, ρ² / gap), ρ² = r'Mr /
    (x'Lx) with the preconditioner M for L^+ and the gap to the spare vector, is below a tenth of the tolerance twice in
    a row and the values have stopped moving.

    Args:
        pencil: L and B.
        precondition: R -> M R with M ≈ L^+, for the rows of (k, n).
        tolerance: relative error wanted.
        budget: processor seconds.
        rng: draws the start.
        wanted: k, 1 … n - 1; with more than (n - 1) / 3 a dense solver is the right one.
        steps: most iterations.

    Source: Knyazev 2001, algorithm 5.1; the scale-free stopping rule is ours.
    """
    end = time.thread_time() + budget
    block = min(wanted + _SPARE, pencil.n - 1)
    x = _deflated(precondition(_deflated(rng.standard_normal((block, pencil.n)), pencil)), pencil)
    x = _orthonormal(x, pencil.mass) @ x
    values, turn = np.linalg.eigh(x @ _laplacian(x, pencil).T)
    x = turn.T @ x
    lx = _laplacian(x, pencil)
    p, lp = np.empty((0, pencil.n)), np.empty((0, pencil.n))
    good, last, taken, best, best_at = 0, np.full(len(values), np.inf), 0, np.inf, 0
    errors = np.full(len(values), np.inf)
    while True:
        errors, last = errors[: len(x)], last[: len(x)]
        done = int(np.argmax(np.append(errors[:wanted] >= _DONE * tolerance, True)))
        active = slice(done, None)
        r = lx[active] - values[active][:, None] * (x[active] * pencil.mass)
        z = _deflated(precondition(r), pencil)
        errors[active] = _errors((r * z).sum(axis=1) / values[active], 1 - values[active] / values[-1])
        moved = np.abs(last - values)[:wanted] >= np.maximum(0.1 * tolerance * values[:wanted], _rounding(pencil))
        error = float(errors[:wanted].max())
        good = good + 1 if error < 0.1 * tolerance and not moved.any() else 0
        last = values
        if error < 0.5 * best:
            best, best_at = error, taken
        spent = time.thread_time() > end or taken >= steps or taken - best_at >= _STALL
        if good >= 2 or spent:
            first = 1 - values[0] / values[min(1, len(values) - 1)]
            return Found(x[:wanted], values[:wanted], errors[:wanted], float(first), taken)
        z = _unit(z - (z * pencil.mass @ x.T) @ x, pencil.mass)
        s, ls = np.concatenate([x, z, p]), np.concatenate([lx, _laplacian(z, pencil), lp])
        values, v = _rayleigh_ritz(s, ls, pencil.mass, len(x))
        change = v[:, len(x) :]
        p, lp = change @ s[len(x) :], change @ ls[len(x) :]
        x, lx = v @ s, v @ ls
        scale = 1 / np.maximum(np.sqrt((p * p) @ pencil.mass), np.finfo(float).tiny)[:, None]
        p, lp, taken = p * scale, lp * scale, taken + 1
        if taken % _REFRESH == 0:
            x = _deflated(x, pencil)
            lx, lp = _laplacian(x, pencil), _laplacian(p, pencil)


def _laplacian(x: _Array, pencil: Pencil) -> _Array:
    return np.stack([pencil.laplacian(row) for row in x]) if len(x) else x


def _deflated(x: _Array, pencil: Pencil) -> _Array:
    return x - (x @ pencil.mass / pencil.total_mass)[:, None]


def _rounding(pencil: Pencil) -> float:
    """How far rounding may move a Ritz value: a Gram matrix is right to this, absolutely."""
    return 4 * np.finfo(float).eps * float((pencil.strength / pencil.mass).max())


def _errors(rho_squared: _Array, gap: _Array) -> _Array:
    """Relative errors to expect: ρ holds for some eigenvalue, ρ² / gap for the nearest one."""
    rho_squared = np.maximum(rho_squared, 0.0)
    found: _Array = np.minimum(np.sqrt(rho_squared), rho_squared / np.maximum(gap, 1e-3))
    return found


def _rayleigh_ritz(s: _Array, ls: _Array, mass: _Array, block: int) -> tuple[_Array, _Array]:
    """The smallest Ritz values over the rows of S, and their coefficients as rows."""
    basis = _orthonormal(s, mass)
    h = basis @ (s @ ls.T) @ basis.T
    values, v = np.linalg.eigh((h + h.T) / 2)
    return values[:block], v[:, :block].T @ basis


def _orthonormal(s: _Array, mass: _Array) -> _Array:
    """Coefficients, as rows, of a B-orthonormal basis of the rows of S, weak directions dropped."""
    gram = s * mass @ s.T
    scale = 1 / np.sqrt(np.maximum(np.diag(gram), np.finfo(float).tiny))
    values, q = np.linalg.eigh(gram * scale[:, None] * scale)
    keep = values > _DEPENDENT * values[-1]
    return (q[:, keep] / np.sqrt(values[keep])).T * scale


def _unit(z: _Array, mass: _Array) -> _Array:
    return z / np.maximum(np.sqrt((z * z) @ mass), np.finfo(float).tiny)[:, None]
