"""The course of one trial: its metrics by epoch, the best of them, and when it has gone on long enough."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from mixcli.training.protocol import Protocol
from mixcli.training.trial_result import TrialResult

__all__ = ["Course"]


@dataclass
class Course:
    """What a trial has reached so far.

    Args:
        protocol: says when to stop.
        sign: 1 where a higher metric is better, -1 where a lower one is.

    Example:
        >>> course = Course(Protocol(patience=1))
        >>> [course.add(1.0, 0.9, 0.5, 0.4), course.add(0.9, 0.8, 0.5, 0.6), course.ended]
        [True, True, False]
        >>> course.add(0.8, 0.8, 0.5, 0.7), course.ended, course.result(10).best
        (False, True, 0.6)
    """

    protocol: Protocol
    sign: float = 1.0
    curves: list[tuple[float, float, float, float]] = field(default_factory=list)
    best: tuple[float, float] = (-math.inf, -math.inf)
    best_epoch: int = 0
    seconds: dict[str, float] = field(default_factory=lambda: {"train": 0.0, "evaluate": 0.0})
    _seen_epoch: int = 0
    _goal: float = 0.0

    def add(self, loss: float, val_loss: float, accuracy: float, test: float) -> bool:
        """Take down an epoch; whether it is the best by validation, ties going to the lower validation loss.

        Losses are compared to six digits: what is behind them is the rounding of sums, which is another in a stack.
        """
        self.curves.append((loss, val_loss, accuracy, test))
        reached = (self.sign * accuracy, -float(f"{val_loss:.6g}") if math.isfinite(val_loss) else -math.inf)
        if self.best_epoch and reached <= self.best:
            return False
        self.best, self.best_epoch = reached, len(self.curves)
        self._rise(self.sign * accuracy)
        return True

    def _rise(self, accuracy: float) -> None:
        """Note a best epoch that patience sees: each one, or those whose metric is above the last by the threshold."""
        if self.protocol.threshold == 1 or not self._seen_epoch or accuracy > self._goal:
            self._seen_epoch, self._goal = len(self.curves), accuracy * self.protocol.threshold**self.sign

    @property
    def diverged(self) -> bool:
        """Whether the training loss became infinite or NaN."""
        return bool(self.curves) and not math.isfinite(self.curves[-1][0])

    @property
    def ended(self) -> bool:
        """Whether the last best epoch that counts lies `patience` epochs back, or nothing is to be hoped for."""
        patience = self.protocol.patience
        stale = patience > 0 and len(self.curves) - self._seen_epoch >= patience
        return stale or self.diverged or len(self.curves) >= self.protocol.epochs

    def result(self, parameters: int, stack: int = 1) -> TrialResult:
        """What the trial gave.

        Args:
            parameters: of its network.
            stack: trials it was trained with, itself included.
        """
        best, last = self.curves[self.best_epoch - 1], self.curves[-1]
        return TrialResult(
            best=best[3], last=last[3], validation=best[2], best_epoch=self.best_epoch, epochs=len(self.curves),
            parameters=parameters, diverged=self.diverged, train=self.seconds["train"],
            evaluate=self.seconds["evaluate"], curves=np.array(self.curves, dtype=np.float32), stack=stack,
        )  # fmt: skip
