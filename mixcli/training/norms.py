"""Normalisation between layers: over the rows of a batch, or over the channels of a row."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from mixcli.training.batch_norm import EPSILON, batch_norm

__all__ = ["Norm"]


class Norm(nn.Module):
    """(h - mean) / √(var + 1e-5) · scale + shift.

    Args:
        kind: "batch", channel by channel over the nodes of a batch, virtual ones left out of the statistics; or
            "layer", row by row over its channels.
        width: channels.

    Source: Ioffe & Szegedy, ICML 2015; Ba, Kiros & Hinton, arXiv 1607.06450, 2016.
    """

    def __init__(self, kind: str, width: int) -> None:
        super().__init__()
        self.kind = kind
        self.scale = nn.Parameter(torch.ones(width))
        self.shift = nn.Parameter(torch.zeros(width))
        if kind == "batch":
            self.register_buffer("running_mean", torch.zeros(width))
            self.register_buffer("running_var", torch.ones(width))

    def forward(self, h: Tensor, real: Tensor | None) -> Tensor:
        """(rows, width), or (trials, rows, width), where scale and shift have an axis of trials in front.

        Args:
            h: what is to be normalised.
            real: (rows,) False for virtual nodes; None where there are none. Of several trials (trials, rows, 1).
        """
        if self.kind == "layer" and h.dim() == 2:
            return functional.layer_norm(h, h.shape[1:], self.scale, self.shift, EPSILON)
        if self.kind == "layer":
            return functional.layer_norm(h, h.shape[-1:], eps=EPSILON) * self.scale + self.shift
        running = self.running_mean, self.running_var
        return batch_norm(h, real, *running, self.scale, self.shift, self.training)
