"""The same attention over the nodes of graphs: over all pairs of a graph (dense), or over its arcs alone (sparse).

One set of weights serves both, and over the complete graph both give the same numbers: a transformer layer is message
passing on the complete graph.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from mixcli.training.attention import MultiHeadAttention

__all__ = ["over_all_pairs", "over_arcs", "over_pairs_of_graphs", "softmax_by_receiver"]


def over_all_pairs(attention: MultiHeadAttention, x: Tensor, mask: Tensor | None = None) -> Tensor:
    """(n, d) attention of n nodes over all pairs, or those of an (n, n) mask: O(n² d).

    Args:
        attention: the weights.
        x: (n, d).
        mask: True where node i hears node j.
    """
    return attention(x[None], mask)[0]


def over_arcs(attention: MultiHeadAttention, x: Tensor, receiver: Tensor, sender: Tensor) -> Tensor:
    """(n, d) the same attention where a node hears along arcs only: O((n + arcs) d).

    A node without incoming arcs hears nothing, and gets the bias of the output alone.

    Args:
        attention: the weights.
        x: (n, d).
        receiver: (arcs,) node that hears.
        sender: (arcs,) node that is heard; each arc at most once.
    """
    q, k, v = (part.transpose(0, 1) for part in attention.split(x))  # (n, H, d_h)
    logits = (q[receiver] * k[sender]).sum(-1) / math.sqrt(q.shape[-1])  # (arcs, H)
    weights = softmax_by_receiver(logits, receiver, len(x))
    heard = torch.zeros_like(v).index_add(0, receiver, weights[:, :, None] * v[sender])
    return attention.join(heard.transpose(0, 1))


def over_pairs_of_graphs(attention: MultiHeadAttention, x: Tensor, graph: Tensor, place: Tensor, most: int) -> Tensor:
    """(n, d) attention over all pairs of nodes of the same graph, graphs padded to the largest: O(graphs · most² d).

    Args:
        attention: the weights.
        x: (n, d).
        graph: (n,) which graph a node belongs to, from 0 without gaps.
        place: (n,) number of the node within its graph.
        most: nodes of the largest graph.
    """
    count = int(graph[-1]) + 1 if len(graph) else 0
    padded = x.new_zeros(count, most, x.shape[1]).index_put((graph, place), x)
    there = torch.zeros(count, most, dtype=torch.bool, device=x.device)
    there[graph, place] = True
    q, k, v = attention.split(padded)
    mask = None if bool(there.all()) else there[:, None, None, :]
    heard = attention.join(functional.scaled_dot_product_attention(q, k, v, attn_mask=mask))
    return heard[graph, place]


def softmax_by_receiver(logits: Tensor, receiver: Tensor, n: int, weight: Tensor | None = None) -> Tensor:
    """(arcs, H) w exp(logit) over its sum among the arcs of the same receiver, without overflow.

    Args:
        logits: (arcs, H).
        receiver: (arcs,) node that hears.
        n: nodes.
        weight: (arcs,) w, an arc counting as so many; None for ones.
    """
    index = receiver[:, None].expand_as(logits)
    top = torch.full((n, logits.shape[1]), -math.inf, dtype=logits.dtype, device=logits.device)
    top = top.scatter_reduce(0, index, logits.detach(), "amax")
    grown = (logits - top[receiver]).exp()
    if weight is not None:
        grown = grown * weight[:, None]
    total = torch.zeros_like(top).index_add(0, receiver, grown)
    return grown / total[receiver]
