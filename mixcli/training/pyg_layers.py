"""The same layers as torch_geometric's own modules: the reference path, `gcn:layers_of=pyg`.

Each module starts from the weights that our layer drew, so a trial on this path sees what the same trial on ours sees
and differs by rounding only. It is slower (messages per arc, no sparse features) and has no fully adjacent last layer.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.nn import GCNConv, GINConv, RGCNConv

from mixcli.errors import NotApplicable
from mixcli.training.batch_norm import batch_norm
from mixcli.training.block import Block, FullyAdjacent, SparseRows
from mixcli.training.layers import GCNLayer, GINLayer, RGCNLayer

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
        return (
            self.convolution(x, index, kind) if isinstance(self.convolution, RGCNConv) else self.convolution(x, index)
        )


class _RealBatchNorm(nn.BatchNorm1d):
    """torch's batch normalisation, but for a batch with virtual nodes, which its statistics leave out."""

    real: Tensor | None = None

    def forward(self, h: Tensor) -> Tensor:
        if self.real is None:
            return super().forward(h)
        parts = self.running_mean, self.running_var, self.weight, self.bias
        return batch_norm(h, self.real, *parts, self.training)


def _arcs(block: Block) -> tuple[Tensor, Tensor | None, Tensor]:
    """(2, k) senders and receivers, (k,) weights or None, (k,) relations."""
    tables = [m.entries for m in block.matrices]
    index = torch.cat([torch.stack([sender, receiver]) for receiver, sender, _ in tables], dim=1)
    kind = torch.cat([torch.full_like(receiver, r) for r, (receiver, _, _) in enumerate(tables)])
    weights = [w for _, _, w in tables if w is not None]
    return index, torch.cat(weights) if weights else None, kind


def _convolution(layer: nn.Module) -> Any:
    if isinstance(layer, GCNLayer):
        gcn = GCNConv(*layer.weight.shape)
        gcn.lin.weight, gcn.bias = _copy(layer.weight.T), _copy(layer.bias)
        return gcn
    if isinstance(layer, RGCNLayer):
        relations, inputs, outputs = layer.weight.shape
        rgcn = RGCNConv(inputs, outputs, relations)
        rgcn.weight, rgcn.root, rgcn.bias = _copy(layer.weight), _copy(layer.root), _copy(layer.bias)
        return rgcn
    if isinstance(layer, GINLayer):
        inputs, outputs = layer.first.shape
        first, second = nn.Linear(inputs, outputs, bias=False), nn.Linear(outputs, outputs)
        gin = GINConv(nn.Sequential(first, _RealBatchNorm(outputs), nn.ReLU(), second))  # draws weights of its own
        first.weight, second.weight, second.bias = _copy(layer.first.T), _copy(layer.second.T), _copy(layer.bias)
        return gin
    raise NotApplicable("a layer that torch_geometric has too", type(layer).__name__, "use layers_of=mixcli")


def _copy(values: Tensor) -> nn.Parameter:
    return nn.Parameter(values.detach().clone().contiguous())
