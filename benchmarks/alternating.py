"""Timing by rounds: every arm once a round, rounds in alternating order, so that a busy minute hits all of them.

Import it before numpy: `common` caps the threads of the numerical libraries.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import common

__all__ = ["Timing", "alternate", "machine", "note", "options", "same", "seconds", "table"]

table = common.table


@dataclass
class Timing:
    """Wall times of one arm over the rounds, and what it returned last."""

    wall: list[float] = field(default_factory=list)
    result: Any = None

    @property
    def median(self) -> float:
        return statistics.median(self.wall)


def alternate(arms: Mapping[str, Callable[[], Any]], rounds: int) -> dict[str, Timing]:
    """Time every arm once a round.

    Args:
        arms: name -> what to time; it must do all its work anew each time.
        rounds: how often.
    """
    timings = {name: Timing() for name in arms}
    for turn in range(rounds):
        names = list(arms)
        for name in names if turn % 2 == 0 else names[::-1]:
            start = time.perf_counter()
            timings[name].result = arms[name]()
            timings[name].wall.append(time.perf_counter() - start)
    return timings


def same(what: str, found: Any, expected: Any, tolerance: float) -> float:
    """Largest difference of two arrays; ends the run where it is over the tolerance: no ratio of unequal results."""
    import numpy as np

    difference = float(np.max(np.abs(np.asarray(found) - np.asarray(expected)), initial=0.0))
    if not difference <= tolerance:
        sys.exit(f"{what}: results differ by {difference:.3g}, allowed {tolerance:.3g}")
    return difference


def seconds(value: float) -> str:
    """A time in a unit that fits."""
    return f"{value * 1e3:.3g} ms" if value < 1 else f"{value:.3g} s"


def note(text: str) -> None:
    """Progress, on standard error."""
    print(text, file=sys.stderr, flush=True)


def machine(**versions: str) -> str:
    """One line on what it ran on."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    parts = [f"Python {platform.python_version()}", *(f"{k} {v}" for k, v in versions.items())]
    return f"{platform.machine()}, {cores} cores{load}; {', '.join(parts)}"


def options(about: str, names: Sequence[str]) -> argparse.ArgumentParser:
    """Options of a benchmark by rounds."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--quick", action="store_true", help="small graphs, one round: does it run at all?")
    parser.add_argument("--only", action="append", choices=names, metavar="NAME", help=f"of {', '.join(names)}")
    parser.add_argument("--repeats", type=int, default=3, help="rounds to take the median of (default 3)")
    parser.add_argument("--threads", type=int, default=0, help="threads of the second run of ours (default: all)")
    return parser
