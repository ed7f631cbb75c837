"""Differential attention: two files, heads two by two, and what is said of weights below 0."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from mixcli.errors import InputError, NotApplicable
from mixcli.generators.mask_spec import sequence_of
from mixcli.measures.sequence_base import measure_sequence
from mixcli.rewiring.sequence_base import rewire_sequence
from mixcli.sequence import Attention
from mixcli.sources import load_sequence, save


def drawn(seed: int, layers: int = 3, heads: int = 4, tokens: int = 6) -> np.ndarray:
    weights = np.random.default_rng(seed).random((layers, heads, tokens, tokens)) * np.tri(tokens)
    return weights / weights.sum(axis=3, keepdims=True)


def test_one_file_minus_a_share_of_another(tmp_path: Path) -> None:
    first, second = drawn(0), drawn(1)
    save(Attention.of(second), tmp_path / "second.safetensors")
    other = tmp_path / "second.safetensors"
    found = rewire_sequence(Attention.of(first), f"differential:other={other}").sequence
    for layer in range(3):
        lam = 0.8 - 0.6 * math.exp(-0.3 * layer)
        for head in range(4):
            assert np.allclose(found.head(layer, head), first[layer, head] - lam * second[layer, head], atol=1e-6)
            assert np.allclose(found.head(layer, head).sum(axis=1), 1 - lam, atol=1e-6)
    step = found.provenance[-1]
    assert step.notes["lam"] == pytest.approx([0.2, 0.8 - 0.6 * math.exp(-0.3), 0.8 - 0.6 * math.exp(-0.6)])
    assert len(step.notes["other_sha256"]) == 64
    assert found.causal


def test_heads_two_by_two() -> None:
    first = drawn(0)
    found = rewire_sequence(Attention.of(first), "differential:lam=0.5").sequence
    assert (found.depth, found.store.heads) == (3, (2, 2, 2))
    assert np.allclose(found.head(2, 1), first[2, 2] - 0.5 * first[2, 3], atol=1e-15)
    chosen = Attention.of(first, selection=((2, (0, 3)),))
    found = rewire_sequence(chosen, "differential").sequence
    lam = 0.8 - 0.6 * math.exp(-0.6)  # of the layer's own number, whatever has been left out
    assert np.allclose(found.head(0, 0), first[2, 0] - lam * first[2, 3], atol=1e-15)


def test_visible_is_what_has_a_weight_of_either_sign() -> None:
    first = drawn(3)
    found = rewire_sequence(Attention.of(first), "differential:lam=0.9").sequence
    assert (found.head(0, 0) < 0).any()
    assert np.array_equal(found.visible(0), np.tri(6, dtype=bool))


def test_measures_of_probabilities_refuse_it(tmp_path: Path) -> None:
    found = rewire_sequence(Attention.of(drawn(0)), "differential:lam=0.9").sequence
    with pytest.raises(NotApplicable, match="below 0"):
        measure_sequence(found, "entropy")
    save(found, tmp_path / "difference.safetensors")
    again = load_sequence(tmp_path / "difference.safetensors")
    assert "weights below 0" in again.origin.notes["signed"]
    assert np.allclose(again.head(1, 1), found.head(1, 1), atol=1e-7)


def test_what_does_not_fit(tmp_path: Path) -> None:
    with pytest.raises(NotApplicable, match="even number"):
        rewire_sequence(Attention.of(drawn(0, heads=3)), "differential")
    save(Attention.of(drawn(1, tokens=5)), tmp_path / "short.safetensors")
    with pytest.raises(InputError, match="6 tokens"):
        rewire_sequence(Attention.of(drawn(0)), f"differential:other={tmp_path / 'short.safetensors'}")
    with pytest.raises(InputError):
        rewire_sequence(Attention.of(drawn(0)), f"differential:other={tmp_path / 'none.pt'}")
    with pytest.raises(NotApplicable, match="attention"):
        rewire_sequence(sequence_of("causal:tokens=4,layers=1"), "differential")
    signed = rewire_sequence(Attention.of(drawn(0)), "differential").sequence
    with pytest.raises(NotApplicable, match="below 0"):
        rewire_sequence(signed, "differential")
