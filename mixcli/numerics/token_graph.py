"""Tokens as a directed graph, query to key: what everything reads in the end, and in how many steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mixcli.numerics.closing import closed_classes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.numerics.token_operators import Operators

__all__ = ["Centres", "centres", "hops_from", "hops_to"]


@dataclass(frozen=True)
class Centres:
    """Where all reading ends.

    Args:
        classes: closed classes: sets of tokens that read each other and nothing else.
        tokens: centre nodes, which every token reads directly or indirectly; none where there are several classes.
        radius: least steps within which every token reads one same centre; None where there is none, or where finding
            it would have taken too long.
    """

    classes: int
    tokens: NDArray[np.int64]
    radius: int | None


def centres(operators: Operators, operations: float) -> Centres:
    """Closed classes, centre nodes and radius of what the layers together let each token read.

    Args:
        operators: the layers.
        operations: elementary operations that the radius of many centres may take.

    Cost: O(T²) for anything causal; else strongly connected components, and distances of all pairs where several
    centres have none that everybody reads at once.

    Source: quasi-strong connectivity and radius as in Wu, Ajorlou, Wu and Jadbabaie 2024; by definition.
    """
    if operators.causal:
        closed = [np.array([token]) for token in np.flatnonzero(_alone(operators))]
    else:
        closed = _closed(operators)
    if len(closed) > 1:
        return Centres(len(closed), np.zeros(0, np.int64), None)
    found = closed[0]
    if len(found) == 1:
        return Centres(1, found, int(hops_to(operators, int(found[0])).max()))
    readers = np.max(
        [operators.degrees(layer)[1] + (operators.diagonal(layer) == 0) for layer in operators.distinct], 0
    )
    if operators.size in readers[found]:
        return Centres(1, found, 1)
    return Centres(1, found, _radius(operators, found, operations))


def hops_to(operators: Operators, token: int) -> NDArray[np.int64]:
    """(T,) steps from each query to a key that it reads through others; -1 where it never does. Layers in any order."""
    return _spread(operators.size, token, lambda x: _any(operators, operators.sum_right, x))


def hops_from(operators: Operators, token: int) -> NDArray[np.int64]:
    """(T,) layers, counted from the last one back and over and over, until a query has read each key; -1 never."""
    hops = np.full(operators.size, -1, np.int64)
    hops[token] = 0
    done, still = 0, 0
    while still < operators.depth and (hops < 0).any():
        layer = operators.depth - 1 - done % operators.depth
        done += 1
        new = (operators.sum_left(layer, (hops >= 0).astype(np.float64)) > 0) & (hops < 0)
        hops[new] = done
        still = 0 if new.any() else still + (operators.depth if operators.alike else 1)
    return hops


def _any(operators: Operators, step: Callable[[int, NDArray[Any]], NDArray[Any]], x: NDArray[Any]) -> NDArray[np.bool_]:
    return np.any([step(layer, x) > 0 for layer in operators.distinct], axis=0)


def _spread(size: int, token: int, step: Callable[[NDArray[Any]], NDArray[np.bool_]]) -> NDArray[np.int64]:
    hops = np.full(size, -1, np.int64)
    hops[token] = 0
    done, new = 0, np.arange(size) == token
    while new.any():
        done += 1
        new = step(new.astype(np.float64)) & (hops < 0)
        hops[new] = done
    return hops


def _alone(operators: Operators) -> NDArray[np.bool_]:
    """(T,) whether each query reads nothing but itself in any layer."""
    parts = [(operators.degrees(k)[0] == 1) & (operators.diagonal(k) > 0) for k in operators.distinct]
    return np.all(parts, axis=0)


def _union(operators: Operators) -> Any:
    """(T, T) sparse, non-zero where a query reads a key in some layer."""
    from scipy.sparse import csr_array

    out = None
    for layer in operators.distinct:
        indptr, keys = operators.keys(layer)
        one = csr_array((np.ones(len(keys), np.float32), keys, indptr), (operators.size, operators.size))
        out = one if out is None else out + one
    return out


def _closed(operators: Operators) -> list[NDArray[np.int64]]:
    label, closed = closed_classes(_union(operators))
    return [np.flatnonzero(label == one) for one in np.flatnonzero(closed)]


def _radius(operators: Operators, found: NDArray[np.int64], operations: float) -> int | None:
    from mixcli.numerics.hops import hop_counts

    readers = _union(operators).T.tocsr()
    indptr, indices = readers.indptr.astype(np.int64), readers.indices.astype(np.int32)
    hops = hop_counts(indptr, indices, operations=operations, directed=True)
    return None if hops is None or hops.eccentricity is None else int(hops.eccentricity[found].min())
