"""The recommendation: a stated rule, checked against its definition, and the same for every run."""

from __future__ import annotations

import numpy as np
import pytest

from mixcli.catalog import REWIRINGS
from mixcli.context import Context
from mixcli.errors import NotApplicable, UsageError
from mixcli.generators import graphs as families
from mixcli.graph import Graph
from mixcli.measures.base import measure
from mixcli.numerics.gap import gap
from mixcli.numerics.knee import knee
from mixcli.rewiring.base import Constraints, Rewired, apply, apply_edits, rewire
from mixcli.rewiring.graph.auto import Auto


def said(done: Rewired) -> dict:
    return dict(done.graph.provenance[-1].notes)


@pytest.mark.parametrize("g", [families.lollipop(5, 3), families.grid(5, 5), families.barbell(6)], ids=lambda g: g.name)
def test_choice_follows_the_rule(g: Graph) -> None:
    """Means and knee written out again with the measure itself."""
    horizon = 10
    curves = {}
    for spec in ("fosr", "sdrf", "gtr", "random"):
        edits = apply(REWIRINGS.make(spec), g, budget=horizon).edits
        curves[spec] = [measure(apply_edits(g, edits[:k]), "spectral_gap")["spectral_gap"].data for k in range(11)]
    done = rewire(g, "auto:horizon=10")
    best = max(curves, key=lambda spec: sum(curves[spec]))
    assert said(done)["chosen"] == best
    assert said(done)["mean"] == {s: pytest.approx(sum(c) / 11, rel=1e-6) for s, c in curves.items()}
    at = knee(range(11), curves[best])
    assert len(done.edits) == said(done)["knee"] == (horizon if at is None else at)
    assert done.edits == apply(REWIRINGS.make(best), g, budget=len(done.edits)).edits


def test_the_explanation_has_three_lines_and_names_the_control() -> None:
    why = said(rewire(families.lollipop(5, 3), "auto"))["why"]
    assert len(why) == 3
    assert all(line.startswith("auto: ") for line in why)
    assert "tried fosr, sdrf, gtr, random with 10 edits" in why[0]
    assert "knee" in why[2]
    assert "random control" in why[2]


def test_components_are_joined_first() -> None:
    g = Graph(8, np.array([[0, 1], [1, 2], [2, 3], [4, 5], [5, 6], [6, 7]]))
    done = rewire(g, "auto:candidates=sdrf+fosr")
    assert said(done)["chosen"] == "fosr"  # sdrf never leaves a component
    assert done.graph.components.count == 1


def test_nothing_to_gain_is_said() -> None:
    done = rewire(families.complete(6), "auto")
    assert done.edits == ()
    assert "gains nothing" in said(done)["why"][2]


def test_random_may_win_and_that_is_said() -> None:
    done = rewire(families.cycle(12), "auto:candidates=random")
    assert "no other candidate does better than chance" in said(done)["why"][2]


def test_methods_that_take_edges_away_are_left_out() -> None:
    g = families.barbell(6)
    done = rewire(g, "auto:candidates=sdrf:c_plus=-2+fosr")
    assert said(done)["chosen"] == "fosr"
    assert "take edges away: sdrf:c_plus=-2" in said(done)["why"][0]
    with pytest.raises(NotApplicable, match="only adds"):
        rewire(g, "auto:candidates=sdrf:c_plus=-2")


def test_a_budget_replaces_the_knee_alone() -> None:
    g = families.barbell(6)
    free, more = rewire(g, "auto:horizon=10"), rewire(g, "auto:horizon=10", budget=20)
    assert len(more.edits) == 20
    assert said(more)["chosen"] == said(free)["chosen"]
    assert more.edits[: len(free.edits)] == free.edits


def test_constraints_reach_the_trial_and_the_result() -> None:
    g = families.barbell(6)
    done = apply(Auto(), g, constraints=Constraints(max_degree=6))
    assert done.added
    assert done.graph.degree.max() <= 6


def test_seed_decides_and_repeats() -> None:
    g = families.barabasi_albert(40, 2)
    runs = [rewire(g, "auto:candidates=fosr+random", context=Context(seed=s)).edits for s in (0, 1, 0)]
    assert runs[0] == runs[2] != runs[1]


def test_interruption_of_the_trial_stops_everything() -> None:
    def progress(what: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    done = apply(Auto(), families.cycle(9), context=Context(progress=progress))
    assert done.interrupted
    assert done.edits == ()


def test_large_graphs_do_without_gtr() -> None:
    done = rewire(families.barabasi_albert(1001, 2), "auto:horizon=2")
    assert "tried fosr, sdrf, random with 2 edits" in said(done)["why"][0]


def test_weights_decide_nothing_and_are_kept() -> None:
    g = families.barbell(5)
    weighted = g.replace(weight=np.linspace(0.1, 9, g.m))
    done = rewire(weighted, "auto:candidates=gtr")
    assert done.edits == rewire(g, "auto:candidates=gtr").edits
    assert done.graph.weight[0] == 0.1


@pytest.mark.parametrize("n", [12, 128, 129])
def test_gap_alone_is_that_of_the_measure(n: int) -> None:
    g = families.barabasi_albert(n, 2)
    assert gap(g) == pytest.approx(measure(g, "spectral_gap")["spectral_gap"].data, rel=1e-8)


def test_wrong_candidates() -> None:
    with pytest.raises(UsageError, match="did you mean fosr"):
        rewire(families.cycle(9), "auto:candidates=fosrr+sdrf")
    with pytest.raises(UsageError, match="name methods"):
        rewire(families.cycle(9), "auto:candidates=+")


def test_a_layer_plan_is_no_candidate() -> None:
    with pytest.raises(UsageError, match="candidates that edit edges, found cayley, a layer plan"):
        rewire(families.barbell(5), "auto:candidates=fosr+cayley")
