"""Layers without attention: the node alone, the mean over neighbours, one perceptron per relation."""

from __future__ import annotations

import torch
from torch import Generator, Tensor, nn

from mixcli.training.attention import linear
from mixcli.training.block import Block, FullyAdjacent, SparseRows
from mixcli.training.layers import GINLayer, glorot, through

__all__ = ["LinearLayer", "RGINLayer", "SAGELayer", "neighbour_mean"]

Mixer = Block | FullyAdjacent


class LinearLayer(nn.Module):
    """X W + b: a node hears nobody, whatever the graph and the layer plan."""

    def __init__(self, inputs: int, outputs: int, generator: Generator) -> None:
        super().__init__()
        self.weight, self.bias = linear(generator, inputs, outputs)

    def forward(self, x: Tensor | SparseRows, mix: Mixer) -> Tensor:
        return x @ self.weight + self.bias


class SAGELayer(nn.Module):
    """X W₀ + mean(X) W₁ + b: Hamilton et al. (2017), algorithm 1 with the mean, without scaling rows to length 1."""

    def __init__(self, inputs: int, outputs: int, generator: Generator) -> None:
        super().__init__()
        self.root = glorot(generator, inputs, outputs)
        self.weight = glorot(generator, inputs, outputs)
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor | SparseRows, mix: Mixer) -> Tensor:
        return x @ self.root + through(lambda h: neighbour_mean(mix, h), x, self.weight) + self.bias


class RGINLayer(nn.Module):
    """X W₀ + b₀ + Σ_r GIN_r(X), each relation with a perceptron of its own on x + Σ over its senders.

    A relation without arcs gives its perceptron of x alone. Over a fully adjacent layer the relation after those of the
    arcs hears the whole graph.
    """

    def __init__(self, inputs: int, outputs: int, relations: int, generator: Generator) -> None:
        super().__init__()
        self.root, self.bias = linear(generator, inputs, outputs)
        self.relations = nn.ModuleList([GINLayer(inputs, outputs, generator) for _ in range(relations)])

    def forward(self, x: Tensor | SparseRows, mix: Mixer) -> Tensor:
        h = x @ self.root + self.bias
        for number, layer in enumerate(self.relations):
            h = h + layer(x, _OneRelation(mix, number))
        return h


class _OneRelation:
    """What a GIN hears over one relation."""

    def __init__(self, mix: Mixer, number: int) -> None:
        self.mix, self.number, self.real = mix, number, mix.real

    def gin(self, h: Tensor) -> Tensor:
        block = self.mix.block if isinstance(self.mix, FullyAdjacent) else self.mix
        if self.number < block.relations:
            return block.matrices[self.number] @ h + h
        if isinstance(self.mix, FullyAdjacent) and self.number == block.relations:
            return self.mix.gin(h)
        return h


def neighbour_mean(mix: Mixer, h: Tensor) -> Tensor:
    """Mean over the senders, or over the whole graph in a fully adjacent layer; 0 where a node has none."""
    return mix.mean(h, mix.relations - 1)
