"""Which trials are trained together, and how many at a time."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import TYPE_CHECKING, TypeAlias

from mixcli.training.cost import memory_of
from mixcli.training.effort import PeakMemory
from mixcli.training.plan import Job
from mixcli.training.stacked.job import StackJob, job_of, obstacle
from mixcli.training.store import digest_of
from mixcli.training.trial_result import TrialResult

if TYPE_CHECKING:
    from mixcli.context import Context
    from mixcli.training.plan import Plan

__all__ = ["chunks", "obstacles", "size_of", "trained", "trained_alone"]

Chunk: TypeAlias = list[tuple[Job, StackJob | None]]
"""Trials of a plan and what they are in a stack, None for one that is trained alone."""

USED = 0.6
"""Share of a device's free memory that a stack is planned for."""


def size_of(plan: Plan, wanted: int = 0) -> int:
    """Trials to train at a time.

    On a processor one: the work is arithmetic there, and larger arrays leave its caches. On a CUDA device as many as
    its free memory holds by the forecast of `cost.memory_of`: the work of a single trial is waiting for launches.

    Args:
        plan: what is to be trained.
        wanted: what was asked for; 0 for nothing.

    Example:
        >>> from mixcli.generators.graphs import barbell
        >>> from mixcli.training.compare import compare
        >>> size_of(compare(barbell(6, 2), model="gcn:hidden=4", trials=1, protocol={"epochs": 1}).plan)
        1
    """
    if wanted:
        return wanted
    if not plan.device.startswith("cuda"):
        return 1
    import torch

    free, _ = torch.cuda.mem_get_info(torch.device(plan.device))
    return max(1, int(USED * free / memory_of(plan, stacked=True)))


def chunks(plan: Plan, left: Iterable[Job], size: int) -> Iterator[Chunk]:
    """Trials by stack, those of a kind that cannot be stacked one by one; in their order, the kinds in turn.

    Args:
        plan: what the trials are of.
        left: the trials.
        size: most trials of a stack.
    """
    kinds: dict[Hashable, Chunk] = {}
    for job in left:
        made = job_of(plan, *job) if size > 1 else None
        kinds.setdefault(made.kind if made else ("alone", job), []).append((job, made))
    for turn in zip_longest(*(_cut(members, size) for members in kinds.values())):
        yield from (chunk for chunk in turn if chunk is not None)


def obstacles(plan: Plan, left: Sequence[Job]) -> list[str]:
    """Why each of some trials cannot be stacked, empty for those that can.

    Args:
        plan: what the trials are of.
        left: the trials.
    """
    return [obstacle(plan, arm) for arm, _ in left]


def trained_alone(reasons: Sequence[str]) -> str:
    """How many trials cannot be stacked and why, empty where all can.

    Args:
        reasons: those of `obstacles`.

    Example:
        >>> trained_alone(["", "no stacked form of X", "no stacked form of X"])
        '2 of 3 trials are trained one at a time: no stacked form of X'
    """
    why = dict.fromkeys(reason for reason in reasons if reason)
    count = sum(map(bool, reasons))
    return f"{count} of {len(reasons)} trials are trained one at a time: {'; '.join(why)}" if why else ""


def _cut(chunk: Chunk, size: int) -> list[Chunk]:
    return [chunk[first : first + size] for first in range(0, len(chunk), size)]


def trained(plan: Plan, left: Iterable[Job], size: int, context: Context) -> Iterator[tuple[Job, TrialResult]]:
    """Results of trials, stack by stack.

    A stack that does not fit into the device's memory is trained again in halves, and so are those after it. Each
    result says how many trials it was trained with (`TrialResult.stack`). Trials of arms that are the same but for
    their name (a rewiring that changed nothing) are trained once: in different stacks they would differ by rounding.

    Args:
        plan: what the trials are of.
        left: the trials.
        size: most trials of a stack.
        context: told when a stack was halved.
    """
    twins: dict[str, list[Job]] = {}
    for job in left:
        twins.setdefault(digest_of({**plan.describe(*job), "arm": ""}), []).append(job)
    same = {jobs[0]: jobs for jobs in twins.values()}
    todo = list(chunks(plan, same, size))
    while todo:
        chunk = todo.pop(0)
        if len(chunk) > size:
            todo[:0] = _cut(chunk, size)
            continue
        results = _results(plan, chunk)
        if results is None:
            size = (len(chunk) + 1) // 2
            context.note(f"{len(chunk)} trials at once need more memory than there is: {size} at a time from here on")
            todo.insert(0, chunk)
            continue
        for (job, _), result in zip(chunk, results, strict=True):
            yield from ((twin, result) for twin in same[job])


def _results(plan: Plan, chunk: Chunk) -> list[TrialResult] | None:
    """Results of one stack, None where it does not fit into the memory."""
    import torch

    from mixcli.training.stacked.fit import run_stack

    members = [made for _, made in chunk if made is not None]
    if len(chunk) == 1 or len(members) < len(chunk):
        return [plan.run(*job) for job, _ in chunk]
    try:
        memory = PeakMemory(plan.device)
        results = run_stack(members, torch.device(plan.device))
        peak = memory.bytes
        return [replace(r, peak_memory=None if peak is None else peak // len(results)) for r in results]
    except (MemoryError, RuntimeError) as error:
        if not _of_memory(error):
            raise
    if plan.device.startswith("cuda"):
        torch.cuda.empty_cache()
    return None


def _of_memory(error: Exception) -> bool:
    """Whether an error is for want of memory; on a processor torch says so in words only."""
    import torch

    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "can't allocate memory" in str(error)
