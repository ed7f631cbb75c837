"""Mask sequences and attention for tests: random ones, and those whose figures are published."""

from collections.abc import Callable
from decimal import Decimal

import numpy as np
from hypothesis import strategies as st

from mixcli.sequence import Attention, Mask, MaskSequence


def agrees(value: float, printed: str) -> bool:
    """Whether a value rounds to what is printed, or is at most one off in the last place."""
    last = Decimal(printed).as_tuple().exponent
    return abs(value - float(printed)) <= 1.01 * 10.0 ** float(last)


def uniform(array: np.ndarray, layers: int = 1, **fields: object) -> MaskSequence:
    """The same mask in every layer."""
    return MaskSequence((Mask.of(array),) * layers, **fields)


def drawn_keys(tokens: int, k: int, seed: int) -> np.ndarray:
    """Every query reads itself, the key before it and k earlier ones drawn for it."""
    rng = np.random.default_rng(seed)
    mask = np.eye(tokens, dtype=bool) | np.eye(tokens, k=-1, dtype=bool)
    for i in range(1, tokens):
        mask[i, rng.choice(i, min(k, i), replace=False)] = True
    return mask


def blocks_of_bigbird(tokens: int, size: int, w: int, g: int, r: int, seed: int) -> np.ndarray:
    """Blocks read their neighbours, the first g, and r earlier ones drawn for them."""
    count = -(-tokens // size)
    q, k = np.indices((count, count))
    block = ((np.abs(q - k) <= w // 2) | (k < g) | (q < g)) & (k <= q)
    rng = np.random.default_rng(seed)
    for i in range(count):
        others = np.flatnonzero((k <= q)[i] & ~block[i])
        if len(others):
            block[i, rng.choice(others, min(r, len(others)), replace=False)] = True
    return np.kron(block, np.ones((size, size), dtype=bool))[:tokens, :tokens] & np.tri(tokens, dtype=bool)


@st.composite
def token_graphs(draw: Callable, max_tokens: int = 7, causal: bool | None = None) -> MaskSequence | Attention:
    """A few layers of random masks, uniform or weighted, or random attention with two heads; loops may be missing."""
    size = draw(st.integers(1, max_tokens))
    layers = draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    triangle = draw(st.booleans()) if causal is None else causal
    allowed = np.tri(size, dtype=bool) if triangle else np.ones((size, size), dtype=bool)
    share = draw(st.sampled_from([0.15, 0.4, 0.9]))
    masks = (rng.random((layers, size, size)) < share) & allowed
    blind = ~masks.any(axis=2)
    masks |= blind[:, :, None] & np.eye(size, dtype=bool)
    kind = draw(st.sampled_from(["alike", "differ", "weighted", "attention"]))
    place = draw(st.integers(0, size - 1))
    if kind == "attention":
        weights = rng.random((layers, 2, size, size)) * masks[:, None]
        return Attention.of(weights / weights.sum(axis=3, keepdims=True), read_out=place)
    if kind == "alike":
        return uniform(masks[0], layers, read_out=place)
    weight = rng.random((size, size)) + 0.1 if kind == "weighted" else None
    return MaskSequence(tuple(Mask.of(mask, weight) for mask in masks), read_out=place)
