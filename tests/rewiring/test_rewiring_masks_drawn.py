"""Laws of the mask rewirings that put tokens or pairs in, on random masks of all kinds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from token_masks import token_graphs

from mixcli.context import Context
from mixcli.measures.sequence.resistance_layered import LayeredResistance
from mixcli.rewiring.sequence_base import rewire_sequence
from mixcli.sequence import REAL, MaskSequence

ADDING = ["global:2", "global:2,place=even", "offsets:1,3", "bridge:2", "bridge:3,width=2", "expander:2"]
GROWING = ["pause:2,reads=all", "sink:1", "sink:3"]
CHANGING = ["sink:1,2", "sink:2,3"]

masks = token_graphs(max_tokens=8).filter(lambda tokens: isinstance(tokens, MaskSequence))


@pytest.mark.parametrize("method", [*ADDING, *GROWING, *CHANGING])
@given(masks, st.integers(0, 3))
@settings(max_examples=12, deadline=None)
def test_what_was_causal_stays_so_and_seeds_decide(method: str, before: MaskSequence, seed: int) -> None:
    first, second = (rewire_sequence(before, method, context=Context(seed=seed)) for _ in range(2))
    assert first.edits == second.edits
    assert first.sequence.fingerprint == second.sequence.fingerprint
    assert first.sequence.causal or not before.causal
    assert first.base is before


@pytest.mark.parametrize("method", [*ADDING, *GROWING])
@given(masks)
@settings(max_examples=12, deadline=None)
def test_real_tokens_keep_their_order_and_nothing_is_taken_away(method: str, before: MaskSequence) -> None:
    before = before.replace(labels=tuple(f"t{k}" for k in range(before.tokens)))
    found = rewire_sequence(before, method)
    after = found.sequence
    real = np.flatnonzero(after.roles == REAL)
    assert [after.labels[k] for k in real] == list(before.labels)
    assert found.removed == 0
    for layer in range(before.depth):
        inner = after.visible(layer)[np.ix_(real, real)]
        assert (inner >= before.visible(layer)).all()
        assert method in ADDING or np.array_equal(inner, before.visible(layer))
        assert after.visible(layer).any(axis=1).all()


@pytest.mark.parametrize("method", ADDING)
@given(masks)
@settings(max_examples=8, deadline=None)
def test_rayleigh_no_layered_resistance_rises(method: str, before: MaskSequence) -> None:
    found = rewire_sequence(before, method)
    values = LayeredResistance()(before).data
    for budget in range(0, found.added + 1, 3):
        after = LayeredResistance()(rewire_sequence(before, method, budget=budget).sequence).data
        assert (after <= values * (1 + 1e-7)).all()
        values = after


@pytest.mark.parametrize("method", [*ADDING, *CHANGING])
@given(masks)
@settings(max_examples=6, deadline=None)
def test_a_smaller_budget_makes_the_first_of_the_edits(method: str, before: MaskSequence) -> None:
    whole = rewire_sequence(before, method).edits
    for budget in range(0, len(whole) + 1, 2):
        assert rewire_sequence(before, method, budget=budget).edits == whole[:budget]
