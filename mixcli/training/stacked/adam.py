"""Adam for many trials at once, each with a step size and a weight decay of its own."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from mixcli.training.optimiser import Adam

__all__ = ["StackedAdam"]


class StackedAdam:
    """`optimiser.Adam` by row: parameters, gradients and moments are (trials, numbers) matrices.

    Args:
        parameters: (trials, …) each; their storage becomes columns of one matrix.
        decay: (trials,) weight decay.
        decayed: which parameters it applies to.

    Source: Kingma & Ba, ICLR 2015, algorithm 1.
    """

    def __init__(self, parameters: Sequence[nn.Parameter], decay: Tensor, decayed: Sequence[bool]) -> None:
        self.steps = 0
        flat = torch.cat([p.detach().flatten(1) for p in parameters], dim=1)
        self.first, self.second = torch.zeros_like(flat), torch.zeros_like(flat)
        each = [torch.full_like(p[0].detach().flatten(), float(d)) for p, d in zip(parameters, decayed, strict=True)]
        self.decayed = torch.cat(each) if bool((decay > 0).any()) and any(decayed) else None
        self.decay = decay.to(flat)[:, None]
        self.hold(parameters, flat)

    def hold(self, parameters: Sequence[nn.Parameter], flat: Tensor) -> None:
        """Make the parameters columns of a matrix."""
        self.parameters, self.flat = list(parameters), flat
        widths = [p[0].numel() for p in self.parameters]
        for p, piece in zip(self.parameters, flat.split(widths, dim=1), strict=True):
            p.data = piece.view(p.shape)

    def keep(self, trials: Tensor, parameters: Sequence[nn.Parameter]) -> None:
        """Go on with some of the trials only, whose parameters are given."""
        self.first, self.second, self.decay = self.first[trials], self.second[trials], self.decay[trials]
        self.hold(parameters, self.flat[trials])

    def step(self, loss: Tensor, rates: Tensor) -> None:
        """Change the parameters along the gradient of the sum of the trials' losses.

        Args:
            loss: that sum.
            rates: (trials, 1) step sizes; a trial with 0 stays as it is.
        """
        grads = torch.autograd.grad(loss, self.parameters, allow_unused=True, materialize_grads=True)
        self.steps += 1
        with torch.no_grad():
            g = torch.cat([x.flatten(1) for x in grads], dim=1)
            if self.decayed is not None:
                g += self.decay * self.decayed * self.flat
            b1, b2 = Adam.betas
            self.first.lerp_(g, 1 - b1)
            self.second.mul_(b2).addcmul_(g, g, value=1 - b2)
            size = (self.second / (1 - b2**self.steps)).sqrt_().add_(Adam.eps)
            move = (self.first * (rates / (1 - b1**self.steps))).div_(size)
            self.flat -= torch.where(rates > 0, move, torch.zeros_like(move))
