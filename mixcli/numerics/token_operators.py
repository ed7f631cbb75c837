"""The attention of every layer in the form that is cheapest to multiply with: matrix, entries, or blocks of rows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from mixcli.numerics.token_forms import Entries, Form, Matrix, Rows, entries_of
from mixcli.sequence import MaskSequence

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.sequence import TokenGraph

__all__ = ["WEIGHED", "Operators"]

DENSE = 1024
"""Tokens up to which a mask is held as a matrix of float64."""
WEIGHED = 4096
"""The same for a mask with weights, which take long to ask its rule for again and again."""
HELD = 2**28
"""Bytes of matrices that are kept for the next sweep; further layers are made anew each time."""


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
        self._held: dict[int, Form] = {}
        self._bytes = 0
        self._last: tuple[int, Form] | None = None
        self._diagonals: dict[int, NDArray[np.float64]] = {}
        self._degrees: dict[int, tuple[NDArray[np.int64], NDArray[np.int64]]] = {}

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
        first = self.source.like(layer)
        if first not in self._diagonals:
            self._form(first)
        return self._diagonals[first]

    def squares(self, layer: int) -> float:
        """Sum of the squared weights."""
        return self._form(layer).squares()

    def matrix(self, layer: int) -> NDArray[np.float64]:
        """(T, T) the weights."""
        form = self._form(layer)
        return form.array if isinstance(form, Matrix) else self.source.operator(layer)

    def keys(self, layer: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Row starts (T + 1,) and the keys that each query reads, itself left out."""
        return self._form(layer).keys()

    def degrees(self, layer: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(T,) keys that each query reads, (T,) queries that read each key; itself counted."""
        first = self.source.like(layer)
        if first not in self._degrees:
            self._degrees[first] = self._form(first).degrees()
        return self._degrees[first]

    def _form(self, layer: int) -> Form:
        first = self.source.like(layer)
        if first in self._held:
            return self._held[first]
        if self._last is not None and self._last[0] == first:
            return self._last[1]
        self._last = None
        form = self._made(first)
        self._diagonals[first] = form.diagonal()
        if self._bytes + form.size <= HELD:
            self._held[first] = form
            self._bytes += form.size
        else:
            self._last = first, form
        return form

    def _made(self, layer: int) -> Form:
        if not isinstance(self.source, MaskSequence):
            return Matrix(self.source.operator(layer), None, self.causal)
        mask = self.source.layers[layer]
        entries = None if self.size <= DENSE else entries_of(mask)
        if entries is not None:
            return Entries(mask, *entries)
        if self.size <= DENSE or (mask.weigh is not None and self.size <= WEIGHED):
            return Matrix(self.source.operator(layer), mask.array, self.causal)
        return Rows(mask, self.causal)
