"""SDRF by compiled steps: the same edits, gains and curvatures, to the last bit, as in plain Python."""

from __future__ import annotations

import math

import numpy as np
import pytest
from strategies import FIFTY

from mixcli.context import Context
from mixcli.generators import graphs as families
from mixcli.graph import Graph
from mixcli.numerics import flow_steps
from mixcli.rewiring.base import Rules, apply
from mixcli.rewiring.graph.sdrf import SDRF

BARE = np.zeros((0, 2), np.int64)
ODD = [
    Graph(0, BARE), Graph(3, BARE), families.path(2), families.path(3), families.complete(6), families.star(8),
    families.bipartite(3, 4), families.barbell(5), families.tree(2, 3), families.torus(4, 4),
]  # fmt: skip


@pytest.fixture(autouse=True)
def _compiled(monkeypatch) -> None:
    monkeypatch.setattr(flow_steps.PLAN, "compiled", lambda plain: True)


@pytest.mark.parametrize(
    "made",
    [SDRF(10), SDRF(25, 50.0, 0.3), SDRF(12, math.inf, 0.5), SDRF(12, 0.0), SDRF(20, 500.0, -1.0)],
    ids=["default", "with removals", "best", "any", "removes all"],
)
def test_same_edits_to_the_last_bit(made: SDRF) -> None:
    many = FIFTY[::2] + ODD
    expected = [list(made.one_by_one(g, Context(seed=4), Rules(g))) for g in many]
    assert made.edits_many(many, Context(seed=4)) == expected
    assert [list(apply(made, g, context=Context(seed=4)).edits) for g in many] == expected


def test_budgets_cut_within_a_step() -> None:
    many = FIFTY[:12]
    budgets = [number % 5 for number in range(len(many))]
    expected = [list(apply(SDRF(c_plus=0.3), g, budget=k).edits) for g, k in zip(many, budgets, strict=True)]
    assert SDRF(2**31 - 1, c_plus=0.3).edits_many(many, Context(), budgets) == expected


def test_released_definition_goes_one_by_one() -> None:
    made = SDRF(4, variant="released")
    assert made.edits_many(FIFTY[:6], Context()) == [list(apply(made, g).edits) for g in FIFTY[:6]]


def test_rows_grow_far_beyond_their_first_room() -> None:
    sparse = families.path(40)
    assert SDRF(300).edits_many([sparse], Context()) == [list(SDRF(300).one_by_one(sparse, Context(), Rules(sparse)))]


def test_two_hubs_are_left_to_the_path_that_lists_no_pairs() -> None:
    leaves = [[0, v] for v in range(2, 900)] + [[1, v] for v in range(900, 1800)]
    hubs = Graph(1800, np.array(sorted([[0, 1], *leaves])))
    assert flow_steps.flow_steps([hubs], [3], 5.0, None, [np.zeros(3)]) == [None]
    many = [families.barbell(5), hubs]
    assert SDRF(3).edits_many(many, Context()) == [list(SDRF(3).one_by_one(g, Context(), Rules(g))) for g in many]
