"""Simplified graph convolution: neighbourhood averages, then one linear map."""

from __future__ import annotations

from collections.abc import Callable

from torch import Generator, Tensor, nn

from mixcli.training.block import Block, SparseRows
from mixcli.training.layers import through
from mixcli.training.layers_plain import LinearLayer

__all__ = ["SGCNetwork"]


class SGCNetwork(nn.Module):
    """S_K … S_1 X W + b with S_k = D̃^-½ (A + I) D̃^-½ over the arcs of step k.

    Args:
        inputs: features of a node.
        classes: scores to give.
        steps: K; the layer plan's last layer is the last step.
        generator: draws the initial weights.

    Source: Wu et al., ICML 2019, equation 8.
    """

    def __init__(self, inputs: int, classes: int, steps: int, generator: Generator) -> None:
        super().__init__()
        self.steps = steps
        self.linear = LinearLayer(inputs, classes, generator)
        self.layers = nn.ModuleList([self.linear])

    def forward(
        self,
        x: Tensor | SparseRows,
        block: Block,
        drop: Callable[[Tensor | SparseRows], Tensor | SparseRows] | None = None,
    ) -> Tensor:
        """(rows, classes) scores."""

        def mixed(h: Tensor) -> Tensor:
            for step in range(self.steps):
                h = block.at(step + 1, self.steps).gcn(h)
            return h

        return through(mixed, x if drop is None else drop(x), self.linear.weight) + self.linear.bias

    def parameter_count(self) -> int:
        """Trained numbers."""
        return sum(p.numel() for p in self.parameters())
