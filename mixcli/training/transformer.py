"""A graph transformer: pre-norm blocks whose attention runs over all pairs of nodes, or over edges only."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

from mixcli.training.attention import MultiHeadAttention, feed_forward_width, linear
from mixcli.training.block import Block, FullyAdjacent, SparseRows
from mixcli.training.node_attention import over_arcs, over_pairs_of_graphs

__all__ = ["TransformerBlock", "TransformerNetwork"]

Drop = Callable[[Tensor], Tensor]


class TransformerBlock(nn.Module):
    """x ← x + Attention(LN(x)), x ← x + W₂ GELU(W₁ LN(x)).

    Args:
        width: of the model.
        heads: of the attention.
        complete: whether a node hears all nodes of its graph, not only its neighbours and itself.
        generator: draws the initial weights.
    """

    def __init__(self, width: int, heads: int, complete: bool, generator: Generator) -> None:
        super().__init__()
        self.complete = complete
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = MultiHeadAttention(width, heads, generator)
        self.wide, self.wide_bias = linear(generator, width, feed_forward_width * width)
        self.narrow, self.narrow_bias = linear(generator, feed_forward_width * width, width)

    def forward(self, x: Tensor, mix: Block | FullyAdjacent, drop: Drop | None = None) -> Tensor:
        """(rows, d)."""
        h = self._heard(self.before(x), mix)
        x = x + (h if drop is None else drop(h))
        h = functional.gelu(self.between(x) @ self.wide + self.wide_bias) @ self.narrow + self.narrow_bias
        return x + (h if drop is None else drop(h))

    def _heard(self, x: Tensor, mix: Block | FullyAdjacent) -> Tensor:
        if isinstance(mix, Block) and not self.complete:
            row, column, _ = mix.matrices[0].entries
            loops = torch.arange(len(x), device=x.device)
            return over_arcs(self.attention, x, torch.cat([row, loops]), torch.cat([column, loops]))
        block = mix if isinstance(mix, Block) else mix.block
        place = torch.arange(len(x), device=x.device) - block.offset[block.graph]
        return over_pairs_of_graphs(self.attention, x, block.graph, place, int(place.max()) + 1)


class TransformerNetwork(nn.Module):
    """A map of the features, blocks, a norm and class scores per node.

    Args:
        inputs: features of a node.
        classes: scores to give.
        width: of the model.
        heads: of each block.
        depth: number of blocks.
        complete: see `TransformerBlock`.
        generator: draws the initial weights.
    """

    def __init__(
        self, inputs: int, classes: int, *, width: int, heads: int, depth: int, complete: bool, generator: Generator
    ) -> None:
        super().__init__()
        self.first, self.first_bias = linear(generator, inputs, width)
        blocks = [TransformerBlock(width, heads, complete, generator) for _ in range(depth)]
        self.layers = nn.ModuleList(blocks)
        self.norm = nn.LayerNorm(width)
        self.head, self.head_bias = linear(generator, width, classes)

    def forward(self, x: Tensor | SparseRows, block: Block, drop: Drop | None = None) -> Tensor:
        """(rows, classes) scores."""
        h, depth = x @ self.first + self.first_bias, len(self.layers)
        for k, layer in enumerate(self.layers):
            h = layer(h, block.at(k + 1, depth), drop)
        return self.norm(h) @ self.head + self.head_bias

    def parameter_count(self) -> int:
        """Trained numbers."""
        return sum(p.numel() for p in self.parameters())
