"""A small decoder: pre-norm transformer blocks, each over its layer's mask."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

from mixcli.sequence import PAUSE, REAL, SINK
from mixcli.training.attention import MultiHeadAttention, feed_forward_width, linear
from mixcli.training.mask_topology import MaskTopology

__all__ = ["DecoderBlock", "DecoderNetwork", "Masks", "SequenceBatch"]

SCALE = 0.02
"""Standard deviation of initial position codes."""


class Masks:
    """The masks of an arm as tensors: what a decoder mixes over.

    Args:
        topology: the arm's masks.
        device: where to put them.
    """

    def __init__(self, topology: MaskTopology, device: torch.device) -> None:
        made = [torch.from_numpy(mask.copy()).to(device) for mask in topology.masks]
        self.layers = [made[k] for k in topology.used]
        self.read_out = topology.read_out
        roles = torch.from_numpy(topology.roles.astype("int64")).to(device)
        self.roles = roles
        self.place = torch.zeros_like(roles)
        for role in (REAL, SINK, PAUSE):  # each role counts its own tokens from 0
            self.place[roles == role] = torch.arange(int((roles == role).sum()), device=device)


class DecoderBlock(nn.Module):
    """x ← x + Attention(LN(x)), x ← x + W₂ GELU(W₁ LN(x))."""

    def __init__(self, width: int, heads: int, generator: Generator) -> None:
        super().__init__()
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = MultiHeadAttention(width, heads, generator)
        self.wide, self.wide_bias = linear(generator, width, feed_forward_width * width)
        self.narrow, self.narrow_bias = linear(generator, feed_forward_width * width, width)

    def forward(
        self, x: Tensor, mask: Tensor, drop: Callable[[Tensor], Tensor] | None = None, query: int | None = None
    ) -> Tensor:
        """(B, T, d), or (B, 1, d) where one query alone is wanted."""
        h = self.attention(self.before(x), mask, query)
        x = x if query is None else x[:, query : query + 1]
        x = x + (h if drop is None else drop(h))
        h = functional.gelu(self.between(x) @ self.wide + self.wide_bias) @ self.narrow + self.narrow_bias
        return x + (h if drop is None else drop(h))


class DecoderNetwork(nn.Module):
    """Token and position embeddings, blocks, and class scores at the read-out.

    Positions of real tokens are learned; sinks and pauses have an embedding of their role and a fixed sinusoidal code
    of their place among their like, so that arms with and without them have the same parameters.

    Args:
        symbols: kinds of token that the text has.
        tokens: real tokens at most.
        classes: scores to give.
        width: of the model.
        heads: of each block.
        depth: number of blocks.
        generator: draws the initial weights.
        positions: whether tokens know their place.
    """

    def __init__(
        self, symbols: int, tokens: int, classes: int, *, width: int, heads: int, depth: int, generator: Generator,
        positions: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.symbols = nn.Parameter(torch.randn(symbols, width, generator=generator))
        self.roles = nn.Parameter(torch.randn(2, width, generator=generator))
        drawn = torch.randn(tokens, width, generator=generator) * SCALE
        self.positions = nn.Parameter(drawn) if positions else None
        self.layers = nn.ModuleList([DecoderBlock(width, heads, generator) for _ in range(depth)])
        self.norm = nn.LayerNorm(width)
        self.head, self.head_bias = linear(generator, width, classes)

    def embed(self, x: Tensor, masks: Masks) -> Tensor:
        """(B, T, d) of (B, T) symbols; what stands at a sink or a pause does not matter."""
        real = masks.roles == REAL
        h = self.symbols[x]
        if not bool(real.all()):
            own = self.roles[(masks.roles - SINK).clamp(min=0)] + _code(masks.place, h.shape[-1])
            h = torch.where(real[:, None], h, own)
        if self.positions is not None:
            place = torch.where(real, masks.place, torch.zeros_like(masks.place))
            h = h + self.positions[place] * real[:, None]
        return h

    def states(self, x: Tensor, masks: Masks) -> list[Tensor]:
        """Hidden states (B, T, d): the embedding, then what each block gives."""
        found = [self.embed(x, masks)]
        for block, mask in zip(self.layers, masks.layers, strict=True):
            found.append(block(found[-1], mask))
        return found

    def attention(self, x: Tensor, masks: Masks) -> list[Tensor]:
        """Attention weights (B, H, T, T) of each block."""
        states = self.states(x, masks)
        pairs = zip(self.layers, states, masks.layers, strict=False)
        return [block.attention.weights(block.before(h), mask) for block, h, mask in pairs]

    def forward(self, x: Tensor, masks: Masks, drop: Callable[[Tensor], Tensor] | None = None) -> Tensor:
        """(B, classes) scores at the read-out."""
        h, last = self.embed(x, masks), len(self.layers) - 1
        for k, (block, mask) in enumerate(zip(self.layers, masks.layers, strict=True)):
            h = block(h, mask, drop, masks.read_out if k == last else None)  # no other output is looked at
        return self.norm(h[:, 0]) @ self.head + self.head_bias

    def parameter_count(self) -> int:
        """Trained numbers."""
        return sum(p.numel() for p in self.parameters())


@dataclass(frozen=True)
class SequenceBatch:
    """Some sequences: `x` (B, T) symbols, `block` what they are mixed over, `y` (B,) classes."""

    x: Tensor
    block: Masks
    y: Tensor

    def scores(self, h: Tensor) -> Tensor:
        """The network scores whole sequences already."""
        return h


def _code(place: Tensor, width: int) -> Tensor:
    """(T, width) sinusoidal code of a place, with the spread of an initial position code."""
    rates = torch.exp(torch.arange(0, width, 2, device=place.device) * (-math.log(1e4) / width))
    angle = place[:, None] * rates
    return (torch.cat([angle.sin(), angle.cos()], dim=1)[:, :width]) * (SCALE * math.sqrt(2))
