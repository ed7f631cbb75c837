"""Sinks before the text, and the family of a window with sinks over the same tokens."""

from __future__ import annotations

import numpy as np
import pytest

from mixcli.context import Context
from mixcli.errors import LimitExceeded
from mixcli.generators.mask_spec import sequence_of
from mixcli.limits import Limits
from mixcli.measures.sequence_base import measure_sequence
from mixcli.rewiring.sequence_base import rewire_sequence
from mixcli.sequence import REAL, SINK


@pytest.mark.parametrize(("sinks", "mass"), [(0, 0.983), (1, 0.768), (4, 0.543)])
def test_what_real_tokens_pass_on_falls(sinks: int, mass: float) -> None:
    found = rewire_sequence(sequence_of("causal:tokens=64,layers=6"), f"sink:{sinks}").sequence
    details = measure_sequence(found, "position_bias")["position_bias"].details
    assert details["real_mass"] == pytest.approx(mass, abs=5e-4)


@pytest.mark.parametrize("sinks", [1, 2, 4])
def test_restart_resistance_rises_by_the_number_of_sinks(sinks: int) -> None:
    before = sequence_of("causal:tokens=20,layers=3")
    after = rewire_sequence(before, f"sink:{sinks}").sequence
    old, new = (measure_sequence(s, "resistance_restart")["resistance_restart"].data for s in (before, after))
    assert np.allclose(new[sinks:-1], old[:-1] + sinks, atol=1e-10)


@pytest.mark.parametrize("spec", ["causal", "window:4", "full", "decay:0.3", "window:2; causal"])
def test_every_token_reads_every_sink(spec: str) -> None:
    before = sequence_of(f"{spec},tokens=7,layers=2").replace(read_out=4, labels=tuple("abcdefg"))
    found = rewire_sequence(before, "sink:2").sequence
    assert (found.read_out, found.labels[:3]) == (6, ("<sink>", "<sink>", "a"))
    assert found.roles.tolist() == [SINK] * 2 + [REAL] * 7
    for layer in range(2):
        visible = found.visible(layer)
        assert visible[2:, :2].all()
        assert visible[:2].astype(int).tolist() == [[1] + [0] * 8, [1, 1] + [0] * 7]
        assert np.array_equal(visible[2:, 2:], before.visible(layer))
        weights, old = found.operator(layer)[2:, 2:], before.operator(layer)
        assert np.allclose(weights / weights.sum(axis=1, keepdims=True), old, atol=1e-12)


def test_a_window_with_its_first_token_for_a_sink_adds_20_pairs() -> None:
    found = rewire_sequence(sequence_of("window:4,tokens=24,layers=3"), "sink:1,4")
    assert (found.added, found.removed) == (20, 0)
    assert [(e.query, e.key) for e in found.edits[:2]] == [(23, 0), (22, 0)]
    assert found.sequence.fingerprint == sequence_of("sink:1,4,tokens=24,layers=3").fingerprint
    values = measure_sequence(found.sequence, "resistance_layered")["resistance_layered"].data
    assert values[0] == pytest.approx(0.401, abs=5e-4)


@pytest.mark.parametrize("spec", ["causal", "full", "window:2", "strided:4", "window:6; causal; chunk:3", "offsets:3"])
def test_whatever_it_was_it_becomes_the_family(spec: str) -> None:
    before = sequence_of(f"{spec},tokens=12,layers=3")
    found = rewire_sequence(before, "sink:2,3")
    for layer in range(3):
        assert np.array_equal(found.sequence.visible(layer), sequence_of("sink:2,3,tokens=12,layers=1").visible(0))
    first_removal = next((k for k, e in enumerate(found.edits) if e.op == "remove"), len(found.edits))
    assert all(e.op == "remove" for e in found.edits[first_removal:])


def test_too_many_pairs_are_refused_before_they_are_made() -> None:
    small = Context(limits=Limits(memory=10_000_000))
    with pytest.raises(LimitExceeded, match="mask:sink:4,8"):
        rewire_sequence(sequence_of("causal:tokens=1024"), "sink:4,8", context=small)
