"""Curvature of an edge from integer counts, in one fixed order of operations.

Every function takes scalars or arrays and gives bit-equal results for both, so a curvature recomputed for one edge
after a local change equals the one a full pass would give. Kernels that inline a formula keep its order of operations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "augmented_forman", "balanced_forman", "balanced_forman_released", "forman", "jost_liu", "node_resistance",
    "resistance", "weighted_forman",
]  # fmt: skip


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


def forman(degree_u: Any, degree_v: Any) -> NDArray[np.float64]:
    """Forman curvature without weights, 4 - d_u - d_v.

    Example:
        >>> float(forman(3, 3))
        -2.0
    """
    return 4.0 - np.asarray(degree_u, np.float64) - np.asarray(degree_v, np.float64)


def weighted_forman(n: int, edges: NDArray[np.int64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Forman curvature with edge weights w and weight 1 at the nodes.

    F(e) = 2 - Σ_{e' ~ e} √(w_e / w_e') = 4 - √w_e (h_u + h_v),   h_u = Σ_{e' at u} 1/√w_e'.

    Args:
        n: number of nodes.
        edges: (m, 2) ends.
        weight: (m,) > 0.

    Example:
        >>> weighted_forman(3, np.array([[0, 1], [1, 2]]), np.array([4.0, 1.0])).tolist()
        [0.0, 1.5]

    Source: Sreejith et al. 2016; the second form is ours.
    """
    root = np.sqrt(weight)
    at_node = np.bincount(edges.T.ravel(), np.tile(1.0 / root, 2), n)
    return 4.0 - root * (at_node[edges[:, 0]] + at_node[edges[:, 1]])


def augmented_forman(degree_u: Any, degree_v: Any, triangles: Any, four_cycles: Any = 0) -> NDArray[np.float64]:
    """Augmented Forman curvature, 4 - d_u - d_v + 3t + 2Q; exact, as its terms are whole numbers.

    Args:
        degree_u: degree of one end.
        degree_v: degree of the other end.
        triangles: t, triangles over the edge.
        four_cycles: Q, 4-cycles through the edge, 0 to leave them out.

    Example:
        >>> float(augmented_forman(3, 3, 2, 2))
        8.0

    Source: Samal et al. 2018; Fesser and Weber 2023.
    """
    return forman(degree_u, degree_v) + 3.0 * np.asarray(triangles) + 2.0 * np.asarray(four_cycles)


def jost_liu(degree_u: Any, degree_v: Any, triangles: Any) -> NDArray[np.float64]:
    """Jost and Liu's lower bound on the Ollivier-Ricci curvature κ_0.

    -(1 - 1/max - 1/min - t/min)_+ - (1 - 1/max - 1/min - t/max)_+ + t/max.

    Args:
        degree_u: degree of one end, >= 1.
        degree_v: degree of the other end, >= 1.
        triangles: t, triangles over the edge.

    Example:
        >>> round(float(jost_liu(3, 3, 2)), 12)
        0.666666666667

    Source: Jost and Liu 2014, Theorem 3.
    """
    high, low, t = _sides(degree_u, degree_v, triangles)
    rest = 1.0 - 1.0 / high - 1.0 / low
    return t / high - np.maximum(rest - t / low, 0.0) - np.maximum(rest - t / high, 0.0)


def node_resistance(n: int, edges: NDArray[np.int64], share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Resistance curvature of each node, p_i = 1 - ½ Σ_{j ~ i} c_ij R_ij; 1 at an isolated node.

    Args:
        n: number of nodes.
        edges: (m, 2) ends.
        share: (m,) c_ij R_ij, the share of spanning trees that use the edge.

    Returns:
        (n,) <= 1; they sum to the number of components.

    Source: Devriendt and Lambiotte 2022.
    """
    return 1.0 - 0.5 * np.bincount(edges.T.ravel(), np.tile(share, 2), n)


def resistance(
    node: NDArray[np.float64], edges: NDArray[np.int64], resistances: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Resistance curvature of each edge, κ_ij = 2 (p_i + p_j) / R_ij.

    Args:
        node: (n,) p.
        edges: (m, 2) ends.
        resistances: (m,) effective resistances across them.

    Source: Devriendt and Lambiotte 2022.
    """
    return 2.0 * (node[edges[:, 0]] + node[edges[:, 1]]) / resistances


def _sides(degree_u: Any, degree_v: Any, triangles: Any) -> tuple[NDArray[np.float64], ...]:
    u, v = np.asarray(degree_u, np.float64), np.asarray(degree_v, np.float64)
    return np.maximum(u, v), np.minimum(u, v), np.asarray(triangles, np.float64)
