"""A small decoder with random weights and no positions: what a mask does to a text before anything is learned."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["RandomDecoder"]

WIDTH, HEADS, SYMBOLS = 48, 4, 8


class RandomDecoder:
    """Pre-norm blocks x ← x + Attention(LN(x)), x ← x + W₂ GELU(W₁ LN(x)), and a last norm; no position enters.

    Embeddings are standard normal, linear maps and their biases uniform on ±1/√inputs, as networks start out.

    Args:
        layers: number of blocks.
        rng: draws the weights.

    Example:
        >>> found = RandomDecoder(2, np.random.default_rng(0))
        >>> found.last(np.array([1, 1, 2]), [np.tri(3, dtype=bool)] * 2).shape
        (48,)
    """

    def __init__(self, layers: int, rng: np.random.Generator) -> None:
        self.symbols = rng.normal(size=(SYMBOLS, WIDTH))
        shapes = ((WIDTH, 3 * WIDTH), (WIDTH, WIDTH), (WIDTH, 4 * WIDTH), (4 * WIDTH, WIDTH))
        self.blocks = [[_linear(rng, *shape) for shape in shapes] for _ in range(layers)]

    def last(self, text: NDArray[np.int64], masks: Sequence[NDArray[np.bool_]]) -> NDArray[np.float64]:
        """(48,) representation of the last token.

        Args:
            text: (T,) symbols below 8.
            masks: (T, T) of each layer, True where query i may read key j.

        Cost: O(L T²).
        """
        x = self.symbols[text]
        for (qkv, out, wide, narrow), mask in zip(self.blocks, masks, strict=True):
            x = x + _apply(out, _attention(_apply(qkv, _norm(x)), mask))
            x = x + _apply(narrow, _gelu(_apply(wide, _norm(x))))
        found: NDArray[np.float64] = _norm(x[-1])
        return found


def _linear(rng: np.random.Generator, inputs: int, outputs: int) -> tuple[NDArray[Any], NDArray[Any]]:
    bound = 1 / math.sqrt(inputs)
    return rng.uniform(-bound, bound, (inputs, outputs)), rng.uniform(-bound, bound, outputs)


def _apply(linear: tuple[NDArray[Any], NDArray[Any]], x: NDArray[Any]) -> NDArray[Any]:
    weight, bias = linear
    return x @ weight + bias


def _norm(x: NDArray[Any]) -> NDArray[Any]:
    centred = x - x.mean(axis=-1, keepdims=True)
    return np.asarray(centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5))


def _gelu(x: NDArray[Any]) -> NDArray[Any]:
    from scipy.special import erf

    return np.asarray(0.5 * x * (1 + erf(x / math.sqrt(2))))


def _attention(qkv: NDArray[Any], mask: NDArray[np.bool_]) -> NDArray[Any]:
    """(T, d) the heads' outputs side by side, a head at a time."""
    size = WIDTH // HEADS
    q, k, v = qkv[:, :WIDTH], qkv[:, WIDTH : 2 * WIDTH], qkv[:, 2 * WIDTH :]
    out = np.empty_like(q)
    for head in range(HEADS):
        own = slice(head * size, (head + 1) * size)
        logits = np.where(mask, q[:, own] @ k[:, own].T / math.sqrt(size), -np.inf)
        weights = np.exp(logits - logits.max(axis=1, keepdims=True))
        out[:, own] = weights / weights.sum(axis=1, keepdims=True) @ v[:, own]
    return out
