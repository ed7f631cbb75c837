"""Columns of the powers of a message-passing operator, layer by layer, with the hop distance of every pair.

Two ways to the same figures: dense columns, where K hops see a good part of the graph, and sparse ones that hold the
pairs within K hops and nothing else, where they see little of it (roads, power grids, long paths).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csc_array, csr_array

    from mixcli.graph import Graph

__all__ = ["DenseLayer", "Layer", "NearLayer", "dense_layers", "near_layers", "near_pairs"]


class Layer(Protocol):
    """What the sources have sent out after k layers; pairs (v, source) go by numbers of the layer's own making."""

    @property
    def number(self) -> int:
        """k."""

    @property
    def fresh(self) -> NDArray[np.int64]:
        """Numbers of the pairs that are exactly k hops apart."""

    @property
    def total(self) -> float:
        """Sum of all the entries (S^k)_vs."""

    def at(self, pairs: NDArray[np.int64]) -> NDArray[np.float64]:
        """(S^k)_vs of some pairs."""

    def source(self, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
        """Place of each pair's source among the sources."""

    def node(self, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
        """The node v of each pair."""


@dataclass(frozen=True, eq=False)
class DenseLayer:
    """A layer with `entries` (n, b), the columns of S^k; pair (v, s-th source) is number v b + s."""

    number: int
    fresh: NDArray[np.int64]
    entries: NDArray[np.float64]

    @property
    def total(self) -> float:
        return float(self.entries.sum())

    def at(self, pairs: NDArray[np.int64]) -> NDArray[np.float64]:
        return self.entries.ravel()[pairs]

    def source(self, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
        return pairs % self.entries.shape[1]

    def node(self, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
        return pairs // self.entries.shape[1]


@dataclass(frozen=True, eq=False)
class NearLayer:
    """A layer that holds what is not zero: `value` of the pairs `key`, ascending; pair (v, s) is number s n + v."""

    number: int
    fresh: NDArray[np.int64]
    nodes: int
    key: NDArray[np.int64]
    value: NDArray[np.float64]

    @property
    def total(self) -> float:
        return float(self.value.sum())

    def at(self, pairs: NDArray[np.int64]) -> NDArray[np.float64]:
        if not len(self.key):  # only nodes without edges or self-loops
            return np.zeros(len(pairs))
        place = np.minimum(np.searchsorted(self.key, pairs), len(self.key) - 1)
        found: NDArray[np.float64] = np.where(self.key[place] == pairs, self.value[place], 0.0)
        return found

    def source(self, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
        return pairs // self.nodes

    def node(self, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
        return pairs % self.nodes


def dense_layers(graph: Graph, matrix: csr_array, sources: NDArray[np.int64], layers: int) -> Iterator[DenseLayer]:
    """The columns of S^k that belong to some sources, k = 0 … layers.

    Args:
        graph: undirected.
        matrix: (n, n) S.
        sources: (b,) distinct nodes.
        layers: the last k.

    Yields:
        A layer for each k.

    Cost: layers · (n + 2 m) · b multiplications, and as many for the distances until everything has been reached;
    memory for three (n, b) arrays.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> from mixcli.numerics.propagation import operator
        >>> g = path(3)
        >>> [one.entries[:, 0].tolist() for one in dense_layers(g, operator(g, "none", "none"), np.array([0]), 2)]
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 1.0]]
    """
    columns = np.arange(len(sources))
    entries = np.zeros((graph.n, len(sources)))
    entries[sources, columns] = 1.0
    near = entries > 0
    front: NDArray[np.float32] | None = entries.astype(np.float32)
    yield DenseLayer(0, np.flatnonzero(near), entries)
    pattern = _pattern(graph)
    for k in range(1, layers + 1):
        entries = matrix @ entries
        fresh = np.zeros(0, np.int64)
        if front is not None:
            found = (pattern @ front > 0) & ~near
            fresh = np.flatnonzero(found)
            near |= found
            front = found.astype(np.float32) if len(fresh) else None
        yield DenseLayer(k, fresh, entries)


def near_layers(graph: Graph, matrix: csr_array, sources: NDArray[np.int64], layers: int) -> Iterator[NearLayer]:
    """The same as `dense_layers`, entry by entry, at a cost that goes with the pairs within `layers` hops.

    Cost: about 0.1 µs for each such pair and layer, and 100 bytes.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> from mixcli.numerics.propagation import operator
        >>> g = path(3)
        >>> [one.value.tolist() for one in near_layers(g, operator(g, "none", "none"), np.array([0]), 2)]
        [[1.0], [1.0], [1.0, 1.0]]
    """
    from scipy.sparse import csc_array

    n, columns = graph.n, np.arange(len(sources))
    entries = csc_array((np.ones(len(sources)), (sources, columns)), shape=(n, len(sources)))
    for k, fresh in enumerate(_shells(graph, sources, layers)):
        if k:
            entries = (matrix @ entries).tocsc()  # the conversion sorts, in linear time
        yield NearLayer(k, fresh, n, _keys(entries), entries.data)


def near_pairs(graph: Graph, sources: NDArray[np.int64], layers: int) -> int:
    """How many pairs (v, source) are at most so many hops apart, the sources themselves included.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> near_pairs(path(9), np.array([0, 4]), 2)
        8
    """
    return sum(len(fresh) for fresh in _shells(graph, sources, layers))


def _shells(graph: Graph, sources: NDArray[np.int64], layers: int) -> Iterator[NDArray[np.int64]]:
    """Numbers s n + v, ascending, of the pairs that are exactly 0, 1, … hops apart."""
    from scipy.sparse import csc_array

    n, pattern = graph.n, _pattern(graph)
    fresh = before = np.arange(len(sources)) * n + sources
    yield fresh
    for _ in range(layers):
        if len(fresh):
            ones = np.ones(len(fresh), np.float32)
            front = csc_array((ones, (fresh % n, fresh // n)), shape=(n, len(sources)))
            found = _keys((pattern @ front).tocsc())
            # Neighbours of nodes k - 1 hops away are k - 2, k - 1 or k hops away.
            seen = np.concatenate([before, fresh])
            before, fresh = fresh, found[np.isin(found, seen, assume_unique=True, invert=True)]
        yield fresh


def _keys(matrix: csc_array) -> NDArray[np.int64]:
    """Numbers s n + v of the entries of a matrix with sorted columns."""
    column = np.repeat(np.arange(matrix.shape[1], dtype=np.int64), np.diff(matrix.indptr))
    return column * matrix.shape[0] + matrix.indices


def _pattern(graph: Graph) -> csr_array:
    pattern = graph.adjacency.astype(np.float32)
    pattern.data[:] = 1.0
    return pattern
