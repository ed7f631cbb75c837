"""The chain that walks over tokens take: one layer chosen anew at every step, which is the mean of the layers."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from mixcli.numerics.token_operators import Operators
from mixcli.sequence import MaskSequence, TokenGraph

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.context import Context

__all__ = ["mean_array", "mean_chain", "mean_rows"]


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


def mean_chain(tokens: TokenGraph, context: Context) -> NDArray[np.float64]:
    """`mean_array`, made once, of layers that other measures have read already.

    Example:
        >>> from mixcli.context import Context
        >>> from mixcli.generators.mask_spec import sequence_of
        >>> mean_chain(sequence_of("window:1,tokens=2"), Context()).tolist()
        [[1.0, 0.0], [0.0, 1.0]]
    """
    if isinstance(tokens, MaskSequence):
        return context.once(mean_array, tokens)
    return context.once(mean_array, tokens, context.once(Operators, tokens))


def mean_array(tokens: TokenGraph, operators: Operators | None = None) -> NDArray[np.float64]:
    """(T, T) mean attention over the layers; attention is merged over its heads first. Rows sum to 1.

    Args:
        tokens: the mask sequence or attention.
        operators: its layers, where they are held already.

    Cost: L T² operations, two (T, T) arrays.

    Example:
        >>> from mixcli.generators.mask_spec import sequence_of
        >>> mean_array(sequence_of("window:1,tokens=2")).tolist()
        [[1.0, 0.0], [0.0, 1.0]]
    """
    times = Counter(map(tokens.like, range(tokens.depth)))
    out = np.zeros((tokens.tokens, tokens.tokens))
    for layer, count in times.items():
        out += count / tokens.depth * (operators.matrix(layer) if operators else tokens.operator(layer))
    return out
