"""Representations of a network after each layer, whatever the network does between its layers."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from mixcli.training.block import Block, SparseRows

__all__ = ["dense", "layer_calls", "layer_states"]


def layer_calls(net: Any, x: Any, block: Block) -> tuple[list[tuple[Any, tuple[Any, ...]]], Tensor]:
    """(layer, what it was called with) in a row, and what the last one gave.

    Args:
        net: a network with a list `layers`, called one after the other; one that does not call them counts as a single
            layer.
        x: features by row.
        block: the batch.
    """
    calls: list[tuple[Any, tuple[Any, ...]]] = []
    given: list[Tensor] = []
    hooks = [layer.register_forward_pre_hook(lambda m, args: calls.append((m, args))) for layer in net.layers]
    hooks.append(net.layers[-1].register_forward_hook(lambda m, args, out: given.append(out)))
    try:
        out = net(x, block)
    finally:
        for hook in hooks:
            hook.remove()
    return (calls, given[-1]) if len(calls) == len(net.layers) else ([(net, (x, block))], out)


def layer_states(net: Any, x: Any, block: Block) -> list[Tensor]:
    """H_0 … H_L: what enters the first layer, and what each layer hands on after activation.

    Args:
        net, x, block: as for `layer_calls`.
    """
    calls, out = layer_calls(net, x, block)
    return [*(args[0] for _, args in calls), out]


def dense(x: Tensor | SparseRows) -> Tensor:
    """Features as a full matrix."""
    if isinstance(x, SparseRows):
        return torch.zeros(x.shape, device=x.value.device, dtype=x.value.dtype).index_put((x.row, x.column), x.value)
    return x
