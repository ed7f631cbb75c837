"""Probes on every kind of task: by the task's own loss and metric, or refused with what to do instead."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from probe_nets import RINGS
from torch import Tensor

from mixcli.catalog import PROBES
from mixcli.generators.graphs import barbell
from mixcli.graph import from_arcs
from mixcli.sources import load_sequence
from mixcli.training.compare import compare
from mixcli.training.engine import fit
from mixcli.training.probes.gradients import Gradients
from mixcli.training.probes.run import probe_specs
from mixcli.training.probes.trained import Trained
from mixcli.training.tasks.benchmark import source_of

SMALL = [
    "sensitivity:graphs=3,targets=2", "obstruction:graphs=3,targets=4", "dirichlet:graphs=3", "mad:graphs=3",
    "rank:graphs=3", "collapse:graphs=3", "gradients:units=8", "spectrum:graphs=1,order=64", "relation_share:graphs=3",
]  # fmt: skip
MASK = "mask:window:4,tokens=8,layers=2"


def with_targets(of: Callable[[int, Any], Any]) -> dict[str, list[Any]]:
    return {"toy": [g.replace(graph={"y": np.atleast_1d(of(i, g))}) for i, g in enumerate(RINGS)]}


SOURCES: dict[str, Any] = {
    "graph_classification": {"toy": RINGS},
    "graph_regression": with_targets(lambda i, g: [g.m / g.n, 0.01 * i, 3.0 * i * i]),
    "graph_labels": with_targets(lambda i, g: [i % 2, i % 3 == 0, 0.0]),
    "node_classification": barbell(6, 0).replace(node={"y": np.arange(12) % 3}),
    "transfer": barbell(5, 1),
    "neighbors_match": source_of("neighbors_match:depth=2"),
}


def record_of(source: Any, model: str, controls: bool = False) -> dict[str, Any]:
    arms = ["none", "random:iterations=2", "last_layer_fa"]
    found = compare(source, arms, model, 1, protocol={"epochs": 1}, probes=SMALL, controls=controls)
    return found.record()


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize("model", ["gcn", "rgcn", "transformer"])
def test_every_figure_has_a_value_or_a_reason(kind: str, model: str) -> None:
    record = record_of(SOURCES[kind], f"{model}:hidden=4,layers=3", controls=model == "rgcn")
    assert len(record["arms"]) == (4 if model == "rgcn" else 3)
    for arm in record["arms"]:
        assert list(arm["probes"]) == [*probe_specs(SMALL)]
        for spec, probe in arm["probes"].items():
            assert probe["figures"] or probe["reason"], (arm["name"], spec)
            for name, figure in probe["figures"].items():
                assert figure["mean"] is not None or name in probe["reason"] or "too few" in probe["reason"], (
                    spec,
                    name,
                )


@pytest.mark.parametrize("kind", SOURCES)
def test_metric_with_all_edges_is_that_of_the_trial(kind: str) -> None:
    record = record_of(SOURCES[kind], "gin:hidden=4,layers=2")
    assert record["task"]["kind"] in (kind, "transfer", "matching")
    for arm in record["arms"]:
        figures = {k: v["mean"] for k, v in arm["probes"]["relation_share:graphs=3"]["figures"].items()}
        assert figures["metric"] == pytest.approx(arm["values"][0]["best"], rel=1e-5)
        sign = 1 if record["better"] == "higher" else -1
        assert figures["lost"] == pytest.approx(sign * (figures["metric"] - figures["metric_masked"]), abs=1e-12)


def cross_entropy(scores: Tensor, y: Tensor, known: np.ndarray) -> Tensor:
    return (scores.logsumexp(1) - scores[torch.arange(len(y)), y]).mean()


def scaled_error(scores: Tensor, y: Tensor, known: np.ndarray) -> Tensor:
    goal = (y.numpy() - known.mean(0)) / known.std(0)
    return (scores - torch.from_numpy(goal.astype(np.float32))).abs().mean()


def two_sided(scores: Tensor, y: Tensor, known: np.ndarray) -> Tensor:
    return -(y * scores.sigmoid().log() + (1 - y) * (1 - scores.sigmoid()).log()).mean()


LOSSES: Mapping[str, Callable[..., Tensor]] = {"graph_regression": scaled_error, "graph_labels": two_sided}


@pytest.mark.parametrize("kind", [*SOURCES, "reach"])
def test_gradients_are_those_of_the_tasks_own_loss(kind: str) -> None:
    source = load_sequence(MASK) if kind == "reach" else SOURCES[kind]
    model = "decoder:hidden=8,heads=2" if kind == "reach" else "gcn:hidden=4,layers=2"
    plan = compare(source, ["none"], model, 1, protocol={"epochs": 1}).plan
    arm = plan.arms[0]
    done = fit(arm.task, arm.topology, plan.model, plan.protocol, seed=0, trial=0, early=True)
    one = Trained(plan, 0, 0, done)
    reading = Gradients(units=8)(one)
    units = np.sort(one.random.rng("probe units").permutation(one.split.train)[:8])
    batch: Any = one.loader.batch(units)
    known = arm.task.labels[one.split.train].astype(np.float64) if kind in LOSSES else np.zeros(0)
    with one.at("start"):
        loss = LOSSES.get(kind, cross_entropy)(batch.scores(one.net(batch.x, batch.block)), batch.y, known)
        first = torch.autograd.grad(loss, list(one.net.layers[0].parameters()), allow_unused=True)
    norm = math.sqrt(sum(float(g.square().sum()) for g in first if g is not None))
    assert norm > 0
    assert reading.curves["weight_start"][0] == pytest.approx(norm, rel=1e-4)


def test_decoder_is_probed_by_its_gradients_and_refused_in_one_line_otherwise() -> None:
    record = compare(
        load_sequence(MASK), ["none"], "decoder:hidden=8,heads=2", 1, protocol={"epochs": 1}, probes=list(PROBES)
    ).record()  # fmt: skip
    for spec, probe in record["arms"][0]["probes"].items():
        if spec == "gradients":
            assert probe["figures"]["ratio_best"]["mean"] > 0
        else:
            assert not probe["figures"]
            assert "mixcli analyze" in probe["reason"]
            assert "\n" not in probe["reason"]


@pytest.mark.parametrize("probe", ["dirichlet", "obstruction"])
def test_what_is_of_undirected_graphs_is_refused_on_directed_ones_with_a_way_out(probe: str) -> None:
    arcs = from_arcs(12, np.array([[i, (i + 1) % 12] for i in range(12)]), directed=True, node={"y": np.arange(12) % 3})
    found = compare(arcs, ["none"], "gcn:hidden=4", 1, protocol={"epochs": 1}, probes=[probe]).record()
    told = next(iter(found["arms"][0]["probes"].values()))
    reason = f"expected an undirected graph for {probe}, found a directed one; pass --undirected"
    assert reason in str(told)


def test_layers_that_hear_every_node_or_none_have_no_reach_along_edges() -> None:
    for model, has in (
        ("gcn:hidden=4,layers=2", True), ("transformer:hidden=4,layers=2,over=edges", True),
        ("transformer:hidden=4,layers=2", False), ("mlp:hidden=4,layers=2", False),
    ):  # fmt: skip
        probes = [SMALL[0], "rank:graphs=3"]
        record = compare({"toy": RINGS}, ["none"], model, 1, protocol={"epochs": 1}, probes=probes).record()
        probe = record["arms"][0]["probes"][SMALL[0]]
        assert (probe["figures"]["out_of_reach"]["mean"] is not None) == has
        assert ("out_of_reach" in probe.get("reason", "")) == (not has)
        rank = record["arms"][0]["probes"]["rank:graphs=3"]  # a transformer's last layer is hidden: scores come after
        place = -1 if model.startswith("transformer") else -2
        assert rank["figures"]["stable_rank"]["mean"] == rank["curves"]["stable_rank"]["mean"][place]


def test_forecast_counts_a_direction_for_each_output_of_the_last_layer() -> None:
    probe = PROBES.make("sensitivity:graphs=3,targets=2,probes=0")
    works = []
    for model in ("gcn:hidden=16,layers=2", "transformer:hidden=16,layers=2,over=edges"):
        plan = compare({"toy": RINGS}, ["none"], model, 1, protocol={"epochs": 1}).plan
        works.append(probe.work(plan).operations / PROBES.make("rank:graphs=3").work(plan).operations)
    assert works == [3 * 2 * 2, 3 * 2 * 16]  # forth and back, targets, classes against the width
