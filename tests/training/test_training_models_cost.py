"""What the further models are predicted to need, and that they train on every kind of plan."""

import numpy as np
import pytest

from mixcli.catalog import MODELS
from mixcli.context import Context
from mixcli.errors import UsageError
from mixcli.generators.graphs import barbell, cycle
from mixcli.training.arms import make_arms
from mixcli.training.compare import compare
from mixcli.training.cost import memory_of, parameters_of
from mixcli.training.plan import Plan

MANY = [cycle(6 + i % 5).replace(graph={"y": np.array([i % 2])}) for i in range(20)]
NODES = [barbell(8, 0).replace(node={"y": np.arange(16) % 2})]
PLANS = ["last_layer_fa:variant=complete", "cayley", "virtual_node", "fosr:iterations=1"]
SPECS = [
    "sage:hidden=8", "gat:hidden=8", "gat:hidden=8,version=2,heads=2", "gatedgcn:hidden=8", "rgin:hidden=8",
    "mlp:hidden=8",
    "gcn:hidden=8,norm=batch,residual=true", "gin:hidden=8,norm=layer", "gatedgcn:hidden=8,norm=none,residual=false",
]  # fmt: skip


def plan_of(source: list, model: str, arms: tuple[str, ...] = ("none", "fosr:iterations=1"), **settings) -> Plan:
    made = make_arms({"source": source}, list(arms), Context())
    task = made[0].task
    return Plan(tuple(made), MODELS.make(model).completed(task), task.protocol.changed(settings), 0, 2, "cpu")


@pytest.mark.parametrize("layers", [1, 2, 3, 5])
@pytest.mark.parametrize("spec", SPECS)
def test_parameters_are_those_of_the_trained_network(spec: str, layers: int) -> None:
    plan = plan_of(NODES, f"{spec},layers={layers}", epochs=1)
    assert parameters_of(plan) == plan.run(0, 0).parameters


def test_parameters_of_a_linear_model() -> None:
    plan = plan_of(MANY, "sgc:layers=3", epochs=1)
    assert parameters_of(plan) == plan.run(0, 0).parameters == 1 * 2 + 2
    assert memory_of(plan) < memory_of(plan_of(MANY, "gcn:layers=3"))


def test_weighing_arcs_takes_memory_by_arc() -> None:
    few, many = ([g.replace(node={"y": np.arange(g.n) % 2})] for g in (cycle(200), barbell(100, 0)))
    for spec, factor in (("gat:hidden=64", 3.0), ("gatedgcn:hidden=64", 3.0)):
        assert memory_of(plan_of(many, spec)) > factor * memory_of(plan_of(few, spec))
    sorts, pairs = (
        memory_of(plan_of(few, f"gat:hidden=8,version={v}", ("last_layer_fa:variant=complete",))) for v in (1, 2)
    )
    assert pairs > 5 * sorts


@pytest.mark.parametrize("arm", PLANS)
@pytest.mark.parametrize("model", ["sage", "gat", "gat:version=2", "gatedgcn", "rgin", "sgc", "mlp"])
def test_every_model_trains_under_every_layer_plan(model: str, arm: str) -> None:
    found = compare(NODES, ["none", arm], model, trials=1, protocol={"epochs": 2})
    none, other = (r.trials[0] for r in found.arms)
    assert none.parameters == other.parameters
    if model == "mlp" and arm != "virtual_node":  # which has more rows to drop entries of
        assert np.array_equal(none.curves, other.curves)


def test_heads_must_divide_the_width() -> None:
    with pytest.raises(UsageError, match="hidden=10, heads=4"):
        compare(NODES, ["none"], "gat:hidden=10", trials=1, protocol={"epochs": 1})
