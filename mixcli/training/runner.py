"""Runs the trials of a plan that are not stored yet, in this process or in several."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from mixcli.context import Context
from mixcli.errors import LimitExceeded
from mixcli.training.cost import check_memory, memory_of
from mixcli.training.plan import Plan
from mixcli.training.store import Store, TrialResult

__all__ = ["run"]

WORTH_A_POOL = 60.0
"""Seconds of work left that make it worth the start of other processes, each of which imports torch first: two to five
seconds, and the cores may be shared with others."""

Job = tuple[int, int]


def run(plan: Plan, store: Store, context: Context | None = None, jobs: int = 1) -> bool:
    """Train what the store lacks, filing each trial as it ends.

    Args:
        plan: what to train.
        store: where finished trials are and go; only this process writes to it.
        context: threads and progress.
        jobs: processes to train in; 1 for this one alone, 0 to use the context's threads where the first trial shows
            that it pays. Results do not depend on it. More than one needs the calling script to guard its main part
            with `if __name__ == "__main__"`, as always with spawned processes.

    Returns:
        True if everything is there, False if Ctrl-C stopped it; finished trials are then stored.

    Raises:
        LimitExceeded: the training is predicted to need more memory than the context allows, or a worker was killed,
            most likely for want of memory.
    """
    context = context or Context()
    keys = {job: plan.key(*job) for job in plan.jobs}
    known = store.known(keys.values())
    left = [job for job in plan.jobs if keys[job] not in known]
    if left:
        check_memory(plan, context.limits, max(1, min(jobs, len(left))))
    for arm in plan.arms:
        store.put_arm(arm.topology.digest, arm.facts(plan.seed))
    total = len(plan.jobs)
    context.progress("train", total - len(left), total)

    def done(job: Job, result: TrialResult) -> None:
        store.put(keys[job], plan.describe(*job), result)
        left.remove(job)
        context.progress("train", total - len(left), total)

    try:
        if left and jobs == 0:
            began = time.perf_counter()
            done(left[0], plan.run(*left[0]))
            jobs = _worth(plan, context, len(left), (time.perf_counter() - began) * len(left))
        if jobs > 1 and len(left) > 1:
            for job, result in _pooled(plan, list(left), min(jobs, len(left))):
                done(job, result)
        else:
            for job in list(left):
                done(job, plan.run(*job))
    except KeyboardInterrupt:
        return False
    return True


def _worth(plan: Plan, context: Context, left: int, seconds: float) -> int:
    if plan.device != "cpu" or seconds < WORTH_A_POOL:
        return 1
    jobs = min(context.thread_count, left)
    while jobs > 1 and not context.limits.allows(memory=memory_of(plan, jobs)):
        jobs -= 1
    return jobs


def _pooled(plan: Plan, left: list[Job], jobs: int) -> Iterator[tuple[Job, TrialResult]]:
    """Results as they come from spawned workers, which end with this process, however it ends."""
    spawn = get_context("spawn")
    watched, held = spawn.Pipe(duplex=False)
    pool = ProcessPoolExecutor(jobs, mp_context=spawn, initializer=_start, initargs=(plan, watched))
    try:
        with _no_interrupts():  # inherited by the workers: Ctrl-C is this process's to handle
            futures = {pool.submit(_train, job): job for job in left}
        for future in as_completed(futures):
            yield futures[future], future.result()
    except BrokenProcessPool as error:
        found = "one that was killed, most likely for want of memory"
        fix = "finished trials are kept; run again with one job or a smaller batch_size"
        raise LimitExceeded("workers that finish", found, fix) from error
    finally:
        held.close()  # workers still at it see the end of the pipe and exit
        pool.shutdown(wait=True, cancel_futures=True)
        watched.close()


@contextmanager
def _no_interrupts() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


_plan: list[Plan] = []
"""In a worker: the plan, sent once."""


def _start(plan: Plan, watched: Connection) -> None:
    _plan[:] = [plan]
    threading.Thread(target=_exit_at_end, args=(watched,), daemon=True).start()


def _exit_at_end(watched: Any) -> None:
    watched.poll(None)
    os.kill(os.getpid(), signal.SIGTERM)


def _train(job: Job) -> TrialResult:
    return _plan[0].run(*job)
