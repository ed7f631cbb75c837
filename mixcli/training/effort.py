"""What training took beside time: memory, epochs, parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mixcli.training.trial_result import TrialResult

__all__ = ["PeakMemory", "effort", "unmeasured"]


class PeakMemory:
    """The most bytes that tensors take on a CUDA device at once, beyond those that were there to begin with.

    It counts what torch's allocator has handed out (`torch.cuda.max_memory_allocated`), not what it keeps in reserve,
    nor the driver's own. There is nothing like it elsewhere: on a processor only the high-water mark of the whole
    process is known, in which torch itself, the data and every earlier trial stand too.

    Args:
        device: where the computation is, "cpu", "cuda", "cuda:1" or "mps".

    Example:
        >>> PeakMemory("cpu").bytes is None
        True
    """

    def __init__(self, device: str) -> None:
        self._device = device if device.startswith("cuda") else ""
        if self._device:
            import torch

            torch.cuda.reset_peak_memory_stats(self._device)
            self._before = torch.cuda.memory_allocated(self._device)

    @property
    def bytes(self) -> int | None:
        """Up to now; None elsewhere than on a CUDA device."""
        if not self._device:
            return None
        import torch

        return max(0, int(torch.cuda.max_memory_allocated(self._device)) - self._before)


def unmeasured(device: str) -> str:
    """Why a trial has no peak memory.

    Args:
        device: kind of device it was trained on.

    Example:
        >>> unmeasured("cpu")
        'not measured on cpu: the memory of a process is not that of one trial'
    """
    if device.startswith("cuda"):
        return "not measured by the version that trained"
    return f"not measured on {device}: the memory of a process is not that of one trial"


def effort(results: Sequence[TrialResult], device: str) -> dict[str, Any]:
    """What the trials of an arm took, JSON-ready.

    Args:
        results: of the trials.
        device: kind of device they were trained on.

    Returns:
        `parameters`; `epochs_to_best`, the mean epoch with the best validation metric; `peak_memory` in bytes, the most
        of any trial, of a stack its share, with a reason where it is None.
    """
    peaks = [r.peak_memory for r in results if r.peak_memory is not None]
    out: dict[str, Any] = {
        "parameters": max((r.parameters for r in results), default=None),
        "epochs_to_best": float(np.mean([r.best_epoch for r in results])) if results else None,
        "peak_memory": max(peaks, default=None),
    }
    return out if peaks else {**out, "peak_memory_reason": unmeasured(device)}
