"""A network: layers with ReLU and dropout between them, and the dropout masks of one trial."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Generator, Tensor, nn

from mixcli.training.block import Block, SparseRows

__all__ = ["Dropout", "Network"]

STEPS = 2**16


class Dropout:
    """Inverted dropout whose masks come from a generator of the trial's own.

    A mask takes 16 random bits per entry, four entries to one draw; the probability is rounded to a multiple of 2⁻¹⁶
    and the gain 1/(1 - p) uses the rounded value, so the expectation is exact.

    Args:
        p: probability of dropping an entry, in [0, 1).
        generator: on the device of the values.
    """

    def __init__(self, p: float, generator: Generator) -> None:
        self.threshold = round(p * STEPS)
        self.gain = 1 / (1 - self.threshold / STEPS)
        self.generator = generator

    def __call__(self, x: Tensor | SparseRows) -> Tensor | SparseRows:
        """x with entries dropped; of sparse features only the stored entries, the others are zero anyway."""
        if not self.threshold:
            return x
        if isinstance(x, SparseRows):
            return x.replace(x.value * self._mask(x.value))
        return x * self._mask(x)

    def _mask(self, x: Tensor) -> Tensor:
        draws = torch.empty((x.numel() + 3) // 4, dtype=torch.int64, device=x.device)
        draws.random_(-(2**63), None, generator=self.generator)
        bits = draws.view(torch.int16)[: x.numel()].view(x.shape)
        return (bits >= self.threshold - STEPS // 2).to(x.dtype) * self.gain


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
