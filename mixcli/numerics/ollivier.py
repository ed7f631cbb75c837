"""Ollivier-Ricci and Lin-Lu-Yau curvature of edges as exact fractions.

κ_α(xy) = 1 - W₁(μ_x, μ_y), where μ_x leaves the mass α at x and spreads 1 - α evenly over the neighbours of x, and W₁
is the transport distance over hops. κ_LLY = lim κ_α / (1 - α) for α → 1, and κ_α = (1 - α) κ_LLY as soon as
α ≥ 1 / (max(d_x, d_y) + 1) (Bourne et al. 2018, Theorem 5.2).
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mixcli.errors import UsageError
from mixcli.numerics import transport

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.numerics.transport import Report

__all__ = ["Fractions", "idleness", "lin_lu_yau", "ollivier", "scaled"]

FINEST = 10_000  # largest denominator of α: up to here no scaled mass comes near 2⁶³


class Fractions(NamedTuple):
    """Exact values, one for each edge; not in lowest terms.

    Args:
        numerator: (k,) int64.
        denominator: (k,) int64, all > 0.

    Example:
        >>> f = Fractions(np.array([-5, 3]), np.array([6, 6]))
        >>> f.values.tolist(), f[1], f.exactly(1)
        ([-0.8333333333333334, 0.5], array([6, 6]), Fraction(1, 2))
    """

    numerator: NDArray[np.int64]
    denominator: NDArray[np.int64]

    @property
    def values(self) -> NDArray[np.float64]:
        """(k,) float64."""
        return self.numerator / self.denominator

    def exactly(self, row: int) -> Fraction:
        """One of them in lowest terms."""
        return Fraction(int(self.numerator[row]), int(self.denominator[row]))


def idleness(alpha: float | Fraction) -> Fraction:
    """α as the fraction it was written as.

    Args:
        alpha: mass that stays, in [0, 1).

    Raises:
        UsageError: outside [0, 1), or not a fraction with a denominator up to 10,000.

    Example:
        >>> idleness(0.1), idleness(1 / 3)
        (Fraction(1, 10), Fraction(1, 3))
    """
    if not 0 <= alpha < 1:  # catches NaN too
        raise UsageError("alpha, the mass that stays, in [0, 1)", str(alpha), "lin_lu_yau is the limit alpha -> 1")
    exact = alpha if isinstance(alpha, Fraction) else Fraction(str(float(alpha)))
    near = exact.limit_denominator(FINEST)
    if abs(near - exact) > 1e-15:
        raise UsageError(f"alpha with a denominator up to {FINEST}", str(alpha), f"use alpha={float(near)}")
    return near


def lin_lu_yau(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    edges: NDArray[np.int64],
    threads: int = 1,
    report: Report | None = None,
) -> Fractions:
    """Lin-Lu-Yau curvature of edges, exactly.

    Args:
        indptr: (n+1,) row starts of the neighbour lists of a simple undirected graph, both directions listed.
        indices: (2m,) neighbours.
        edges: (k, 2) edges of that graph: all of them or some.
        threads: threads for large inputs.
        report: called as report(done, total) after each chunk of work.

    Returns:
        Numerators over d_u d_v, in the order of `edges`; the same for any number of threads.

    Cost: two small maximum flows an edge, O(n + m) memory and a bounded cache.

    Example:
        >>> from mixcli.generators.graphs import cycle
        >>> lin_lu_yau(*cycle(5).csr[:2], cycle(5).edges).values.tolist()
        [0.5, 0.5, 0.5, 0.5, 0.5]

    Source: Lin, Lu, Yau, Tohoku Math. J. 2011, Section 2; the reduction to two flows is ours.
    """
    found = transport.numerators(indptr, indices, edges, 1, 1, threads, report)
    return Fractions(found, _product(indptr, edges))


def ollivier(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    edges: NDArray[np.int64],
    alpha: float | Fraction = 0.0,
    threads: int = 1,
    report: Report | None = None,
) -> Fractions:
    """Ollivier-Ricci curvature κ_α of edges, exactly; arguments as in `lin_lu_yau`.

    Args:
        indptr: (n+1,) row starts.
        indices: (2m,) neighbours.
        edges: (k, 2) edges.
        alpha: mass that stays, in [0, 1), a fraction with a denominator up to 10,000.
        threads: threads for large inputs.
        report: called as report(done, total) after each chunk of work.

    Returns:
        Numerators over q d_u d_v, α = p/q.

    Raises:
        UsageError: alpha is not such a fraction.

    Example:
        >>> from mixcli.generators.graphs import petersen
        >>> ollivier(*petersen().csr[:2], petersen().edges).exactly(0)
        Fraction(-1, 3)

    Source: Ollivier, J. Funct. Anal. 2009, Definition 3.
    """
    p, q = idleness(alpha).as_integer_ratio()
    found = transport.numerators(indptr, indices, edges, p, q, threads, report)
    found[_lazy(indptr, edges, p, q)] *= q - p
    return Fractions(found, q * _product(indptr, edges))


def scaled(curvature: Fractions, alpha: float | Fraction) -> Fractions:
    """κ_α = (1 - α) κ_LLY from Lin-Lu-Yau curvature, for edges with α ≥ 1/(max(d_u, d_v) + 1).

    Example:
        >>> scaled(Fractions(np.array([2]), np.array([3])), 0.5).exactly(0)
        Fraction(1, 3)
    """
    p, q = idleness(alpha).as_integer_ratio()
    return Fractions(curvature.numerator * (q - p), curvature.denominator * q)


def _lazy(indptr: NDArray[np.int64], edges: NDArray[np.int64], p: int, q: int) -> NDArray[np.bool_]:
    degree = np.diff(indptr)
    return p * (np.maximum(degree[edges[:, 0]], degree[edges[:, 1]]) + 1) >= q


def _product(indptr: NDArray[np.int64], edges: NDArray[np.int64]) -> NDArray[np.int64]:
    degree = np.diff(indptr)
    return degree[edges[:, 0]] * degree[edges[:, 1]]
