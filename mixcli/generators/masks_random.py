"""Mask families that are drawn: random keys, expanders, BigBird. One seed, one mask.

Keys drawn uniformly from all earlier ones make no expander for late tokens: token j is read by about k ln(T/j) later
ones, so the end of the text is hardly read at all. `balanced=true` draws distances evenly on a logarithmic scale
instead, and among keys at much the same distance prefers those with the fewest readers.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np

from mixcli.generators.masks import at_least
from mixcli.generators.sized import Forecast, sized
from mixcli.mask import Mask

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["bigbird", "expander", "random"]


def _drawn(tokens: int, count: int | None = None) -> Forecast:
    """The size of a mask that is kept as an array, of as many rows and columns as there are tokens, or as is said."""
    entries = tokens**2 if count is None else count**2
    return Forecast(tokens, entries, entries, entries, ("tokens", "pairs"))


@sized(lambda tokens, k, seed: _drawn(tokens))
def random(tokens: int, k: int = 4, seed: int = 0) -> Mask:
    """Itself and k earlier keys drawn uniformly without repetition (all of them, where there are fewer).

    Args:
        tokens: T.
        k: keys drawn for each query.
        seed: start of the random numbers.
    """
    _positive("random", k, seed)
    visible = np.eye(tokens, dtype=bool)
    generator = np.random.default_rng(seed)
    for i in range(1, tokens):
        visible[i, generator.choice(i, min(k, i), replace=False)] = True
    return Mask.of(visible)


@sized(lambda tokens, k, seed, balanced: _drawn(tokens))
def expander(tokens: int, k: int = 4, seed: int = 0, balanced: bool = False) -> Mask:
    """Itself, the key before, and k drawn earlier keys.

    M[i, j] = i - j in {0, 1} or j drawn for i. Plainly, the k keys are drawn uniformly without repetition, as in
    `random`. Balanced (ours), the distances 1 … i are cut into k stretches of equal length on a logarithmic scale, and
    one key is drawn from each, among those with the fewest readers so far: about k ln(T - j) / ln T readers for key j,
    so that late tokens are read as often as early ones almost to the end.

    Args:
        tokens: T.
        k: keys drawn for each query.
        seed: start of the random numbers.
        balanced: whether readers are balanced as well as keys.

    Example:
        >>> plain, fair = (expander(256, 4, balanced=b).array.sum(axis=0) - 2 for b in (False, True))
        >>> bool(plain[:64].mean() > 5 * plain[192:].mean()), bool(fair[:64].mean() < 3 * fair[192:].mean())
        (True, True)
    """
    if not balanced:
        visible = random(tokens, k, seed).array.copy()
    else:
        _positive("expander", k, seed)
        visible = _balanced(tokens, k, seed)
    before = np.arange(1, tokens)
    visible[before, before - 1] = True
    return Mask.of(visible)


@sized(lambda tokens, b, w, g, r, seed, balanced: _drawn(tokens, -(-tokens // max(1, b))))
def bigbird(
    tokens: int, b: int = 16, w: int = 3, g: int = 1, r: int = 1, seed: int = 0, balanced: bool = False
) -> Mask:
    """Blocks of b tokens: a window of w blocks, g global blocks, r random ones; causal.

    With I = ⌊i/b⌋ and J = ⌊j/b⌋, M[i, j] = (j <= i) and (|I - J| <= ⌊w/2⌋ or J < g or I < g or J drawn for I among the
    earlier blocks not read yet). Elsewhere: BigBird (Zaheer et al. 2020), which looks both ways; of its window of w
    blocks only the ⌊w/2⌋ + 1 that are not later remain.

    Args:
        tokens: T.
        b: tokens of a block.
        w: blocks of the two-sided window.
        g: global blocks at the start.
        r: random blocks for each block of queries.
        seed: start of the random numbers.
        balanced: whether the random blocks are drawn among those that the fewest blocks have drawn so far.
    """
    for name, value, least in (("b", b, 1), ("w", w, 1), ("g", g, 0), ("r", r, 0)):
        at_least("bigbird", name, value, least)
    count = -(-tokens // b)
    _positive("bigbird", r, seed)
    i, j = np.arange(count)[:, None], np.arange(count)[None, :]
    blocks = ((abs(i - j) <= w // 2) | (j < g) | (i < g)) & (j <= i)
    generator, drawn = np.random.default_rng(seed), np.zeros(count, dtype=np.int64)
    for query in range(count):
        free = np.flatnonzero(~blocks[query, : query + 1])
        if len(free):
            chosen = _fewest(free, drawn, r, generator) if balanced else _any(free, r, generator)
            blocks[query, chosen] = True
            drawn[chosen] += 1
    return Mask(tokens, lambda i, j: (j <= i) & blocks[i // b, j // b])


def _balanced(tokens: int, k: int, seed: int) -> NDArray[np.bool_]:
    """(T, T) each query reads itself and one key of each of k stretches of distances, those least read first."""
    visible = np.eye(tokens, dtype=bool)
    generator, readers = np.random.default_rng(seed), np.zeros(tokens, dtype=np.int64)
    for i in range(1, tokens):
        k_here = min(k, i)
        cuts = [math.floor((i + 1) ** (s / k_here)) for s in range(k_here + 1)]
        for near, far in itertools.pairwise(cuts):
            stretch = np.arange(max(0, i + 1 - max(far, near + 1)), i + 1 - near)
            free = stretch[~visible[i, stretch]]
            if not len(free):  # too short a stretch: take the nearest that is left
                free = np.flatnonzero(~visible[i, :i])[-1:]
            chosen = _fewest(free, readers, 1, generator)
            visible[i, chosen] = True
            readers[chosen] += 1
    return visible


def _fewest(free: NDArray[np.int64], count: NDArray[np.int64], k: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """k of the free ones, those with the lowest counts, ties drawn."""
    order = np.lexsort((rng.random(len(free)), count[free]))
    return free[order[:k]]


def _any(free: NDArray[np.int64], k: int, rng: np.random.Generator) -> NDArray[np.int64]:
    return rng.choice(free, min(k, len(free)), replace=False)


def _positive(family: str, k: int, seed: int) -> None:
    at_least(family, "k" if family != "bigbird" else "r", k, 0)
    at_least(family, "seed", seed, 0)
