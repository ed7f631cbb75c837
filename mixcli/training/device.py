"""Devices that networks are trained on, and how many threads they get."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

__all__ = ["available", "one_thread", "synchronise"]


def available() -> list[str]:
    """The devices of this machine, the processor first.

    Example:
        >>> available()[0]
        'cpu'
    """
    cuda = range(torch.cuda.device_count() if torch.cuda.is_available() else 0)
    named = [f"cuda:{i} ({torch.cuda.get_device_name(i)})" for i in cuda]
    return ["cpu", *named, *["mps"] * torch.backends.mps.is_available()]


def synchronise(device: Any) -> None:
    """Wait for the device's queue, so that a clock read next is right."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


@contextmanager
def one_thread() -> Iterator[None]:
    """Run with one torch thread: sums are then always taken in the same order, and one process fills one core."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
