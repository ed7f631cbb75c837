"""How alike the rows of a stochastic matrix are, and how many layers make them so: Dobrushin's coefficient."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.numerics.token_operators import Operators

__all__ = ["absorbing", "dobrushin", "forgetting", "products"]

ANCHORS = 12
"""Rows whose distances to all others bound those of the rest."""


def dobrushin(matrix: NDArray[np.float64]) -> float:
    """Dobrushin's coefficient: the largest total variation distance between two rows of a stochastic matrix.

    tau(P) = max_{i, k} 1/2 Σ_j |P_ij - P_kj|, the diameter of the rows in half the 1-norm. Distances to a few rows far
    from each other bound all others by the triangle inequality; pairs that may yet exceed the largest one found are
    looked at, and no others.

    Args:
        matrix: (n, n), rows sum to 1.

    Returns:
        tau in [0, 1].

    Cost: O(n²) where a few rows tell, O(n³) at worst.

    Example:
        >>> dobrushin(np.array([[1.0, 0.0], [0.25, 0.75]]))
        0.75

    Source: Dobrushin 1956; pruning by the triangle inequality is ours.
    """
    size = len(matrix)
    first = _distances(matrix, 0)
    to = [first]
    nearest = first.copy()
    for _ in range(min(ANCHORS, size) - 1):
        to.append(_distances(matrix, int(nearest.argmax())))
        nearest = np.minimum(nearest, to[-1])
    best = max(float(d.max()) for d in to)
    for row in np.argsort(-np.max(to, axis=0), kind="stable"):
        bound = np.min([d + d[row] for d in to], axis=0)
        others = np.flatnonzero(bound > best * (1 + 1e-14))
        if len(others):
            best = max(best, float(_distances(matrix, int(row), others).max()))
    return min(best, 1.0)


def _distances(matrix: NDArray[np.float64], row: int, others: NDArray[np.int64] | None = None) -> NDArray[np.float64]:
    """Total variation distance of one row to all others, or to some."""
    chosen = np.arange(len(matrix)) if others is None else others
    out, step = np.empty(len(chosen)), max(1, 2**18 // len(matrix))
    for lo in range(0, len(chosen), step):
        part = matrix[chosen[lo : lo + step]] - matrix[row]
        out[lo : lo + step] = np.abs(part, out=part).sum(axis=1)
    return out / 2


def absorbing(operators: Operators) -> int | None:
    """A token that reads nothing but itself in every layer: token 0 of anything causal. None where there is none."""
    if operators.causal:
        return 0
    alone = np.ones(operators.size, dtype=bool)
    for layer in operators.distinct:
        alone &= operators.diagonal(layer) >= 1.0
    found = np.flatnonzero(alone)
    return int(found[0]) if len(found) else None


def forgetting(operators: Operators, sink: int, residual: float) -> Iterator[tuple[float, NDArray[np.float64]]]:
    """tau of the product of the first 1, 2, … layers, where some token reads nothing but itself; layers repeat.

    With P_s = e_s no two rows are further apart than the row with least weight on s is from e_s, since every pair of
    rows shares min(P_is, P_ks): tau(P) = 1 - min_i P_is, exactly, one product with a vector a layer.

    Args:
        operators: the layers.
        sink: the token that reads nothing but itself.
        residual: share of the token itself in each layer.

    Yields:
        tau, and (T,) the weight of each row that is not on the sink, without end.

    Source: ours (from the definition).
    """
    away = np.ones(operators.size)
    away[sink] = 0.0
    while True:
        for layer in range(operators.depth):
            away = residual * away + (1 - residual) * operators.right(layer, away)
            yield float(away.max()), away


def products(operators: Operators, residual: float) -> Iterator[NDArray[np.float64]]:
    """(T, T) the product of the first 1, 2, … layers, each mixed with the identity; as many as there are layers."""
    product = np.eye(operators.size)
    for layer in range(operators.depth):
        product = residual * product + (1 - residual) * (operators.matrix(layer) @ product)
        yield product
