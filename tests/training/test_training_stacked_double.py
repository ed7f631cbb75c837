"""A stack against its trials alone, in double precision: every loss, and the very metrics."""

import dataclasses
from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest
import torch

from mixcli.catalog import MODELS
from mixcli.context import Context
from mixcli.generators.graphs import barbell, cycle, path
from mixcli.graph import Graph
from mixcli.training.arms import make_arms
from mixcli.training.engine import fit
from mixcli.training.plan import Plan
from mixcli.training.stacked import fit as stacked_fit
from mixcli.training.stacked.job import StackJob, job_of
from mixcli.training.tasks.base import Task
from mixcli.training.tasks.benchmark import source_of
from mixcli.training.tasks.matching import Matching

STEPS = 8
SETTINGS = [(1e-2, 0.0, 0.0), (1e-3, 0.1, 0.5), (3e-3, 0.0, 0.2), (2e-2, 0.01, 0.8)]
"""Step size, weight decay and dropout of each trial."""


@pytest.fixture(autouse=True)
def double(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before, features = torch.get_default_dtype(), Matching.features
    torch.set_default_dtype(torch.float64)
    monkeypatch.setattr(Matching, "features", lambda task, units: features(task, units).astype(np.float64))
    yield
    torch.set_default_dtype(before)


def rings_and_paths(target) -> list[Graph]:
    made = [(cycle if i % 2 else path)(4 + i % 5) for i in range(24)]
    x = [np.random.default_rng(i).normal(size=(g.n, 3)) for i, g in enumerate(made)]
    return [g.replace(graph={"y": np.array(target(i, g))}, node={"x": x[i]}) for i, g in enumerate(made)]


def two_camps(sparse: bool) -> Graph:
    rng = np.random.default_rng(0)
    x = (rng.random((24, 40)) < 0.05).astype(float) if sparse else rng.normal(size=(24, 5))
    return barbell(12, 0).replace(node={"y": (np.arange(24) >= 12).astype(int), "x": x})


SOURCES = {
    "classes": lambda: rings_and_paths(lambda i, g: [i % 2]),
    "regression": lambda: rings_and_paths(lambda i, g: [0.3 * g.n, i**0.5]),
    "labels": lambda: rings_and_paths(lambda i, g: [i % 2, g.n > 6, i % 3 == 0]),
    "nodes": lambda: [two_camps(False)],
    "sparse": lambda: [two_camps(True)],
    "transfer": lambda: [barbell(4, 0)],
    **{
        name: lambda name=name: [source_of(name)]
        for name in (
            "ring_transfer:n=6", "crossed_ring:n=6", "clique_path:n=10", "tree_transfer:depth=2",
            "cliques_transfer:cliques=2,k=4", "neighbors_match:depth=2", "cliques_match:cliques=2,k=4",
        )
    },
}  # fmt: skip


@cache
def plan_of(source: str, model: str, arms: tuple[str, ...] = ("none", "random:3")) -> Plan:
    made = make_arms({source: SOURCES[source]()}, list(arms), Context())
    x = getattr(made[0].task, "x", None)
    tasks = {id(a.task): a.task if x is None else dataclasses.replace(a.task, x=a.task.x.astype(float)) for a in made}
    made = [dataclasses.replace(a, task=tasks[id(a.task)]) for a in made]
    chosen = MODELS.make(model).completed(made[0].task)
    changes = {"epochs": STEPS, "batch_size": 0}
    return Plan(tuple(made), chosen, made[0].task.protocol.changed(changes), 0, 2, "cpu")


def jobs_of(plan: Plan) -> list[StackJob]:
    """Four trials: two of each arm, each with settings of its own."""
    found = []
    for job, (lr, decay, dropout) in zip(plan.jobs, SETTINGS, strict=True):
        made = job_of(plan, *job)
        assert made is not None
        protocol = made.protocol.changed({"lr": lr, "weight_decay": decay})
        found.append(
            dataclasses.replace(made, protocol=protocol, model=dataclasses.replace(made.model, dropout=dropout))
        )
    return found


def curves(jobs: list[StackJob]) -> list[np.ndarray]:
    stack = stacked_fit._Stack(jobs, torch.device("cpu"))
    stack.train()
    return [np.array(m.course.curves) for m in stack.all]


def alone(job: StackJob) -> np.ndarray:
    done = fit(
        job.task, job.topology, job.model, job.protocol, seed=job.seed, trial=job.trial, relations=job.relations
    )  # fmt: skip
    return np.array(done.course.curves)


def check(jobs: list[StackJob], within: float = 1e-12) -> None:
    assert len({j.kind for j in jobs}) == 1
    for job, together in zip(jobs, curves(jobs), strict=True):
        by_itself = alone(job)
        np.testing.assert_allclose(together[:, :2], by_itself[:, :2], rtol=within, atol=within)
        np.testing.assert_allclose(together[:, 2:], by_itself[:, 2:], rtol=1e-9 if real_valued(job.task) else 0)


def real_valued(task: Task) -> bool:
    """Whether the metric is a mean of real numbers, which is rounded too."""
    return task.kind in ("graph_regression", "graph_labels")


@pytest.mark.parametrize("source", SOURCES)
def test_every_task_has_its_own_loss_and_metric_in_a_stack(source: str) -> None:
    check(jobs_of(plan_of(source, "gcn:layers=3,hidden=8")))


@pytest.mark.parametrize("source", ["regression", "labels", "cliques_match:cliques=2,k=4"])
def test_trials_that_end_at_different_epochs_keep_their_own_scale(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stacked_fit, "COMPACTED_EVERY", 3)
    changes = {"epochs": 30, "patience": 5, "scheduler": "plateau", "plateau_patience": 2}
    jobs = [
        dataclasses.replace(j, protocol=j.protocol.changed(changes)) for j in jobs_of(plan_of(source, "gcn:hidden=8"))
    ]
    found = curves(jobs)
    assert len({len(c) for c in found}) > 1
    for job, together in zip(jobs, found, strict=True):
        np.testing.assert_allclose(together, alone(job), rtol=1e-9)


@pytest.mark.parametrize("method", ["last_layer_fa", "virtual_node", "cayley"])
@pytest.mark.parametrize("source", ["neighbors_match:depth=2", "ring_transfer:n=6", "regression"])
def test_layer_plans_of_every_task_are_stacked(source: str, method: str) -> None:
    check(jobs_of(plan_of(source, "gcn:layers=3,hidden=8", (method, method))))


WITHOUT_BATCH_NORM = [
    "gcn:hidden=8", "sage:hidden=8", "rgcn:hidden=8", "mlp:hidden=8", "sgc:layers=3",
    "gcn:hidden=8,layers=3,residual=true", "gcn:hidden=8,norm=layer", "sage:hidden=8,layers=4,norm=layer,residual=true",
]  # fmt: skip

WEIGHING = [
    "gat:hidden=8,layers=3", "gat:hidden=8,heads=2,norm=layer,residual=true", "gat:hidden=8,layers=3,version=2",
    "gatedgcn:hidden=8,norm=none", "gatedgcn:hidden=8,gates=normalised,norm=layer",
]  # fmt: skip

BATCH_NORM = ["gin:hidden=8", "rgin:hidden=8", "rgin:hidden=8,layers=3,norm=layer,residual=true"]
"""Models whose layers hold batch normalisation, with nothing before it that it takes away."""


@pytest.mark.parametrize("source", ["classes", "nodes", "sparse", "transfer"])
@pytest.mark.parametrize("model", [*WITHOUT_BATCH_NORM, *WEIGHING, *BATCH_NORM])
def test_every_layer_does_in_a_stack_what_it_does_alone(model: str, source: str) -> None:
    check(jobs_of(plan_of(source, model)), within_of(model))


@pytest.mark.parametrize("method", ["last_layer_fa:variant=complete", "last_layer_fa:variant=sum"])
@pytest.mark.parametrize("model", WEIGHING)
def test_weighed_arcs_of_a_full_last_layer_are_stacked(model: str, method: str) -> None:
    check(jobs_of(plan_of("classes", model, (method, method))))


@pytest.mark.parametrize("method", ["last_layer_fa", "virtual_node"])
@pytest.mark.parametrize("model", ["rgin:hidden=8", "sage:hidden=8,layers=4,norm=layer,residual=true", "sgc:layers=3"])
def test_every_layer_plan_does_in_a_stack_what_it_does_alone(model: str, method: str) -> None:
    check(jobs_of(plan_of("classes", model, (method, method))), within_of(model))


def within_of(model: str) -> float:
    """1e-12, or what division by small deviations makes of it."""
    return 1e-9 if model in BATCH_NORM else 1e-12


@pytest.mark.parametrize(
    "model", ["gcn:hidden=8,norm=batch", "rgin:hidden=8,norm=batch,residual=true", "gatedgcn:hidden=8"]
)
@pytest.mark.parametrize("arms", [("none", "random:3"), ("virtual_node", "virtual_node")])
@pytest.mark.parametrize("source", ["classes", "nodes"])
def test_batch_norm_between_layers_leaves_training_as_it_is(source: str, model: str, arms: tuple[str, ...]) -> None:
    jobs = jobs_of(plan_of(source, model, arms))
    item = 1 / len(jobs[0].split.test)
    for job, together in zip(jobs, curves(jobs), strict=True):
        by_itself = alone(job)
        np.testing.assert_allclose(together[:, 0], by_itself[:, 0], rtol=1e-12)
        if not job.protocol.weight_decay:  # which makes full steps of biases that are but rounding
            np.testing.assert_allclose(together[:, 1], by_itself[:, 1], rtol=1e-6)
            assert np.abs(together[:, 2:] - by_itself[:, 2:]).max() <= item + 1e-9
