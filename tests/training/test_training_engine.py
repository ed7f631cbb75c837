"""One trial: what it depends on, what it does not, and what it can learn."""

import dataclasses

import numpy as np
import pytest
import torch

from mixcli.catalog import MODELS
from mixcli.errors import UsageError
from mixcli.generators.graphs import barbell, cycle, path
from mixcli.graph import Graph, LayerPlan
from mixcli.numerics.device import resolve
from mixcli.spec import parameters
from mixcli.training.device import available
from mixcli.training.engine import run_trial
from mixcli.training.protocol import Protocol
from mixcli.training.tasks.base import Task
from mixcli.training.tasks.infer import infer_task
from mixcli.training.tasks.transfer import Transfer
from mixcli.training.topology import topology_of
from mixcli.training.trial_result import TrialResult

SHORT = Protocol(lr=0.01, epochs=4, batch_size=8)


def rings_and_paths(count: int = 30) -> list[Graph]:
    made = [(cycle if i % 2 else path)(5 + i % 7) for i in range(count)]
    return [g.replace(graph={"y": np.array([i % 2])}) for i, g in enumerate(made)]


def two_camps(n: int = 40) -> Graph:
    x = np.random.default_rng(0).normal(size=(n, 6)).astype(np.float32)
    return barbell(n // 2, 0).replace(node={"y": (np.arange(n) >= n // 2).astype(int), "x": x})


SOURCES = {"graphs": rings_and_paths(), "nodes": [two_camps()], "transfer": [barbell(4, 0)]}


def trial(graphs: list[Graph], model: str = "gin:hidden=8", protocol: Protocol = SHORT, **kw) -> TrialResult:
    task = kw.pop("task", None) or infer_task(graphs)
    options = {"seed": 0, "trial": 0, **kw}
    return run_trial(task, topology_of(graphs), MODELS.make(model), protocol, **options)


def narrow(model: str) -> str:
    """The model eight wide, where it has a width."""
    return f"{model}:hidden=8" if "hidden" in {f.name for f in parameters(MODELS.get(model))} else model


def same(a: TrialResult, b: TrialResult) -> bool:
    return np.array_equal(a.curves, b.curves) and a.best == b.best and a.last == b.last


@pytest.mark.parametrize("model", [name for name in MODELS if MODELS.get(name).reads == "graph"])
@pytest.mark.parametrize("source", list(SOURCES))
def test_trial_is_a_function_of_its_arguments(source: str, model: str) -> None:
    graphs = SOURCES[source]
    first = trial(graphs, narrow(model), relations=2)
    torch.manual_seed(123)
    state = torch.random.get_rng_state()
    numpy_state = np.random.get_state()[1].copy()  # noqa: NPY002 - to see that it is left alone
    threads = torch.get_num_threads()
    assert same(first, trial(graphs, narrow(model), relations=2))
    assert torch.equal(state, torch.random.get_rng_state())
    assert np.array_equal(numpy_state, np.random.get_state()[1])  # noqa: NPY002
    assert torch.get_num_threads() == threads
    assert first.curves.shape == (4, 4)
    assert np.isfinite(first.curves).all()
    assert not same(first, trial(graphs, narrow(model), relations=2, trial=1))
    assert not same(first, trial(graphs, narrow(model), relations=2, seed=1))


@pytest.mark.parametrize("source", list(SOURCES))
def test_metrics_are_shares_of_the_units(source: str) -> None:
    graphs = SOURCES[source]
    result = trial(graphs)
    size = len(infer_task(graphs).split(0, 0).test)
    assert result.best * size == pytest.approx(round(result.best * size))
    assert result.best == pytest.approx(result.curves[result.best_epoch - 1, 3])
    assert result.last == pytest.approx(result.curves[-1, 3])
    assert result.validation == pytest.approx(result.curves[:, 2].max())


def test_test_labels_choose_nothing() -> None:
    graphs = rings_and_paths()
    task = infer_task(graphs)
    protocol = Protocol(lr=0.01, epochs=30, patience=5, batch_size=8, scheduler="plateau")
    split = task.split(0, 0)
    poisoned = task.labels.copy()
    poisoned[split.test] = 1 - poisoned[split.test]

    class Poisoned(type(task)):
        def split(self, seed: int, trial: int):
            return split

    fields = {f.name: getattr(task, f.name) for f in dataclasses.fields(task)}
    bad = Poisoned(**{**fields, "labels": poisoned})
    clean, wrong = (trial(graphs, protocol=protocol, task=t) for t in (task, bad))
    assert np.array_equal(clean.curves[:, :3], wrong.curves[:, :3])
    assert clean.best_epoch == wrong.best_epoch
    assert wrong.curves[:, 3] == pytest.approx(1 - clean.curves[:, 3])


def test_patience_ends_a_trial() -> None:
    stuck = Protocol(lr=0.0, epochs=50, patience=7, batch_size=0)
    result = trial([two_camps()], "gcn:dropout=0", stuck)
    assert (result.best_epoch, result.epochs) == (1, 8)
    assert trial([two_camps()], "gcn:dropout=0", dataclasses.replace(stuck, patience=0)).epochs == 50


def test_diverging_trial_ends_and_says_so() -> None:
    wild = Protocol(lr=1e30, epochs=20, batch_size=0)
    result = trial([two_camps()], "gcn:layers=3", wild)
    assert result.diverged
    assert result.epochs < 20
    assert 0 <= result.best <= 1


def test_separable_nodes_and_graphs_are_learned() -> None:
    assert trial([two_camps()], "gcn", Protocol(lr=0.05, epochs=60, batch_size=0)).best == 1.0
    result = trial(rings_and_paths(60), "gin:hidden=16,dropout=0,layers=3", Protocol(lr=0.01, epochs=60, batch_size=16))
    assert result.best >= 0.8


def ring(n: int) -> Task:
    pairs = np.array([(i, (i + n // 2) % n) for i in range(n)])
    return Transfer("ring", n, pairs, n // 2, n / 2, None)


def test_message_crosses_a_ring_in_as_many_layers_as_hops() -> None:
    graphs, protocol = [cycle(10)], Protocol(lr=0.01, epochs=250, patience=60, batch_size=0)
    reached = trial(graphs, "gin:layers=5,hidden=32", protocol, task=ring(10))
    assert reached.best == 1.0
    short = trial(graphs, "gin:layers=4,hidden=32", dataclasses.replace(protocol, epochs=5), task=ring(10))
    assert np.allclose(short.curves[:, 2:], 0.2)  # one of five classes, whatever the weights


def test_fully_adjacent_last_layer_reaches_everything() -> None:
    graph = path(12).replace(plan=LayerPlan(last="complete"))
    task = Transfer("path", 12, np.array([(i, 11 - i) for i in range(12) if abs(11 - 2 * i) > 4]), 6, 8.0, None)
    protocol = Protocol(lr=0.01, epochs=150, patience=0, batch_size=0)
    assert trial([graph], "gin:layers=2,hidden=32", protocol, task=task).best > 0.5
    assert trial([path(12)], "gin:layers=2,hidden=32", SHORT, task=task).best == pytest.approx(0.2)


def test_relational_model_has_the_same_size_for_every_arm() -> None:
    graph = two_camps()
    typed = graph.replace(edge={"edge_type": np.arange(graph.m) % 2})
    plain, mixed = trial([graph], "rgcn", relations=2), trial([typed], "rgcn", relations=2)
    assert plain.parameters == mixed.parameters
    assert not same(plain, mixed)
    assert same(trial([graph], "gcn"), trial([typed], "gcn"))  # who knows no relations sees no difference


def test_devices_are_named_and_checked() -> None:
    assert resolve("auto") == ("cuda" if torch.cuda.is_available() else "cpu")
    assert available()[0] == "cpu"
    for name in ("gpu", "cpu:1", "cuda:99", "cuda:x"):
        with pytest.raises(UsageError, match="device"):
            resolve(name)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("source", list(SOURCES))
def test_cuda_gives_what_the_processor_gives_without_dropout(source: str) -> None:
    protocol = Protocol(lr=1e-3, epochs=3, batch_size=0)
    results = [trial(SOURCES[source], "gcn:dropout=0", protocol, device=torch.device(d)) for d in ("cpu", "cuda")]
    assert results[0].curves == pytest.approx(results[1].curves, abs=1e-3)
