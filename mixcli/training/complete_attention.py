"""Attention over all nodes of each graph: by sorting where logits are a LeakyReLU of a sum, else over all pairs."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from mixcli.training.block import Block

__all__ = ["attention_over_all", "complete_arcs"]


def complete_arcs(block: Block) -> tuple[Tensor, Tensor]:
    """(k,) receivers and (k,) senders of all pairs of a row and a node of its graph, itself among them.

    Virtual nodes receive and do not send.

    Cost: Σ over graphs of rows × nodes.
    """
    rows = torch.arange(len(block.graph), device=block.graph.device)
    nodes = rows if block.sends is None else rows[block.sends]
    count = block.size[block.graph]
    receiver = rows.repeat_interleave(count)
    first = (block.size.cumsum(0) - block.size)[block.graph] - (count.cumsum(0) - count)
    return receiver, nodes[first[receiver] + torch.arange(len(receiver), device=rows.device)]


def attention_over_all(receive: Tensor, send: Tensor, value: Tensor, block: Block, slope: float) -> Tensor:
    """(rows, heads, d) of Σ_j softmax_j(LeakyReLU(r_i + s_j)) v_j over the nodes j of i's graph, without n² pairs.

    The exponential of LeakyReLU is a product of a factor of i and one of j on either side of its kink: e^(r + s) for
    s ≥ -r, e^(slope (r + s)) below. With the senders of a graph sorted by s, sums over either side are running sums.

    Args:
        receive: (rows, heads) r.
        send: (rows, heads) s.
        value: (rows, heads, d) v.
        block: which rows belong to a graph, and which of them send.
        slope: of LeakyReLU below zero, in (0, 1).

    Cost: O(n (log n + d)) a head, graphs padded to the largest.

    Source: ours.
    """
    graph, rows = block.graph, torch.arange(len(send), device=send.device)
    if block.sends is not None:
        send = torch.where(block.sends[:, None], send, -math.inf)
    if block.filled is not None:  # the others would make the last graph of a trial look large
        graph, rows = graph[block.filled], block.filled
        receive, send, value = receive[rows], send[rows], value[rows]
    place = rows - block.offset[graph]
    shape = len(block.offset), int(place.max()) + 1, send.shape[1]
    where = graph, place
    r = receive.new_zeros(shape).index_put(where, receive)
    s = send.new_full(shape, -math.inf).index_put(where, send)
    v = value.new_zeros(*shape, value.shape[2]).index_put(where, value)
    s, order = s.sort(dim=1)
    v = v.gather(1, order[..., None].expand_as(v))
    top = s[:, -1:].detach()
    with_one = torch.cat([v, torch.ones_like(v[..., :1])], dim=-1)  # the last column sums up the weights themselves
    above = _from_here((s - top).exp()[..., None] * with_one)
    below = _up_to_here((slope * (s - top)).exp()[..., None] * with_one)
    kink = torch.searchsorted(s.detach().transpose(1, 2).contiguous(), -r.detach().transpose(1, 2).contiguous())
    at = kink.transpose(1, 2)[..., None].expand(*shape, with_one.shape[-1])
    greatest = functional.leaky_relu(r + top, slope).detach()
    total = (r + top - greatest).exp()[..., None] * above.gather(1, at)
    total = total + (slope * (r + top) - greatest).exp()[..., None] * below.gather(1, at)
    heard = (total[..., :-1] / total[..., -1:])[where]
    if block.filled is None:
        return heard
    return heard.new_zeros(len(block.graph), *heard.shape[1:]).index_copy(0, rows, heard)


def _up_to_here(x: Tensor) -> Tensor:
    """Sums of the first 0, 1, …, k of k terms."""
    return functional.pad(x.cumsum(dim=1), (0, 0, 0, 0, 1, 0))


def _from_here(x: Tensor) -> Tensor:
    """Sums of all but the first 0, 1, …, k of k terms; not by subtraction, which would cancel."""
    return functional.pad(x.flip(1).cumsum(dim=1).flip(1), (0, 0, 0, 0, 0, 1))
