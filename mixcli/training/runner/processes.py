"""Trials in several processes of this machine, which end with the one that started them."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from mixcli.errors import LimitExceeded
from mixcli.training.plan import Job, Plan
from mixcli.training.trial_result import TrialResult

__all__ = ["pooled"]


def pooled(plan: Plan, left: list[Job], jobs: int) -> Iterator[tuple[Job, TrialResult]]:
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
