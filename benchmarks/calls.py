"""How many operators torch calls: on an accelerator each is a launch, which a small batch waits for."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from mixcli.training.engine import run_trial
from mixcli.training.stacked.fit import run_stack
from mixcli.training.stacked.job import StackJob

__all__ = ["Calls", "calls_alone", "calls_stacked"]


class Calls(TorchDispatchMode):
    """Counts the operators that are called while it is entered, forward and backward, but for views of what is there.

    Example:
        >>> with Calls() as calls:
        ...     _ = (torch.ones(2, 3).T + 1).sum()
        >>> calls.count
        3
    """

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        aliases = [r.alias_info for r in func._schema.returns]
        self.count += not any(a is not None and not a.is_write for a in aliases)
        return func(*args, **(kwargs or {}))


def calls_alone(job: StackJob, device: torch.device) -> int:
    """Calls of an epoch of one trial by itself, evaluation included."""

    def train(jobs: Sequence[StackJob]) -> None:
        (j,) = jobs
        run_trial(
            j.task, j.topology, j.model, j.protocol, seed=j.seed, trial=j.trial, relations=j.relations, device=device
        )

    return _of_an_epoch(train, [job])


def calls_stacked(jobs: Sequence[StackJob], device: torch.device) -> int:
    """Calls of an epoch of trials in one computation, evaluation included."""
    return _of_an_epoch(lambda some: run_stack(some, device), jobs)


def _of_an_epoch(train: Callable[[Sequence[StackJob]], Any], jobs: Sequence[StackJob]) -> int:
    """Calls of two epochs less those of one."""
    found = []
    for epochs in (1, 2):
        changed = [dataclasses.replace(j, protocol=j.protocol.changed({"epochs": epochs, "patience": 0})) for j in jobs]
        with Calls() as calls:
            train(changed)
        found.append(calls.count)
    return found[1] - found[0]
