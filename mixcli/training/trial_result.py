"""What one training gave, and how it is stored."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["CURVES", "TrialResult", "result_of"]

CURVES = ("train_loss", "val_loss", "val", "test")
"""Columns of a trial's curves, one row per epoch; the last two are the metric."""


@dataclass(frozen=True)
class TrialResult:
    """What one training gave.

    Args:
        best: test metric at the epoch with the best validation metric: the value that comparisons use.
        last: test metric after the last epoch.
        validation: best validation metric.
        best_epoch: epoch (from 1) at which it was reached.
        epochs: epochs trained.
        parameters: number of trained parameters.
        diverged: whether the loss became infinite or NaN, which ends a trial.
        train: seconds of training.
        evaluate: seconds of evaluation.
        curves: (epochs, 4) float32, columns `CURVES`.
        stack: trials that it was trained together with in one computation, itself included.
        probes: what probes of the trained network found, by spec.
        peak_memory: most bytes on a CUDA device at once, of a stack its share; None where it was not measured.
    """

    best: float
    last: float
    validation: float
    best_epoch: int
    epochs: int
    parameters: int
    diverged: bool
    train: float
    evaluate: float
    curves: NDArray[np.float32]
    stack: int = 1
    probes: Mapping[str, Any] = field(default_factory=dict)
    peak_memory: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Everything but the curves and probes, and a peak memory that was not measured."""
        aside = ("curves", "probes", *(("peak_memory",) if self.peak_memory is None else ()))
        return {k: v for k, v in vars(self).items() if k not in aside}

    def packed_curves(self) -> bytes:
        """The curves as `result_of` takes them: little-endian float32, compressed."""
        return zlib.compress(np.ascontiguousarray(self.curves, dtype="<f4").tobytes())


def result_of(text: str, blob: bytes) -> TrialResult:
    """A stored result.

    Args:
        text: JSON of `TrialResult.to_json`.
        blob: the packed curves.
    """
    curves = np.frombuffer(zlib.decompress(blob), dtype="<f4").astype(np.float32).reshape(-1, len(CURVES))
    return TrialResult(**json.loads(text), curves=curves)
