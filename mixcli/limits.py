"""Predicted cost, and the refusal that names a way around it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from mixcli.errors import LimitExceeded, UsageError

__all__ = ["Limits", "parse_bytes", "thread_count"]

_UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}


@dataclass(frozen=True)
class Limits:
    """What one measure or rewiring may use.

    Args:
        memory: bytes of working memory; default half of what the machine has free.
        operations: elementary operations (about 10⁹ a second on one core); default a minute's worth.
    """

    memory: int = 0
    operations: float = 6e10

    def check(self, what: str, *, memory: float = 0, operations: float = 0, instead: str) -> None:
        """Refuse `what` when its predicted cost is over the limit.

        Args:
            what: the method, for the message.
            memory: predicted bytes.
            operations: predicted elementary operations.
            instead: the way around ("use effective_resistance:method=sketch").

        Raises:
            LimitExceeded: with both figures and the way around.
        """
        allowed = self.memory or available_memory() // 2
        if memory > allowed:
            raise LimitExceeded(
                f"{what} to fit into {_human(allowed)} of memory", f"a need of {_human(memory)}", instead
            )
        if operations > self.operations:
            raise LimitExceeded(
                f"{what} to take at most {self.operations:.1g} operations", f"about {operations:.1g}", instead
            )

    def allows(self, *, memory: float = 0, operations: float = 0) -> bool:
        """Whether a predicted cost is within the limit."""
        return memory <= (self.memory or available_memory() // 2) and operations <= self.operations


def available_memory() -> int:
    """Bytes that could be allocated now without swapping; 4 GiB where the system does not say."""
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:  # noqa: PTH123 - a pseudo-file, not a path of the user's
            for line in lines:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    except (ValueError, OSError, AttributeError):
        return 4 * 2**30


def parse_bytes(text: str) -> int:
    """Bytes of a size like `800M`, `4G`, `1.5GiB`.

    Example:
        >>> parse_bytes("4G")
        4294967296
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?\s*", text.lower())
    if not match:
        raise UsageError("a size like 800M or 4G", repr(text), "give a number and a unit", where="--max-memory")
    return int(float(match[1]) * _UNITS[match[2]])


def thread_count(requested: int | None = None) -> int:
    """Threads to use: the request, else the processors this process may run on."""
    if requested:
        return max(1, requested)
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def _human(size: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.3g} {unit}"
        size /= 1024
    return f"{size:.3g} TiB"
