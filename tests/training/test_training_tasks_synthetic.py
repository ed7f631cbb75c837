"""Synthetic long-range tasks: their graphs, their samples, and what can and cannot be learned on them."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from mixcli.catalog import TASKS
from mixcli.errors import InputError, NotApplicable, UsageError
from mixcli.generators.graphs import cycle
from mixcli.generators.long_range import crossed_ring
from mixcli.graph import from_arcs
from mixcli.sources import load, save
from mixcli.training.compare import compare
from mixcli.training.tasks.fixed_transfer import FixedTransfer
from mixcli.training.tasks.infer import infer_task
from mixcli.training.tasks.matching import Matching
from mixcli.training.topology import topology_of

CPU = torch.device("cpu")


def task_of(spec: str) -> FixedTransfer | Matching:
    return infer_task([load(f"task:{spec}")])


def bests(found, arm: int = 0) -> list[float]:
    return [r.best for r in found.arms[arm].trials.values()]


@pytest.mark.parametrize(
    ("spec", "n", "m", "hops"),
    [
        ("ring_transfer:n=10", 10, 10, 5),
        ("ring_transfer:n=7", 7, 7, 3),
        ("crossed_ring:n=10", 10, 16, 5),
        ("clique_path:n=10", 10, 15, 6),
        ("tree_transfer:depth=3,arity=3", 40, 39, 3),
        ("cliques_transfer:cliques=3,k=4", 12, 20, 5),
        ("neighbors_match:depth=3", 15, 14, 3),
        ("cliques_match:cliques=3,k=10", 30, 137, 5),
    ],
)
def test_graph_has_its_size_and_the_message_its_way(spec: str, n: int, m: int, hops: int) -> None:
    graph = load(f"task:{spec}")
    assert (graph.n, graph.m) == (n, m)
    assert infer_task([graph]).layers == hops


@pytest.mark.parametrize("n", [4, 6, 10, 16])
def test_crosses_are_those_of_the_published_code(n: int) -> None:
    pairs = set()
    for i in range(n - 1):  # as the loop there goes
        pairs.add((i, i + 1))
        if i < n // 2:
            pairs.add((i, n - 1 - i))
            if n + 1 - i < n:
                pairs.add((i, n + 1 - i))
    pairs.add((0, n - 1))
    expected = sorted({tuple(sorted(p)) for p in pairs if p[0] != p[1]})
    assert crossed_ring(n).edges.tolist() == [list(p) for p in expected]


@pytest.mark.parametrize("name", list(TASKS))
def test_graph_says_its_task_through_rewiring_and_files(name: str, tmp_path: Path) -> None:
    graph = load(f"task:{name}")
    task = infer_task([graph])
    save(graph, tmp_path / "x.jsonl")
    again = infer_task([load(tmp_path / "x.jsonl")])
    assert type(again) is type(task)
    assert again.digest == task.digest
    assert task.facts()["chance"] == 1 / task.classes


def test_other_graphs_and_other_words_are_left_alone() -> None:
    assert infer_task([cycle(20).replace(graph={"task": np.array("toxicity")})]).facts()["pairs"] > 1
    with pytest.raises(InputError, match="10 nodes"):
        infer_task([cycle(12).replace(graph={"task": np.array("task:ring_transfer")})])
    for wrong in ("task:ring_transfr", "task:ring_transfer:m=3", "task:ring_transfer:n=2"):
        with pytest.raises(UsageError):
            load(wrong)
    apart = from_arcs(10, cycle(5).edges, directed=False).replace(graph={"task": np.array("task:ring_transfer")})
    with pytest.raises(NotApplicable, match="different components"):
        infer_task([apart])


def test_inputs_are_the_published_ones() -> None:
    task = task_of("ring_transfer:n=6,classes=3")
    batch = task.loader(topology_of([cycle(6)]), 1, CPU).batch(np.arange(3))
    x = batch.x.view(3, 6, 3)
    assert torch.equal(x[:, 0], torch.zeros(3, 3))
    assert torch.equal(x[:, 3], torch.eye(3))
    assert torch.equal(x[:, [1, 2, 4, 5]], torch.ones(3, 4, 3))
    assert batch.y.tolist() == [0, 1, 2]
    assert batch.rows.tolist() == [0, 6, 12]


@pytest.mark.parametrize("spec", ["neighbors_match:depth=2", "neighbors_match:depth=4", "cliques_match:cliques=2,k=5"])
def test_label_is_what_stands_beside_the_key(spec: str) -> None:
    task = task_of(spec)
    k, units = task.classes, np.arange(len(task.labels))
    x = task.features(units)
    held = x[:, task.marked, :k].argmax(axis=2)
    asked = x[:, task.root, :k].argmax(axis=1)
    place = (held == asked[:, None]).argmax(axis=1)
    if task.values:
        found = x[units, task.marked[place], k:].argmax(axis=1)
        assert (x[:, : task.marked[0], k:] == 0).all()
    else:
        found = place
        assert (x[:, :, k + 1 :] == np.eye(task.n)).all()
    assert np.array_equal(found, task.labels)
    assert len(np.unique(task.orders, axis=0)) == len(task.orders)
    assert np.bincount(task.labels).min() > 0


def test_splits_of_matching_share_no_sample() -> None:
    task = task_of("cliques_match:samples=900")
    split = task.split(0, 3)
    assert len(np.unique(np.concatenate([split.train, split.val, split.test]))) == len(task.labels) == 900
    assert not np.array_equal(split.test, task.split(0, 4).test)


def test_ring_of_ten_needs_five_layers() -> None:
    source = load("task:ring_transfer:n=10")
    reached = compare(source, ["none"], "gcn:layers=5", trials=2)
    assert bests(reached) == [1.0] * 2
    short = compare(source, ["none"], "gcn:layers=4", trials=2, protocol={"epochs": 50})
    assert bests(short) == pytest.approx([0.2] * 2)
    curves = [r.curves[:, 2:] for r in short.arms[0].trials.values()]
    assert np.allclose(curves, 0.2)  # whatever the weights, at every epoch


@pytest.mark.parametrize("model", ["gin", "sage", "gat"])
def test_other_models_cross_the_ring_too(model: str) -> None:
    found = compare(load("task:ring_transfer:n=8"), ["none"], f"{model}:layers=4", trials=1, protocol={"epochs": 200})
    assert bests(found) == [1.0]


def test_rewiring_brings_a_message_over_a_path_of_cliques() -> None:
    source = load("task:cliques_transfer:cliques=3,k=5")  # five hops apart
    arms = ["none", "fosr:iterations=5", "random:iterations=5"]
    found = compare(source, arms, "gcn:layers=3", trials=2, protocol={"epochs": 300})
    assert np.allclose([r.curves[:, 2:] for r in found.arms[0].trials.values()], 0.2)
    assert np.mean(bests(found, 1)) >= 0.95
    # What as many random edges do depends on where they fall: it is in the record beside the others.
    random = found.record()["arms"][2]
    assert random["edges_added"] == found.record()["arms"][1]["edges_added"] == 5
    assert 0.2 <= random["mean"] <= 1.0


def test_the_roots_key_alone_gives_chance_and_enough_layers_more() -> None:
    source = load("task:neighbors_match:depth=2,samples=96")
    short = compare(source, ["none"], "gin:layers=1", trials=2, protocol={"epochs": 5})
    assert max(bests(short)) <= 0.5
    deep = compare(source, ["none"], "gin:layers=3", trials=1, protocol={"epochs": 150, "lr": 0.01, "patience": 0})
    assert bests(deep)[0] > 0.5


def test_virtual_nodes_of_an_arm_come_after_the_samples_own() -> None:
    source = load("task:neighbors_match:depth=2,samples=40")
    found = compare(source, ["virtual_node"], "gcn:hidden=4", trials=1, protocol={"epochs": 1})
    assert found.finished == 1


def test_command_line_takes_a_task() -> None:
    command = [
        sys.executable, "-m", "mixcli", "compare", "task:ring_transfer:n=6", "--arm", "none", "--arm", "random:2",
        "--model", "gcn:layers=3,hidden=8", "--trials", "2", "--protocol", "epochs=3", "--format", "json",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    record = json.loads(done.stdout)
    assert record["task"]["kind"] == "transfer"
    assert record["task"]["hops"] == {"mean": 3, "max": 3}
    assert [arm["trials"] for arm in record["arms"]] == [2, 2]
