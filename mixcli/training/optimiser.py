"""Adam over one flat vector, and the learning rate that drops when the training loss stalls.

Equal to torch.optim.Adam and ReduceLROnPlateau. Written out because importing torch's optimisers takes seconds in every
worker, and because six operations on one vector cost less than six on each of thirty small tensors.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor, nn

__all__ = ["Adam", "Plateau"]


class Adam:
    """m ← β₁m + (1-β₁)g, v ← β₂v + (1-β₂)g², w ← w - lr · m̂ / (√v̂ + ε), with g the gradient plus decay · w.

    Args:
        parameters: what to train; their storage becomes views of one vector.
        lr: step size.
        decay: weight decay of each parameter.

    Source: Kingma & Ba, ICLR 2015, algorithm 1.
    """

    betas, eps = (0.9, 0.999), 1e-8

    def __init__(self, parameters: Sequence[nn.Parameter], lr: float, decay: Sequence[float]) -> None:
        self.parameters, self.lr, self.steps = list(parameters), lr, 0
        self.flat = torch.cat([p.detach().reshape(-1) for p in self.parameters])
        for p, piece in zip(self.parameters, self.flat.split([p.numel() for p in self.parameters]), strict=True):
            p.data = piece.view(p.shape)
        self.first, self.second = torch.zeros_like(self.flat), torch.zeros_like(self.flat)
        per_entry = torch.cat([torch.full((p.numel(),), d) for p, d in zip(self.parameters, decay, strict=True)])
        self.decay = per_entry.to(self.flat) if any(decay) else None

    def step(self, loss: Tensor) -> None:
        """Change the parameters along the gradient of `loss`."""
        grads = torch.autograd.grad(loss, self.parameters, allow_unused=True, materialize_grads=True)
        self.steps += 1
        with torch.no_grad():
            g = torch.cat([x.reshape(-1) for x in grads])
            if self.decay is not None:
                g += self.decay * self.flat
            b1, b2 = self.betas
            self.first.lerp_(g, 1 - b1)
            self.second.mul_(b2).addcmul_(g, g, value=1 - b2)
            size = (self.second / (1 - b2**self.steps)).sqrt_().add_(self.eps)
            self.flat.addcdiv_(self.first, size, value=-self.lr / (1 - b1**self.steps))


class Rate(Protocol):
    """Whatever has a step size."""

    lr: float


class Plateau:
    """Multiplies the learning rate by `factor` after more than `patience` epochs without a better training loss.

    Args:
        adam: whose step size.
        factor: at each drop.
        patience: epochs to wait.
        threshold: relative improvement that counts.
    """

    def __init__(self, adam: Rate, factor: float = 0.1, patience: int = 10, threshold: float = 1e-4) -> None:
        self.adam, self.factor, self.patience, self.threshold = adam, factor, patience, threshold
        self.best, self.waited = math.inf, 0

    def step(self, loss: float) -> None:
        """Tell the training loss of an epoch."""
        if loss < self.best * (1 - self.threshold):
            self.best, self.waited = loss, 0
        else:
            self.waited += 1
        if self.waited > self.patience:
            self.adam.lr *= self.factor
            self.waited = 0
