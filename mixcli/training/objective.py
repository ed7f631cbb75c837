"""What a training minimises, and what it is judged by."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["Classification", "MultiLabel", "Objective", "Regression", "average_precision"]


class Objective(ABC):
    """Loss and metric of the scores of some units."""

    @abstractmethod
    def loss(self, scores: Tensor, y: Tensor) -> Tensor:
        """Mean over the units, what is minimised."""

    @abstractmethod
    def total(self, scores: Tensor, y: Tensor) -> Tensor:
        """The metric times the number of units."""


class Classification(Objective):
    """Cross-entropy; accuracy."""

    def loss(self, scores: Tensor, y: Tensor) -> Tensor:
        """Of (units, classes) scores and (units,) classes."""
        return functional.cross_entropy(scores, y)

    def total(self, scores: Tensor, y: Tensor) -> Tensor:
        """Units whose highest score is that of their class."""
        return (scores.argmax(dim=1) == y).sum()


class MultiLabel(Objective):
    """Binary cross-entropy of each label; average precision, averaged over the labels that occur."""

    def loss(self, scores: Tensor, y: Tensor) -> Tensor:
        """Of (units, labels) scores and (units, labels) zeros and ones."""
        return functional.binary_cross_entropy_with_logits(scores, y)

    def total(self, scores: Tensor, y: Tensor) -> Tensor:
        """Average precision times the number of units."""
        return average_precision(scores, y) * len(y)


class Regression(Objective):
    """Mean absolute error, in training of targets scaled to mean 0 and deviation 1 over the training units.

    Args:
        mean: (targets,) over the training units.
        scale: (targets,) their standard deviation, 1 where it is 0.
    """

    def __init__(self, mean: Tensor, scale: Tensor) -> None:
        self.mean, self.scale = mean, scale

    def loss(self, scores: Tensor, y: Tensor) -> Tensor:
        """Of (units, targets) scaled predictions and (units, targets) values."""
        return (scores - (y - self.mean) / self.scale).abs().mean()

    def total(self, scores: Tensor, y: Tensor) -> Tensor:
        """Sum over the units of the error in the targets' own unit, averaged over targets."""
        error = (scores * self.scale + self.mean - y).abs().mean(dim=1).sum()
        return error.nan_to_num(nan=torch.finfo(error.dtype).max)  # of a training that diverged: worse than any other


def average_precision(scores: Tensor, y: Tensor) -> Tensor:
    """Mean over labels of Σ_k (R_k - R_{k-1}) P_k, equal scores counting as one threshold; 0 where no label occurs.

    Args:
        scores: (units, labels).
        y: (units, labels) zeros and ones.

    Example:
        >>> average_precision(torch.tensor([[3.0], [2.0], [1.0]]), torch.tensor([[1.0], [0.0], [1.0]])).item()
        0.8333333...
    """
    s = scores.T.contiguous()
    positive = y.T > 0
    above = len(y) - torch.searchsorted(s.sort(dim=1).values.contiguous(), s)  # units that score at least as much
    held = torch.where(positive, s, -torch.inf).sort(dim=1).values.contiguous()
    right = len(y) - torch.searchsorted(held, s)
    precision = torch.where(positive, right / above, 0.0).sum(dim=1)
    count = positive.sum(dim=1)
    return (precision / count.clamp(min=1)).sum() / (count > 0).sum().clamp(min=1)
