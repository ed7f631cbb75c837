"""Traces and conditions: each row equals the full computation on the graph at that point."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import graphs

from mixcli.catalog import MEASURES, REWIRINGS
from mixcli.context import Context
from mixcli.errors import NotApplicable, UsageError
from mixcli.generators import graphs as families
from mixcli.graph import Graph
from mixcli.numerics.live_resistance import LiveResistance
from mixcli.report.record import summary
from mixcli.rewiring.base import Constraints, apply, apply_edits
from mixcli.tracing.columns import Column
from mixcli.tracing.curve import trace
from mixcli.tracing.until import Condition, rewire_until

EXAMPLES = settings(max_examples=25, deadline=None)
FOLLOWED = ["balanced_forman.min", "balanced_forman:released.mean", "kirchhoff", "effective_resistance.max"]
METHODS = ["sdrf:c_plus=-1", "fosr", "random"]


def full(graph: Graph, column: Column) -> float | None:
    return column.read(column.measure(graph, Context()))[0]


@pytest.mark.parametrize("spec", METHODS)
@given(g=graphs(max_nodes=9, weighted=True), every=st.integers(1, 3))
@EXAMPLES
def test_every_row_equals_the_full_computation(spec: str, g: Graph, every: int) -> None:
    measures = [*FOLLOWED, "spectral_gap", "degree.max", "kirchhoff.mean_resistance"]
    found = trace(REWIRINGS.make(spec), g, measures, every=every, budget=7)
    edits = found.rewired.edits
    assert [look.edits for look in found.looks] == sorted({*range(0, len(edits) + 1, every), len(edits)})
    for look in found.looks:
        now = apply_edits(g, edits[: look.edits])
        assert look.added - look.removed == now.m - g.m
        for column in found.columns:
            expected, value = full(now, column), look.values[column.name]
            if expected is None:
                assert value is None
                assert look.reasons[column.name]
            elif column.name.startswith("balanced_forman"):
                assert value == expected
            else:
                assert value == pytest.approx(expected, rel=1e-9, abs=1e-12)


@given(g=graphs(max_nodes=8, weighted=True), seed=st.integers(0, 99))
@EXAMPLES
def test_live_resistance_equals_the_elimination(g: Graph, seed: int) -> None:
    if g.n < 2 or g.components.count > 1:
        return
    live, rng = LiveResistance(g), np.random.default_rng(seed)
    conductances = (np.ones(g.m) if g.weight is None else g.weight).tolist()
    weight = dict(zip(map(tuple, g.edges.tolist()), conductances, strict=True))
    for _ in range(6):
        u, v = sorted(rng.choice(g.n, 2, replace=False).tolist())
        if (u, v) not in weight:
            weight[u, v] = 1.0
            assert live.change(u, v, 1.0)
        elif live.change(u, v, -weight[u, v]):
            del weight[u, v]
    edges = sorted(weight)
    now = Graph(g.n, np.array(edges), weight=np.array([weight[e] for e in edges]))
    assert now.components.count == 1
    measured = MEASURES.make("effective_resistance:exact")(now, Context()).data
    assert live.between(now.edges) == pytest.approx(measured, rel=1e-8)
    assert live.kirchhoff == pytest.approx(MEASURES.make("kirchhoff:exact")(now, Context()).data, rel=1e-8)


def test_a_bridge_is_left_in_place() -> None:
    assert not LiveResistance(families.path(4)).change(1, 2, -1.0)


def test_knees_follow_what_is_better() -> None:
    g = families.barbell(8)
    found = trace(REWIRINGS.make("fosr:converged=true"), g, ["spectral_gap", "kirchhoff", "size"], budget=40, every=4)
    assert 0 < found.knees["kirchhoff"] < 40
    assert found.knees["kirchhoff"] == 4  # the first edges across the bridge bring most


def test_interruption_keeps_the_rows(monkeypatch) -> None:
    def progress(what: str, done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    found = trace(REWIRINGS.make("random"), families.cycle(9), ["size"], context=Context(progress=progress), budget=9)
    assert found.rewired.interrupted
    assert [look.edits for look in found.looks] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("text", "name", "part"),
    [
        ("bfc", "balanced_forman.mean", "mean"),
        ("augmented_forman:cycles=4.min", "augmented_forman:cycles=4.min", "min"),
        ("ollivier:alpha=0.5", "ollivier:alpha=0.5.mean", "mean"),
        ("spectral_gap", "spectral_gap", ""),
        ("kirchhoff.largest_component", "kirchhoff.largest_component", "largest_component"),
    ],
)
def test_columns(text: str, name: str, part: str) -> None:
    column = Column.parse(text)
    assert (column.name, column.part) == (name, part)


def test_columns_that_are_none() -> None:
    with pytest.raises(UsageError, match="did you mean min"):
        Column.parse("balanced_forman.mim")
    with pytest.raises(UsageError, match="did you mean spectral_gap"):
        Column.parse("spectral_gpa")
    with pytest.raises(UsageError, match="a detail of the measure"):
        trace(REWIRINGS.make("fosr"), families.path(4), ["spectral_gap.nonsense"])
    with pytest.raises(UsageError, match="at least one edit"):
        trace(REWIRINGS.make("fosr"), families.path(4), ["size"], every=0)


def test_a_measure_that_does_not_apply_is_refused() -> None:
    g = Graph(3, np.array([[0, 1], [1, 2]]), directed=True)
    with pytest.raises(NotApplicable, match="undirected"):
        trace(REWIRINGS.make("replay"), g, ["spectral_gap"])


def test_statistics_of_edges_are_those_of_the_record() -> None:
    g = families.barbell(5)
    values = MEASURES.make("effective_resistance")(g, Context())
    for part in ("min", "q05", "negative_fraction", "count", "infinite"):
        assert Column.parse(f"effective_resistance.{part}").read(values)[0] == summary(values.data).get(part, 0)


@pytest.mark.parametrize("spec", ["fosr", "sdrf", "random"])
@pytest.mark.parametrize("text", ["spectral_gap>=0.25", "balanced_forman.min>-1", "effective_resistance.mean<=0.4"])
def test_until_stops_at_the_first_edit_after_which_it_holds(spec: str, text: str) -> None:
    g, condition = families.barbell(6), Condition.parse(text)
    found = rewire_until(REWIRINGS.make(spec), g, condition)
    edits = found.rewired.edits
    held = [condition.holds(full(apply_edits(g, edits[:k]), condition.column)) for k in range(len(edits) + 1)]
    assert held[-1] == found.reached
    assert not any(held[:-1])
    assert found.reached or len(edits) == g.m
    assert edits == apply(REWIRINGS.make(spec), g, budget=len(edits)).edits
    notes = found.rewired.graph.provenance[-1].notes
    assert (notes["until"], notes["reached"]) == (str(condition), found.reached)


def test_until_every_so_many_edits() -> None:
    g, condition = families.barbell(6), Condition.parse("spectral_gap>=0.25")
    first = len(rewire_until(REWIRINGS.make("fosr"), g, condition).rewired.edits)
    assert first % 3
    found = rewire_until(REWIRINGS.make("fosr"), g, condition, every=3)
    assert found.reached
    assert len(found.rewired.edits) == first + 3 - first % 3
    late = rewire_until(REWIRINGS.make("fosr"), g, condition, every=50, budget=20)
    assert late.reached  # seen at the end
    assert len(late.rewired.edits) == 20


def test_until_that_holds_already_or_never() -> None:
    g = families.cycle(8)
    assert rewire_until(REWIRINGS.make("fosr"), g, Condition.parse("degree.min>=2")).rewired.edits == ()
    never = rewire_until(REWIRINGS.make("fosr"), g, Condition.parse("spectral_gap>2"), budget=3)
    assert not never.reached
    assert never.rewired.added == 3
    saturated = rewire_until(REWIRINGS.make("random"), families.complete(5), Condition.parse("gap>2"))
    assert not saturated.reached


def test_until_under_constraints() -> None:
    g = families.path(12)
    found = rewire_until(
        REWIRINGS.make("fosr"), g, Condition.parse("kirchhoff<60"), constraints=Constraints(max_degree=3)
    )
    assert found.rewired.graph.degree.max() <= 3


@pytest.mark.parametrize(
    "text", ["", "spectral_gap", "spectral_gap=0.1", ">=3", "gap>=", "gap>=x", "gap>=nan", "gap>1<2"]
)
def test_what_is_no_condition(text: str) -> None:
    with pytest.raises(UsageError):
        Condition.parse(text)
