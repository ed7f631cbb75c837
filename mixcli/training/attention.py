"""Scaled dot-product attention with several heads, over any mask."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

__all__ = ["MultiHeadAttention", "feed_forward_width", "linear"]

feed_forward_width = 4
"""Width of the feed-forward layer of a transformer block, as a multiple of the model's."""


def linear(generator: Generator, inputs: int, outputs: int) -> tuple[nn.Parameter, nn.Parameter]:
    """Weight (inputs, outputs) and bias, uniform on ±1/√inputs."""
    bound = 1 / math.sqrt(inputs)
    weight = (torch.rand(inputs, outputs, generator=generator) * 2 - 1) * bound
    return nn.Parameter(weight), nn.Parameter((torch.rand(outputs, generator=generator) * 2 - 1) * bound)


class MultiHeadAttention(nn.Module):
    """y_i = W_o [Σ_j A^h_ij v^h_j]_h with A^h_ij = softmax_j(q^h_i · k^h_j / √d_h) over the keys that i may read.

    Args:
        width: of the model; a multiple of `heads`.
        heads: number of heads.
        generator: draws the initial weights.

    Source: Vaswani et al., NeurIPS 2017, section 3.2.
    """

    def __init__(self, width: int, heads: int, generator: Generator) -> None:
        super().__init__()
        self.heads = heads
        self.qkv, self.qkv_bias = linear(generator, width, 3 * width)
        self.out, self.out_bias = linear(generator, width, width)

    def split(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(…, H, T, d_h) queries, keys and values of (…, T, d)."""
        *batch, tokens, width = x.shape
        parts = (x @ self.qkv + self.qkv_bias).view(*batch, tokens, 3, self.heads, width // self.heads)
        q, k, v = parts.unbind(-3)
        return q.transpose(-2, -3), k.transpose(-2, -3), v.transpose(-2, -3)

    def join(self, y: Tensor) -> Tensor:
        """(…, T, d) out of the heads' (…, H, T, d_h)."""
        return y.transpose(-2, -3).flatten(-2) @ self.out + self.out_bias

    def forward(self, x: Tensor, mask: Tensor | None = None, query: int | None = None) -> Tensor:
        """(…, T, d), or (…, 1, d) where one query alone is wanted.

        Args:
            x: (…, T, d).
            mask: (T, T) True where query i may read key j, or what is added to the logits; None for all.
            query: the token whose output is wanted; None for all.
        """
        q, k, v = self.split(x)
        if query is not None:
            q = q[..., query : query + 1, :]
            mask = None if mask is None else mask[query : query + 1]
        return self.join(functional.scaled_dot_product_attention(q, k, v, attn_mask=mask))

    def weights(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """(…, H, T, T) the attention weights A; rows sum to 1."""
        q, k, _ = self.split(x)
        logits = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
        if mask is not None:
            logits = logits.masked_fill(~mask, -math.inf) if mask.dtype == torch.bool else logits + mask
        return logits.softmax(dim=-1)
