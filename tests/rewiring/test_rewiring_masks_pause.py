"""Pauses behind the text: published figures, what they read, and masks that have no next row."""

from __future__ import annotations

import math

import numpy as np
import pytest
from reference import naive_tokens as naive

from mixcli.errors import LimitExceeded, NotApplicable
from mixcli.generators.mask_spec import sequence_of
from mixcli.mask import Mask
from mixcli.measures.sequence_base import measure_sequence
from mixcli.rewiring.sequence_base import rewire_sequence
from mixcli.sequence import PAUSE, REAL, MaskSequence


def paused(spec: str, k: int, reads: str = "family") -> MaskSequence:
    found = rewire_sequence(sequence_of(spec), f"pause:{k},reads={reads}").sequence
    assert isinstance(found, MaskSequence)
    return found


@pytest.mark.parametrize(("k", "paths"), [(0, 1), (1, 4), (2, 10), (4, 35), (8, 165), (10, 286)])
def test_row_20_paths_of_the_last_real_token(k: int, paths: int) -> None:
    found = measure_sequence(paused("causal:tokens=64,layers=4", k), "paths")["paths"].data
    assert found[63] == pytest.approx(math.log10(paths), abs=1e-12)
    assert naive.walk_counts(paused("causal:tokens=9,layers=4", k))[8] == paths == math.comb(k + 3, 3)


@pytest.mark.parametrize(("k", "share"), [(0, 5.96046e-8), (1, 2.29389e-7), (10, 1.18457e-5)])
def test_row_20_influence_of_the_last_real_token(k: int, share: float) -> None:
    found = measure_sequence(paused("causal:tokens=64,layers=4", k), "influence:residual=none")
    assert found["influence:residual=none"].data[63] == pytest.approx(share, rel=1e-4)


@pytest.mark.parametrize(("k", "share"), [(0, 0.0665), (1, 0.00403)])
def test_a_pause_costs_the_residual_stream(k: int, share: float) -> None:
    found = measure_sequence(paused("causal:tokens=64,layers=4", k), "influence")["influence"].data
    assert found[63] == pytest.approx(share, rel=2e-3)


@pytest.mark.parametrize("k", range(6))
def test_row_9_layered_resistance_is_2_over_k_plus_1(k: int) -> None:
    found = measure_sequence(paused("causal:tokens=64,layers=2", k), "resistance_layered")
    assert found["resistance_layered"].data[63] == pytest.approx(2 / (k + 1), abs=1e-10)


@pytest.mark.parametrize(("k", "value"), [(0, 4), (1, 1.875), (2, 1.178295), (4, 0.645620), (10, 0.2526)])
def test_row_10_layered_resistance_after_four_layers(k: int, value: float) -> None:
    found = measure_sequence(paused("causal:tokens=64,layers=4", k), "resistance_layered")
    assert found["resistance_layered"].data[63] == pytest.approx(value, abs=5e-5 if k == 10 else 1e-6)


@pytest.mark.parametrize(
    "spec", ["causal", "window:4", "sink:1,4", "strided:5", "log", "decay:0.3", "window:4 x2; causal"]
)
def test_a_family_goes_on_as_it_would_have_been_longer(spec: str) -> None:
    longer, found = sequence_of(f"{spec},tokens=15,layers=4"), paused(f"{spec},tokens=12,layers=4", 3)
    for layer in range(4):
        assert np.allclose(found.operator(layer), longer.operator(layer), atol=1e-15)
        assert found.like(layer) == longer.like(layer)
    assert found.read_out == 14
    assert found.roles.tolist() == [REAL] * 12 + [PAUSE] * 3


@pytest.mark.parametrize("spec", ["window:4", "full", "prefix:3", "chunk:4", "packed:8,4", "alibi:4"])
def test_real_tokens_read_as_before_and_pauses_read_all(spec: str) -> None:
    before, found = sequence_of(f"{spec},tokens=12,layers=2"), paused(f"{spec},tokens=12,layers=2", 2, "all")
    expected = np.zeros((14, 14), dtype=bool)
    expected[:12, :12] = before.visible(0)
    expected[12, :13] = expected[13, :14] = True
    assert np.array_equal(found.visible(1), expected)
    assert np.allclose(found.operator(0)[:12, :12], before.operator(0), atol=1e-15)


def test_of_what_is_not_causal_real_tokens_do_not_read_pauses() -> None:
    found = paused("full,tokens=5,layers=1", 2)
    assert found.visible(0).astype(int).tolist() == [[1] * 5 + [0] * 2] * 5 + [[1] * 6 + [0], [1] * 7]


def test_blocks_of_rows_are_those_of_the_whole() -> None:
    mask = paused("decay:0.2,tokens=40,layers=1", 5).layers[0]
    whole = mask.weights(0, 45)
    assert np.array_equal(np.vstack([mask.weights(lo, min(lo + 7, 45)) for lo in range(0, 45, 7)]), whole)
    assert "array" not in mask.__dict__


@pytest.mark.parametrize("tokens", [sequence_of("packed:3,4,layers=2"), MaskSequence((Mask.of(np.tri(4) > 0),))])
def test_masks_without_a_next_row(tokens: MaskSequence) -> None:
    with pytest.raises(NotApplicable, match="reads=all"):
        rewire_sequence(tokens, "pause:2")
    assert rewire_sequence(tokens, "pause:2,reads=all").sequence.tokens == tokens.tokens + 2


def test_labels_and_pauses_after_pauses() -> None:
    named = sequence_of("causal:tokens=2,layers=1").replace(labels=("a", "b"))
    once = rewire_sequence(named, "pause:1").sequence
    twice = rewire_sequence(once, "pause:1,reads=all").sequence
    assert twice.labels == ("a", "b", "<pause>", "<pause>")
    assert twice.roles.tolist() == [REAL, REAL, PAUSE, PAUSE]
    assert [step.notes["pauses"] for step in twice.provenance if step.op == "rewire"] == [1, 1]


@pytest.mark.parametrize("method", ["pause:99999999", "pause:99999999,reads=all", "sink:99999999"])
def test_more_tokens_than_can_be_worked_off_are_refused_for_what_they_cost(method: str) -> None:
    with pytest.raises(LimitExceeded, match="add fewer tokens"):
        rewire_sequence(sequence_of("window:4,tokens=24,layers=3"), method)
