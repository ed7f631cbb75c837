"""Greedy layered resistance of masks: exact choices, ties, laws, and the variant for hitting times."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import naive_token_resistance as naive

from mixcli.context import Context
from mixcli.errors import LimitExceeded, NotApplicable, UsageError
from mixcli.generators.mask_spec import sequence_of
from mixcli.limits import Limits
from mixcli.mask import Mask
from mixcli.measures.sequence.hitting_sink import SinkHittingTime
from mixcli.measures.sequence.resistance_layered import LayeredResistance
from mixcli.rewiring.mask_edits import MaskEdit, apply_mask_edits
from mixcli.rewiring.sequence.greedy_resistance import GreedyResistance
from mixcli.rewiring.sequence_base import rewire_sequence
from mixcli.sequence import MaskSequence


def objective(tokens: MaskSequence) -> float:
    """Mean resistance by the network written out; an unreached token counts L T."""
    masks = [tokens.visible(layer).astype(float) for layer in range(tokens.depth)]
    values = naive.layered_profile(masks, tokens.read_out)
    return float(np.where(np.isfinite(values), values, tokens.depth * tokens.tokens).mean())


def exhaustive(tokens: MaskSequence, layer: int | None = None) -> tuple[float, int, int]:
    """(drop, query, key) of the best pair, every one of them evaluated on the network written out."""
    before, best = objective(tokens), (0.0, -1, -1)
    for query in range(tokens.tokens):
        for key in range(query):
            chosen = range(tokens.depth) if layer is None else [layer]
            if any(tokens.visible(k)[query, key] for k in chosen):
                continue
            drop = before - objective(apply_mask_edits(tokens, [MaskEdit("add", layer, query, key)]))
            if drop > best[0] * (1 + 1e-9) + 1e-12:
                best = (drop, query, key)
    return best


@pytest.mark.parametrize(
    "spec",
    [
        "window:3,tokens=12,layers=3",
        "window:4,tokens=13,layers=5",
        "sink:1,2,tokens=12,layers=3",
        "strided:4,tokens=12,layers=2",
        "chunk:4,tokens=12,layers=3",
        "log:tokens=12,layers=2",
    ],
)
@pytest.mark.parametrize("layer", [-1, 1])
def test_the_best_of_all_pairs(spec: str, layer: int) -> None:
    tokens = sequence_of(spec)
    drop, query, key = exhaustive(tokens, None if layer < 0 else layer)
    for candidates in (0, 24):
        edit = GreedyResistance(1, candidates=candidates, layer=layer)(tokens).edits[0]
        assert (edit.query, edit.key) == (query, key)
        assert edit.score == pytest.approx(drop, rel=1e-8)
        assert edit.layer == (None if layer < 0 else layer)


def test_the_score_is_what_the_measure_says() -> None:
    found = rewire_sequence(sequence_of("strided:6,tokens=40,layers=4"), "greedy_resistance:3")
    means = [LayeredResistance()(found.base).data.mean(), LayeredResistance()(found.sequence).data.mean()]
    assert sum(edit.score for edit in found.edits) == pytest.approx(means[0] - means[1], rel=1e-8)


@given(st.integers(0, 2**32), st.integers(4, 9), st.integers(2, 4))
@settings(max_examples=10, deadline=None)
def test_rayleigh_every_edit_helps_every_token(seed: int, size: int, layers: int) -> None:
    rng = np.random.default_rng(seed)
    visible = np.tril(rng.random((size, size)) < 0.3) | np.eye(size, dtype=bool)
    tokens = MaskSequence((Mask.of(visible),) * layers)
    found = GreedyResistance(3)(tokens)
    assert found.sequence.causal
    before = LayeredResistance()(tokens).data
    for k in range(1, len(found.edits) + 1):
        after = LayeredResistance()(apply_mask_edits(tokens, found.edits[:k])).data
        assert (after <= before * (1 + 1e-9)).all()
        assert found.edits[k - 1].score > 0
        before = after


def test_budgets_are_nested() -> None:
    tokens = sequence_of("window:3,tokens=16,layers=3")
    many = GreedyResistance(1)(tokens, budget=4).edits
    for k in range(5):
        assert GreedyResistance(9)(tokens, budget=k).edits == many[:k]


def test_it_ends_where_nothing_helps() -> None:
    assert GreedyResistance(5)(sequence_of("causal:tokens=6,layers=2")).added == 0
    one = sequence_of("window:1,tokens=3,layers=1")
    found = GreedyResistance(9)(one)
    assert {(e.query, e.key) for e in found.edits} == {(2, 0), (2, 1)}  # only what the read-out reads


def test_reach_comes_first() -> None:
    found = GreedyResistance(4)(sequence_of("window:4,tokens=64,layers=4"))
    infinite = [
        LayeredResistance()(apply_mask_edits(found.base, found.edits[:k])).details["infinite"] for k in range(5)
    ]
    assert infinite == [51, 41, 31, 21, 11]


def test_every_token_as_read_out() -> None:
    tokens = sequence_of("window:2,tokens=7,layers=2")

    def mean(one: MaskSequence) -> float:
        return float(np.mean([objective(one.replace(read_out=r)) for r in range(7)]))

    found = GreedyResistance(1, candidates=0, read_outs="all")(tokens)
    drops = {}
    for query, key in np.argwhere(np.tril(~tokens.visible(0))):
        drops[int(query), int(key)] = mean(tokens) - mean(
            apply_mask_edits(tokens, [MaskEdit("add", None, int(query), int(key))])
        )
    edit = found.edits[0]
    assert edit.score == pytest.approx(max(drops.values()), rel=1e-8)
    assert (edit.query, edit.key) == min(e for e, drop in drops.items() if drop > edit.score * (1 - 1e-9))


def test_hitting_time_of_a_window_falls_from_21_694_to_19_028() -> None:
    found = GreedyResistance(1, objective="hitting")(sequence_of("window:4,tokens=32"))
    assert [(e.query, e.key) for e in found.edits] == [(28, 0)]
    worst = [SinkHittingTime()(one).details["max"] for one in (found.base, found.sequence)]
    assert worst == pytest.approx([21.694, 19.028], abs=5e-4)
    assert found.edits[0].score == pytest.approx(worst[0] - worst[1], rel=1e-12)


@pytest.mark.parametrize("layer", [-1, 0])
@pytest.mark.parametrize("weighted", [False, True])
def test_hitting_times_of_layers_that_differ_and_weights(layer: int, weighted: bool) -> None:
    weigh = (lambda i, j: np.exp(-0.3 * (i - j))) if weighted else None
    narrow = Mask(9, lambda i, j: (j <= i) & (i - j < 2), weigh=weigh)
    wide = Mask(9, lambda i, j: (j <= i) & (i - j < 4))
    tokens = MaskSequence((narrow, wide, narrow))
    chosen = None if layer < 0 else layer
    before, best = SinkHittingTime()(tokens).details["max"], (0.0, -1, -1)
    for query in range(9):
        for key in range(query):
            if not any(tokens.visible(k)[query, key] for k in (range(3) if chosen is None else [chosen])):
                after = apply_mask_edits(tokens, [MaskEdit("add", chosen, query, key)])
                drop = before - SinkHittingTime()(after).details["max"]
                if drop > best[0] * (1 + 1e-9) + 1e-12:
                    best = (drop, query, key)
    edit = GreedyResistance(1, objective="hitting", layer=layer)(tokens).edits[0]
    assert (edit.query, edit.key) == best[1:]
    assert edit.score == pytest.approx(best[0], rel=1e-9)


def test_walks_that_never_get_to_token_0_are_refused() -> None:
    with pytest.raises(NotApplicable, match="4 tokens"):
        GreedyResistance(objective="hitting")(sequence_of("chunk:4,tokens=8"))


def test_what_is_wrong_or_too_large_is_refused() -> None:
    with pytest.raises(UsageError, match="layer"):
        GreedyResistance(layer=6)(sequence_of("window:4,tokens=8,layers=2"))
    with pytest.raises(LimitExceeded, match="fewer"):
        GreedyResistance()(sequence_of("window:4,tokens=64"), Context(limits=Limits(operations=1e3)))


def test_queries_that_read_later_keys_may_get_later_ones() -> None:
    i, j = np.indices((8, 8))
    tokens = MaskSequence((Mask.of(abs(i - j) < 2),) * 3, read_out=0)
    found = GreedyResistance(1, candidates=0)(tokens)
    assert found.edits[0].key > found.edits[0].query
