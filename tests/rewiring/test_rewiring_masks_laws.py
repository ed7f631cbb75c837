"""Laws that hold of every mask rewiring in the catalog, with its default parameters."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from mixcli.catalog import SEQUENCE_REWIRINGS
from mixcli.context import Context
from mixcli.generators.mask_spec import sequence_of
from mixcli.rewiring.sequence_base import RewiredSequence, apply_mask_edits, apply_sequence
from mixcli.sequence import MaskSequence

METHODS = [name for name in SEQUENCE_REWIRINGS if "mask" in SEQUENCE_REWIRINGS.get(name).sources and name != "replay"]


def rewired(name: str, seed: int = 0, budget: int | None = None) -> RewiredSequence:
    method = SEQUENCE_REWIRINGS.make(name)
    return apply_sequence(method, sequence_of("window:3,tokens=16,layers=3"), context=Context(seed=seed), budget=budget)


@pytest.mark.parametrize("name", METHODS)
def test_what_was_causal_stays_so(name: str) -> None:
    found = rewired(name)
    assert found.sequence.causal or not SEQUENCE_REWIRINGS.get(name).causal


@pytest.mark.parametrize("name", METHODS)
def test_it_says_what_it_did(name: str) -> None:
    found = rewired(name)
    step = found.sequence.provenance[-1]
    assert step.op == "rewire"
    assert SEQUENCE_REWIRINGS.make(step.spec) == SEQUENCE_REWIRINGS.make(name)
    assert step.notes["edits"] == len(found.edits) == found.added + found.removed
    assert (step.seed is None) == (not SEQUENCE_REWIRINGS.get(name).seeded)
    assert found.sequence.provenance[:-1] == found.base.provenance
    assert found.sequence.fingerprint != found.base.fingerprint or not found.edits


@pytest.mark.parametrize("name", METHODS)
def test_same_seed_same_result(name: str) -> None:
    first, second = rewired(name, seed=3), rewired(name, seed=3)
    assert first.edits == second.edits
    assert first.sequence.fingerprint == second.sequence.fingerprint


@pytest.mark.parametrize("name", METHODS)
def test_budgets_are_nested_and_edits_are_what_changed(name: str) -> None:
    whole = rewired(name, budget=4)
    method, context = SEQUENCE_REWIRINGS.make(name), Context()
    ready = method.prepare(whole.base, context)
    assert isinstance(ready, MaskSequence)
    for budget in range(len(whole.edits) + 1):
        part = rewired(name, budget=budget)
        assert part.edits == whole.edits[:budget]
        expected = apply_mask_edits(ready, part.edits)
        assert all(np.array_equal(part.sequence.visible(k), expected.visible(k)) for k in range(ready.depth))


@pytest.mark.parametrize("name", METHODS)
def test_the_methods_own_arrays_are_left_alone(name: str) -> None:
    before = sequence_of("window:3,tokens=16,layers=3")
    kept = [before.visible(k).copy() for k in range(3)]
    SEQUENCE_REWIRINGS.make(name)(before)
    assert all(np.array_equal(a, before.visible(k)) for k, a in enumerate(kept))
    assert dataclasses.replace(before).fingerprint == before.fingerprint
