"""Attention made for tests: softmax of random scores behind a mask, as eager attention computes it."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mixcli.sequence import Attention
from mixcli.sources import load_sequence

LAYERS, HEADS, TOKENS = 3, 2, 8


def scores(layers: int = LAYERS, batch: int = 1, heads: int = HEADS, tokens: int = TOKENS, seed: int = 0) -> Any:
    """(L, B, H, T, T) float32 scores."""
    drawn = np.random.default_rng(seed).normal(size=(layers, batch, heads, tokens, tokens))
    return torch.tensor(drawn, dtype=torch.float32)


def lower(tokens: int = TOKENS) -> Any:
    """(T, T) True where causal attention reads."""
    return torch.ones(tokens, tokens, dtype=torch.bool).tril()


def causal(layers: int = LAYERS, batch: int = 1, heads: int = HEADS, tokens: int = TOKENS, seed: int = 0) -> Any:
    """(L, B, H, T, T) causal attention."""
    hidden = ~lower(tokens)
    return scores(layers, batch, heads, tokens, seed).masked_fill(hidden, -torch.inf).softmax(-1)


def masked(mask: NDArray[np.bool_], layers: int = LAYERS, heads: int = HEADS, seed: int = 0) -> Any:
    """(L, 1, H, T, T) attention behind any mask."""
    drawn = scores(layers, 1, heads, len(mask), seed)
    return drawn.masked_fill(~torch.tensor(mask), -torch.inf).softmax(-1)


def save(path: Path, weights: Any, **rest: Any) -> Path:
    """A `.pt` file with a tuple of layers, or a dict where there is more."""
    layers = tuple(weights)
    torch.save({"attentions": layers, **rest} if rest else layers, path)
    return path


A = causal()


def loaded(path: Path, **options: Any) -> Attention:
    """What is read of a file, which must be attention."""
    found = load_sequence(path, **options)
    assert isinstance(found, Attention)
    return found


def same(found: Attention, weights: Any = A[:, 0], within: float = 1e-6) -> None:
    """Check that all heads are there, with these weights, in rows that sum to 1."""
    assert found.store.heads == (weights.shape[1],) * len(weights)
    for layer, head, values in found.each():
        assert np.abs(values - weights[layer, head].float().numpy()).max() < within
        assert np.abs(values.sum(axis=1, dtype=np.float64) - 1).max() < 1e-6


def numbered(pattern: str, weights: Any = A) -> dict[str, Any]:
    """The layers under names with their numbers."""
    return {pattern.format(layer): part.contiguous() for layer, part in enumerate(weights)}
