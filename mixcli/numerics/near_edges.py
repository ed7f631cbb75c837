"""The edges whose Ollivier-Ricci curvature a change of other edges can touch.

κ_α(ij) depends on N(i), N(j) and the distances 0 … 3 between them, and 3 is always possible by way of ij itself. So a
changed pair kl that misses i and j matters only if it can be part of a walk of one or two steps between a neighbour of
i and one of j: then one of k, l is a neighbour of i (or j), and the other one is within two hops of j (or i). In other
words ij and kl lie on a common closed walk of length five or less. (Ours.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixcli.numerics.jit import Plan
from mixcli.numerics.motifs import neighbour_sets

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["near_edges"]

PLAN = Plan("near_edges", ("jit.py", "near_edges_kernel.py"), loading=0.3, compiling=1.0)
PLAIN_ENTRY = 1e-7  # seconds for a list entry on the plain path


def near_edges(indptr: NDArray[np.int64], indices: NDArray[np.int32], changed: NDArray[np.int64]) -> NDArray[np.int64]:
    """Edges whose curvature may differ before and after, in a graph that holds the edges of both.

    Args:
        indptr: (n+1,) row starts of that graph.
        indices: (2m,) neighbours.
        changed: (k, 2) edges of it that are only there before or only after.

    Returns:
        (r, 2) edges u < v, ascending, the changed ones among them.

    Cost: for each changed edge the second neighbourhoods of its ends.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> near_edges(*path(6).csr[:2], np.array([[0, 1]])).tolist()
        [[0, 1], [1, 2]]
    """
    n = len(indptr) - 1
    degree = np.diff(indptr)
    running = np.concatenate([[0], np.cumsum(degree[indices])])
    work = float((running[indptr[1:]] - running[indptr[:-1]])[changed].sum()) + len(indices)
    if not len(changed) or not PLAN.compiled(work * PLAIN_ENTRY):
        sets = neighbour_sets(indptr, indices)
        keys = {key for pair in changed.tolist() for key in _near(sets, pair, n)}
        found = np.array(sorted(keys), dtype=np.int64)
    else:
        from mixcli.numerics.near_edges_kernel import mark_near

        near = np.zeros(len(indices), np.bool_)
        mark_near(indptr, indices, changed, near)
        PLAN.used()
        at = np.flatnonzero(near)
        row, column = np.searchsorted(indptr, at, side="right") - 1, indices[at].astype(np.int64)
        found = np.unique(np.minimum(row, column) * n + np.maximum(row, column))
    return np.stack([found // max(n, 1), found % max(n, 1)], axis=1)


def _near(sets: list[set[int]], changed: list[int], n: int) -> set[int]:
    keys = set()
    for one, other in (changed, changed[::-1]):
        within = sets[other].union(*(sets[w] for w in sets[other]))
        for i in sets[one]:
            keys.add(min(i, one) * n + max(i, one))
            keys.update(min(i, j) * n + max(i, j) for j in sets[i] & within)
    return keys
