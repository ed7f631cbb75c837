"""The layers: parameters from an explicit generator, message passing left to the batch they are given.

Features are (rows, d); or (trials, rows, d) where each parameter has an axis of trials in front, (trials, inputs,
outputs) and (trials, 1, outputs), and the batch mixes for all of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Generator, Tensor, nn

from mixcli.training.batch_norm import batch_norm
from mixcli.training.block import Block, FullyAdjacent, SparseRows

__all__ = ["GCNLayer", "GINLayer", "RGCNLayer", "glorot", "through"]

Mixer = Block | FullyAdjacent


def glorot(generator: Generator, *shape: int) -> nn.Parameter:
    """Uniform on ±√(6 / (fan_in + fan_out)), fans being the last two axes."""
    return _uniform(generator, math.sqrt(6 / (shape[-2] + shape[-1])), shape)


def through(mix: Callable[[Tensor], Tensor], x: Tensor | SparseRows, weight: Tensor) -> Tensor:
    """mix(x) W = mix(x W), in the order that mixes fewer columns."""
    if not isinstance(x, Tensor) or weight.shape[-1] <= weight.shape[-2]:
        return mix(x @ weight)
    return mix(x) @ weight


def affine(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """x W + b."""
    return (torch.addmm if x.dim() == 2 else torch.baddbmm)(bias, x, weight)


class GCNLayer(nn.Module):
    """D̃^-½ (A + I) D̃^-½ X W + b: Kipf & Welling (2017), equation 2; edge weights enter A."""

    def __init__(self, inputs: int, outputs: int, generator: Generator) -> None:
        super().__init__()
        self.weight = glorot(generator, inputs, outputs)
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor | SparseRows, mix: Mixer) -> Tensor:
        return through(mix.gcn, x, self.weight) + self.bias


class GINLayer(nn.Module):
    """W₂ ReLU(BN(W₁ (x + A x))) + b₂: Xu et al. (2019), equation 4.1 with ε = 0 and a two-layer perceptron.

    The first map has no bias: batch normalisation would remove it. Its statistics are those of the nodes; virtual ones
    are shifted and scaled like the others.
    """

    def __init__(self, inputs: int, outputs: int, generator: Generator) -> None:
        super().__init__()
        self.first = _uniform(generator, 1 / math.sqrt(inputs), (inputs, outputs))
        self.scale = nn.Parameter(torch.ones(outputs))
        self.shift = nn.Parameter(torch.zeros(outputs))
        self.second = _uniform(generator, 1 / math.sqrt(outputs), (outputs, outputs))
        self.bias = _uniform(generator, 1 / math.sqrt(outputs), (outputs,))
        self.register_buffer("running_mean", torch.zeros(outputs))
        self.register_buffer("running_var", torch.ones(outputs))

    def forward(self, x: Tensor | SparseRows, mix: Mixer) -> Tensor:
        h = through(mix.gin, x, self.first)
        running = self.running_mean, self.running_var
        h = batch_norm(h, mix.real, *running, self.scale, self.shift, self.training)
        return affine(torch.relu(h), self.second, self.bias)


class RGCNLayer(nn.Module):
    """X W₀ + Σ_r mean_r(X) W_r + b: Schlichtkrull et al. (2018), equation 2, with the mean over each relation."""

    def __init__(self, inputs: int, outputs: int, relations: int, generator: Generator) -> None:
        super().__init__()
        self.root = glorot(generator, inputs, outputs)
        self.weight = glorot(generator, relations, inputs, outputs)
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor | SparseRows, mix: Mixer) -> Tensor:
        h = x @ self.root + self.bias
        for relation in range(min(mix.relations, self.weight.shape[-3])):
            h = h + through(partial(mix.mean, relation=relation), x, self.weight[..., relation, :, :])
        return h


def _uniform(generator: Generator, bound: float, shape: tuple[int, ...]) -> nn.Parameter:
    return nn.Parameter((torch.rand(*shape, generator=generator) * 2 - 1) * bound)
