"""Which mask of the catalog a support fits: the smallest one that holds every key that is read.

The parameters follow from the support itself: a window's width from the largest distance, sinks from the columns that
are read from further away, documents from the places that nothing reaches across.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Fit", "fit"]

ENOUGH = 0.95
"""Share of a mask's pairs that must be read for the mask to count as the one behind the support."""


@dataclass(frozen=True)
class Fit:
    """The smallest known mask around a support.

    Args:
        spec: its spec, `window:8`.
        pairs: (query, key) pairs it allows.
        coverage: share of them that are read.
    """

    spec: str
    pairs: int
    coverage: float

    @property
    def close(self) -> bool:
        """Whether it is the mask behind the support, and not only one around it."""
        return self.coverage >= ENOUGH


def fit(support: NDArray[np.bool_]) -> Fit:
    """The smallest of causal, full, window, sink, chunk, packed, prefix and block that holds a support.

    Args:
        support: (T, T) True where query i reads key j.

    Cost: O(T²).

    Example:
        >>> fit(np.tri(6, dtype=bool) & ~np.tri(6, k=-3, dtype=bool)).spec
        'window:3'
    """
    tokens = len(support)
    read = int(np.count_nonzero(support))
    later = _last(support) > np.arange(tokens)
    sizes = {"full": tokens * tokens}
    if later.any():
        sizes |= _prefix(support) | _blocks(support)
    else:
        sizes = {"causal": tokens * (tokens + 1) // 2} | _windows(support) | _documents(support) | sizes
    spec = min(sizes, key=lambda name: sizes[name])  # the first of equals: in the order above
    return Fit(spec, sizes[spec], read / sizes[spec] if sizes[spec] else 1.0)


def _last(support: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(T,) the last key that each query reads; -1 where it reads none."""
    found = support.shape[1] - 1 - np.argmax(support[:, ::-1], axis=1)
    return np.where(support.any(axis=1), found, -1)


def _first(support: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(T,) the first key that each query reads; its own place where it reads none."""
    return np.where(support.any(axis=1), np.argmax(support, axis=1), np.arange(len(support)))


def _windows(support: NDArray[np.bool_]) -> dict[str, int]:
    """The window, and the sinks with a window, of least size."""
    tokens = len(support)
    furthest = _last(support.T) - np.arange(tokens)  # distance of the last query that reads a key
    behind = np.maximum.accumulate(furthest[::-1])[::-1]
    width = np.append(np.maximum(behind, 0) + 1, 1)  # of the window, when the first s keys are sinks
    sinks = np.flatnonzero(np.diff(width, prepend=tokens + 1) < 0)
    inside = width * tokens - width * (width - 1) // 2
    beyond = tokens - width  # queries beyond the first window read as many of the s keys
    extra = np.where(
        np.arange(tokens + 1) < beyond,
        np.arange(tokens + 1) * beyond - np.arange(tokens + 1) * (np.arange(tokens + 1) - 1) // 2,
        beyond * (beyond + 1) // 2,
    )
    sizes = {f"window:{width[0]}": int(inside[0])}
    best = min((int(s) for s in sinks), key=lambda s: inside[s] + extra[s])
    if best:
        sizes[f"sink:{best},{width[best]}"] = int(inside[best] + extra[best])
    return sizes


def _documents(support: NDArray[np.bool_]) -> dict[str, int]:
    """Causal attention inside stretches that nothing reads across: of equal length, or one after the other."""
    lengths = _stretches(_first(support))
    size = int((lengths * (lengths + 1) // 2).sum())
    return {_named("chunk", "packed", lengths): size} if len(lengths) > 1 else {}


def _blocks(support: NDArray[np.bool_]) -> dict[str, int]:
    """The least blocks inside which later keys may be read too, earlier blocks being read whole."""
    tokens, places = len(support), np.arange(len(support))
    last = _last(support)
    for b in range(2, tokens):
        if (last < (places // b + 1) * b).all():
            return {f"block:{b}": int(np.minimum((places // b + 1) * b, tokens).sum())}
    return {}


def _prefix(support: NDArray[np.bool_]) -> dict[str, int]:
    """Causal attention with a prefix that every query reads."""
    tokens = len(support)
    upper = np.triu(support, 1).any(axis=0)
    length = int(np.flatnonzero(upper)[-1]) + 1
    return {f"prefix:{length}": tokens * (tokens + 1) // 2 + length * (length - 1) // 2} if length < tokens else {}


def _stretches(first: NDArray[np.int64]) -> NDArray[np.int64]:
    """Lengths of the stretches that no query leaves towards earlier keys."""
    earliest = np.minimum.accumulate(first[::-1])[::-1]
    starts = np.flatnonzero(earliest >= np.arange(len(first)))
    return np.diff(starts, append=len(first))


def _equal(lengths: NDArray[np.int64]) -> bool:
    return bool((lengths[:-1] == lengths[0]).all() and lengths[-1] <= lengths[0])


def _named(equal: str, others: str, lengths: NDArray[np.int64]) -> str:
    return f"{equal}:{lengths[0]}" if _equal(lengths) else f"{others}:{','.join(map(str, lengths))}"
