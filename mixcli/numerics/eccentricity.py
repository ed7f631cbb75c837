"""Diameter and radius from few breadth-first searches."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mixcli.numerics.hops import STEP

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.context import Progress

__all__ = ["Extremes", "eccentricity_extremes"]


class Extremes(NamedTuple):
    """Bounds of the diameter and the radius of one component, and the searches they took."""

    diameter_low: int
    diameter_high: int
    radius_low: int
    radius_high: int
    searches: int


def eccentricity_extremes(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    nodes: NDArray[np.int64],
    operations: float = 5e9,
    progress: Progress | None = None,
) -> Extremes:
    """Diameter and radius of one component of an undirected graph from few breadth-first searches.

    A search from v with eccentricity e puts max(d(v,w), e - d(v,w)) <= ecc(w) <= e + d(v,w) on every w. Searches start
    in turn where an upper bound is still above the largest eccentricity found and a lower one below the smallest.

    Args:
        indptr: (n+1,) row starts.
        indices: neighbours.
        nodes: all nodes of the component.
        operations: elementary operations it may take; the bounds reached by then are returned.
        progress: told of the nodes whose bounds have met.

    Returns:
        Bounds; the low and the high ones meet unless the operations were spent.

    Cost: O(n + m) a search; a few dozen on road and social networks, up to n on graphs where all nodes are alike.

    Source: Takes and Kosters 2011, extended to the radius in Takes and Kosters 2013.
    """
    from mixcli.numerics.hops_kernel import search

    n, size = len(indptr) - 1, len(nodes)
    degree = np.diff(indptr)[nodes]
    hops, queue = np.full(n, -1, np.int32), np.empty(n, np.int32)
    low, high = np.zeros(size, np.int64), np.full(size, size, np.int64)
    longest, shortest, at, searches = 0, size, int(degree.argmax()), 0
    allowed = max(1, int(operations / STEP / (size + degree.sum())))
    while True:
        search(indptr, indices, int(nodes[at]), n, hops, queue)
        searches += 1
        here = hops[nodes].astype(np.int64)
        hops[nodes] = -1
        reach = int(here.max())
        low, high = np.maximum(low, np.maximum(here, reach - here)), np.minimum(high, reach + here)
        low[at] = high[at] = reach
        longest, shortest = max(longest, reach), min(shortest, reach)
        far, near = high > longest, low < shortest
        if progress is not None:
            progress("eccentricities", size - int((far | near).sum()), size)
        if searches == allowed or not (far.any() or near.any()):
            break
        # Ties go to the node with most neighbours, whose bounds help most others.
        if far.any() and (searches % 2 or not near.any()):
            at = int(np.lexsort((degree, high * far))[-1])
        else:
            at = int(np.lexsort((degree, -np.where(near, low, size)))[-1])
    return Extremes(longest, max(longest, int(high.max())), min(shortest, int(low.min())), shortest, searches)
