"""A network: layers with ReLU and dropout between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from mixcli.training.block import Block, SparseRows

__all__ = ["Network"]


class Network(nn.Module):
    """Layers in a row: ReLU after each but the last, dropout before each but (by default) the first.

    With norms and residuals a layer between the first and the last is x + ReLU(norm(layer(x))); the first one has no
    residual, since it changes the width, and the last one neither norm nor residual.

    Args:
        layers: the layers, the last one giving class scores per node.
        drop_input: whether the input features are dropped out as well.
        norms: one for each layer but the last; none at all for no norms.
        residual: whether a layer between the first and the last adds its input to its output.
    """

    def __init__(
        self,
        layers: Sequence[nn.Module],
        drop_input: bool = False,
        *,
        norms: Sequence[nn.Module] = (),
        residual: bool = False,
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.drop_input = drop_input
        self.norms = nn.ModuleList(norms)
        self.residual = residual

    def forward(
        self,
        x: Tensor | SparseRows,
        block: Block,
        drop: Callable[[Tensor | SparseRows], Tensor | SparseRows] | None = None,
    ) -> Tensor:
        """(rows, classes) scores.

        Args:
            x: (rows, features).
            block: the batch.
            drop: the trial's dropout while training, None otherwise.
        """
        last = len(self.layers) - 1
        for i, layer in enumerate(self.layers):
            if drop is not None and (i or self.drop_input):
                x = drop(x)
            h = layer(x, block.at(i + 1, last + 1))
            if i < last:
                if self.norms:
                    h = self.norms[i](h, block.real)
                h = torch.relu(h)
                if self.residual and i:
                    h = x + h
            x = h
        return x

    def parameter_count(self) -> int:
        """Trained numbers."""
        return sum(p.numel() for p in self.parameters())
