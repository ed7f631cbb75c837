"""Mask families by their definitions, one pair at a time: `READS[family](T, i, j, *arguments)`."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np


def naive(family: str, tokens: int, *arguments: object) -> np.ndarray:
    """(T, T) True where query i reads key j."""
    reads = READS[family]
    return np.array([[bool(reads(tokens, i, j, *arguments)) for j in range(tokens)] for i in range(tokens)])


def _window(tokens: int, i: int, j: int, w: int) -> bool:
    return j in range(i - w + 1, i + 1)


def _sink(tokens: int, i: int, j: int, s: int, w: int) -> bool:
    return j in set(range(min(s, i + 1))) | set(range(i - w + 1, i + 1))


def _dilated(tokens: int, i: int, j: int, w: int, d: int) -> bool:
    return j in {i - k * d for k in range(w)}


def _strided(tokens: int, i: int, j: int, s: int) -> bool:
    return j in set(range(i - s + 1, i + 1)) | {i - k * s for k in range(tokens)}


def _fixed(tokens: int, i: int, j: int, s: int, c: int) -> bool:
    starts = range(0, tokens, s)
    own = next(set(range(a, a + s)) for a in starts if a <= i < a + s)
    ends = {a + s - 1 - k for a in starts for k in range(min(c, s))}
    return j <= i and j in own | ends


def _log(tokens: int, i: int, j: int, w: int) -> bool:
    return j in set(range(i - w + 1, i + 1)) | {i - 2**k for k in range(1 + math.ceil(math.log2(tokens + 1)))}


def _block(tokens: int, i: int, j: int, b: int) -> bool:
    return any(j < end and i < end and i >= end - b for end in range(b, tokens + b, b))


def _chunk(tokens: int, i: int, j: int, b: int) -> bool:
    return j <= i and any(start <= j and i < start + b for start in range(0, tokens, b))


def _packed(tokens: int, i: int, j: int, lengths: tuple[int, ...]) -> bool:
    start = 0
    for length in lengths:
        if start <= i < start + length:
            return start <= j <= i
        start += length
    return False


def _tree(tokens: int, i: int, j: int, parents: tuple[int, ...]) -> bool:
    while i >= 0:
        if i == j:
            return True
        i = parents[i]
    return False


def _vslash(tokens: int, i: int, j: int, columns: tuple[int, ...], diagonals: tuple[int, ...]) -> bool:
    return j == i or (j < i and (j in columns or any(i == j + d for d in diagonals)))


READS: dict[str, Callable[..., bool]] = {
    "causal": lambda tokens, i, j: j in range(i + 1),
    "full": lambda tokens, i, j: True,
    "prefix": lambda tokens, i, j, p: j in range(max(i + 1, p)),
    "window": _window,
    "sink": _sink,
    "longformer": lambda tokens, i, j, w, g: _sink(tokens, i, j, g, w),
    "dilated": _dilated,
    "strided": _strided,
    "fixed": _fixed,
    "log": _log,
    "offsets": lambda tokens, i, j, distances: j == i or any(i == j + d for d in distances),
    "block": _block,
    "chunk": _chunk,
    "packed": _packed,
    "tree": _tree,
    "vslash": _vslash,
    "decay": lambda tokens, i, j, m: j <= i,
    "alibi": lambda tokens, i, j, heads: j <= i,
}
