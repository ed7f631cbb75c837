"""What a training minimises, and what it is judged by."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Self

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["Classification", "MultiLabel", "Objective", "Regression", "average_precision"]


class Objective(ABC):
    """Loss and metric of the scores of some units.

    Scores and targets of several trials have an axis of trials in front, and so have their losses and totals; what an
    objective then knows of the trials is put together by `together`.
    """

    @abstractmethod
    def loss(self, scores: Tensor, y: Tensor) -> Tensor:
        """Mean over the units, what is minimised."""

    @abstractmethod
    def total(self, scores: Tensor, y: Tensor) -> Tensor:
        """The metric times the number of units."""

    @classmethod
    def together(cls, each: Sequence[Self]) -> Self:
        """The objective of several trials, out of the objectives of each."""
        return each[0]

    def keep(self, trials: Tensor) -> None:
        """Go on with some of the trials only."""
        return None


class Classification(Objective):
    """Cross-entropy; accuracy."""

    def loss(self, scores: Tensor, y: Tensor) -> Tensor:
        """Of (units, classes) scores and (units,) classes."""
        if scores.dim() == 2:
            return functional.cross_entropy(scores, y)
        each = functional.cross_entropy(scores.flatten(0, 1), y.flatten(), reduction="none")
        return each.view(y.shape).mean(dim=1)

    def total(self, scores: Tensor, y: Tensor) -> Tensor:
        """Units whose highest score is that of their class."""
        return (scores.argmax(dim=-1) == y).sum(dim=-1)


class MultiLabel(Objective):
    """Binary cross-entropy of each label; average precision, averaged over the labels that occur."""

    def loss(self, scores: Tensor, y: Tensor) -> Tensor:
        """Of (units, labels) scores and (units, labels) zeros and ones."""
        if scores.dim() == 2:
            return functional.binary_cross_entropy_with_logits(scores, y)
        return functional.binary_cross_entropy_with_logits(scores, y, reduction="none").mean(dim=(1, 2))

    def total(self, scores: Tensor, y: Tensor) -> Tensor:
        """Average precision times the number of units."""
        return average_precision(scores, y) * y.shape[-2]


class Regression(Objective):
    """Mean absolute error, in training of targets scaled to mean 0 and deviation 1 over the training units.

    Args:
        mean: (targets,) over the training units; (trials, 1, targets) of several trials.
        scale: their standard deviation, 1 where it is 0.
    """

    def __init__(self, mean: Tensor, scale: Tensor) -> None:
        self.mean, self.scale = mean, scale

    def loss(self, scores: Tensor, y: Tensor) -> Tensor:
        """Of (units, targets) scaled predictions and (units, targets) values."""
        error = (scores - (y - self.mean) / self.scale).abs()
        return error.mean() if scores.dim() == 2 else error.mean(dim=(1, 2))

    def total(self, scores: Tensor, y: Tensor) -> Tensor:
        """Sum over the units of the error in the targets' own unit, averaged over targets."""
        error = (scores * self.scale + self.mean - y).abs().mean(dim=-1).sum(dim=-1)
        return error.nan_to_num(nan=torch.finfo(error.dtype).max)  # of a training that diverged: worse than any other

    @classmethod
    def together(cls, each: Sequence[Self]) -> Self:
        """Each trial with the scale of its own training units."""
        return cls(torch.stack([o.mean for o in each])[:, None], torch.stack([o.scale for o in each])[:, None])

    def keep(self, trials: Tensor) -> None:
        """Go on with some of the trials only."""
        self.mean, self.scale = self.mean[trials], self.scale[trials]


def average_precision(scores: Tensor, y: Tensor) -> Tensor:
    """Mean over labels of Σ_k (R_k - R_{k-1}) P_k, equal scores counting as one threshold; 0 where no label occurs.

    Args:
        scores: (units, labels), or (trials, units, labels).
        y: as large, zeros and ones.

    Example:
        >>> average_precision(torch.tensor([[3.0], [2.0], [1.0]]), torch.tensor([[1.0], [0.0], [1.0]])).item()
        0.8333333...
    """
    s = scores.transpose(-1, -2).contiguous()
    positive, units = y.transpose(-1, -2) > 0, y.shape[-2]
    above = units - torch.searchsorted(s.sort(dim=-1).values.contiguous(), s)  # units that score at least as much
    held = torch.where(positive, s, -torch.inf).sort(dim=-1).values.contiguous()
    right = units - torch.searchsorted(held, s)
    precision = torch.where(positive, right / above, 0.0).sum(dim=-1)
    count = positive.sum(dim=-1)
    return (precision / count.clamp(min=1)).sum(dim=-1) / (count > 0).sum(dim=-1).clamp(min=1)
