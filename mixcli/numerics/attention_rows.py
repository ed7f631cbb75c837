"""One pass over attention as it was saved: sums of rows, mass on later keys, signs, padding, and who reads whom at all.

Everything that has to be known before the weights can be trusted, found a head at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixcli.heads import head_name
from mixcli.numerics.mask_fit import Fit, fit

__all__ = ["Survey", "padding", "survey", "tolerance"]

Raw = Callable[[int, int], NDArray[Any]]
"""Called as raw(layer, head), gives (T, T) weights as they were saved."""
Chosen = Sequence[tuple[int, tuple[int, ...]]]

FLOOR = 1e-5
"""What a row sum may miss 1 by in any precision."""
SLACK = 8
"""How many units in the last place it may miss 1 by."""
HALVES = ((2.0**-7, 16), (2.0**-10, 13))
"""Spacing at 1 of bfloat16 and float16, and the bits of a float32 that are 0 where a value has come from one."""
ROWS = 128
"""Rows of a head that are looked at for how it leans."""


@dataclass(frozen=True)
class Survey:
    """What was found, before anything was changed. Arrays have an entry for each head, in the order of `index`.

    Args:
        index: (k, 2) layer and head.
        least: smallest row sum.
        most: largest row sum.
        future: largest mass that a query puts on later keys.
        first: weight of token 0 on itself.
        negative: share of entries below 0.
        mass: largest sum of absolute values of a row.
        lean: median log weight of a query's earlier keys minus that of its later ones, where every key is read; NaN
            elsewhere. Token 0 is left out, and medians are taken, since sinks weigh much wherever they stand.
        tolerance: what a row sum may miss 1 by in the precision of the head.
        fits: the smallest known mask around what the heads of a layer read, layer by layer.
        broken: layer, head and query of the first row that holds NaN or infinity.
    """

    index: NDArray[np.int64]
    least: NDArray[np.float64]
    most: NDArray[np.float64]
    future: NDArray[np.float64]
    first: NDArray[np.float64]
    negative: NDArray[np.float64]
    mass: NDArray[np.float64]
    lean: NDArray[np.float64]
    tolerance: NDArray[np.float64]
    fits: tuple[Fit, ...] = field(default=())
    broken: tuple[int, int, int] | None = None

    @property
    def causal(self) -> bool:
        """Whether no query reads a later key."""
        return not self.future.any()

    @property
    def signed(self) -> bool:
        """Whether there are weights below 0 that rounding does not explain."""
        return bool((self.negative > 0).any())

    @property
    def short(self) -> bool:
        """Whether a row sums to less than 1 by more than rounding explains."""
        return bool((self.least < 1 - self.tolerance).any())

    @property
    def long(self) -> bool:
        """Whether a row sums to more than 1 by more than rounding explains."""
        return bool((self.most > 1 + self.tolerance).any())

    @property
    def defect(self) -> float:
        """Largest |sum of a row - 1|."""
        return float(max(np.max(1 - self.least), np.max(self.most - 1), 0.0))

    def name(self, place: int) -> str:
        """L0H3 for the head at a place of `index`."""
        return head_name(*self.index[place].tolist())


def survey(raw: Raw, chosen: Chosen, lo: int, hi: int, epsilon: Callable[[int], float]) -> Survey:
    """Look at every head once.

    Args:
        raw: gives the weights of a head.
        chosen: layers and the heads taken of each.
        lo: first token that is no padding.
        hi: first token behind them that is.
        epsilon: spacing at 1 of the numbers of a layer.

    Cost: O(L H T²), one head in memory.
    """
    size = hi - lo
    upper = np.triu(np.ones((size, size), dtype=bool), 1)
    places, rows, fits = [], [], []
    for layer, heads in chosen:
        union = np.zeros((size, size), dtype=bool)
        for head in heads:
            weights = raw(layer, head)[lo:hi, lo:hi]
            sums = weights.sum(axis=1, dtype=np.float64)
            if not np.isfinite(sums).all():
                row = int(np.flatnonzero(~np.isfinite(sums))[0])
                return _made(places, rows, fits, (layer, head, lo + row))
            places.append((layer, head))
            rows.append(_facts(weights, sums, upper, union, epsilon(layer)))
        fits.append(fit(union))
    return _made(places, rows, fits, None)


def _facts(
    weights: NDArray[Any], sums: NDArray[np.float64], upper: NDArray[np.bool_], union: NDArray[np.bool_], epsilon: float
) -> tuple[float, ...]:
    """The numbers of one head; what it reads is added to `union`."""
    lowest, future, lean, negative, mass = float(weights.min()), 0.0, np.nan, 0.0, float(sums.max())
    seen = weights != 0 if lowest < 0 else weights > 0
    union |= seen
    if (seen & upper).any():
        future = float(np.where(upper, np.abs(weights), 0).sum(axis=1, dtype=np.float64).max())
        lean = _lean(weights) if lowest > 0 else np.nan
    if lowest < -epsilon:
        negative = float((weights < -epsilon).mean())
        mass = float(np.abs(weights).sum(axis=1, dtype=np.float64).max())
    allowed = tolerance(weights, float(np.abs(sums - 1).max()), epsilon)
    return float(sums.min()), float(sums.max()), future, float(weights[0, 0]), negative, mass, lean, allowed


def _lean(weights: NDArray[Any]) -> float:
    """Median log weight of earlier keys but the first minus that of later keys, the median over some queries."""
    if len(weights) < 3:
        return float("nan")
    places = np.unique(np.linspace(1, len(weights) - 2, min(ROWS, len(weights) - 2)).astype(int))
    found = []
    for i in places:
        row = np.log(weights[i].astype(np.float64))
        found.append(np.median(row[1 : i + 1]) - np.median(row[i + 1 :]))
    return float(np.median(found))


def _made(
    places: list[tuple[int, int]], rows: list[tuple[float, ...]], fits: list[Fit], broken: tuple[int, int, int] | None
) -> Survey:
    c = np.array(rows, dtype=np.float64).reshape(-1, 8).T
    index = np.array(places, np.int64).reshape(-1, 2)
    return Survey(index, c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], tuple(fits), broken)


def tolerance(weights: NDArray[Any], defect: float, epsilon: float) -> float:
    """What a row sum may miss 1 by: max(10⁻⁵, 8 eps) of the precision the weights were computed in.

    A float32 array may hold what a model computed in half precision; that is looked for where the rows are off.

    Args:
        weights: one head.
        defect: largest |row sum - 1|.
        epsilon: spacing at 1 of the numbers as they are stored.
    """
    allowed = max(FLOOR, SLACK * epsilon)
    if defect > allowed and weights.dtype == np.float32:
        bits = np.ascontiguousarray(weights).view(np.uint32)
        halves = [eps for eps, zeros in HALVES if not (bits & np.uint32(2**zeros - 1)).any()]
        allowed = max([allowed, *(SLACK * eps for eps in halves[:1])])
    return allowed


def padding(raw: Raw, chosen: Chosen, tokens: int) -> tuple[int, int]:
    """The first token that is no padding, and the first behind those that is.

    Padding in front: queries whose row says nothing (NaN, nothing but 0, or exactly 1/T on every key, later ones
    included, which is what a softmax over forbidden keys alone gives) and whose key no other query reads. Padding
    behind: keys that nobody reads, not even their own query, where two tokens and more are left and each of them reads
    itself in some head.

    Args:
        raw: gives the weights of a head.
        chosen: layers and the heads taken of each.
        tokens: T.

    Cost: O(T²) as a rule: the first head shows that there is none.
    """
    empty = np.ones(tokens, dtype=bool)
    read, own = np.zeros(tokens, dtype=bool), np.zeros(tokens, dtype=bool)
    heads = 0
    for weights in _each(raw, chosen):
        blank = _blank(weights)
        empty &= blank
        seen = np.nan_to_num(weights[~blank]) != 0
        read |= seen.any(axis=0)
        own |= (np.nan_to_num(np.diagonal(weights)) != 0) & ~blank
        heads += 1
        if read[-1] and not (empty[0] and not read[0]):
            return 0, tokens
    lo = _run(empty & ~read)
    behind = _run(~read[::-1])
    if lo + behind >= tokens:
        return 0, tokens
    hi = tokens - behind
    said = empty[hi:].all() or (heads > 1 and hi - lo > 1 and own[lo:hi].all())
    return lo, hi if said else tokens


def _each(raw: Raw, chosen: Chosen) -> Iterator[NDArray[Any]]:
    for layer, heads in chosen:
        for head in heads:
            yield raw(layer, head)


def _blank(weights: NDArray[Any]) -> NDArray[np.bool_]:
    """(T,) queries whose row says nothing."""
    low, high = weights.min(axis=1), weights.max(axis=1)  # NaN where a row holds one
    uniform = (low == high) & (low > 0)
    uniform[-1] = False  # the last query of uniform causal attention looks so too
    nothing = (low == 0) & (high == 0)
    broken = np.flatnonzero(np.isnan(low))
    nothing[broken] = np.isnan(weights[broken]).all(axis=1)
    return uniform | nothing


def _run(flags: NDArray[np.bool_]) -> int:
    """How many are True before the first that is not."""
    return len(flags) if flags.all() else int(np.argmin(flags))
