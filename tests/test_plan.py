"""Layer plans: schedules, checks, and the way through every format that holds them."""

from __future__ import annotations

import json

import numpy as np
import pytest

import mixcli
from mixcli.errors import InputError
from mixcli.generators.graphs import path
from mixcli.plan import LayerPlan, Overlay

RING = np.array([[0, 1], [1, 2], [2, 3], [3, 0]])


@pytest.mark.parametrize(
    ("layers", "used"),
    [("all", [1, 2, 3, 4]), ("odd", [1, 3]), ("even", [2, 4]), ("last", [4]), ("from:3", [3, 4])],
)
def test_schedules(layers: str, used: list[int]) -> None:
    overlay = Overlay("ring", RING, layers)
    assert [k for k in range(1, 5) if overlay.used(k, 4)] == used


def test_edges_are_canonical() -> None:
    overlay = Overlay("x", np.array([[2, 0], [0, 2], [1, 0]]))
    assert overlay.edges.tolist() == [[0, 1], [0, 2]]


@pytest.mark.parametrize("edges", [[[0, 0]], [[-1, 2]], [[0.5, 1.0]], [0, 1, 2]])
def test_other_things_than_pairs_are_refused(edges: list) -> None:
    with pytest.raises(InputError):
        Overlay("x", np.array(edges))


def test_an_unknown_schedule_is_refused() -> None:
    with pytest.raises(InputError, match="from:K"):
        Overlay("x", RING, "sometimes")


def test_a_plan_names_only_nodes_there_are() -> None:
    with pytest.raises(InputError, match=r"0 … 2"):
        path(3).replace(plan=LayerPlan(overlays=(Overlay("ring", RING),)))
    path(3).replace(plan=LayerPlan(overlays=(Overlay("ring", RING, virtual=1),)))


def test_an_overlay_of_the_same_name_is_replaced() -> None:
    plan = LayerPlan("mean", (Overlay("a", RING), Overlay("b", RING))).with_overlay(Overlay("a", RING[:1]))
    assert [(o.name, len(o.edges)) for o in plan.overlays] == [("b", 4), ("a", 1)]
    assert plan.last == "mean"


def test_json_and_back() -> None:
    plan = LayerPlan("sum", (Overlay("ring", RING, "even", replaces=True, virtual=2),))
    assert LayerPlan.from_json(json.loads(json.dumps(plan.to_json()))) == plan
    assert plan.virtual == 2
    assert "even layers" in str(plan)


@pytest.mark.parametrize("bad", [[1], [{}], 3, [{"name": "x", "edges": [["a", "b"]], "layers": "all"}]])
def test_json_of_something_else_is_refused(bad: object) -> None:
    with pytest.raises(InputError):
        LayerPlan.from_json({"overlays": bad})


@pytest.mark.parametrize("suffix", ["pt", "jsonl", "npz", "graphml", "gml", "gexf", "mtx", "net"])
def test_every_format_that_holds_plans_keeps_them(tmp_path, suffix: str) -> None:
    graph = path(4).replace(plan=LayerPlan("mean", (Overlay("ring", RING, "from:2", virtual=1),)))
    mixcli.save(graph, tmp_path / f"g.{suffix}")
    assert mixcli.load(tmp_path / f"g.{suffix}").plan == graph.plan
