"""Mask rewirings in general: edits, prepared tokens, budgets, interruption, provenance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from mixcli.context import Context
from mixcli.errors import InputError, NotApplicable, UsageError
from mixcli.generators.mask_spec import sequence_of
from mixcli.mask import Mask
from mixcli.rewiring.mask_edits import MaskEdit, apply_mask_edits
from mixcli.rewiring.sequence_base import SequenceRewiring, apply_sequence
from mixcli.sequence import Attention, MaskSequence
from mixcli.spec import param


@dataclass(frozen=True)
class First(SequenceRewiring):
    """Let the last tokens read token 0, from the last one down."""

    iterations: int = param(3, "edges to add", ge=0)

    cost: ClassVar[str] = "O(k)"
    equation: ClassVar[str] = "0 <- T - 1, T - 2, …"
    cites: ClassVar[str] = "by definition"
    score: ClassVar[str] = "distance"

    def edits(self, tokens: MaskSequence, context: Context) -> Iterator[MaskEdit]:
        for step, query in enumerate(range(tokens.tokens - 1, 0, -1)):
            if step < self.iterations and not tokens.visible(0)[query, 0]:
                yield MaskEdit("add", None, query, 0, float(query), step)


def test_edits_of_all_layers_keep_them_alike() -> None:
    before = sequence_of("window:2,tokens=6,layers=3")
    after = apply_mask_edits(before, [MaskEdit("add", None, 5, 0), MaskEdit("remove", None, 4, 3)])
    assert [after.like(k) for k in range(3)] == [0, 0, 0]
    changed = np.argwhere(after.visible(0) != before.visible(0))
    assert changed.tolist() == [[4, 3], [5, 0]]


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_an_edit_of_one_layer_leaves_the_others(layer: int) -> None:
    before = sequence_of("window:2,tokens=6,layers=3")
    edits = [MaskEdit("add", None, 4, 0), MaskEdit("add", layer, 5, 0), MaskEdit("add", layer, 5, 1)]
    after = apply_mask_edits(before, edits)
    for k in range(3):
        assert after.visible(k)[4, 0]
        assert after.visible(k)[5, 0] == after.visible(k)[5, 1] == (k == layer)
    others = [k for k in range(3) if k != layer]
    assert after.like(others[1]) == others[0]


def test_an_edit_of_all_layers_fills_those_that_lack_it() -> None:
    before = apply_mask_edits(sequence_of("window:2,tokens=6,layers=2"), [MaskEdit("add", 1, 5, 0)])
    after = apply_mask_edits(before, [MaskEdit("add", None, 5, 0)])
    assert after.visible(0)[5, 0] and after.visible(1)[5, 0]  # noqa: PT018


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (MaskEdit("add", None, 3, 2), "not read yet"),
        (MaskEdit("remove", None, 3, 0), "is read"),
        (MaskEdit("remove", None, 0, 0), "to read a key"),
        (MaskEdit("add", 7, 3, 0), "a layer"),
        (MaskEdit("add", None, 9, 0), "tokens among"),
    ],
)
def test_impossible_edits_are_refused(edit: MaskEdit, words: str) -> None:
    with pytest.raises(InputError, match=words):
        apply_mask_edits(sequence_of("window:2,tokens=4,layers=2"), [edit])


def test_weights_of_a_mask_stay_its_rule() -> None:
    mask = Mask(4, lambda i, j: (j <= i) & (i - j < 2), weigh=lambda i, j: np.exp(-(i - j).astype(float)))
    after = apply_mask_edits(MaskSequence((mask,)), [MaskEdit("add", None, 3, 0)])
    row = np.exp(-np.array([3.0, np.inf, 1.0, 0.0]))
    np.testing.assert_allclose(after.operator(0)[3], row / row.sum(), rtol=1e-15)


def test_apply_keeps_base_edits_and_provenance() -> None:
    before = sequence_of("window:2,tokens=8,layers=2")
    found = First(2)(before)
    assert found.base is before
    assert (found.added, found.removed, found.interrupted) == (2, 0, False)
    step = found.sequence.provenance[-1]
    assert (step.op, step.notes["edits"], step.seed) == ("rewire", 2, None)
    assert found.sequence.origin == before.origin
    assert found.sequence.fingerprint != before.fingerprint


def test_a_budget_replaces_iterations_and_budgets_are_nested() -> None:
    before = sequence_of("window:2,tokens=8,layers=2")
    many = First(1)(before, budget=5)
    assert many.added == 5
    for k in range(6):
        assert First(1)(before, budget=k).edits == many.edits[:k]


def test_ctrl_c_keeps_what_was_done() -> None:
    def interrupt(edit: MaskEdit) -> None:
        if edit.step == 1:
            raise KeyboardInterrupt

    found = apply_sequence(First(4), sequence_of("window:2,tokens=8,layers=2"), log=interrupt)
    assert found.interrupted
    assert found.added == 2
    assert found.sequence.visible(0)[6, 0]


def test_what_it_is_not_defined_for_is_refused() -> None:
    attention = Attention.of(np.tril(np.ones((1, 1, 3, 3))) / np.arange(1, 4)[:, None])
    with pytest.raises(NotApplicable, match="a mask sequence for first"):
        First()(attention)
    with pytest.raises(UsageError, match="budget"):
        First()(sequence_of("causal:tokens=3"), budget=-1)


def test_causality_is_kept() -> None:
    class Future(First):
        def edits(self, tokens: MaskSequence, context: Context) -> Iterator[MaskEdit]:
            yield MaskEdit("add", None, 0, 1)

    with pytest.raises(RuntimeError, match="later key"):
        Future()(sequence_of("causal:tokens=3"))
