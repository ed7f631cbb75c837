"""The attention of every layer in the form that is cheapest to multiply with: matrix, entries, or blocks of rows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from mixcli.sequence import MaskSequence

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.sequence import Mask, TokenGraph

__all__ = ["Operators"]

DENSE = 1024
"""Tokens up to which a mask is held as a matrix of float64."""
SPARSE = 12
"""A larger mask of which less than one in so many entries is True is held by its entries."""
HELD = 2**28
"""Bytes of matrices that are kept for the next sweep; further layers are made anew each time."""
READABLE = 2**14
"""Tokens up to which a mask is held as an array of truth values; beyond, its rule is asked for every block."""


class Operators:
    """Products of vectors with the layers of a mask sequence or attention; made once and shared by measures.

    A (T, T) matrix of float64 is made for attention and for short masks only: a long mask is held by its entries where
    they are few, else read in blocks of rows, of which causal ones are cut off at the diagonal.

    Args:
        tokens: the mask sequence or attention.

    Example:
        >>> from mixcli.generators.mask_spec import sequence_of
        >>> found = Operators(sequence_of("window:2,tokens=3,layers=2"))
        >>> found.left(0, np.array([0.0, 0.0, 1.0])).tolist(), found.right(0, np.array([1.0, 0.0, 0.0])).tolist()
        ([0.0, 0.5, 0.5], [1.0, 0.5, 0.0])
    """

    def __init__(self, tokens: TokenGraph) -> None:
        self.source = tokens
        self.size, self.depth, self.causal = tokens.tokens, tokens.depth, tokens.causal
        self._held: dict[int, _Form] = {}
        self._bytes = 0

    @cached_property
    def distinct(self) -> tuple[int, ...]:
        """The first layer of each kind."""
        return tuple(dict.fromkeys(map(self.source.like, range(self.depth))))

    @property
    def alike(self) -> bool:
        """Whether all layers have the same attention."""
        return len(self.distinct) == 1

    @property
    def work(self) -> int:
        """Numbers that a product with a layer goes through."""
        return max(self._form(layer).work for layer in self.distinct)

    def left(self, layer: int, vector: NDArray[np.float64]) -> NDArray[np.float64]:
        """(T,) x' A: what becomes of weights on queries when each is handed on to the keys read."""
        return self._form(layer).left(vector)

    def right(self, layer: int, vector: NDArray[np.float64]) -> NDArray[np.float64]:
        """(T,) A x: the mean of x over what each query reads."""
        return self._form(layer).right(vector)

    def sum_left(self, layer: int, vector: NDArray[Any]) -> NDArray[Any]:
        """(T,) x' M with the mask's zeros and ones, in the number type of x."""
        return self._form(layer).sum_left(vector)

    def sum_right(self, layer: int, vector: NDArray[Any]) -> NDArray[Any]:
        """(T,) M x with the mask's zeros and ones, in the number type of x."""
        return self._form(layer).sum_right(vector)

    def blocks(self, layer: int) -> Iterator[tuple[int, int, NDArray[np.bool_]]]:
        """(lo, hi, visible): which of the first keys, (hi - lo, w), the queries lo … hi - 1 read; none beyond."""
        return self._form(layer).blocks()

    def diagonal(self, layer: int) -> NDArray[np.float64]:
        """(T,) weight with which each token reads itself."""
        return self._form(layer).diagonal()

    def squares(self, layer: int) -> float:
        """Sum of the squared weights."""
        return self._form(layer).squares()

    def matrix(self, layer: int) -> NDArray[np.float64]:
        """(T, T) the weights."""
        form = self._form(layer)
        return form.array if isinstance(form, _Matrix) else self.source.operator(layer)

    def keys(self, layer: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Row starts (T + 1,) and the keys that each query reads, itself left out."""
        counts, keys = np.zeros(self.size + 1, np.int64), []
        for lo, hi, visible in self.blocks(layer):
            rows, columns = np.nonzero(visible)
            others = columns != rows + lo
            counts[lo + 1 : hi + 1] = np.bincount(rows[others], minlength=hi - lo)
            keys.append(columns[others].astype(np.int32))
        return np.cumsum(counts), np.concatenate(keys)

    def degrees(self, layer: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(T,) keys that each query reads, (T,) queries that read each key; itself counted."""
        read, readers = np.zeros(self.size, np.int64), np.zeros(self.size, np.int64)
        for lo, hi, visible in self.blocks(layer):
            read[lo:hi] = np.count_nonzero(visible, axis=1)
            readers[: visible.shape[1]] += np.count_nonzero(visible, axis=0)
        return read, readers

    def _form(self, layer: int) -> _Form:
        first = self.source.like(layer)
        if first in self._held:
            return self._held[first]
        form = self._made(first)
        if self._bytes + form.size <= HELD:
            self._held[first] = form
            self._bytes += form.size
        return form

    def _made(self, layer: int) -> _Form:
        if not isinstance(self.source, MaskSequence):
            return _Matrix(self.source.operator(layer), None, self.causal)
        if self.size <= DENSE:
            return _Matrix(self.source.operator(layer), self.source.visible(layer), self.causal)
        mask = self.source.layers[layer]
        entries = _entries(mask)
        return _Rows(mask, self.causal) if entries is None else _Entries(mask, *entries)


class _Form(Protocol):
    """One layer, in one of the three forms: bytes it takes, numbers that a product goes through."""

    size: int
    work: int

    def left(self, vector: NDArray[np.float64]) -> NDArray[np.float64]: ...
    def right(self, vector: NDArray[np.float64]) -> NDArray[np.float64]: ...
    def sum_left(self, vector: NDArray[Any]) -> NDArray[Any]: ...
    def sum_right(self, vector: NDArray[Any]) -> NDArray[Any]: ...
    def blocks(self) -> Iterator[tuple[int, int, NDArray[np.bool_]]]: ...
    def diagonal(self) -> NDArray[np.float64]: ...
    def squares(self) -> float: ...


class _Matrix:
    """A (T, T) matrix of float64, and what may be read where that is not what has weight."""

    def __init__(self, array: NDArray[np.float64], visible: NDArray[np.bool_] | None, causal: bool) -> None:
        self.array, self.visible, self.causal = array, visible, causal
        self.size, self.work = array.nbytes, array.size

    def left(self, vector: NDArray[np.float64]) -> NDArray[np.float64]:
        return vector @ self.array

    def right(self, vector: NDArray[np.float64]) -> NDArray[np.float64]:
        return self.array @ vector

    def sum_left(self, vector: NDArray[Any]) -> NDArray[Any]:
        return vector @ self._read().astype(vector.dtype)

    def sum_right(self, vector: NDArray[Any]) -> NDArray[Any]:
        return self._read().astype(vector.dtype) @ vector

    def blocks(self) -> Iterator[tuple[int, int, NDArray[np.bool_]]]:
        for lo, hi in _spans(len(self.array), 1):
            yield lo, hi, self._read(slice(lo, hi))[:, : hi if self.causal else None]

    def diagonal(self) -> NDArray[np.float64]:
        return self.array.diagonal().copy()

    def squares(self) -> float:
        return float(np.einsum("ij,ij->", self.array, self.array))

    def _read(self, rows: slice = slice(None)) -> NDArray[np.bool_]:
        return self.array[rows] > 0 if self.visible is None else self.visible[rows]


class _Entries:
    """The entries of a mask with few of them."""

    def __init__(self, mask: Mask, indptr: NDArray[np.int64], keys: NDArray[np.int32], weights: Any) -> None:
        from scipy.sparse import csr_array

        shape = (mask.tokens, mask.tokens)
        self.forward = csr_array((weights, keys, indptr), shape)
        self.backward = self.forward.T.tocsr()
        self.ones = csr_array((np.ones(len(keys), np.int64), self.backward.indices, self.backward.indptr), shape)
        self.size, self.work = 44 * len(keys), len(keys)

    def left(self, vector: NDArray[np.float64]) -> NDArray[np.float64]:
        return self.backward @ vector

    def right(self, vector: NDArray[np.float64]) -> NDArray[np.float64]:
        return self.forward @ vector

    def sum_left(self, vector: NDArray[Any]) -> NDArray[Any]:
        return self.ones @ vector

    def sum_right(self, vector: NDArray[Any]) -> NDArray[Any]:
        return self.ones.T @ vector

    def blocks(self) -> Iterator[tuple[int, int, NDArray[np.bool_]]]:
        indptr, keys = self.forward.indptr, self.forward.indices
        size = len(indptr) - 1
        for lo, hi in _spans(size, 1):
            visible = np.zeros((hi - lo, size), dtype=bool)
            rows = np.repeat(np.arange(hi - lo), np.diff(indptr[lo : hi + 1]))
            visible[rows, keys[indptr[lo] : indptr[hi]]] = True
            yield lo, hi, visible

    def diagonal(self) -> NDArray[np.float64]:
        return self.forward.diagonal()

    def squares(self) -> float:
        return float(self.forward.data @ self.forward.data)


class _Rows:
    """A long and dense mask, read in blocks of rows."""

    def __init__(self, mask: Mask, causal: bool) -> None:
        self.mask, self.causal, self.work = mask, causal, mask.tokens**2
        self.size = mask.tokens**2 if mask.tokens <= READABLE else 0
        self.visible = mask.array if self.size else None
        self.degree = np.concatenate([part.sum(axis=1) for _, _, part in self.blocks()])

    def left(self, vector: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.mask.weigh is None:
            return self.sum_left(vector / self.degree)
        out = np.zeros(len(vector))
        for lo, hi in self._spans(vector):
            out += vector[lo:hi] @ self.mask.weights(lo, hi)
        return out

    def right(self, vector: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.mask.weigh is None:
            return self.sum_right(vector) / self.degree
        return np.concatenate([self.mask.weights(lo, hi) @ vector for lo, hi in _spans(len(vector), 8)])

    def sum_left(self, vector: NDArray[Any]) -> NDArray[Any]:
        out = np.zeros(len(vector), vector.dtype)
        for lo, hi in self._spans(vector):
            part = self._part(lo, hi)
            out[: part.shape[1]] += vector[lo:hi] @ part.astype(vector.dtype)
        return out

    def sum_right(self, vector: NDArray[Any]) -> NDArray[Any]:
        parts = (part.astype(vector.dtype) @ vector[: part.shape[1]] for _, _, part in self.blocks())
        return np.concatenate(list(parts))

    def blocks(self) -> Iterator[tuple[int, int, NDArray[np.bool_]]]:
        for lo, hi in _spans(self.mask.tokens, 8):
            yield lo, hi, self._part(lo, hi)

    def diagonal(self) -> NDArray[np.float64]:
        if self.mask.weigh is None:
            parts = [part[np.arange(hi - lo), np.arange(lo, hi)] for lo, hi, part in self.blocks()]
            return np.concatenate(parts) / self.degree
        spans = _spans(self.mask.tokens, 8)
        return np.concatenate([self.mask.weights(lo, hi)[np.arange(hi - lo), np.arange(lo, hi)] for lo, hi in spans])

    def squares(self) -> float:
        if self.mask.weigh is None:
            return float((1 / self.degree).sum())
        return float(sum((self.mask.weights(lo, hi) ** 2).sum() for lo, hi in _spans(self.mask.tokens, 8)))

    def _part(self, lo: int, hi: int) -> NDArray[np.bool_]:
        rows = self.mask.rows(lo, hi) if self.visible is None else self.visible[lo:hi]
        return rows[:, :hi] if self.causal else rows

    def _spans(self, vector: NDArray[Any]) -> Iterator[tuple[int, int]]:
        """Blocks of rows, without those that the vector gives no weight."""
        return ((lo, hi) for lo, hi in _spans(len(vector), 8) if vector[lo:hi].any())


def _spans(size: int, bytes_per_entry: int) -> Iterator[tuple[int, int]]:
    step = max(1, 2**22 // (bytes_per_entry * size))
    return ((lo, min(lo + step, size)) for lo in range(0, size, step))


def _entries(mask: Mask) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]] | None:
    """Row starts, keys and weights of a mask; None where they are too many."""
    counts, keys, weights, found = np.zeros(mask.tokens + 1, np.int64), [], [], 0
    for lo, hi in mask.blocks():
        rows, columns = np.nonzero(mask.rows(lo, hi))
        found += len(rows)
        if SPARSE * found > mask.tokens**2:
            return None
        degree = np.bincount(rows, minlength=hi - lo)
        counts[lo + 1 : hi + 1] = degree
        keys.append(columns.astype(np.int32))
        weights.append(1 / degree[rows] if mask.weigh is None else mask.weights(lo, hi)[rows, columns])
    return np.cumsum(counts), np.concatenate(keys), np.concatenate(weights)
