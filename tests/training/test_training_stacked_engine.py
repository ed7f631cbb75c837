"""A trial in a stack: what it gives alone, whatever it is trained with."""

import dataclasses
from functools import cache

import numpy as np
import pytest
import torch

from mixcli.catalog import MODELS
from mixcli.context import Context
from mixcli.errors import LimitExceeded
from mixcli.generators.graphs import barbell, cycle, path
from mixcli.graph import Graph
from mixcli.limits import Limits
from mixcli.training.arms import make_arms
from mixcli.training.compare import compare
from mixcli.training.cost import memory_of
from mixcli.training.engine import run_trial
from mixcli.training.plan import Plan
from mixcli.training.runner import run
from mixcli.training.stacked import chunks as stacks
from mixcli.training.stacked import fit as stacked_fit
from mixcli.training.stacked.chunks import chunks, size_of
from mixcli.training.stacked.fit import run_stack
from mixcli.training.stacked.job import StackJob, job_of
from mixcli.training.store import Store
from mixcli.training.trial_result import TrialResult

SHORT = {"epochs": 12, "lr": 0.01, "patience": 4}


def rings_and_paths(count: int = 40) -> list[Graph]:
    made = [(cycle if i % 2 else path)(5 + i % 7) for i in range(count)]
    x = [np.random.default_rng(i).normal(size=(g.n, 3)).astype(np.float32) for i, g in enumerate(made)]
    return [g.replace(graph={"y": np.array([i % 2])}, node={"x": x[i]}) for i, g in enumerate(made)]


def two_camps(n: int = 40, sparse: bool = False) -> Graph:
    rng = np.random.default_rng(0)
    x = (rng.random((n, 60)) < 0.02).astype(np.float32) if sparse else rng.normal(size=(n, 6)).astype(np.float32)
    return barbell(n // 2, 0).replace(node={"y": (np.arange(n) >= n // 2).astype(int), "x": x})


SOURCES = {
    "graphs": rings_and_paths(),
    "nodes": [two_camps()],
    "sparse": [two_camps(sparse=True)],
    "transfer": [barbell(4, 0)],
    "noise": [two_camps().replace(node={"y": np.arange(40) % 2, "x": two_camps().node["x"]})],
}


@cache
def plan_of(source: str, model: str, arms: tuple[str, ...] = ("none", "random:3"), trials: int = 2) -> Plan:
    made = make_arms({source: SOURCES[source]}, list(arms), Context())
    task = made[0].task
    chosen = MODELS.make(model).completed(task)
    return Plan(tuple(made), chosen, task.protocol.changed(SHORT), 0, trials, "cpu")


def jobs_of(plan: Plan) -> list[StackJob]:
    made = [job_of(plan, *job) for job in plan.jobs]
    assert None not in made
    return made


def agree(alone: TrialResult, together: TrialResult, within: float, items: int = 0) -> None:
    """Same epochs, losses to rounding, and metrics that differ by so many units at most."""
    assert (alone.parameters, alone.diverged) == (together.parameters, together.diverged)
    if not items:
        assert (alone.epochs, alone.best_epoch) == (together.epochs, together.best_epoch)
        assert (alone.best, alone.last) == (pytest.approx(together.best), pytest.approx(together.last))
        np.testing.assert_allclose(alone.curves, together.curves, rtol=within, atol=within)
    assert abs(alone.best - together.best) <= items + 1e-6
    first = min(3, len(alone.curves))
    np.testing.assert_allclose(alone.curves[:first, 0], together.curves[:first, 0], rtol=within)


@pytest.mark.parametrize(
    "model", ["gcn", "sage", "rgcn", "mlp", "gcn:residual=true,norm=layer", "gat", "gat:version=2"]
)
@pytest.mark.parametrize("source", ["graphs", "nodes", "sparse", "transfer"])
def test_stack_of_four_is_four_lone_trials(source: str, model: str) -> None:
    plan = plan_of(source, f"{model}{',' if ':' in model else ':'}hidden=8,dropout=0.4")
    for job, together in zip(plan.jobs, run_stack(jobs_of(plan)), strict=True):
        agree(plan.run(*job), together, 1e-5)
        assert together.stack == 4


@pytest.mark.parametrize(
    ("model", "source"),
    [(model, s) for model in ("gin", "rgin") for s in ("graphs", "nodes", "sparse", "transfer")]
    + [("gcn:norm=batch", s) for s in ("graphs", "nodes")],
)
def test_stack_of_batch_norm_models_is_lone_trials_within_an_item(model: str, source: str) -> None:
    plan = plan_of(source, f"{model}{',' if ':' in model else ':'}hidden=8,dropout=0.4")
    item = 1 / len(plan.arms[0].task.split(0, 0).test)
    for job, together in zip(plan.jobs, run_stack(jobs_of(plan)), strict=True):
        agree(plan.run(*job), together, 2e-2, items=item)


@pytest.mark.parametrize("kind", ["gcn", "gin"])
def test_order_and_company_do_not_matter(kind: str) -> None:
    plan = plan_of("graphs", f"{kind}:hidden=8", trials=3)
    jobs = jobs_of(plan)
    first = run_stack(jobs)
    for order in ([5, 3, 0, 1, 4, 2], [2, 4]):
        for i, again in zip(order, run_stack([jobs[i] for i in order]), strict=True):
            np.testing.assert_allclose(first[i].curves[:3, :2], again.curves[:3, :2], rtol=2e-3)
            assert first[i].best == pytest.approx(again.best, abs=1 / 4)


def test_arm_that_changes_nothing_differs_by_exactly_nothing() -> None:
    for model in ("gcn:hidden=8", "gin:hidden=8", "rgcn:hidden=8"):
        plan = plan_of("graphs", model, ("none", "random:2", "none"))
        found = dict(zip(plan.jobs, run_stack(jobs_of(plan)), strict=True))
        for t in range(plan.trials):
            assert np.array_equal(found[0, t].curves, found[2, t].curves)
            assert not np.array_equal(found[0, t].curves, found[1, t].curves)


def test_step_sizes_decays_and_rates_are_by_trial() -> None:
    plan = plan_of("graphs", "gcn:hidden=8")
    base = jobs_of(plan)[0]
    settings = [(0.01, 0.0, 0.0), (0.003, 0.1, 0.5), (0.03, 0.0, 0.9)]
    jobs = [
        dataclasses.replace(
            base,
            model=dataclasses.replace(base.model, dropout=p),
            protocol=base.protocol.changed({"lr": lr, "weight_decay": decay, "scheduler": "plateau"}),
        )
        for lr, decay, p in settings
    ]
    assert len({j.kind for j in jobs}) == 1
    for job, together in zip(jobs, run_stack(jobs), strict=True):
        alone = run_trial(job.task, job.topology, job.model, job.protocol, seed=job.seed, trial=job.trial)
        agree(alone, together, 1e-5)


def test_test_labels_choose_nothing() -> None:
    job = jobs_of(plan_of("graphs", "gin:hidden=8", trials=1))[0]
    task, split = job.task, job.split
    poisoned = task.labels.copy()
    poisoned[split.test] = 1 - poisoned[split.test]

    class Poisoned(type(task)):
        def split(self, seed: int, trial: int):
            return split

    fields = {f.name: getattr(task, f.name) for f in dataclasses.fields(task)}
    bad = dataclasses.replace(job, task=Poisoned(**{**fields, "labels": poisoned}))
    (clean,), (wrong,) = run_stack([job]), run_stack([bad])
    assert np.array_equal(clean.curves[:, :3], wrong.curves[:, :3])
    assert (clean.best_epoch, clean.epochs) == (wrong.best_epoch, wrong.epochs)
    assert wrong.curves[:, 3] == pytest.approx(1 - clean.curves[:, 3])


@pytest.mark.parametrize(("model", "scheduler"), [("gcn", "none"), ("gcn", "plateau"), ("gat", "plateau")])
def test_trials_that_end_early_leave_the_stack(model: str, scheduler: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stacked_fit, "COMPACTED_EVERY", 3)
    plan = plan_of("noise", f"{model}:hidden=8,dropout=0.5", trials=4)
    changes = {"epochs": 40, "patience": 6, "lr": 0.02, "scheduler": scheduler, "plateau_patience": 6}
    plan = dataclasses.replace(plan, protocol=plan.protocol.changed(changes))
    found = run_stack(jobs_of(plan))
    assert len({r.epochs for r in found}) > 2
    for job, together in zip(plan.jobs, found, strict=True):
        agree(plan.run(*job), together, 1e-5)


@pytest.mark.parametrize("model", ["gcn", "gat", "gatedgcn"])
def test_diverging_trial_leaves_the_others_alone(model: str) -> None:
    plan = plan_of("graphs", f"{model}:hidden=8{',norm=none' if model == 'gatedgcn' else ''}")
    tame, other = jobs_of(plan)[:2]
    wild = dataclasses.replace(other, protocol=dataclasses.replace(other.protocol, lr=1e30))
    together = run_stack([tame, wild])
    assert together[1].diverged
    assert together[1].epochs < 12
    agree(plan.run(*plan.jobs[0]), together[0], 1e-5)


@pytest.mark.parametrize("method", ["last_layer_fa", "last_layer_fa:variant=complete", "virtual_node", "cayley"])
@pytest.mark.parametrize("model", ["gcn", "rgcn", "gat", "gatedgcn:norm=none"])
def test_layer_plans_are_stacked_by_themselves(method: str, model: str) -> None:
    plan = plan_of("graphs", f"{model}{',' if ':' in model else ':'}hidden=8,layers=3", ("none", method))
    cut = list(chunks(plan, plan.jobs, 8))
    assert sorted(len(chunk) for chunk in cut) == [2, 2]
    for chunk in cut:
        for (job, _), together in zip(chunk, run_stack([made for _, made in chunk]), strict=True):
            agree(plan.run(*job), together, 1e-5)


def test_directed_weighted_and_typed_arms_share_a_stack() -> None:
    base = rings_and_paths()
    weighted = [g.replace(weight=np.linspace(0.5, 2, g.m)) for g in base]
    typed = [g.replace(edge={"edge_type": np.arange(g.m) % 2}) for g in base]
    arms = make_arms({"a": base, "b": weighted, "c": typed}, ["none"], Context())
    task = arms[0].task
    for name in ("gcn:hidden=8", "rgcn:hidden=8", "rgin:hidden=8", "gat:hidden=8", "gatedgcn:hidden=8,norm=none"):
        model = MODELS.make(name).completed(task)
        plan = Plan(tuple(arms), model, task.protocol.changed(SHORT), 0, 1, "cpu")
        for job, together in zip(plan.jobs, run_stack(jobs_of(plan)), strict=True):
            agree(plan.run(*job), together, 1e-5)


def test_layers_without_a_stacked_form_are_trained_alone() -> None:
    for model in ("transformer", "gcn:layers_of=pyg"):
        assert job_of(plan_of("graphs", f"{model}{',' if ':' in model else ':'}hidden=8"), 0, 0) is None
    record = compare(
        SOURCES["graphs"], ["none"], "transformer:hidden=4", trials=2, protocol={"epochs": 1}, stack=2
    ).record()
    assert (record["engine"], record["stack"]) == ("lone", 1)


@pytest.mark.parametrize("model", ["transformer:hidden=8", "gcn:hidden=8,layers_of=pyg"])
def test_what_is_trained_alone_is_told_where_a_stack_was_asked_for(
    model: str, caplog: pytest.LogCaptureFixture
) -> None:  # fmt: skip
    plan = plan_of("graphs", model)
    plan = dataclasses.replace(plan, protocol=plan.protocol.changed({"epochs": 1}))
    for asked in (0, 1, 2):
        with caplog.at_level("INFO", "mixcli"), Store() as store:
            assert run(plan, store, stack=asked)
        said = [r.getMessage() for r in caplog.records if "one at a time" in r.getMessage()]
        assert bool(said) == (asked > 1)
    assert said[0].startswith("4 of 4 trials are trained one at a time: no stacked form of ")


def test_memory_is_forecast_for_as_many_as_can_be_stacked() -> None:
    plan = plan_of("graphs", "transformer:hidden=8", trials=100)
    plan = dataclasses.replace(plan, protocol=plan.protocol.changed({"epochs": 1}))
    limits = Limits(memory=int(2 * memory_of(plan)))
    with Store() as store:
        assert run(dataclasses.replace(plan, trials=2), store, Context(limits=limits), stack=100)
    with pytest.raises(LimitExceeded, match="a smaller --stack"), Store() as store:
        run(plan_of("graphs", "gcn:hidden=8", trials=100), store, Context(limits=Limits(memory=1)), stack=100)


def test_results_and_keys_do_not_depend_on_the_size() -> None:
    plan = plan_of("graphs", "gcn:hidden=8", ("none", "random:3", "last_layer_fa"), trials=3)
    found = {}
    for size in (1, 2, 4, 100):
        with Store() as store:
            assert run(plan, store, stack=size)
            found[size] = {job: store.get(plan.key(*job)) for job in plan.jobs}
    for size in (2, 4, 100):
        for job, alone in found[1].items():
            agree(alone, found[size][job], 1e-5)
    assert {r.stack for r in found[1].values()} == {1}
    assert {r.stack for r in found[100].values()} == {6, 3}


def test_same_arm_under_another_name_is_trained_once(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    monkeypatch.setattr(stacked_fit, "_Stack", _counting(stacked_fit._Stack, sizes))
    graphs = SOURCES["graphs"]
    found = compare({"a": graphs, "b": list(graphs)}, ["none", "drop_edge:p=0"], "gin:hidden=8", trials=3, stack=4)
    assert sum(sizes) == 3
    assert all(a.difference.mean == 0 and a.difference.ties == 3 for a in found.arms[1:])
    assert found.record()["engine"] == "stacked"


def _counting(original: type, sizes: list[int]) -> type:
    class Counting(original):
        def __init__(self, jobs, device) -> None:
            sizes.append(len(jobs))
            super().__init__(jobs, device)

    return Counting


def test_stack_that_does_not_fit_is_halved(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of("graphs", "gcn:hidden=8", trials=4)
    tried = []

    def small(jobs, device):
        tried.append(len(jobs))
        if len(jobs) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return run_stack(jobs, device)

    monkeypatch.setattr(stacked_fit, "run_stack", small)
    with Store() as store:
        assert run(plan, store, stack=8)
        found = {job: store.get(plan.key(*job)) for job in plan.jobs}
    assert tried == [8, 4, 2, 2, 2, 2]
    assert {r.stack for r in found.values()} == {2}
    agree(plan.run(*plan.jobs[3]), found[plan.jobs[3]], 1e-5)


def test_other_errors_are_not_taken_for_want_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(jobs, device):
        raise RuntimeError("something else")

    monkeypatch.setattr(stacked_fit, "run_stack", broken)
    with Store() as store, pytest.raises(RuntimeError, match="something else"):
        run(plan_of("graphs", "gcn:hidden=8"), store, stack=2)


def test_size_is_one_on_a_processor_and_from_the_forecast_on_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of("graphs", "gcn:hidden=8")
    assert (size_of(plan), size_of(plan, 7)) == (1, 7)
    on_cuda = dataclasses.replace(plan, device="cuda:1")
    need = stacks.memory_of(on_cuda, stacked=True)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (int(100 * need) + 1, int(200 * need)))
    assert size_of(on_cuda) == 60
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (1, 1))
    assert size_of(on_cuda) == 1


def test_forced_stack_counts_towards_the_memory_limit() -> None:
    context = Context(limits=Limits(memory=3 * stacks.memory_of(plan_of("graphs", "gcn:hidden=8"))))
    with Store() as store:
        with pytest.raises(LimitExceeded):
            run(plan_of("graphs", "gcn:hidden=8"), store, context, stack=4)
        assert run(plan_of("graphs", "gcn:hidden=8"), store, context, stack=2)


def test_random_state_and_threads_are_left_alone() -> None:
    state, threads = torch.random.get_rng_state(), torch.get_num_threads()
    run_stack(jobs_of(plan_of("graphs", "gcn:hidden=8")))
    assert torch.equal(state, torch.random.get_rng_state())
    assert torch.get_num_threads() == threads


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("source", ["graphs", "nodes", "sparse", "transfer"])
def test_stack_on_cuda_is_the_processors(source: str) -> None:
    plan = plan_of(source, "gcn:hidden=8,dropout=0.4")
    for job, together in zip(plan.jobs, run_stack(jobs_of(plan), torch.device("cuda")), strict=True):
        np.testing.assert_allclose(plan.run(*job).curves[:3], together.curves[:3], atol=1e-3)
