"""Where networks are trained, and how many threads they get."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from mixcli.errors import UsageError
from mixcli.spec import nearest

__all__ = ["available", "one_thread", "pick", "synchronise"]

DEVICES = ("auto", "cpu", "cuda", "mps")


def pick(name: str = "auto") -> torch.device:
    """The device that a name stands for on this machine.

    `auto` is CUDA where there is a device and the processor otherwise: Apple's MPS has no sparse matrices, so it is
    used only on request.

    Args:
        name: "auto", "cpu", "cuda", "cuda:1", … or "mps".

    Raises:
        UsageError: no such name, or the machine has no such device.

    Example:
        >>> pick("cpu")
        device(type='cpu')
    """
    kind, _, number = name.strip().lower().partition(":")
    if kind not in DEVICES or (number and (kind != "cuda" or not number.isdigit())):
        fix = nearest(kind, DEVICES) or "use auto"
        raise UsageError("a device (auto, cpu, cuda, cuda:0 …, mps)", repr(name), fix, where="--device")
    found = torch.cuda.device_count() if kind in ("auto", "cuda") and torch.cuda.is_available() else 0
    if kind == "auto":
        return torch.device("cuda" if found else "cpu")
    if kind == "cuda" and int(number or 0) >= found:
        raise UsageError(f"a CUDA device for {name}", f"{found} of them", "use --device cpu", where="--device")
    if kind == "mps" and not torch.backends.mps.is_available():
        raise UsageError("an MPS device", "none on this machine", "use --device cpu", where="--device")
    return torch.device(name.strip().lower())


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
