"""The same layers as torch_geometric's own modules: the reference path, `gcn:layers_of=pyg`.

Each module starts from the weights that our layer drew, so a trial on this path sees what the same trial on ours sees
and differs by rounding only. It is slower (messages per arc, no sparse features) and has no fully adjacent last layer.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.nn import GATConv, GATv2Conv, GCNConv, GINConv, ResGatedGraphConv, RGCNConv, SAGEConv

from mixcli.errors import NotApplicable
from mixcli.training.batch_norm import batch_norm
from mixcli.training.block import Block, FullyAdjacent, SparseRows
from mixcli.training.layers import GCNLayer, GINLayer, RGCNLayer
from mixcli.training.layers_arcs import SLOPE, GatedGCNLayer, GATLayer, GATv2Layer
from mixcli.training.layers_plain import LinearLayer, RGINLayer, SAGELayer

__all__ = ["PyGLayer"]


class PyGLayer(nn.Module):
    """A torch_geometric convolution in the place of one of our layers.

    Args:
        layer: the layer whose weights it takes over; left as it is.

    Example:
        >>> layer = GCNLayer(3, 2, torch.Generator().manual_seed(0))
        >>> PyGLayer(layer).convolution
        GCNConv(3, 2)
    """

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):  # the modules draw weights of their own, which are thrown away
            self.convolution = _convolution(layer)

    def forward(self, x: Tensor | SparseRows, mix: Block | FullyAdjacent) -> Tensor:
        if isinstance(mix, FullyAdjacent):
            found = "a fully adjacent last layer"
            raise NotApplicable("arcs in every layer for layers_of=pyg", found, "use layers_of=mixcli")
        if isinstance(x, SparseRows):
            x = torch.zeros(x.shape, device=x.value.device).index_put((x.row, x.column), x.value)
        for module in self.convolution.modules():
            if isinstance(module, _RealBatchNorm):
                module.real = mix.real
        index, weight, kind = _arcs(mix)
        if isinstance(self.convolution, GCNConv):
            return self.convolution(x, index, weight)
        if weight is not None:
            found = "edge weights"
            raise NotApplicable(f"an unweighted graph for {self.convolution}", found, "pass --unweighted")
        relational = isinstance(self.convolution, (RGCNConv, _RGIN))
        return self.convolution(x, index, kind) if relational else self.convolution(x, index)


class _RealBatchNorm(nn.BatchNorm1d):
    """torch's batch normalisation, but for a batch with virtual nodes, which its statistics leave out."""

    real: Tensor | None = None

    def forward(self, h: Tensor) -> Tensor:
        if self.real is None:
            return super().forward(h)
        parts = self.running_mean, self.running_var, self.weight, self.bias
        return batch_norm(h, self.real, *parts, self.training)


class _RGIN(nn.Module):
    """A linear map and one GINConv per relation, summed."""

    def __init__(self, layer: RGINLayer) -> None:
        super().__init__()
        self.root = _linear(layer.root, layer.bias)
        self.relations = nn.ModuleList([_convolution(one) for one in layer.relations])

    def forward(self, x: Tensor, index: Tensor, kind: Tensor) -> Tensor:
        heard = [one(x, index[:, kind == r]) for r, one in enumerate(self.relations)]
        return self.root(x) + torch.stack(heard).sum(dim=0)


class _Alone(nn.Module):
    """A linear map in the place of a convolution."""

    def __init__(self, layer: LinearLayer) -> None:
        super().__init__()
        self.linear = _linear(layer.weight, layer.bias)

    def forward(self, x: Tensor, index: Tensor) -> Tensor:
        return self.linear(x)


def _arcs(block: Block) -> tuple[Tensor, Tensor | None, Tensor]:
    """(2, k) senders and receivers, (k,) weights or None, (k,) relations."""
    tables = [m.entries for m in block.matrices]
    index = torch.cat([torch.stack([sender, receiver]) for receiver, sender, _ in tables], dim=1)
    kind = torch.cat([torch.full_like(receiver, r) for r, (receiver, _, _) in enumerate(tables)])
    weights = [w for _, _, w in tables if w is not None]
    return index, torch.cat(weights) if weights else None, kind


def _convolution(layer: nn.Module) -> Any:
    makers = {
        GCNLayer: _gcn, GINLayer: _gin, RGCNLayer: _rgcn, SAGELayer: _sage, GATLayer: _gat, GATv2Layer: _gatv2,
        GatedGCNLayer: _gated, RGINLayer: _RGIN, LinearLayer: _Alone,
    }  # fmt: skip
    make = makers.get(type(layer))
    if make is None or (isinstance(layer, GatedGCNLayer) and layer.normalised):
        raise NotApplicable("a layer that torch_geometric has too", type(layer).__name__, "use layers_of=mixcli")
    return make(layer)


def _gcn(layer: GCNLayer) -> GCNConv:
    gcn = GCNConv(*layer.weight.shape)
    gcn.lin.weight, gcn.bias = _copy(layer.weight.T), _copy(layer.bias)
    return gcn


def _rgcn(layer: RGCNLayer) -> RGCNConv:
    relations, inputs, outputs = layer.weight.shape
    rgcn = RGCNConv(inputs, outputs, relations)
    rgcn.weight, rgcn.root, rgcn.bias = _copy(layer.weight), _copy(layer.root), _copy(layer.bias)
    return rgcn


def _gin(layer: GINLayer) -> GINConv:
    inputs, outputs = layer.first.shape
    first, second = nn.Linear(inputs, outputs, bias=False), nn.Linear(outputs, outputs)
    gin = GINConv(nn.Sequential(first, _RealBatchNorm(outputs), nn.ReLU(), second))  # draws weights of its own
    first.weight, second.weight, second.bias = _copy(layer.first.T), _copy(layer.second.T), _copy(layer.bias)
    return gin


def _sage(layer: SAGELayer) -> SAGEConv:
    sage = SAGEConv(*layer.weight.shape)
    sage.lin_l.weight, sage.lin_r.weight = _copy(layer.weight.T), _copy(layer.root.T)
    sage.lin_l.bias = _copy(layer.bias)
    return sage


def _gat(layer: GATLayer) -> GATConv:
    heads, width = layer.send.shape
    gat = GATConv(len(layer.weight), width, heads, concat=layer.join, negative_slope=SLOPE)
    gat.lin.weight, gat.bias = _copy(layer.weight.T), _copy(layer.bias)
    gat.att_src, gat.att_dst = _copy(layer.send[None]), _copy(layer.receive[None])
    return gat


def _gatv2(layer: GATv2Layer) -> GATv2Conv:
    heads, width = layer.attention.shape
    gat = GATv2Conv(len(layer.weight), width, heads, concat=layer.join, negative_slope=SLOPE)
    gat.lin_l.weight, gat.lin_r.weight, gat.bias = _copy(layer.weight.T), _copy(layer.receive.T), _copy(layer.bias)
    gat.lin_l.bias = gat.lin_r.bias = None
    gat.att = _copy(layer.attention[None])
    return gat


def _gated(layer: GatedGCNLayer) -> ResGatedGraphConv:
    inputs, outputs = len(layer.weight), len(layer.bias)
    gated = ResGatedGraphConv(inputs, outputs)
    parts = [_copy(part.T) for part in layer.weight.detach().chunk(4, dim=1)]
    gated.lin_skip.weight, gated.lin_value.weight, gated.lin_key.weight, gated.lin_query.weight = parts
    gated.lin_key.bias, gated.bias = _copy(layer.gate_bias), _copy(layer.bias)
    gated.lin_query.bias = gated.lin_value.bias = None
    return gated


def _linear(weight: Tensor, bias: Tensor) -> nn.Linear:
    made = nn.Linear(*weight.shape)
    made.weight, made.bias = _copy(weight.T), _copy(bias)
    return made


def _copy(values: Tensor) -> nn.Parameter:
    return nn.Parameter(values.detach().clone().contiguous())
