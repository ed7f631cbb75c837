"""The chain that walks over tokens take: one layer chosen anew at every step, which is the mean of the layers."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from mixcli.sequence import MaskSequence, TokenGraph

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["mean_array", "mean_rows"]


def mean_rows(tokens: TokenGraph, lo: int, hi: int) -> NDArray[np.float64]:
    """(hi - lo, T) rows of the mean attention over the layers of a mask sequence, without the whole of it.

    Example:
        >>> from mixcli.generators.mask_spec import sequence_of
        >>> mean_rows(sequence_of("causal:tokens=4"), 1, 2).tolist()
        [[0.5, 0.5, 0.0, 0.0]]
    """
    if not isinstance(tokens, MaskSequence):
        return mean_array(tokens)[lo:hi]
    times = Counter(map(tokens.like, range(tokens.depth)))
    if len(times) == 1:
        return tokens.layers[0].weights(lo, hi)
    out = np.zeros((hi - lo, tokens.tokens))
    for layer, count in times.items():
        out += count / tokens.depth * tokens.layers[layer].weights(lo, hi)
    return out


def mean_array(tokens: TokenGraph) -> NDArray[np.float64]:
    """(T, T) mean attention over the layers; attention is merged over its heads first. Rows sum to 1.

    Cost: L T² operations, two (T, T) arrays.

    Example:
        >>> from mixcli.generators.mask_spec import sequence_of
        >>> mean_array(sequence_of("window:1,tokens=2")).tolist()
        [[1.0, 0.0], [0.0, 1.0]]
    """
    times = Counter(map(tokens.like, range(tokens.depth)))
    out = np.zeros((tokens.tokens, tokens.tokens))
    for layer, count in times.items():
        out += count / tokens.depth * tokens.operator(layer)
    return out
