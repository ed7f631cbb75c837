"""Global tokens, offsets, bridges and expander edges, against their definitions written out."""

from __future__ import annotations

import numpy as np
import pytest
from reference import naive_tokens as naive

from mixcli.catalog import SEQUENCE_REWIRINGS
from mixcli.context import Context
from mixcli.errors import UsageError
from mixcli.generators.mask_spec import sequence_of
from mixcli.measures.sequence_base import measure_sequence
from mixcli.rewiring.sequence.offsets import Offsets
from mixcli.rewiring.sequence_base import rewire_sequence
from mixcli.spec import spec_of


def pairs_of(spec: str, method: str, seed: int = 0) -> set[tuple[int, int]]:
    found = rewire_sequence(sequence_of(spec), method, context=Context(seed=seed))
    changed = [np.argwhere(found.sequence.visible(k) & ~found.base.visible(k)) for k in range(found.base.depth)]
    assert len(found.edits) == len({(e.query, e.key) for e in found.edits}) == found.added
    assert {(e.query, e.key) for e in found.edits} == {tuple(p) for c in changed for p in c.tolist()}
    return {(e.query, e.key) for e in found.edits}


@pytest.mark.parametrize("spec", ["window:2", "window:2; chunk:4", "strided:3", "prefix:3", "full & window:9"])
@pytest.mark.parametrize(("place", "tokens"), [("first", [0, 1]), ("even", [4, 9])])
def test_global_tokens(spec: str, place: str, tokens: list[int]) -> None:
    before = sequence_of(f"{spec},tokens=10,layers=2")
    wanted = {
        pair
        for t in tokens
        for other in range(10)
        if other != t
        for pair in ((t, other), (other, t))
        if (pair[1] < pair[0] or not before.causal) and not all(before.visible(k)[pair] for k in range(2))
    }
    assert pairs_of(f"{spec},tokens=10,layers=2", f"global:2,place={place}") == wanted


def test_longformer_is_a_window_with_global_tokens() -> None:
    found = rewire_sequence(sequence_of("window:4,tokens=30,layers=2"), "global:3").sequence
    assert np.array_equal(found.visible(0), sequence_of("longformer:4,3,tokens=30,layers=1").visible(0))


@pytest.mark.parametrize("distances", [(1,), (2, 5), (1, 2, 4, 8), (0, 3), (99,)])
def test_offsets(distances: tuple[int, ...]) -> None:
    spec = "window:2,tokens=12,layers=2"
    before = sequence_of(spec).visible(0)
    wanted = {(i, i - d) for d in distances for i in range(d, 12) if not before[i, i - d]}
    assert pairs_of(spec, f"offsets:{','.join(map(str, distances))}") == wanted


def test_the_log_family_is_a_loop_with_doubling_offsets() -> None:
    found = rewire_sequence(sequence_of("window:1,tokens=33,layers=1"), "offsets:1,2,4,8,16,32").sequence
    assert np.array_equal(found.visible(0), sequence_of("log:tokens=33,layers=1").visible(0))


def test_specs_of_offsets() -> None:
    made = SEQUENCE_REWIRINGS.make("offsets:3,9")
    assert made == Offsets((3, 9))
    assert SEQUENCE_REWIRINGS.make(spec_of("offsets", made)) == made
    assert spec_of("offsets", made) == "offsets:3,9"
    assert SEQUENCE_REWIRINGS.make("offsets:distances=5") == Offsets((5,))
    with pytest.raises(UsageError, match="whole number"):
        SEQUENCE_REWIRINGS.make("offsets:3,x")
    with pytest.raises(UsageError, match=">= 0"):
        SEQUENCE_REWIRINGS.make("offsets:3,-1")


@pytest.mark.parametrize(
    ("spec", "borders"), [("chunk:4", [4, 8]), ("packed:3,5,4", [3, 8]), ("window:2", []), ("causal", [])]
)
def test_borders_are_found(spec: str, borders: list[int]) -> None:
    assert pairs_of(f"{spec},tokens=12,layers=2", "bridge") == {(c, c - 1) for c in borders}


def test_a_border_must_cut_all_layers() -> None:
    assert pairs_of("chunk:4; chunk:6,tokens=12,layers=2", "bridge") == set()
    assert pairs_of("chunk:3; chunk:6,tokens=12,layers=2", "bridge") == {(6, 5)}


def test_bridges_of_a_width() -> None:
    assert pairs_of("chunk:4,tokens=10,layers=2", "bridge:4,2") == {
        (4, 3), (5, 3), (4, 2), (5, 2), (8, 7), (8, 6), (9, 7), (9, 6),
    }  # fmt: skip


def test_a_bridge_lets_every_pair_be_reached() -> None:
    before = sequence_of("chunk:4,tokens=12,layers=3")
    assert naive.full_reach(before) == np.inf
    after = rewire_sequence(before, "bridge").sequence
    assert naive.full_reach(after) == measure_sequence(after, "reach")["reach"].data < np.inf


@pytest.mark.parametrize("spec", ["window:4", "window:2; strided:5", "chunk:8", "full & window:3"])
@pytest.mark.parametrize("k", [1, 3])
def test_every_query_gets_k_keys_or_all_that_are_left(spec: str, k: int) -> None:
    before = sequence_of(f"{spec},tokens=20,layers=2")
    found = pairs_of(f"{spec},tokens=20,layers=2", f"expander:{k}")
    for query in range(20):
        free = [key for key in range(query) if not all(before.visible(layer)[query, key] for layer in range(2))]
        assert len([key for q, key in found if q == query]) == min(k, len(free))


def test_late_tokens_are_read_as_often_as_early_ones() -> None:
    after = rewire_sequence(sequence_of("window:2,tokens=256,layers=4"), "expander:4").sequence
    quarters = [part.mean() for part in np.array_split(after.visible(0).sum(axis=0), 4)]
    assert quarters[0] < 2.5 * quarters[3]
    resistance = measure_sequence(after, "resistance_restart")["resistance_restart"].data
    assert np.log10(resistance.max()) < 6  # drawn without balance it is 14.5


def test_seeds_of_an_expander() -> None:
    spec = "window:4,tokens=40,layers=2"
    assert pairs_of(spec, "expander:2") == pairs_of(spec, "expander:2")
    assert pairs_of(spec, "expander:2") != pairs_of(spec, "expander:2,seed=1")
    assert pairs_of(spec, "expander:2") != pairs_of(spec, "expander:2", seed=1)
