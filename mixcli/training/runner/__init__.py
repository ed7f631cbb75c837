"""Runs the trials of a plan that are not stored yet: in this process, in several, or on a Dask cluster."""

from __future__ import annotations

import time
from collections.abc import Iterator

from mixcli.context import Context
from mixcli.training.cost import check_memory, memory_of
from mixcli.training.plan import Job, Plan
from mixcli.training.runner.cluster import Cluster, Failure
from mixcli.training.runner.processes import pooled
from mixcli.training.shards import WHOLE, Shard
from mixcli.training.stacked.chunks import obstacles, size_of, trained, trained_alone
from mixcli.training.store import Store
from mixcli.training.trial_result import TrialResult

__all__ = ["run"]

WORTH_A_POOL = 60.0
"""Seconds of work left that make it worth the start of other processes, each of which imports torch first: two to five
seconds, and the cores may be shared with others."""


def run(
    plan: Plan,
    store: Store,
    context: Context | None = None,
    jobs: int = 1,
    *,
    shard: Shard = WHOLE,
    cluster: Cluster | None = None,
    stack: int = 0,
) -> bool:
    """Train what the store lacks, filing each trial as it ends.

    Args:
        plan: what to train.
        store: where finished trials are and go; only this process writes to it.
        context: threads and progress.
        jobs: processes to train in; 1 for this one alone, 0 to use the context's threads where the first trial shows
            that it pays. Results do not depend on it. More than one needs the calling script to guard its main part
            with `if __name__ == "__main__"`, as always with spawned processes.
        shard: the part of the plan to train.
        cluster: workers to train on, in place of processes. A trial that kills its workers time and again is filed as
            failed.
        stack: trials to train at a time in one computation, in this process; 0 for one on a processor, and on a CUDA
            device as many as fit. Results do not depend on it but for rounding. Trials that cannot be stacked are
            trained one at a time, and where several were asked for a note says so.

    Returns:
        True if everything is there, False if Ctrl-C stopped it; finished trials are then stored.

    Raises:
        LimitExceeded: the training is predicted to need more memory than the context allows, or a process was killed,
            most likely for want of memory.
        InputError: the cluster's scheduler went away.
    """
    context = context or Context()
    keys = shard.trials(plan)
    known = store.known(keys)
    left = [job for key, job in keys.items() if key not in known]
    size = 1 if cluster is not None or jobs > 1 else size_of(plan, stack)
    if size > 1:
        alone = obstacles(plan, left)
        size = max(1, min(size, alone.count("")))
        if stack > 1 and (said := trained_alone(alone)):
            context.note(said)
    if left and cluster is None:
        stacked = size > 1 and plan.device == "cpu"
        at_once = size if stacked else max(1, min(jobs, len(left)))
        check_memory(plan, context.limits, at_once, stacked=stacked)
    for arm in plan.arms:
        store.put_arm(arm.topology.digest, arm.facts(plan.seed))
    done = len(keys) - len(left)
    context.progress("train", done, len(keys))
    try:
        for job, result in _results(plan, left, context, jobs, cluster, size):
            if isinstance(result, Failure):
                store.put_failure(plan.key(*job), plan.describe(*job), result.reason)
            else:
                store.put(plan.key(*job), plan.describe(*job), result)
            done += 1
            context.progress("train", done, len(keys))
    except KeyboardInterrupt:
        return False
    return True


def _results(
    plan: Plan, left: list[Job], context: Context, jobs: int, cluster: Cluster | None, size: int
) -> Iterator[tuple[Job, TrialResult | Failure]]:
    if cluster is not None and left:
        yield from cluster.train(plan, left, context)
        return
    if size > 1:
        yield from trained(plan, left, size, context)
        return
    if left and jobs == 0:
        began, (first, *left) = time.perf_counter(), left
        yield first, plan.run(*first)
        jobs = _worth(plan, context, len(left), (time.perf_counter() - began) * len(left))
    if jobs > 1 and len(left) > 1:
        yield from pooled(plan, left, min(jobs, len(left)))
    else:
        yield from ((job, plan.run(*job)) for job in left)


def _worth(plan: Plan, context: Context, left: int, seconds: float) -> int:
    if plan.device != "cpu" or seconds < WORTH_A_POOL:
        return 1
    jobs = min(context.thread_count, left)
    while jobs > 1 and not context.limits.allows(memory=memory_of(plan, jobs)):
        jobs -= 1
    return jobs
