"""How many pairs (query, key) information has passed between after each layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mixcli.numerics.hops import hop_counts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.context import Context
    from mixcli.numerics.token_operators import Operators

__all__ = ["Reached", "pairs_reached"]

ROWS = 4_000_000
"""Rows of bits worked off, at about 5 µs each, before layers that differ are no longer repeated."""


@dataclass(frozen=True)
class Reached:
    """How many pairs (query i, key j ≠ i) are such that i holds something of j.

    Args:
        curve: their number after 1, 2, … layers.
        over: whether more layers would change nothing; False where it was given up after that many.
        visible: pairs that count: all of j < i, and those of j > i that are reached at all.
    """

    curve: list[int]
    over: bool
    visible: int


def pairs_reached(operators: Operators, context: Context) -> Reached:
    """Pairs that information has passed between after 1, 2, … layers, a token keeping what it holds.

    Layers repeat after the last one, until all pairs are reached or nothing more comes.

    Args:
        operators: the layers.
        context: limits and progress.

    Raises:
        LimitExceeded: too many tokens for distances of all pairs.

    Cost: O(E) where one layer reaches all; O(T E / 64) where layers are alike; that much a layer where they differ.
    """
    size = operators.size
    earlier = size * (size - 1) // 2
    most = earlier if operators.causal else 2 * earlier
    if not operators.alike:
        return _layered(operators, context, most)
    first = sum(
        int(np.count_nonzero(visible)) - int(np.trace(visible[:, lo:])) for lo, _, visible in operators.blocks(0)
    )
    if first == most:
        return Reached([first], True, most)
    indptr, keys = operators.keys(0)
    hops = hop_counts(
        indptr,
        keys,
        operations=context.limits.operations,
        threads=context.thread_count,
        progress=lambda what, done, total: context.progress("reach", done, total),
        directed=True,
    )
    if hops is None:
        context.limits.check(
            "distances between all pairs of tokens",
            operations=max(float(len(keys)) * size, 2 * context.limits.operations),
            instead="take fewer tokens",
        )
        return Reached([first], False, most)
    curve = np.cumsum(hops.pairs[1:]).astype(np.int64).tolist() or [0]
    if operators.causal or curve[-1] == most:
        return Reached(curve, True, most)
    return Reached(curve, True, curve[-1] + earlier - _earlier(_closure(indptr, keys)))


def _closure(indptr: NDArray[np.int64], keys: NDArray[np.int32]) -> NDArray[np.uint64]:
    """Rows of bits: what each query ever reaches. Forth and back over the rows until nothing changes."""
    size = len(indptr) - 1
    held = _packed(np.eye(size, dtype=bool))
    before, now = -1, 0
    while now != before:
        for rows in (range(size), reversed(range(size))):
            for row in rows:
                held[row] |= np.bitwise_or.reduce(held[keys[indptr[row] : indptr[row + 1]]], axis=0)
        before, now = now, int(_ones(held).sum())
    return held


def _earlier(held: NDArray[np.uint64]) -> int:
    """Pairs of a query and an earlier key that it holds."""
    rows = (np.unpackbits(row.view(np.uint8), count=place) for place, row in enumerate(held))
    return sum(int(np.count_nonzero(row)) for row in rows)


def _layered(operators: Operators, context: Context, most: int) -> Reached:
    """Rows of bits: what a query holds after a layer is all that the keys it reads held before."""
    size = operators.size
    held = _packed(np.eye(size, dtype=bool))
    full = np.arange(1, size + 1) if operators.causal else np.full(size, size)
    counts = np.ones(size, np.int64)
    curve: list[int] = []
    still = 0
    while still < operators.depth and (not curve or curve[-1] < most):
        if len(curve) >= operators.depth and len(curve) * size > ROWS:
            return Reached(curve, False, most)
        before = counts.sum()
        held, counts = _layer(operators, len(curve) % operators.depth, held, counts, full)
        curve.append(int(counts.sum()) - size)
        still = 0 if counts.sum() > before else still + 1
        context.progress("reach", len(curve), 0)
    if still >= operators.depth:
        curve = curve[: len(curve) - still] or [0]
    if operators.causal or curve[-1] == most:
        return Reached(curve, True, most)
    return Reached(curve, True, curve[-1] + size * (size - 1) // 2 - _earlier(held))


def _layer(
    operators: Operators,
    layer: int,
    held: NDArray[np.uint64],
    counts: NDArray[np.int64],
    full: NDArray[np.int64],
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    out = held.copy()
    for lo, hi, visible in operators.blocks(layer):
        wide = np.zeros((hi - lo, operators.size), dtype=bool)
        wide[:, : visible.shape[1]] = visible
        out[lo:hi] |= _packed(wide)
        there = _ones(out[lo:hi])
        for row in np.flatnonzero(there < full[lo:hi]):  # what the query reads first may already be all
            out[lo + row] |= np.bitwise_or.reduce(held[np.flatnonzero(visible[row])], axis=0)
    return out, _ones(out)


def _packed(rows: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """(n, ⌈T / 64⌉) the rows as words."""
    words = -(-rows.shape[1] // 64)
    padded = np.zeros((len(rows), 64 * words), dtype=bool)
    padded[:, : rows.shape[1]] = rows
    return np.packbits(padded, axis=1).view(np.uint64)


def _ones(words: NDArray[np.uint64]) -> NDArray[np.int64]:
    """(n,) bits set in each row."""
    return _BITS[words.view(np.uint8)].sum(axis=1, dtype=np.int64)


_BITS = np.array([byte.bit_count() for byte in range(256)], np.uint8)
