"""What the benchmarks share: one thread, medians of wall and processor time, a time limit for peers, one table.

Import it before numpy: it caps the threads of the numerical libraries, so that every method has one core.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

__all__ = ["Measured", "arguments", "measured", "ratio", "table"]

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

PREPARING = 600.0
"""Seconds a task may take to get ready."""


@dataclass(frozen=True)
class Measured:
    """Median times of one method on one input.

    Args:
        value: what the last run returned; None where no run ended.
        wall: median wall seconds.
        processor: median processor seconds; where no run ended, what the one that was stopped had used.
        runs: how many ended.
        note: why there are none: "> 20 s", or the error.
    """

    value: Any = None
    wall: float = float("nan")
    processor: float = float("nan")
    runs: int = 0
    note: str = ""


def measured(
    task: Callable[..., Callable[[], Any]], *inputs: Any, repeats: int = 3, limit: float = 60.0, apart: bool = True
) -> Measured:
    """Time what `task(*inputs)` returns; the call of `task` itself (imports, conversion, compilation) is not timed.

    Args:
        task: a module-level function; returns a function without arguments, which is run and timed.
        inputs: passed to it.
        repeats: runs to take the median of; fewer where they take more than `limit` together.
        limit: wall seconds after which a run is stopped.
        apart: run in a process of its own, without which nothing can be stopped.
    """
    if not apart:
        try:
            return _summary([_once(task(*inputs))])
        except Exception as error:  # a peer that fails is a result, and is named as one
            return Measured(note=f"{type(error).__name__}: {error}"[:60])
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(target=_child, args=(there, task, inputs, repeats, limit), daemon=True)
    process.start()
    there.close()
    done: list[tuple[Any, float, float]] = []
    note, wait, ready = "", PREPARING, float("nan")
    before = _used()
    try:
        while here.poll(wait):
            said = here.recv()
            if isinstance(said, str):
                note = said
                break
            if isinstance(said, float):  # ready, after so many processor seconds
                wait, ready = limit, said
                continue
            done.append(said)
            if len(done) == repeats or sum(wall for _, wall, _ in done) > limit:
                break
        else:
            note = f"> {wait:g} s"
    except EOFError:
        note = "died"
    process.kill()
    process.join()
    return _summary(done, note) if done else replace(_summary(done, note), processor=_used() - before - ready)


def _used() -> float:
    """Processor seconds of the processes that have ended."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def _child(pipe: Any, task: Callable[..., Any], inputs: Sequence[Any], repeats: int, limit: float) -> None:
    try:
        run = task(*inputs)
        pipe.send(time.process_time())
        for _ in range(repeats):
            pipe.send(_once(run))
    except Exception as error:  # as above
        pipe.send(f"{type(error).__name__}: {error}"[:60])


def _once(run: Callable[[], Any]) -> tuple[Any, float, float]:
    wall, processor = time.perf_counter(), time.process_time()
    value = run()
    return value, time.perf_counter() - wall, time.process_time() - processor


def _summary(done: Sequence[tuple[Any, float, float]], note: str = "") -> Measured:
    if not done:
        return Measured(note=note or "nothing ran")
    return Measured(done[-1][0], median(d[1] for d in done), median(d[2] for d in done), len(done))


def ratio(peer: Measured, ours: Measured) -> str:
    """How many times as long the peer took, in processor time, which other load on the machine disturbs least."""
    return f"{peer.processor / max(ours.processor, 1e-9):.3g}x" if peer.runs and ours.runs else peer.note


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A Markdown table with aligned columns."""
    cells = [list(head), *([_cell(c) for c in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    lines = ["| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |" for row in cells]
    return "\n".join([lines[0], "|" + "|".join("-" * (w + 2) for w in widths) + "|", *lines[1:]])


def _cell(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def arguments(about: str) -> argparse.ArgumentParser:
    """A parser with the options every benchmark has."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--quick", action="store_true", help="small inputs, one run each: does it still work?")
    parser.add_argument("--only", default="", help="part of the names of the cases to run")
    parser.add_argument("--repeats", type=int, default=3, help="runs to take the median of")
    parser.add_argument("--limit", type=float, default=20.0, help="wall seconds after which a peer is stopped")
    return parser
