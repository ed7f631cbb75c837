"""The predicted memory: exact counts, growth with every setting, and the refusal before anything is trained."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mixcli.catalog import MODELS
from mixcli.context import Context
from mixcli.errors import LimitExceeded
from mixcli.generators.graphs import barbell, cycle
from mixcli.limits import Limits
from mixcli.training import plan as plans
from mixcli.training.arms import make_arms
from mixcli.training.compare import compare
from mixcli.training.cost import check_memory, memory_of, parameters_of
from mixcli.training.plan import Plan

MANY = [cycle(6 + i % 5).replace(graph={"y": np.array([i % 2])}) for i in range(20)]
NODES = barbell(8, 0).replace(node={"y": np.arange(16) % 2})
SOURCES = {"transfer": [barbell(6, 2)], "graphs": MANY, "nodes": [NODES]}


def plan_of(source: str, model: str, **settings) -> Plan:
    arms = make_arms({source: SOURCES[source]}, ["none", "fosr:iterations=1"], Context())
    task = arms[0].task
    return Plan(tuple(arms), MODELS.make(model).completed(task), task.protocol.changed(settings), 0, 2, "cpu")


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("kind", ["gcn", "gin", "rgcn"])
@pytest.mark.parametrize("layers", [1, 2, 3, 6])
def test_parameters_are_those_of_the_trained_network(source: str, kind: str, layers: int) -> None:
    plan = plan_of(source, f"{kind}:hidden=7,layers={layers}", epochs=1)
    assert parameters_of(plan) == plan.run(0, 0).parameters


@pytest.mark.parametrize("source", SOURCES)
def test_need_grows_with_every_setting(source: str) -> None:
    small = memory_of(plan_of(source, "gcn:hidden=64,layers=3"))
    assert memory_of(plan_of(source, "gcn:hidden=128,layers=3")) > small
    assert memory_of(plan_of(source, "gcn:hidden=64,layers=6")) > small
    assert memory_of(plan_of(source, "gcn:hidden=64,layers=3"), jobs=3) == 3 * small
    if source != "nodes":  # there the whole graph is passed through whatever the batch
        less, more = (memory_of(plan_of(source, "gcn:hidden=64,layers=3", batch_size=b)) for b in (2, 1000))
        assert less < more


def test_weights_of_wide_networks_are_counted_in_full() -> None:
    plan = plan_of("transfer", "gcn:hidden=20000,layers=6")
    assert memory_of(plan) > 7 * 4 * 4 * 20_000**2
    assert memory_of(plan_of("transfer", "gcn:hidden=100000,layers=50")) > 7 * 4 * 48 * 100_000**2
    assert memory_of(plan_of("transfer", f"gcn:hidden={10**12},layers=3")) > 1e24
    pyg = dataclasses.replace(plan, model=dataclasses.replace(plan.model, layers_of="pyg"))
    assert memory_of(pyg) == memory_of(plan)


def test_too_large_a_network_is_refused_before_it_is_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans.Plan, "run", lambda *_: pytest.fail("trained"))
    context = Context(limits=Limits(memory=2**30))
    with pytest.raises(LimitExceeded, match=r"1 GiB of memory.*smaller hidden or batch_size") as refusal:
        compare(barbell(6, 2), ["none"], "gcn:hidden=20000,layers=6", trials=2, context=context)
    assert refusal.value.exit_code == 5
    with pytest.raises(LimitExceeded, match=r"smaller hidden$"):
        compare(NODES, ["none"], "gcn:hidden=20000,layers=6", trials=2, context=context)


def test_several_jobs_need_as_many_times_the_memory() -> None:
    plan = plan_of("graphs", "gin")
    limits = Limits(memory=int(1.5 * memory_of(plan)))
    check_memory(plan, limits)
    with pytest.raises(LimitExceeded, match=r"2 trials at a time.*--jobs 1"):
        check_memory(plan, limits, jobs=2)
    assert memory_of(plan, 2, stacked=True) > memory_of(plan, 2)
    with pytest.raises(LimitExceeded, match=r"2 trials at a time.*smaller --stack"):
        check_memory(plan, limits, jobs=2, stacked=True)


def test_stored_trials_are_shown_whatever_they_needed() -> None:
    from mixcli.training.store import Store

    with Store() as store:
        quick = {"model": "gcn:hidden=4,layers=2", "trials": 1, "protocol": {"epochs": 1}, "store": store}
        compare(MANY, ["none"], **quick)
        again = compare(MANY, ["none"], **quick, context=Context(limits=Limits(memory=1)))
    assert again.finished == 1


MEASURE = r"""
import re, sys
from pathlib import Path
sys.path[:0] = sys.argv[1:3]
from test_training_cost import memory_of, plan_of
peak = lambda: int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) * 1024
plan_of("graphs", "gcn:hidden=1,layers=1", epochs=1).run(0, 0)
before = peak()
model, stacked = sys.argv[3], sys.argv[4] == "stacked"
plan = plan_of("nodes", model, epochs=2)
if stacked:
    from mixcli.training.stacked.fit import run_stack
    from mixcli.training.stacked.job import job_of
    run_stack([job_of(plan, *job) for job in plan.jobs])
else:
    plan.run(0, 0)
print((peak() - before) / memory_of(plan, len(plan.jobs) if stacked else 1, stacked=stacked))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc to see the peak")
@pytest.mark.parametrize(
    ("model", "how"), [("gcn:hidden=2000,layers=4", "alone"), ("gat:hidden=800,layers=4,version=2", "stacked")]
)
def test_predicted_need_is_near_the_measured_one(model: str, how: str) -> None:
    here = Path(__file__).parent
    command = [sys.executable, "-c", MEASURE, str(here), str(here.parents[1]), model, how]
    share = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert 0.5 < share < 1.5
