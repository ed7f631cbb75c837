"""Batch normalisation in which virtual nodes have no say."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["batch_norm"]

MOMENTUM, EPSILON = 0.1, 1e-5


def batch_norm(
    h: Tensor,
    real: Tensor | None,
    running_mean: Tensor,
    running_var: Tensor,
    scale: Tensor,
    shift: Tensor,
    training: bool,
) -> Tensor:
    """(h - mean) / √(var + 1e-5) · scale + shift, column by column.

    In training, mean and variance are those of the real rows, and the running ones move a tenth of the way to them, to
    the unbiased variance that is; otherwise the running ones are used. A single row has no variance and is taken as in
    evaluation.

    Args:
        h: (rows, d), or (trials, rows, d), each trial by itself; then all but `real` have an axis of trials in front.
        real: (rows,) False for virtual nodes, which are shifted and scaled like the others; None where there are none.
            Of several trials (trials, rows, 1), never None.
        running_mean: (d,), or (trials, 1, d), changed in place in training.
        running_var: (d,), likewise.
        scale: (d,).
        shift: (d,).
        training: whether the batch's own statistics are used.
    """
    if h.dim() == 3:
        return _by_trial(h, real, running_mean, running_var, training) * scale + shift
    known = h if real is None else h[real]
    training = training and len(known) > 1
    if real is None or not training:
        return functional.batch_norm(h, running_mean, running_var, scale, shift, training)
    var, mean = torch.var_mean(known, dim=0, correction=0)
    with torch.no_grad():
        running_mean.lerp_(mean, MOMENTUM)
        running_var.lerp_(var * (len(known) / (len(known) - 1)), MOMENTUM)
    return (h - mean) * (var + EPSILON).rsqrt() * scale + shift


def _by_trial(h: Tensor, real: Tensor | None, running_mean: Tensor, running_var: Tensor, training: bool) -> Tensor:
    if not training or real is None:
        return (h - running_mean) * (running_var + EPSILON).rsqrt()
    count = real.sum(dim=1, keepdim=True)
    enough = count > 1
    mean = torch.where(enough, (h * real).sum(dim=1, keepdim=True) / count, running_mean)
    h = h - mean
    var = (h.square() * real).sum(dim=1, keepdim=True) / count
    with torch.no_grad():
        momentum = MOMENTUM * enough.to(h.dtype)
        running_mean.lerp_(mean, momentum)
        running_var.lerp_(var * (count / (count - 1).clamp(min=1)), momentum)
    return h * (torch.where(enough, var, running_var) + EPSILON).rsqrt()
