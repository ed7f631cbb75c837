"""Everything the head-level measures need to know of one attention head, in one pass over its rows.

A block of rows is taken to float64 and used up while it lies in the cache; of a causal head only the part up to the
diagonal is looked at. Means of scores leave out query 0, which in a causal head has no choice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mixcli.numerics.singular import largest_singular_value
from mixcli.numerics.token_columns import first_mass

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["BINS", "EIG", "SIZE_OF_BLOCK", "Columns", "HeadFigures", "head_figures"]

SIZE_OF_BLOCK = 16
"""Tokens of a block of the score `block`."""
BINS = 10
"""Bins of |λ| between 0 and 1."""
EIG = 128
"""Tokens up to which the eigenvalues of a head that is not triangular are computed."""
_ENTRIES = 1 << 16  # of a block of rows: half a megabyte in float64


class Columns(NamedTuple):
    """What the names of the tokens say about columns.

    Args:
        delimiter: (T,) True at tokens that only separate: punctuation, special tokens.
        after: (T,) for each query the key behind the latest earlier occurrence of the same token, -1 where none.
    """

    delimiter: NDArray[np.bool_]
    after: NDArray[np.int64]


@dataclass(frozen=True)
class HeadFigures:
    """Figures of one head; arrays are over tokens, the rest are numbers.

    Args:
        columns: (T,) Σ_{i ≥ k} A[i, k].
        diagonal: (T,) A[k, k].
        first: (16,) Σ_{i ≥ s} Σ_{j < s} A[i, j] for s = 1 … 16.
        moduli: (10,) shares of the |λ| in bins of [0, 1]; NaN where they are not known.
        small: share of the |λ| below 0.1.
        second: the second largest |λ|.
        future: mean mass of a query on later keys.
        negative: share of the entries that are negative.
        entropy: mean over queries of H_i = -Σ_j A_ij log A_ij.
        normalized: mean of H_i / log s_i over the queries with s_i > 1 keys; 0 where there is none.
        perplexity: mean of e^{H_i}.
        band: the largest log max_j A_ij - log min_j A_ij over entries that are not 0.
        slope: slope of log max_j A_ij against log s_i by least squares; NaN with fewer than two lengths.
        identity: mean of A[i, i].
        bos: mean of A[i, 0].
        prev: mean of A[i, i-1].
        offset: the largest mean of A[i, i-d] over d other than 0 and 1, at most T / 2.
        offset_at: that d.
        vertical: the largest mean of a column other than 0; of a causal head over later queries, columns up to T / 2.
        vertical_at: that column.
        block: mean mass on the query's own block of 16 tokens, without what counts as identity, prev and bos.
        uniform: mean of 1 - TV(A_i, uniform over the keys).
        delimiter: mean mass on delimiters other than token 0; NaN where tokens have no names.
        induction: mean weight on the key behind the latest earlier occurrence of the query's token, over the queries
            that have one; NaN where there is none.
        frobenius: |A|_F².
        sigma: the largest singular value.
        residual: its residual, relative.
    """

    columns: NDArray[np.float64]
    diagonal: NDArray[np.float64]
    first: NDArray[np.float64]
    moduli: NDArray[np.float64]
    small: float
    second: float
    future: float
    negative: float
    entropy: float
    normalized: float
    perplexity: float
    band: float
    slope: float
    identity: float
    bos: float
    prev: float
    offset: float
    offset_at: int
    vertical: float
    vertical_at: int
    block: float
    uniform: float
    delimiter: float
    induction: float
    frobenius: float
    sigma: float
    residual: float

    @classmethod
    def names(cls) -> list[str]:
        """Names of the figures."""
        return [f.name for f in fields(cls)]


def head_figures(weights: NDArray[Any], keys: NDArray[np.int64], named: Columns | None = None) -> HeadFigures:
    """The figures of one head.

    Args:
        weights: (T, T) attention, T >= 2; precisions below float32 are taken to float32.
        keys: (T,) s_i, how many keys a query may read: the support of the mask, which may be wider than that of A.
        named: what is known about the tokens.

    Cost: some fifteen passes over T² entries (half of them if causal), one logarithm each.

    Example:
        >>> found = head_figures(np.eye(4), np.arange(1, 5))
        >>> found.identity, found.entropy, found.columns.tolist()
        (1.0, 0.0, [1.0, 1.0, 1.0, 1.0])
    """
    if weights.dtype not in (np.float32, np.float64):
        weights = weights.astype(np.float32)
    sums = _Sums(len(weights))
    for lo, hi in _blocks(len(weights)):
        sums.add(weights, lo, hi, keys)
    largest = largest_singular_value(weights)
    return HeadFigures(
        columns=sums.lower,
        diagonal=sums.diagonal,
        first=first_mass(weights),
        **_moduli(weights, sums),
        future=float(sums.total.sum() - sums.lower.sum()) / sums.tokens,
        negative=sums.negative / sums.tokens**2,
        **_spread(sums, keys),
        **_scores(sums, weights),
        **_named(weights, named),
        frobenius=sums.squares,
        sigma=largest.value,
        residual=largest.residual,
    )


class _Sums:
    """What is added up over the rows."""

    def __init__(self, tokens: int) -> None:
        self.tokens = tokens
        self.total, self.lower = np.zeros(tokens), np.zeros(tokens)
        self.diagonal = np.empty(tokens)
        self.row_zero = np.empty(tokens)
        self.offsets = np.zeros(2 * tokens - 1)  # at d + T - 1, without row 0
        self.entropy, self.top, self.bottom = np.empty(tokens), np.empty(tokens), np.empty(tokens)
        self.uniform = np.empty(tokens)
        self.squares, self.negative, self.causal = 0.0, 0, True

    def add(self, weights: NDArray[Any], lo: int, hi: int, keys: NDArray[np.int64]) -> None:
        """Take in the rows lo … hi - 1."""
        width = self.tokens if weights[lo:hi, hi:].any() else hi
        a = weights[lo:hi, :width].astype(np.float64)
        rows = np.arange(hi - lo)
        self.diagonal[lo:hi] = a[rows, lo + rows]
        sums, corner = a.sum(axis=0), np.tril(a[:, lo:hi])
        self.total[:width] += sums
        self.lower[:lo] += sums[:lo]
        self.lower[lo:hi] += corner.sum(axis=0)
        self.causal &= width == hi and not np.triu(a[:, lo:hi], 1).any()
        self.negative += int(np.count_nonzero(a < 0))
        self.squares += float(np.einsum("ij,ij->", a, a))
        if lo == 0:
            self.row_zero[:] = 0
            self.row_zero[:width] = a[0]
        else:
            at = self.tokens - 1 + lo
            self.offsets[at - width + 1 : at + hi - lo] += _by_offset(a)
        self.top[lo:hi] = a.max(axis=1)
        self.uniform[lo:hi] = np.minimum(a, 1.0 / keys[lo:hi, None]).sum(axis=1)
        logs = np.log(np.where(a > 0, a, 1.0))
        self.entropy[lo:hi] = -np.einsum("ij,ij->i", a, logs)
        self.bottom[lo:hi] = logs.min(axis=1)


def _blocks(tokens: int) -> Iterator[tuple[int, int]]:
    """Row 0, then blocks of rows."""
    yield 0, 1
    step = max(1, _ENTRIES // tokens)
    for lo in range(1, tokens, step):
        yield lo, min(lo + step, tokens)


def _by_offset(a: NDArray[np.float64]) -> NDArray[np.float64]:
    """(rows + width - 1,) sums along the diagonals of a block, that of the upper right corner first."""
    rows, width = a.shape
    line = np.zeros(rows * (width + rows - 1))
    place = line[rows - 1 :]
    size = line.itemsize
    np.lib.stride_tricks.as_strided(place, a.shape, ((width + rows - 2) * size, size))[:] = a
    found: NDArray[np.float64] = line.reshape(rows, -1).sum(axis=0)[::-1]
    return found


def _moduli(weights: NDArray[Any], sums: _Sums) -> dict[str, Any]:
    """Of the eigenvalues, which of a triangular matrix stand on its diagonal."""
    if sums.causal:
        moduli = np.abs(sums.diagonal)
    elif sums.tokens <= EIG:
        moduli = np.abs(np.linalg.eigvals(weights.astype(np.float64)))
    else:
        return {"moduli": np.full(BINS, np.nan), "small": np.nan, "second": np.nan}
    counts = np.bincount(np.minimum(moduli * BINS + 1e-9, BINS - 1).astype(np.int64), minlength=BINS)
    second = float(np.sort(moduli)[-2])
    return {"moduli": counts / sums.tokens, "small": float((moduli < 0.1).mean()), "second": second}


def _spread(sums: _Sums, keys: NDArray[np.int64]) -> dict[str, Any]:
    """Entropy, and how the largest weight falls with the number of keys."""
    entropy, several = np.maximum(sums.entropy, 0.0), keys > 1
    shares = entropy[several] / np.log(keys[several])
    top = np.log(np.maximum(sums.top, np.finfo(np.float64).tiny))
    x = np.log(keys[several])
    apart = x - x.mean() if len(x) else x
    spread = float(apart @ apart)
    return {
        "entropy": float(entropy.mean()),
        "normalized": float(shares.mean()) if len(shares) else 0.0,
        "perplexity": float(np.exp(entropy).mean()),
        "band": float((top - sums.bottom).max()),
        "slope": float(apart @ top[several]) / spread if spread > 1e-12 * max(1, len(x)) else np.nan,
    }


def _scores(sums: _Sums, weights: NDArray[Any]) -> dict[str, Any]:
    size = sums.tokens
    half, later = size // 2, size - 1
    d = np.arange(-half, half + 1)
    rows = np.where(d >= 1, size - d, later + np.minimum(d, 0))  # with such a key; row 0 is left out
    mean = np.where(rows > 0, sums.offsets[d + size - 1] / np.maximum(rows, 1), 0.0)
    mean[(d == 0) | (d == 1)] = -np.inf
    best = int(np.argmax(mean))
    if sums.causal:
        k = np.arange(1, max(2, half + 1))
        column = (sums.lower[k] - sums.diagonal[k]) / np.maximum(size - 1 - k, 1)
    else:
        k = np.arange(1, size)
        column = (sums.total[k] - sums.row_zero[k]) / later
    high = int(np.argmax(column))
    return {
        "identity": float(sums.diagonal[1:].mean()),
        "bos": float(sums.total[0] - sums.row_zero[0]) / later,
        "prev": float(sums.offsets[size]) / later,
        "offset": max(float(mean[best]), 0.0),
        "offset_at": int(d[best]),
        "vertical": float(column[high]),
        "vertical_at": int(k[high]),
        "block": _own_block(weights, SIZE_OF_BLOCK),
        "uniform": float(sums.uniform[1:].mean()),
    }


def _own_block(weights: NDArray[Any], size: int) -> float:
    """Mean mass on the query's own block, less the query itself, the token before it, and token 0."""
    tokens, mass = len(weights), 0.0
    for lo in range(0, tokens, size):
        a = weights[lo : lo + size, lo : lo + size].astype(np.float64)
        mass += float(a.sum() - np.trace(a) - np.trace(a, -1))
        if lo == 0:  # row 0 is left out, and column 0 is bos
            mass -= float(a[0, 1:].sum() + a[2:, 0].sum())
    return mass / (tokens - 1)


def _named(weights: NDArray[Any], named: Columns | None) -> dict[str, Any]:
    if named is None:
        return {"delimiter": np.nan, "induction": np.nan}
    separating = np.flatnonzero(named.delimiter[1:]) + 1
    queries = np.flatnonzero(named.after >= 0)
    found = weights[queries, named.after[queries]].astype(np.float64)
    return {
        "delimiter": float(weights[1:, separating].sum(dtype=np.float64)) / (len(weights) - 1),
        "induction": float(found.mean()) if len(found) else np.nan,
    }
