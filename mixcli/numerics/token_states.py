"""How alike the hidden states of the tokens of one text are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mixcli.numerics.singular import largest_singular_value

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "Residual",
    "StateFigures",
    "first_cosine",
    "mean_cosine",
    "residual",
    "state_figures",
]


@dataclass(frozen=True)
class Residual:
    """The distance of hidden states from states that are all the same, in the norm √(|R|₁ |R|_∞).

    Args:
        value: with the coordinatewise median for the common state: at least the least distance.
        lower: at most the least distance.
    """

    value: float
    lower: float


@dataclass(frozen=True)
class StateFigures:
    """Figures of the hidden states X (T, d) of one layer.

    Args:
        mu: |X - 11ᵀX/T|_F.
        relative: mu / |X|_F, which does not change with the scale of X; 0 where X is.
        stable_rank: |X|_F² / σ₁².
        centred_stable_rank: the same of X - 11ᵀX/T; 0 where all tokens are alike.
        effective_rank: e^H of the singular values of X - 11ᵀX/T over their sum; 0 where all tokens are alike.
        cosine: mean cosine over pairs of tokens; None with fewer than two that are not 0.
        first_cosine: mean cosine of token 0, which in a causal network hears of no other, with the others; None where
            it or all others are 0.
        dirichlet: Σ |x_i - x_j|² over all pairs of tokens, T mu².
        residual: distance from one state for all tokens.
    """

    mu: float
    relative: float
    stable_rank: float
    centred_stable_rank: float
    effective_rank: float
    cosine: float | None
    first_cosine: float | None
    dirichlet: float
    residual: Residual


def state_figures(states: NDArray[Any]) -> StateFigures:
    """The figures of the hidden states of one layer.

    Args:
        states: (T, d).

    Cost: the singular values of a (T, d) matrix, O(T d min(T, d)).

    Example:
        >>> found = state_figures(np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]]))
        >>> round(found.mu, 12), found.relative, round(found.cosine, 12)
        (2.0, 1.0, -0.471404520791)

    Source: Roy and Vetterli 2007 (effective rank); Dong et al., ICML 2021, section 3 (residual).
    """
    x = np.asarray(states, dtype=np.float64)
    centred = x - x.mean(axis=0)
    norm, mu = float(np.linalg.norm(x)), float(np.linalg.norm(centred))
    top = largest_singular_value(x, 1e-10).value
    if mu <= 1e-14 * norm:  # rounding of the mean
        mu = 0.0
    sigma = np.linalg.svd(centred, compute_uv=False) if mu else np.zeros(1)
    return StateFigures(
        mu=mu,
        relative=mu / norm if norm else 0.0,
        stable_rank=(norm / top) ** 2 if top else 0.0,
        centred_stable_rank=float((sigma / sigma[0]) @ (sigma / sigma[0])) if mu else 0.0,
        effective_rank=_effective_rank(sigma) if mu else 0.0,
        cosine=mean_cosine(x),
        first_cosine=first_cosine(x),
        dirichlet=len(x) * mu**2,
        residual=residual(x),
    )


def _effective_rank(sigma: NDArray[np.float64]) -> float:
    share = sigma[sigma > 0] / sigma.sum()
    return float(np.exp(-(share @ np.log(share))))


def mean_cosine(states: NDArray[Any]) -> float | None:
    """Mean cosine over pairs of tokens, those that are 0 left out; None with fewer than two.

    From the sum of the unit vectors: (|Σ u_i|² - T) / (T (T - 1)), O(T d).

    Example:
        >>> mean_cosine(np.array([[1.0, 0.0], [2.0, 0.0], [0.0, 0.0]]))
        1.0
    """
    x = np.asarray(states, dtype=np.float64)
    length = np.linalg.norm(x, axis=1)
    units = x[length > 0] / length[length > 0, None]
    count = len(units)
    if count < 2:
        return None
    total = units.sum(axis=0)
    return float((total @ total - count) / (count * (count - 1)))


def first_cosine(states: NDArray[Any]) -> float | None:
    """Mean cosine of token 0 with the others, those that are 0 left out; None where nothing is left.

    Example:
        >>> first_cosine(np.array([[1.0, 0.0], [2.0, 0.0], [0.0, 3.0]]))
        0.5
    """
    x = np.asarray(states, dtype=np.float64)
    length = np.linalg.norm(x, axis=1)
    others = x[1:][length[1:] > 0] / length[1:][length[1:] > 0, None]
    if not len(others) or length[0] == 0:
        return None
    return float((others @ (x[0] / length[0])).mean())


def residual(states: NDArray[Any]) -> Residual:
    """The residual of Dong et al., min over x of |X - 1xᵀ| in the norm √(|R|₁ |R|_∞), enclosed.

    |R|₁ is the largest sum over a column, |R|_∞ the largest over a row. The coordinatewise median makes |R|₁ least, in
    every column; for |R|_∞ half the distance |X_i - X_k|₁ of any two tokens is a lower bound. The published minimum
    lies between the value at the median and the root of the product of the two least factors (this enclosure is ours).

    Example:
        >>> residual(np.array([[0.0, 0.0], [2.0, 2.0]]))
        Residual(value=2.0, lower=2.0)
    """
    x = np.asarray(states, dtype=np.float64)
    apart = np.abs(x - np.median(x, axis=0))
    columns, rows = float(apart.sum(axis=0).max(initial=0.0)), apart.sum(axis=1)
    far = x[int(np.argmax(rows))]
    half = float(np.abs(x - far).sum(axis=1).max()) / 2
    value = float(np.sqrt(columns * rows.max(initial=0.0)))
    return Residual(value, min(value, float(np.sqrt(columns * half))))
