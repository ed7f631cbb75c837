"""Disagreement of two nodes under noise: the directed effective resistance of Young, Scardovi and Leonard.

x' = -L x + noise keeps all states near a common one; half the stationary variance of x_k - x_j is a resistance where L
is symmetric, and defines one where it is not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["disagreement", "disagreement_from_first", "lyapunov_triangular"]

LEAF = 96  # rows that LAPACK's own solver, which is not blocked, does at once


def disagreement(laplacian: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Resistances between all nodes, and the relative residual of the Lyapunov equation.

    Q 1 = 0, Q Q' = I;  L̄ = Q L Q',  L̄ S + S L̄' = I,  X = 2 Q' S Q,  r_kj = X_kk + X_jj - 2 X_kj.

    Args:
        laplacian: (n, n) rows sum to 0, with exactly one closed class of nodes.

    Cost: about 25 n³ operations (a Schur form).

    Example:
        >>> disagreement(np.array([[1.0, -1.0], [-1.0, 1.0]]))[0].round(12).tolist()
        [[0.0, 1.0], [1.0, 0.0]]

    Source: Young, Scardovi & Leonard 2016, "A new notion of effective resistance for directed graphs", IEEE TAC.
    """
    from scipy.linalg import solve_continuous_lyapunov

    n = len(laplacian)
    if n == 1:
        return np.zeros((1, 1)), 0.0
    across = _across(n)
    reduced = across @ laplacian @ across.T
    spread = solve_continuous_lyapunov(reduced, np.eye(n - 1))
    miss = reduced @ spread + spread @ reduced.T - np.eye(n - 1)
    residual = float(np.abs(miss).max() / max(1.0, np.abs(reduced).max() * np.abs(spread).max()))
    return _resistances(across.T @ spread @ across), residual


def disagreement_from_first(laplacian: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """The same for a lower triangular Laplacian whose first row is 0, without a Schur form.

    With states relative to the first, y_i = x_i - x_0, and L_r the rest of L: L_r Y + Y L_r' = I + 1 1' (ours), one
    triangular Lyapunov equation; r_k0 = 2 Y_kk and r_kj = 2 (Y_kk + Y_jj - 2 Y_kj).

    Args:
        laplacian: (n, n) lower triangular, row 0 zero, no other zero on the diagonal.

    Cost: about 2 n³ operations, nearly all in matrix products.

    Example:
        >>> table, _ = disagreement_from_first(np.array([[0.0, 0.0], [-0.5, 0.5]]))
        >>> table.tolist()
        [[0.0, 4.0], [4.0, 0.0]]
    """
    n = len(laplacian)
    spread = np.zeros((n, n))
    if n == 1:
        return spread, 0.0
    rest = np.ascontiguousarray(laplacian[1:, 1:])
    right = np.eye(n - 1) + 1.0
    spread[1:, 1:] = lyapunov_triangular(rest, right)
    flow = rest @ spread[1:, 1:]
    residual = np.abs(flow + flow.T - right).max() / max(1.0, np.abs(rest).max() * np.abs(spread).max())
    return _resistances(spread), float(residual)


def lyapunov_triangular(left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Y with A Y + Y A' = C for a lower triangular A and a symmetric C, by halves.

    A = [[P, 0], [R, S]]: Y_11 from P, then P Y_12 + Y_12 S' = C_12 - Y_11 R', then Y_22 from S.

    Args:
        left: (n, n) lower triangular, diagonal > 0.
        right: (n, n) symmetric.

    Example:
        >>> lyapunov_triangular(np.array([[1.0, 0.0], [0.0, 2.0]]), np.ones((2, 2))).round(6).tolist()
        [[0.5, 0.333333], [0.333333, 0.25]]
    """
    n = len(left)
    if n <= LEAF:
        return _sylvester_leaf(left, left, right)
    h = n // 2
    out = np.empty((n, n))
    out[:h, :h] = first = lyapunov_triangular(left[:h, :h], right[:h, :h])
    below = left[h:, :h]
    out[:h, h:] = between = _sylvester(left[:h, :h], left[h:, h:], right[:h, h:] - first @ below.T)
    out[h:, :h] = between.T
    passed = below @ between
    out[h:, h:] = lyapunov_triangular(left[h:, h:], right[h:, h:] - passed - passed.T)
    return out


def _sylvester(a: NDArray[np.float64], b: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Y with A Y + Y B' = C for lower triangular A and B."""
    m, n = right.shape
    if max(m, n) <= LEAF:
        return _sylvester_leaf(a, b, right)
    out = np.empty((m, n))
    if m >= n:
        h = m // 2
        out[:h] = _sylvester(a[:h, :h], b, right[:h])
        out[h:] = _sylvester(a[h:, h:], b, right[h:] - a[h:, :h] @ out[:h])
    else:
        h = n // 2
        out[:, :h] = _sylvester(a, b[:h, :h], right[:, :h])
        out[:, h:] = _sylvester(a, b[h:, h:], right[:, h:] - out[:, :h] @ b[h:, :h].T)
    return out


def _sylvester_leaf(a: NDArray[np.float64], b: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """One call of LAPACK, which wants upper triangles: all indices reversed."""
    from scipy.linalg.lapack import dtrsyl

    found, scale, _ = dtrsyl(a[::-1, ::-1], b[::-1, ::-1], right[::-1, ::-1], trana="N", tranb="T")
    return found[::-1, ::-1] / scale


def _across(n: int) -> NDArray[np.float64]:
    """(n - 1, n) orthonormal rows, each summing to 0 (Helmert)."""
    rows = np.tril(np.ones((n - 1, n)))
    k = np.arange(1, n)
    rows[k - 1, k] = -k
    rows /= np.sqrt(k * (k + 1.0))[:, None]
    return rows


def _resistances(spread: NDArray[np.float64]) -> NDArray[np.float64]:
    own = np.diagonal(spread)
    return 2.0 * (own[:, None] + own[None, :] - spread - spread.T)
