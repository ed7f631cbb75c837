"""A Dask cluster of two workers on the loopback finishes what one process would, with the same numbers."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
from test_training_compare import data, quick, values

from mixcli.context import Context
from mixcli.errors import InputError, UsageError
from mixcli.training.plan import Plan
from mixcli.training.runner import run
from mixcli.training.runner.cluster import Cluster
from mixcli.training.store import Store

distributed = pytest.importorskip("distributed", reason="the extra `cluster` is not installed")

ARMS = ["none", "random:iterations=2"]


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """Address of a scheduler with two workers, which are started again when they die."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None,
        memory_limit=0, silence_logs="CRITICAL",
    ) as made:  # fmt: skip
        yield made.scheduler_address


def pids(address: str) -> list[int]:
    with distributed.Client(address, set_as_default=False) as client:
        return list(client.run(os.getpid).values())


def test_same_numbers_with_one_worker_killed(cluster: str, tmp_path: Path) -> None:
    victims, steps = pids(cluster), []
    assert len(victims) == 2

    def progress(what: str, done: int, total: int) -> None:
        if what == "train":
            steps.append((done, total))
            if done == 2:
                os.kill(victims[0], signal.SIGKILL)

    with Store(tmp_path / "r.db") as store:
        found = quick(
            data(), ARMS, trials=4, cluster=cluster, store=store, context=Context(progress=progress),
            protocol={"epochs": 5},
        )  # fmt: skip
        assert len(store.trials()) == 8
        assert store.failures() == []
    assert steps == [(i, 8) for i in range(9)]
    assert not found.interrupted
    assert victims[0] not in pids(cluster)
    alone = quick(data(), ARMS, trials=4, protocol={"epochs": 5})
    assert values(found) == values(alone)
    pairs = [(a.trials[t], b.trials[t]) for a, b in zip(found.arms, alone.arms, strict=True) for t in a.trials]
    assert all((one.curves == other.curves).all() for one, other in pairs)


class Poisoned(Plan):
    """A plan with a trial that no process survives."""

    def run(self, arm: int, trial: int):
        if (arm, trial) == (1, 1):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().run(arm, trial)


class Wrong(Plan):
    """A plan with a trial that fails wherever it is tried."""

    def run(self, arm: int, trial: int):
        raise InputError("a graph", "a wrong one")


def changed(kind: type[Plan]) -> Plan:
    plan = quick(data(), ARMS, trials=1).plan
    told = {f.name: getattr(plan, f.name) for f in fields(plan)}
    return kind(**{**told, "trials": 2})


def test_an_error_of_a_trial_is_its_own(cluster: str) -> None:
    with Store() as store, Cluster(cluster, Context()) as workers:
        with pytest.raises(InputError, match="a wrong one"):
            run(changed(Wrong), store, cluster=workers)
        assert store.trials() == []


def test_ctrl_c_keeps_what_is_done(cluster: str) -> None:
    def interrupted(what: str, done: int, total: int) -> None:
        if what == "train" and done == 2:
            raise KeyboardInterrupt

    with Store() as store:
        part = quick(data(), ARMS, cluster=cluster, store=store, context=Context(progress=interrupted))
        assert (part.interrupted, part.finished) == (True, 2)
        whole = quick(data(), ARMS, cluster=cluster, store=store)
        assert (whole.interrupted, whole.finished) == (False, 6)
    assert values(whole) == values(quick(data(), ARMS))


def test_a_trial_that_kills_its_workers_is_filed_as_failed(cluster: str) -> None:
    with distributed.Client(cluster, set_as_default=False) as client:
        client.run_on_scheduler(lambda dask_scheduler: setattr(dask_scheduler, "allowed_failures", 0))
    plan = changed(Poisoned)
    with Store() as store, Cluster(cluster, Context()) as workers:
        assert run(plan, store, cluster=workers)
        ((key, spec, reason),) = store.failures()
        assert (key, spec["trial"]) == (plan.key(1, 1), 1)
        assert "killed each worker" in reason
        assert len(store.trials()) == 3
        found = quick(data(), ARMS, trials=2, store=store)  # where it can be done, it is, and all is well
        assert len(store.trials()) == 4
        assert store.failures() == []
        assert "failed" not in found.record()


def test_what_is_no_cluster_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for address in ("tcp://127.0.0.1:9", "nonsense://x", str(tmp_path / "none.json")):
        with pytest.raises(UsageError, match="a Dask scheduler at"):
            Cluster(address, Context(), patience=0.5)
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match="mixcli\\[cluster\\]"):
        Cluster("tcp://127.0.0.1:9", Context())


def test_dask_is_imported_only_where_it_is_asked_for() -> None:
    code = "import sys, mixcli.training.compare; sys.exit('distributed' in sys.modules or 'dask' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
