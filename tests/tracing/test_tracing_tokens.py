"""Traces of mask rewirings, conditions on them, and the one number that stands for values of tokens."""

from __future__ import annotations

import numpy as np
import pytest

from mixcli.catalog import SEQUENCE_MEASURES
from mixcli.errors import NotApplicable, UsageError
from mixcli.generators.mask_spec import sequence_of
from mixcli.measures.sequence_base import measure_sequence
from mixcli.rewiring.sequence_base import rewire_sequence
from mixcli.sequence import Attention
from mixcli.tracing.columns import Column
from mixcli.tracing.tokens import rewire_sequence_until, trace_sequence
from mixcli.tracing.until import Condition

MASK = sequence_of("window:3,tokens=14,layers=3")


def column(text: str) -> Column:
    return Column.parse(text, SEQUENCE_MEASURES)


@pytest.mark.parametrize("every", [1, 2, 5])
def test_every_row_is_what_the_measures_say_of_the_masks_so_far(every: int) -> None:
    specs = ["structure", "resistance_layered.last", "influence.mean", "reach.share"]
    found = trace_sequence("expander:1", MASK, specs, every=every)
    total = found.looks[-1].edits
    assert [look.edits for look in found.looks] == sorted({*range(0, total + 1, every), total})
    for look in found.looks:
        after = rewire_sequence(MASK, "expander:1", budget=look.edits).sequence
        values = measure_sequence(after, "structure", "resistance_layered", "influence", "reach")
        assert look.values["structure"] == values["structure"].data
        assert look.values["resistance_layered.last"] == pytest.approx(values["resistance_layered"].data[-1])
        assert look.values["influence.mean"] == pytest.approx(1 / 14)
        assert look.values["reach.share"] == values["reach"].details["share"]
        assert (look.added, look.removed) == (look.edits, 0)


def test_the_token_by_which_a_measure_is_told() -> None:
    names = [column(spec).name for spec in ("influence", "resistance_layered", "hitting_sink", "resistance_restart")]
    assert names == ["influence.first", "resistance_layered.first", "hitting_sink.read_out", "resistance_restart.mean"]
    sunk = rewire_sequence(sequence_of("causal:tokens=5,layers=2"), "sink:2").sequence
    values = measure_sequence(sunk, "influence")["influence"]
    assert column("influence").read(values, sunk)[0] == values.data[2]
    assert column("influence.last").read(values, sunk)[0] == column("influence.read_out").read(values, sunk)[0]
    with pytest.raises(UsageError, match="did you mean first"):
        column("influence.frist")


def test_a_mean_of_tokens_some_of_which_are_infinite_is_not_defined() -> None:
    values = measure_sequence(MASK, "resistance_layered")["resistance_layered"]
    infinite = int(np.isinf(values.data).sum())
    assert infinite > 0
    read = {
        part: column(f"resistance_layered.{part}").read(values, MASK)[0] for part in ("mean", "max", "infinite", "min")
    }
    assert (read["mean"], read["max"], read["infinite"]) == (None, None, infinite)
    assert read["min"] == pytest.approx(values.data.min())


def test_until_a_condition_holds() -> None:
    wanted = Condition.parse("resistance_layered<=2", SEQUENCE_MEASURES)
    found = rewire_sequence_until("greedy_resistance", MASK, wanted)
    edits = len(found.rewired.edits)
    assert found.reached
    assert found.value <= 2
    assert found.rewired.sequence.provenance[-1].notes["until"] == "resistance_layered.first<=2"
    before = rewire_sequence(MASK, "greedy_resistance", budget=edits - 1).sequence
    assert measure_sequence(before, "resistance_layered")["resistance_layered"].data[0] > 2
    already = rewire_sequence_until("greedy_resistance", MASK, Condition.parse("structure<=1", SEQUENCE_MEASURES))
    assert (already.reached, already.rewired.edits) == (True, ())
    never = rewire_sequence_until(
        "offsets:4", MASK, Condition.parse("resistance_layered<=0.01", SEQUENCE_MEASURES), every=4, budget=6
    )
    assert (never.reached, len(never.rewired.edits)) == (False, 6)
    assert never.rewired.sequence.provenance[-1].notes["reached"] is False


def test_what_has_no_edits_has_no_curve() -> None:
    with pytest.raises(NotApplicable, match="puts tokens in at once"):
        trace_sequence("pause:2", MASK, ["structure"])
    with pytest.raises(NotApplicable, match="puts tokens in at once"):
        trace_sequence("sink:2", MASK, ["structure"])
    assert len(trace_sequence("sink:1,3", MASK, ["structure"], every=4).looks) == 4
    with pytest.raises(NotApplicable, match="attention weights"):
        trace_sequence("offsets", Attention.of(np.ones((1, 1, 2, 2)) / 2), ["structure"])
    with pytest.raises(UsageError, match="at least one edit"):
        trace_sequence("offsets", MASK, ["structure"], every=0)
