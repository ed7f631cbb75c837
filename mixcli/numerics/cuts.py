"""The best cut of a tiny graph, by looking at all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.numerics.laplacian import Pencil

__all__ = ["MOST", "best_cut"]

MOST = 24
"""Nodes up to which 2^(n-1) cuts are looked at: 200 MB and half a second there."""


def best_cut(pencil: Pencil) -> tuple[float, NDArray[np.bool_]]:
    """min over all S of cut(S) / min(mass S, mass S^c), and the S that attains it.

    With masses D this is the conductance of the graph, with masses 1 its edge expansion. Sets are numbered by their
    bits, and the last node is never in one. From the sets over nodes 0 … k-1 follow those with k in them:
    cut(S + k) = cut(S) + d_k - 2 w(k, S), where w(k, S) is a sum over subsets built the same way.

    Args:
        pencil: graph and masses, 2 <= n <= 24.

    Returns:
        The quotient, recomputed from the edges that S cuts, and (n,) membership of the lighter side.

    Cost: O(2^n) time and 25 · 2^(n-1) bytes.

    Source: the doubling over subsets is ours.

    Example:
        >>> from mixcli.generators.graphs import petersen
        >>> from mixcli.numerics.laplacian import Pencil
        >>> value, side = best_cut(Pencil.of(petersen()))
        >>> round(3 * value, 12), int(side.sum())
        (1.0, 5)
    """
    joined = pencil.adjacency.toarray()
    cut, inside = np.zeros(1), np.zeros(1)
    for k in range(pencil.n - 1):
        towards = np.zeros(1)
        for j in range(k):
            towards = np.concatenate([towards, towards + joined[k, j]])
        cut = np.concatenate([cut, cut + pencil.strength[k] - 2 * towards])
        inside = np.concatenate([inside, inside + pencil.mass[k]])
    lighter = np.minimum(inside, pencil.total_mass - inside)
    best = int(np.argmin(cut[1:] / lighter[1:])) + 1
    side = (best >> np.arange(pencil.n)) & 1 == 1
    if pencil.mass[side].sum() > pencil.mass[~side].sum():
        side = ~side
    return pencil.cut(side) / float(pencil.mass[side].sum()), side
