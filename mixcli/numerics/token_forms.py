"""One layer of attention in one of three forms: a matrix, its entries, or a mask read in blocks of rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.sequence import Mask

__all__ = ["READABLE", "Entries", "Form", "Matrix", "Rows", "entries_of"]

SPARSE = 12
"""A large mask of which less than one in so many entries is True is held by its entries."""
READABLE = 2**14
"""Tokens up to which a mask is held as an array of truth values; beyond, its rule is asked for every block."""


class Form(Protocol):
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
    def degrees(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]: ...
    def keys(self) -> tuple[NDArray[np.int64], NDArray[np.int32]]: ...


class Matrix:
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

    def degrees(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        return _degrees(self, len(self.array))

    def keys(self) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        return _keys(self, len(self.array))

    def _read(self, rows: slice = slice(None)) -> NDArray[np.bool_]:
        return self.array[rows] > 0 if self.visible is None else self.visible[rows]


class Entries:
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

    def degrees(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        return tuple(np.diff(a.indptr).astype(np.int64) for a in (self.forward, self.backward))

    def keys(self) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        indptr, keys = self.forward.indptr.astype(np.int64), self.forward.indices
        rows = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
        counts = np.bincount(rows[keys != rows], minlength=len(indptr) - 1)
        return np.concatenate([[0], np.cumsum(counts)]), keys[keys != rows].astype(np.int32)


class Rows:
    """A long and dense mask, read in blocks of rows."""

    def __init__(self, mask: Mask, causal: bool) -> None:
        self.mask, self.causal = mask, causal
        self.work = mask.tokens**2 * (1 if mask.weigh is None else 10)
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

    def degrees(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        return _degrees(self, self.mask.tokens)

    def keys(self) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        return _keys(self, self.mask.tokens)

    def _part(self, lo: int, hi: int) -> NDArray[np.bool_]:
        rows = self.mask.rows(lo, hi) if self.visible is None else self.visible[lo:hi]
        return rows[:, :hi] if self.causal else rows

    def _spans(self, vector: NDArray[Any]) -> Iterator[tuple[int, int]]:
        """Blocks of rows, without those that the vector gives no weight."""
        return ((lo, hi) for lo, hi in _spans(len(vector), 8) if vector[lo:hi].any())


def _spans(size: int, bytes_per_entry: int) -> Iterator[tuple[int, int]]:
    step = max(1, 2**22 // (bytes_per_entry * size))
    return ((lo, min(lo + step, size)) for lo in range(0, size, step))


def entries_of(mask: Mask) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]] | None:
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


def _degrees(form: Form, size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    read, readers = np.zeros(size, np.int64), np.zeros(size, np.int64)
    for lo, hi, visible in form.blocks():
        read[lo:hi] = np.count_nonzero(visible, axis=1)
        readers[: visible.shape[1]] += np.count_nonzero(visible, axis=0)
    return read, readers


def _keys(form: Form, size: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    counts, keys = np.zeros(size + 1, np.int64), []
    for lo, hi, visible in form.blocks():
        rows, columns = np.nonzero(visible)
        others = columns != rows + lo
        counts[lo + 1 : hi + 1] = np.bincount(rows[others], minlength=hi - lo)
        keys.append(columns[others].astype(np.int32))
    return np.cumsum(counts), np.concatenate(keys)
