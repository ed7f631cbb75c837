"""Curvature of an edge from integer counts, in one fixed order of operations.

Every function takes scalars or arrays and gives bit-equal results for both, so a curvature recomputed for one edge
after a local change equals the one a full pass would give. Kernels that inline a formula keep its order of operations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["balanced_forman", "balanced_forman_released"]


def balanced_forman(degree_u: Any, degree_v: Any, triangles: Any, square_ends: Any, gamma: Any) -> NDArray[np.float64]:
    """Balanced Forman curvature as the paper defines it.

    BFC = 0 if min = 1, else 2/max + 2/min - 2 + 2t/max + t/min + (s_u + s_v) / (γ max), evaluated from left to right;
    the last term is left out where γ = 0.

    Args:
        degree_u: degree of one end, >= 1.
        degree_v: degree of the other end, >= 1.
        triangles: t, triangles over the edge.
        square_ends: s_u + s_v, neighbours of either end on a 4-cycle through the edge that has no chord.
        gamma: γ, the largest number of such 4-cycles that pass one of these neighbours.

    Returns:
        Curvatures, > -2.

    Example:
        >>> round(float(balanced_forman(3, 3, 2, 0, 0)), 12)
        1.333333333333

    Source: Topping et al. 2022, Definitions 1 and 4.
    """
    high, low, t = _sides(degree_u, degree_v, triangles)
    s, g = np.asarray(square_ends, np.float64), np.asarray(gamma, np.float64)
    value = 2.0 / high + 2.0 / low - 2.0 + 2.0 * t / high + t / low
    value = value + np.where(g > 0, s / (np.maximum(g, 1.0) * high), 0.0)
    return np.where(low == 1.0, 0.0, value)


def balanced_forman_released(degree_u: Any, degree_v: Any, triangles: Any, sharp: Any) -> NDArray[np.float64]:
    """Balanced Forman curvature as the authors' released code computes it (no rule for leaves).

    2/max + 2/min - 2 + (2/max + 1/min) t + ♯ / (max λ), where ♯ also counts walks through the edge itself. There λ is
    the largest of numbers none of which exceeds max, and both degrees are among them, so λ = max (our observation).

    Args:
        degree_u: degree of one end, >= 1.
        degree_v: degree of the other end, >= 1.
        triangles: t, triangles over the edge.
        sharp: ♯, see `mixcli.numerics.motifs.sharp_counts`.

    Example:
        >>> float(balanced_forman_released(3, 3, 2, 6))
        2.0
    """
    high, low, t = _sides(degree_u, degree_v, triangles)
    value = 2.0 / high + 2.0 / low - 2.0 + (2.0 / high + 1.0 / low) * t
    return value + np.asarray(sharp, np.float64) / (high * high)


def _sides(degree_u: Any, degree_v: Any, triangles: Any) -> tuple[NDArray[np.float64], ...]:
    u, v = np.asarray(degree_u, np.float64), np.asarray(degree_v, np.float64)
    return np.maximum(u, v), np.minimum(u, v), np.asarray(triangles, np.float64)
