"""Trials on a Dask cluster: its workers train, this process alone plans, collects and stores."""

from __future__ import annotations

import logging
import pickle
import threading
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias

from mixcli import __version__
from mixcli.context import Context
from mixcli.errors import InputError, UsageError
from mixcli.training.cost import check_memory
from mixcli.training.plan import Job, Plan
from mixcli.training.trial_result import TrialResult

__all__ = ["Cluster", "Failure"]

Future: TypeAlias = Any
"""`distributed.Future`, which comes without types."""

LIMIT = 0.8
"""Share of a worker's memory limit that a training may take; the rest is what torch needs to be there at all."""

PAUSE, REMIND = 0.05, 5.0
"""Seconds between two looks at what has come, and without anything coming until the workers are counted."""


@dataclass(frozen=True)
class Failure:
    """A trial that cannot be done, and why."""

    reason: str


@dataclass(frozen=True)
class Worker:
    """What a worker says of itself."""

    version: str
    device: str
    threads: int
    memory: float


class Cluster:
    """The workers behind a Dask scheduler.

    A worker trains one trial at a time, since a trial is one thread's work and torch's settings are the process's: one
    worker per core or per GPU (`dask worker --nworkers … --nthreads 1`). Each gets the plan once, from the scheduler or
    from another worker, and needs no data of its own. The trials of a worker that is lost go to others. One whose
    workers were lost time and again (Dask's `allowed-failures`) is tried once more with nothing beside it, since until
    then its neighbours may be to blame, and if that fails too it is given up as a `Failure`.

    Args:
        address: of the scheduler, "tcp://host:8786", or a scheduler file ending in .json.
        context: whom to tell.
        patience: seconds to wait for the scheduler's answer.

    Raises:
        UsageError: `distributed` is not installed, no scheduler answers, or workers have another version of mixcli.
    """

    def __init__(self, address: str, context: Context, patience: float = 10.0) -> None:
        try:
            import distributed
        except ImportError as error:
            fix = "pip install 'mixcli[cluster]'"
            raise UsageError("the package distributed", "none installed", fix, where="--cluster") from error
        make: Any = distributed.Client
        if address.endswith(".json") and not Path(address).is_file():  # it would be waited for, for ever
            raise UsageError(f"a Dask scheduler at {address}", "no such file", "start the scheduler", where="--cluster")
        where = {"scheduler_file": address} if address.endswith(".json") else {"address": address}
        try:
            self.client = make(**where, timeout=patience, set_as_default=False, name="mixcli")
        except (OSError, ValueError, TypeError) as error:
            found = f"{type(error).__name__}: {error}"
            fix = "start one with `dask scheduler`, and workers with `dask worker`"
            raise UsageError(f"a Dask scheduler at {address}", found, fix, where="--cluster") from error
        self.address = address
        log = logging.getLogger("distributed.client")
        self._log, self._level = log, log.level
        log.setLevel(logging.CRITICAL)  # a scheduler that is gone is told in one line
        try:
            self.workers = self._workers(context)
        except BaseException:
            self.client.close()
            raise

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.client.close()
        self._log.setLevel(self._level)

    def _workers(self, context: Context) -> list[Worker]:
        """What the workers say of themselves, once there is one."""
        if not self.client.nthreads():
            context.note(f"no workers at {self.address} yet; waiting for one")
        self.client.wait_for_workers(1)
        try:
            found = list(self.client.run(_about).values())
        except ImportError as error:
            raise _stranger(str(error)) from error
        other = {w.version for w in found} - {__version__}
        if other:
            raise _stranger(f"mixcli {', '.join(sorted(other))}")
        if any(w.threads > 1 for w in found):
            context.note("a worker trains one trial at a time: start more of them, with --nthreads 1")
        return found

    def device(self, name: str) -> str:
        """Where the workers train: their own device where the name leaves it open.

        Raises:
            UsageError: "auto", and they do not agree.
        """
        found = {w.device for w in self.workers}
        if name == "auto" and len(found) > 1:
            fix = "choose one with --device"
            raise UsageError("workers with one kind of device", ", ".join(sorted(found)), fix, where="--cluster")
        return found.pop() if name == "auto" else name

    def train(self, plan: Plan, left: list[Job], context: Context) -> Iterator[tuple[Job, TrialResult | Failure]]:
        """Results as they come.

        Raises:
            LimitExceeded: a training is predicted not to fit into a worker.
            InputError: the scheduler went away.
        """
        from distributed import KilledWorker

        limits, memory = context.limits, min(w.memory for w in self.workers)
        check_memory(plan, replace(limits, memory=int(min(memory, limits.memory or memory))))
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Sending large graph")
            sent = self.client.submit(pickle.loads, pickle.dumps(plan), pure=False, key=f"mixcli-plan-{time.time_ns()}")
            doubtful: list[Job] = []
            for job, future in self._done(sent, left, context):
                if isinstance(future.exception(), KilledWorker):
                    doubtful.append(job)
                else:
                    yield job, _result(future)
            for job in doubtful:  # alone, so that nobody else is to blame
                for _, future in self._done(sent, [job], context):
                    error = future.exception()
                    if isinstance(error, KilledWorker):
                        yield job, Failure("killed each worker that tried it, most likely for want of memory")
                    else:
                        yield job, _result(future)

    def _done(self, sent: Future, jobs: list[Job], context: Context) -> Iterator[tuple[Job, Future]]:
        """Futures of jobs as they end, well or not."""
        from distributed import as_completed

        ended: Any = as_completed
        stamp = time.time_ns()
        futures = {
            self.client.submit(_train, sent, job, key=f"mixcli-trial-{stamp}-{job[0]}-{job[1]}", pure=False): job
            for job in jobs
        }
        coming, heard, alone = ended(futures, loop=self.client.loop), time.monotonic(), False
        try:
            while not coming.is_empty():
                batch = coming.next_batch(block=False)
                for future in batch:
                    if future.status == "lost":  # its worker died before the result was fetched: it is done again
                        coming.add(future)
                        continue
                    if future.status == "cancelled":
                        raise InputError(
                            f"the scheduler at {self.address} to stay", "none any more",
                            "finished trials are kept; start the cluster and run the same again",
                        )  # fmt: skip
                    yield futures.pop(future), future
                if batch:
                    heard, alone = time.monotonic(), False
                elif not alone and time.monotonic() - heard > REMIND:
                    heard, alone = time.monotonic(), not self.client.nthreads()
                    if alone:
                        context.note(f"no workers left at {self.address}; waiting for new ones")
                else:
                    time.sleep(PAUSE)
        finally:
            self.client.cancel(list(futures))


def _stranger(found: str) -> UsageError:
    return UsageError(f"mixcli {__version__} on every worker", found, "install the same version", where="--cluster")


def _result(future: Future) -> TrialResult:
    try:
        return future.result()
    except ImportError as error:
        raise _stranger(str(error)) from error


_one = threading.Lock()


def _train(plan: Plan, job: Job) -> TrialResult:
    with _one:
        return plan.run(*job)


def _about(dask_worker: Any) -> Worker:
    from mixcli.limits import available_memory
    from mixcli.numerics.device import resolve

    limit = dask_worker.memory_manager.memory_limit
    memory = min(available_memory() / 2, LIMIT * limit if limit else float("inf"))
    return Worker(__version__, resolve("auto"), dask_worker.state.nthreads, memory)
