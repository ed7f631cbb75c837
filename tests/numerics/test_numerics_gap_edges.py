"""FoSR over a table of graphs: the same edges and the same bits as one graph after the other in plain Python."""

from __future__ import annotations

import numpy as np
import pytest

from mixcli.context import Context
from mixcli.generators import graphs as families
from mixcli.graph import Graph
from mixcli.numerics import gap_edges
from mixcli.rewiring.base import Rewiring, apply
from mixcli.rewiring.graph.fosr import FoSR

BARE = np.zeros((0, 2), np.int64)
MANY = [
    make(seed)
    for seed in range(12)
    for make in (
        lambda s: families.erdos_renyi(12, 20, s),
        lambda s: families.erdos_renyi(40, 60, s),
        lambda s: families.barabasi_albert(90, 1, s),
        lambda s: families.regular(14, 3, s),
    )
]
# Symmetric graphs tie everywhere; dense ones run out of pairs of mixed sign; hubs make every low node fail at the top.
ODD = [
    families.tree(3, 3), families.star(60), families.complete(5), families.path(9), families.barbell(5),
    families.cycle(8), families.torus(4, 4), families.bipartite(3, 4), families.hypercube(4), families.petersen(),
    Graph(0, BARE), Graph(1, BARE), Graph(5, BARE), Graph(6, np.array([[0, 1], [2, 3]])),
]  # fmt: skip


@pytest.fixture(autouse=True)
def _compiled(monkeypatch) -> None:
    monkeypatch.setattr(gap_edges.PLAN, "compiled", lambda plain: True)


@pytest.mark.parametrize("made", [FoSR(3), FoSR(40), FoSR(6, 0), FoSR(8, converged=True)], ids=repr)
def test_same_edits_to_the_last_bit(made: FoSR) -> None:
    many = MANY + ODD
    assert made.edits_many(many, Context(seed=3)) == [list(apply(made, g, context=Context(seed=3)).edits) for g in many]


def test_runs_and_threads_change_nothing(monkeypatch) -> None:
    expected = FoSR(5).edits_many(MANY, Context(threads=1))
    assert FoSR(5).edits_many(MANY, Context(threads=3)) == expected
    monkeypatch.setattr(gap_edges, "ENTRIES", 30)
    assert FoSR(5).edits_many(MANY, Context(threads=1)) == expected


def test_searches_by_sorting_find_the_same(monkeypatch) -> None:
    """A long comb of hubs whose leaves all tie: more low nodes fail at the top than are tried without sorting."""
    arms = [[0, 1]] + [[0, v] for v in range(2, 80)] + [[1, v] for v in range(80, 100)]
    comb = Graph(100, np.array(sorted(arms)))
    assert FoSR(60).edits_many([comb], Context()) == [list(apply(FoSR(60), comb).edits)]


def test_budgets_cut_each_graph() -> None:
    budgets = [number % 5 for number in range(len(MANY))]
    found = FoSR(10**6).edits_many(MANY, Context(), budgets)
    assert found == [list(apply(FoSR(), g, budget=k).edits) for g, k in zip(MANY, budgets, strict=True)]


def test_no_graphs_no_edits() -> None:
    assert FoSR().edits_many([], Context()) == []
    assert Rewiring.edits_many(FoSR(), [], Context()) == []
