"""Mask families that are a rule: which keys each query may read, one function each.

`M[i, j]` is True when query i may read key j. Unless it is said otherwise a family is causal, M[i, j] only for j <= i,
whatever its origin allows. A width w counts keys, the query's own included; every query reads its own key. Libraries
count differently, so that one number means different masks:

    here, Hugging Face `sliding_window=w`, Mistral       i - j < w        w keys
    attention-gym and FlexAttention examples             i - j <= w       w + 1 keys: `window:w+1` here
    Longformer, two-sided                                |i - j| <= w/2   w + 1 keys, w/2 + 1 of them not later
    StreamingLLM `start_size=s, recent_size=w`           a cache of s + w keys: `sink:s,w` or `sink:s,w+1`, by script
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixcli.errors import UsageError
from mixcli.mask import Mask

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "at_least", "block", "causal", "chunk", "dilated", "fixed", "full", "log", "longformer", "offsets", "prefix",
    "sink", "strided", "vslash", "window",
]  # fmt: skip


def causal(tokens: int) -> Mask:
    """Every query reads itself and all earlier keys.

    M[i, j] = (j <= i). Elsewhere: `causal_mask_function` (Hugging Face), `is_causal=True` of torch's SDPA (aligned to
    the upper left corner), `LowerTriangularMask` (xformers).

    Example:
        >>> causal(3).edges
        6
    """
    return Mask(tokens, lambda i, j: j <= i)


def full(tokens: int) -> Mask:
    """Every query reads every key, later ones too.

    M[i, j] = 1; not causal. Elsewhere: `bidirectional_mask_function` (Hugging Face), no mask at all.
    """
    return Mask(tokens, lambda i, j: (i >= 0) & (j >= 0))


def prefix(tokens: int, p: int = 16) -> Mask:
    """Causal, but every query reads all of the first p keys.

    M[i, j] = (j <= i) or (j < p); not causal within the prefix. Elsewhere: `generate_prefix_lm_mask` (attention-gym),
    prefix-LM (Raffel et al. 2020).

    Args:
        tokens: T.
        p: keys of the prefix.
    """
    at_least("prefix", "p", p, 0)
    return Mask(tokens, lambda i, j: (j <= i) | (j < p))


def window(tokens: int, w: int = 16) -> Mask:
    """Every query reads the last w keys, itself included.

    M[i, j] = (0 <= i - j < w). Elsewhere: `sliding_window=w` (Hugging Face, Mistral; w keys as here),
    `generate_sliding_window(w - 1)` (attention-gym takes i - j <= its number, one key more), `LocalAttention`
    (xformers), half of Longformer's two-sided window of 2(w - 1).

    Args:
        tokens: T.
        w: keys, the query's own counted.
    """
    at_least("window", "w", w, 1)
    return Mask(tokens, lambda i, j: (j <= i) & (i - j < w))


def sink(tokens: int, s: int = 4, w: int = 16) -> Mask:
    """The first s keys and the last w, as StreamingLLM keeps them.

    M[i, j] = (j <= i) and (j < s or i - j < w). Elsewhere: StreamingLLM (Xiao et al. 2023; 4 and 512 in its code),
    `stream_llm` (MInference), A-shape.

    Args:
        tokens: T.
        s: keys at the start that every query reads.
        w: keys of the window, the query's own counted.
    """
    at_least("sink", "s", s, 0)
    at_least("sink", "w", w, 1)
    return Mask(tokens, lambda i, j: (j <= i) & ((j < s) | (i - j < w)))


def longformer(tokens: int, w: int = 16, g: int = 1) -> Mask:
    """A window of w keys and g global keys at the start, causal.

    M[i, j] = (j <= i) and (j < g or i - j < w): the same as `sink:g,w`, since a global token that may not look ahead
    differs from others by being read only. Elsewhere: Longformer (Beltagy et al. 2020) looks both ways, |i - j| <= w/2,
    and lets global tokens read everything.

    Args:
        tokens: T.
        w: keys of the window, the query's own counted.
        g: global keys.
    """
    at_least("longformer", "w", w, 1)
    at_least("longformer", "g", g, 0)
    return sink(tokens, g, w)


def dilated(tokens: int, w: int = 16, d: int = 2) -> Mask:
    """Every d-th key back, w of them, itself included.

    M[i, j] = (0 <= i - j < w d) and d | (i - j). With d > 1 tokens of different residue never meet. Elsewhere: dilated
    windows of Longformer (two-sided), LongNet, `generate_dilated_sliding_window` (attention-gym, one key more).

    Args:
        tokens: T.
        w: keys, the query's own counted.
        d: distance between them.
    """
    at_least("dilated", "w", w, 1)
    at_least("dilated", "d", d, 1)
    return Mask(tokens, lambda i, j: (j <= i) & (i - j < w * d) & ((i - j) % d == 0))


def strided(tokens: int, s: int = 16) -> Mask:
    """The last s keys, and every s-th key before them.

    M[i, j] = (j <= i) and (i - j < s or s | (i - j)). Elsewhere: strided attention of the Sparse Transformer (Child et
    al. 2019), whose heads hold the two parts; here they are one mask.

    Args:
        tokens: T.
        s: the stride, and the keys of the window.
    """
    at_least("strided", "s", s, 1)
    return Mask(tokens, lambda i, j: (j <= i) & ((i - j < s) | ((i - j) % s == 0)))


def fixed(tokens: int, s: int = 16, c: int = 1) -> Mask:
    """The query's own block of s tokens so far, and the last c keys of every block.

    M[i, j] = (j <= i) and (⌊i/s⌋ = ⌊j/s⌋ or j mod s >= s - c). Elsewhere: fixed attention of the Sparse Transformer
    (Child et al. 2019).

    Args:
        tokens: T.
        s: tokens of a block.
        c: keys at the end of each block that all later queries read.
    """
    at_least("fixed", "s", s, 1)
    at_least("fixed", "c", c, 0)
    return Mask(tokens, lambda i, j: (j <= i) & ((i // s == j // s) | (j % s >= s - c)))


def log(tokens: int, w: int = 1) -> Mask:
    """The last w keys, and the keys 1, 2, 4, 8 … back.

    M[i, j] = (j <= i) and (i - j < w or i - j a power of 2). Elsewhere: LogSparse (Li et al. 2019), exponentially
    dilated attention.

    Args:
        tokens: T.
        w: keys of the window, the query's own counted.
    """
    at_least("log", "w", w, 1)
    return Mask(tokens, lambda i, j: (j <= i) & ((i - j < w) | ((i > j) & ((i - j) & (i - j - 1) == 0))))


def offsets(tokens: int, distances: tuple[int, ...] = (1, 2, 4, 8)) -> Mask:
    """Itself and the keys at the given distances back.

    M[i, j] = i - j in {0} ∪ distances.

    Args:
        tokens: T.
        distances: how far back; the query's own key need not be named.
    """
    for distance in distances:
        at_least("offsets", "every distance", distance, 0)
    known = _lookup(tokens, (0, *distances))
    return Mask(tokens, lambda i, j: (j <= i) & known[abs(i - j)])


def block(tokens: int, b: int = 16) -> Mask:
    """The query's own block of b tokens, later ones included, and all earlier blocks.

    M[i, j] = ⌊j/b⌋ <= ⌊i/b⌋; not causal within a block. Elsewhere: block-causal attention, block diffusion.

    Args:
        tokens: T.
        b: tokens of a block.
    """
    at_least("block", "b", b, 1)
    return Mask(tokens, lambda i, j: j // b <= i // b)


def chunk(tokens: int, b: int = 16) -> Mask:
    """The query's own block of b tokens so far; blocks never meet.

    M[i, j] = (j <= i) and ⌊i/b⌋ = ⌊j/b⌋. Elsewhere: `chunked_overlay`, `attention_chunk_size=b` (Hugging Face,
    Llama 4).

    Args:
        tokens: T.
        b: tokens of a block.
    """
    at_least("chunk", "b", b, 1)
    return Mask(tokens, lambda i, j: (j <= i) & (i // b == j // b))


def vslash(tokens: int, columns: tuple[int, ...] = (0,), diagonals: tuple[int, ...] = (0, 1)) -> Mask:
    """Columns that every later query reads, and diagonals: `vslash:v1,v2;d1,d2`.

    M[i, j] = (j <= i) and (j in columns or i - j in {0} ∪ diagonals). Elsewhere: `vertical_and_slash` (MInference,
    Jiang et al. 2024), which picks both for each head as it runs.

    Args:
        tokens: T.
        columns: keys.
        diagonals: distances back; the query's own key need not be named.
    """
    for number in (*columns, *diagonals):
        at_least("vslash", "every column and diagonal", number, 0)
    vertical, slash = _lookup(tokens, columns), _lookup(tokens, (0, *diagonals))
    return Mask(tokens, lambda i, j: (j <= i) & (vertical[j] | slash[abs(i - j)]))


def at_least(family: str, name: str, value: float, least: float) -> None:
    """Refuse an argument that is too small."""
    if value < least:
        raise UsageError(f"{name} >= {least}", str(value), "correct the mask", where=family)


def _lookup(tokens: int, numbers: tuple[int, ...]) -> NDArray[np.bool_]:
    """(T,) True at the given numbers; those beyond the last token play no role."""
    known = np.zeros(tokens, dtype=bool)
    known[[n for n in numbers if n < tokens]] = True
    return known
