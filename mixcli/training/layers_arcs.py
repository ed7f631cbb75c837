"""Layers that weigh every arc by what its two ends hold: attention and gates.

Each keeps a row of values per arc. Over a fully adjacent layer of the variant "complete" the first form of GAT sorts
(see `complete_attention`), the others go through all pairs of each graph; of the variants "mean" and "sum" all arcs
count the same, so that the plain mean or sum takes the place of weights.

Values of several trials, (trials, rows, d), are taken for the duration of a layer as those of trials · rows rows: so
their arcs are numbered.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

from mixcli.training.block import Block, FullyAdjacent, SparseRows
from mixcli.training.complete_attention import attention_over_all, complete_arcs
from mixcli.training.layers import glorot
from mixcli.training.node_attention import softmax_by_receiver

__all__ = ["SLOPE", "GATLayer", "GATv2Layer", "GatedGCNLayer"]

SLOPE = 0.2
"""Of LeakyReLU below zero."""

GUARD = 1e-6
"""Added to the sum of the gates that normalised gates are divided by."""

Mixer = Block | FullyAdjacent


class GATLayer(nn.Module):
    """Σ_j α_ij W x_j + b with α_ij = softmax_j LeakyReLU(a·W x_i + c·W x_j) over j = i and the senders of i.

    An arc of weight w counts as w parallel arcs: α_ij ∝ w exp(…).

    Args:
        inputs: width of x.
        outputs: width of the result; with `join` a multiple of `heads`.
        heads: attention heads.
        join: whether the heads stand side by side, each outputs/heads wide; else each is as wide as the result, which
            is their mean.
        generator: draws the initial weights.

    Source: Veličković et al., ICLR 2018, equations 3 to 6.
    """

    def __init__(self, inputs: int, outputs: int, heads: int, join: bool, generator: Generator) -> None:
        super().__init__()
        self.heads, self.join = heads, join
        width = outputs // heads if join else outputs
        self.weight = glorot(generator, inputs, heads * width)
        self.receive = glorot(generator, heads, width)
        self.send = glorot(generator, heads, width)
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor | SparseRows, mix: Mixer) -> Tensor:
        flat = x @ self.weight
        if isinstance(mix, FullyAdjacent) and mix.variant != "complete":
            return _together(_by_head(mix.gcn(flat), self.heads), self.join) + self.bias
        h = _by_head(flat, self.heads)
        receive, send = (_rows((h * _by_trial(part)).sum(-1), 1) for part in (self.receive, self.send))
        h = _rows(h, 2)
        if isinstance(mix, FullyAdjacent):
            heard = _together(attention_over_all(receive, send, h, mix.block, SLOPE), self.join)
            return heard.view(*flat.shape[:-1], -1) + self.bias
        receiver, sender, weight = _arcs_and_loops(mix)
        logits = functional.leaky_relu(receive[receiver] + send[sender], SLOPE)
        heard = _together(_attend(logits, h, receiver, sender, weight), self.join)
        return heard.view(*flat.shape[:-1], -1) + self.bias


class GATv2Layer(nn.Module):
    """Σ_j α_ij W x_j + b with α_ij = softmax_j a·LeakyReLU(V x_i + W x_j) over j = i and the senders of i.

    Args:
        inputs, outputs, heads, join, generator: as for `GATLayer`.

    Source: Brody, Alon & Yahav, ICLR 2022, equation 7, with V and W apart.
    """

    def __init__(self, inputs: int, outputs: int, heads: int, join: bool, generator: Generator) -> None:
        super().__init__()
        self.heads, self.join = heads, join
        width = outputs // heads if join else outputs
        self.weight = glorot(generator, inputs, heads * width)
        self.receive = glorot(generator, inputs, heads * width)
        self.attention = glorot(generator, heads, width)
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor | SparseRows, mix: Mixer) -> Tensor:
        flat = x @ self.weight
        if isinstance(mix, FullyAdjacent) and mix.variant != "complete":
            return _together(_by_head(mix.gcn(flat), self.heads), self.join) + self.bias
        h, own = (_rows(_by_head(part, self.heads), 2) for part in (flat, x @ self.receive))
        receiver, sender, weight = _arcs_and_loops(mix)
        attention = self.attention
        if attention.dim() == 3:  # that of the trial that the receiver belongs to
            attention = _rows(attention[:, None].expand(-1, flat.shape[1], -1, -1), 2)[receiver]
        logits = (functional.leaky_relu(own[receiver] + h[sender], SLOPE) * attention).sum(-1)
        heard = _together(_attend(logits, h, receiver, sender, weight), self.join)
        return heard.view(*flat.shape[:-1], -1) + self.bias


class GatedGCNLayer(nn.Module):
    """X U + Σ_j η_ij ⊙ (W x_j) + b over the senders j of i, with gates η_ij = σ(A x_i + B x_j + c).

    Normalised gates are divided by Σ_j η_ij + 1e-6. An arc of weight w counts as w parallel arcs.

    Args:
        inputs: width of x.
        outputs: width of the result.
        normalised: whether the gates of a node sum to 1.
        generator: draws the initial weights.

    Source: Bresson & Laurent, arXiv 1711.07553, 2017, equation 11; normalised gates: Dwivedi et al., JMLR 2023.
    """

    def __init__(self, inputs: int, outputs: int, normalised: bool, generator: Generator) -> None:
        super().__init__()
        self.normalised = normalised
        four = [glorot(generator, inputs, outputs) for _ in range(4)]
        self.weight = nn.Parameter(torch.cat([part.detach() for part in four], dim=1))
        self.gate_bias = nn.Parameter(torch.zeros(outputs))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor | SparseRows, mix: Mixer) -> Tensor:
        own, value, receive, send = (x @ self.weight).chunk(4, dim=-1)
        if isinstance(mix, FullyAdjacent) and mix.variant != "complete":
            return own + mix.gcn(value) + self.bias
        receiver, sender, weight = _arcs(mix)
        value, receive, send = (_rows(part, 1) for part in (value, receive + self.gate_bias, send))
        gate = torch.sigmoid(receive[receiver] + send[sender])
        if weight is not None:
            gate = gate * weight[:, None]
        heard = torch.zeros_like(value).index_add(0, receiver, gate * value[sender])
        if self.normalised:
            heard = heard / (torch.zeros_like(value).index_add(0, receiver, gate) + GUARD)
        return own + heard.view(own.shape) + self.bias


def _arcs(mix: Mixer) -> tuple[Tensor, Tensor, Tensor | None]:
    """Receivers, senders and weights of all arcs; of all pairs of different nodes in a fully adjacent layer."""
    if isinstance(mix, Block):
        return mix.matrices[0].entries
    receiver, sender = complete_arcs(mix.block)
    apart = receiver != sender
    return receiver[apart], sender[apart], None


def _arcs_and_loops(mix: Mixer) -> tuple[Tensor, Tensor, Tensor | None]:
    """The same with an arc of weight 1 from every node to itself."""
    if isinstance(mix, FullyAdjacent):
        return *complete_arcs(mix.block), None
    return mix.looped


def _attend(logits: Tensor, h: Tensor, receiver: Tensor, sender: Tensor, weight: Tensor | None) -> Tensor:
    """(rows, heads, d) the means that the logits weigh."""
    share = softmax_by_receiver(logits, receiver, len(h), weight)
    return torch.zeros_like(h).index_add(0, receiver, share[:, :, None] * h[sender])


def _by_head(h: Tensor, heads: int) -> Tensor:
    return h.view(*h.shape[:-1], heads, -1)


def _rows(h: Tensor, own: int) -> Tensor:
    """The rows of all trials below each other; `own` axes are those of a row."""
    return h.flatten(0, -1 - own)


def _by_trial(weight: Tensor) -> Tensor:
    """(heads, d), or (trials, 1, heads, d), which multiplies values by row."""
    return weight if weight.dim() == 2 else weight[:, None]


def _together(h: Tensor, join: bool) -> Tensor:
    """Out of (…, heads, d) the heads side by side, or their mean."""
    return h.flatten(-2) if join else h.mean(dim=-2)
