"""The best threshold cut of a vector on the nodes: a certified upper bound of the conductance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.numerics.laplacian import Pencil

__all__ = ["sweep_cut"]


def sweep_cut(pencil: Pencil, x: NDArray[np.float64]) -> tuple[float, NDArray[np.bool_]]:
    """min over thresholds t of cut(S) / min(mass S, mass S^c), S = {v : x_v <= t}, and the S that attains it.

    With masses D this is the conductance of S; with masses 1 its edge expansion. Over the eigenvector of λ₂ the result
    is at most √(2 λ₂) (masses D), or √(2 d_max λ₂) (masses 1). Nodes of equal x are taken one by one, by number.

    Args:
        pencil: graph and masses, n >= 2.
        x: (n,) any vector.

    Returns:
        The quotient, recomputed from the edges that S cuts, and (n,) membership of the lighter side.

    Cost: O(m + n log n).

    Source: Chung, Spectral Graph Theory (1997), theorem 2.2.

    Example:
        >>> from mixcli.generators.graphs import barbell
        >>> from mixcli.numerics.laplacian import Pencil
        >>> value, side = sweep_cut(Pencil.of(barbell(5)), np.arange(10.0))
        >>> round(1 / value), int(side.sum())
        (21, 5)
    """
    order = np.argsort(x, kind="stable")
    rank = np.empty(pencil.n, dtype=np.int64)
    rank[order] = np.arange(pencil.n)
    ends = np.sort(rank[pencil.edges], axis=1)
    opened = np.bincount(ends[:, 0], pencil.weight, pencil.n)
    closed = np.bincount(ends[:, 1], pencil.weight, pencil.n)
    cut = np.cumsum(opened - closed)[:-1]
    below = np.cumsum(pencil.mass[order])[:-1]
    lighter = np.minimum(below, pencil.mass.sum() - below)
    best = int(np.argmin(cut / lighter))
    side = rank <= best
    if pencil.mass[side].sum() > pencil.mass[~side].sum():
        side = ~side
    return pencil.cut(side) / float(pencil.mass[side].sum()), side
