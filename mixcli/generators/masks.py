"""Mask families: which keys each query may read, one function each.

`M[i, j]` is True when query i may read key j; causal (j <= i) unless it is said otherwise. A window of w counts w keys,
the query's own included.
"""

from __future__ import annotations

from mixcli.sequence import Mask

__all__ = ["causal", "full", "sink", "window"]


def causal(tokens: int) -> Mask:
    """Every query reads itself and all earlier keys.

    Example:
        >>> causal(3).edges
        6
    """
    return Mask(tokens, lambda i, j: j <= i)


def full(tokens: int) -> Mask:
    """Every query reads every key (bidirectional)."""
    return Mask(tokens, lambda i, j: (i >= 0) & (j >= 0))


def window(tokens: int, w: int = 16) -> Mask:
    """Every query reads the last w keys, itself included.

    Args:
        tokens: T.
        w: keys, the query's own counted.
    """
    return Mask(tokens, lambda i, j: (j <= i) & (i - j < w))


def sink(tokens: int, s: int = 4, w: int = 16) -> Mask:
    """The first s keys and the last w, as StreamingLLM keeps them.

    Args:
        tokens: T.
        s: keys at the start that every query reads.
        w: keys of the window, the query's own counted.
    """
    return Mask(tokens, lambda i, j: (j <= i) & ((j < s) | (i - j < w)))
