"""Mask: which keys each query of one layer may read, as a rule or as an array."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from mixcli.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Mask", "Rule", "alike"]

BLOCK_BYTES = 2**24
"""Bytes of a block of rows that is worked off at a time."""

Rule = Callable[["NDArray[np.int64]", "NDArray[np.int64]"], "NDArray[Any]"]
"""Called as rule(queries (b, 1), keys (1, T)), gives a (b, T) array."""


def alike(queries: NDArray[np.int64], keys: NDArray[np.int64]) -> NDArray[np.float64]:
    """Weights of a mask that has none: every pair counts 1; to be spread over the rows."""
    return np.ones((1, 1))


@dataclass(frozen=True, eq=False, repr=False)
class Mask:
    """Which keys each query of one layer may read, and with which weights.

    Args:
        tokens: T.
        rule: True where a query may read a key.
        name: its spec.
        weigh: weights >= 0 before normalisation of a row; None reads uniformly.

    Example:
        >>> Mask(3, lambda i, j: j <= i).array.astype(int).tolist()
        [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    """

    tokens: int
    rule: Rule
    name: str = ""
    weigh: Rule | None = None

    @classmethod
    def of(cls, array: NDArray[Any], weight: NDArray[np.float64] | None = None, name: str = "") -> Mask:
        """The mask of a (T, T) array: True where query i may read key j.

        Raises:
            InputError: not square, a query that may read nothing, or weights that are negative or not finite.
        """
        visible = np.ascontiguousarray(array, dtype=bool)
        if visible.ndim != 2 or visible.shape[0] != visible.shape[1]:
            raise InputError("a square mask", f"shape {visible.shape}", "give one row and one column a token")
        blind = np.flatnonzero(~visible.any(axis=1))
        if len(blind):
            raise InputError("every query to read a key", f"none for query {blind[0]}", "leave padding out", where=name)
        if weight is not None and not (np.isfinite(weight).all() and (weight >= 0).all()):
            raise InputError("weights >= 0", "others", "correct the weights", where=name)
        visible.setflags(write=False)
        made = cls(
            len(visible), lambda i, j: visible[i, j], name, None if weight is None else lambda i, j: weight[i, j]
        )
        made.__dict__["array"] = visible
        return made

    def rows(self, lo: int, hi: int) -> NDArray[np.bool_]:
        """(hi - lo, T) what the queries lo … hi - 1 may read."""
        if "array" in self.__dict__:
            return self.array[lo:hi]
        i, j = np.arange(lo, hi)[:, None], np.arange(self.tokens)[None, :]
        return np.broadcast_to(self.rule(i, j), (hi - lo, self.tokens)).astype(bool, copy=False)

    def weights(self, lo: int, hi: int) -> NDArray[np.float64]:
        """(hi - lo, T) attention of the queries lo … hi - 1; rows sum to 1."""
        out = self.rows(lo, hi).astype(np.float64)
        if self.weigh is not None:
            i, j = np.arange(lo, hi)[:, None], np.arange(self.tokens)[None, :]
            out *= self.weigh(i, j)
        out /= out.sum(axis=1, keepdims=True)
        return out

    def blocks(self, bytes_per_entry: int = 8) -> Iterator[tuple[int, int]]:
        """(lo, hi) of blocks of rows that fit into a few megabytes."""
        step = max(1, BLOCK_BYTES // (bytes_per_entry * max(1, self.tokens)))
        for lo in range(0, self.tokens, step):
            yield lo, min(lo + step, self.tokens)

    @cached_property
    def array(self) -> NDArray[np.bool_]:
        """(T, T) the whole mask, read-only."""
        out = np.empty((self.tokens, self.tokens), dtype=bool)
        for lo, hi in self.blocks(16):
            out[lo:hi] = self.rows(lo, hi)
        out.setflags(write=False)
        return out

    @cached_property
    def edges(self) -> int:
        """Number of (query, key) pairs, those of a token with itself included."""
        return int(np.count_nonzero(self.array))

    @cached_property
    def causal(self) -> bool:
        """Whether no query reads a later key."""
        return not any(np.triu(self.rows(lo, hi)[:, lo:], 1).any() for lo, hi in self.blocks(2))

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of what may be read, and of the weights."""
        digest = hashlib.sha256(f"{self.tokens}:".encode())
        for lo, hi in self.blocks():
            digest.update(np.packbits(self.rows(lo, hi), axis=1).tobytes())
            if self.weigh is not None:
                digest.update(self.weights(lo, hi).tobytes())
        return digest.digest()
