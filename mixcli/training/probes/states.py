"""Representations of a network after each layer, whatever the network does between its layers."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from mixcli.training.block import Block, SparseRows

__all__ = ["dense", "layer_inputs", "layer_states"]


def layer_inputs(net: Any, x: Any, block: Block) -> list[tuple[Any, ...]]:
    """What each layer was called with, and last what the last layer gave, as tuples.

    Args:
        net: a network with a list `layers`, called one after the other.
        x: features by row.
        block: the batch.
    """
    taken: list[tuple[Any, ...]] = []
    hooks = [layer.register_forward_pre_hook(lambda _, args: taken.append(args)) for layer in net.layers]
    hooks.append(net.layers[-1].register_forward_hook(lambda _, args, out: taken.append((out,))))
    try:
        net(x, block)
    finally:
        for hook in hooks:
            hook.remove()
    return taken


def layer_states(net: Any, x: Any, block: Block) -> list[Tensor]:
    """H_0 … H_L: what enters the first layer, and what each layer hands on after activation.

    Args:
        net, x, block: as for `layer_inputs`.
    """
    return [args[0] for args in layer_inputs(net, x, block)]


def dense(x: Tensor | SparseRows) -> Tensor:
    """Features as a full matrix."""
    if isinstance(x, SparseRows):
        return torch.zeros(x.shape, device=x.value.device, dtype=x.value.dtype).index_put((x.row, x.column), x.value)
    return x
