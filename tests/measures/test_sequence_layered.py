"""Layered resistance: closed forms, the written-out network, laws, and the reference table."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import naive_token_resistance as naive

from mixcli.context import Context
from mixcli.errors import LimitExceeded
from mixcli.generators.mask_spec import sequence_of
from mixcli.limits import Limits
from mixcli.mask import Mask
from mixcli.measures.sequence.resistance_layered import LayeredResistance
from mixcli.measures.sequence.resistance_restart import RestartResistance
from mixcli.numerics.pair_products import Pairs
from mixcli.rewiring.mask_edits import MaskEdit, apply_mask_edits
from mixcli.sequence import PAUSE, REAL, SINK, Attention, MaskSequence


def causal(size: int, layers: int) -> MaskSequence:
    return sequence_of(f"causal:tokens={size},layers={layers}")


def profile(tokens: MaskSequence) -> np.ndarray:
    return LayeredResistance()(tokens).data


def written_out(tokens: MaskSequence) -> np.ndarray:
    masks = [tokens.visible(layer).astype(float) for layer in range(tokens.depth)]
    return naive.layered_profile(masks, tokens.read_out)


@pytest.mark.parametrize("pauses", [0, 1, 2, 4, 10])
def test_row_09_two_layers_and_pauses(pauses: int) -> None:
    size = 64 + pauses
    assert profile(causal(size, 2))[63] == pytest.approx(2 / (pauses + 1), abs=1e-10)


@pytest.mark.parametrize(("distance", "value"), list(enumerate([4, 1.875, 1.178295, 0.841049, 0.645620])))
def test_row_10_four_layers(distance: int, value: float) -> None:
    assert profile(causal(64, 4))[63 - distance] == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize(("distance", "value"), list(enumerate([3, 7 / 5, 17 / 19, 0.651376, 0.509434])))
def test_three_layers(distance: int, value: float) -> None:
    assert profile(causal(12, 3))[11 - distance] == pytest.approx(value, abs=1e-6)


def test_three_layers_and_three_tokens() -> None:
    np.testing.assert_allclose(profile(causal(3, 3)), [17 / 19, 7 / 5, 3], rtol=1e-12)


def test_last_real_token_behind_ten_pauses() -> None:
    assert profile(causal(74, 4))[63] == pytest.approx(0.2526, abs=5e-5)


@pytest.mark.parametrize(
    ("spec", "value"),
    [
        ("causal", 0.00806),
        ("window:16", np.inf),
        ("sink:4,16", 0.0812),
        ("strided:16", 0.0677),
        ("fixed:16,1", 0.162),
        ("log", np.inf),
        ("expander:4,0", 0.370),
        ("bigbird:16,3,1,1", 0.0223),
        ("chunk:16", np.inf),
        ("packed:128,128", np.inf),
        ("dilated:16,4", np.inf),
    ],
)
def test_reference_table_at_256_tokens_and_four_layers(spec: str, value: float) -> None:
    tokens = sequence_of(spec + (":" if ":" not in spec else ",") + "tokens=256,layers=4")
    assert profile(tokens)[0] == pytest.approx(value, rel=5e-3)


@pytest.mark.parametrize("spec", ["window:3", "sink:1,3", "strided:4", "log", "expander:2,0", "full", "prefix:4"])
@pytest.mark.parametrize("layers", [1, 2, 3, 4, 5, 6])
def test_against_the_network_written_out(spec: str, layers: int) -> None:
    tokens = sequence_of(spec + (":" if ":" not in spec else ",") + f"tokens=14,layers={layers}")
    np.testing.assert_allclose(profile(tokens), written_out(tokens), rtol=1e-10)


@given(st.integers(0, 2**32), st.integers(2, 9), st.integers(1, 6), st.floats(0.1, 0.9), st.booleans())
@settings(max_examples=40, deadline=None)
def test_any_masks_in_any_order(seed: int, size: int, layers: int, density: float, later: bool) -> None:
    rng = np.random.default_rng(seed)
    arrays = [(rng.random((size, size)) < density) | np.eye(size, dtype=bool) for _ in range(layers)]
    masks = [Mask.of(a if later else np.tril(a)) for a in arrays]
    tokens = MaskSequence(tuple(masks), read_out=int(rng.integers(size)))
    np.testing.assert_allclose(profile(tokens), written_out(tokens), rtol=1e-9)


@given(st.integers(0, 2**32), st.integers(3, 12), st.integers(1, 5))
@settings(max_examples=25, deadline=None)
def test_rayleigh_more_pairs_never_raise_it(seed: int, size: int, layers: int) -> None:
    rng = np.random.default_rng(seed)
    visible = np.tril(rng.random((size, size)) < 0.4) | np.eye(size, dtype=bool)
    tokens = MaskSequence((Mask.of(visible),) * layers)
    before = profile(tokens)
    absent = np.argwhere(np.tril(~visible))
    if len(absent):
        query, key = absent[rng.integers(len(absent))]
        after = profile(apply_mask_edits(tokens, [MaskEdit("add", None, int(query), int(key))]))
        assert (after <= before * (1 + 1e-9)).all()
    assert (before[np.isfinite(before)] <= layers * (1 + 1e-12)).all()


def test_infinite_exactly_where_nothing_gets_through() -> None:
    tokens = sequence_of("window:4,tokens=32,layers=3")
    values = profile(tokens)
    reached = np.linalg.matrix_power(tokens.visible(0).astype(int), 3)[31] > 0
    assert (np.isfinite(values) == reached).all()
    details = LayeredResistance()(tokens).details
    assert (details["infinite"], details["first"], details["last"]) == (22, None, pytest.approx(3))


def test_details_are_of_real_tokens() -> None:
    roles = np.r_[np.full(2, SINK), np.full(62, REAL), np.full(10, PAUSE)]
    details = LayeredResistance()(causal(74, 4).replace(roles=roles)).details
    values = profile(causal(74, 4))
    assert details["first"] == values[2]
    assert details["last"] == values[63]
    assert details["median"] == np.median(values[2:64])


def test_one_token() -> None:
    for layers in (1, 2, 3, 5):
        assert profile(causal(1, layers)) == pytest.approx([layers])


def test_weights_that_double_precision_cannot_resolve_are_refused() -> None:
    chain = np.array([[1.0, 0.0, 0.0], [1e-13, 1.0, 0.0], [0.0, 1e-13, 1.0]])
    tokens = Attention.of(np.stack([chain[None]] * 4))
    with pytest.raises(LimitExceeded, match="orders of magnitude"):
        LayeredResistance("weight")(tokens)


def test_weights_conduct_where_asked() -> None:
    rng = np.random.default_rng(0)
    chains = np.tril(rng.exponential(size=(3, 2, 7, 7)))
    chains /= chains.sum(axis=-1, keepdims=True)
    tokens = Attention.of(chains)
    weights = [tokens.operator(layer) for layer in range(3)]
    found = LayeredResistance("weight")(tokens)
    np.testing.assert_allclose(found.data, naive.layered_profile(weights, 6), rtol=1e-10)
    np.testing.assert_allclose(LayeredResistance()(tokens).data, profile(causal(7, 3)), rtol=1e-10)


def test_it_moves_with_pauses_where_restart_resistance_does_not() -> None:
    for size in (12, 14):
        assert RestartResistance()(causal(size, 4)).data[5] == pytest.approx(6)
    assert profile(causal(14, 4))[11] < profile(causal(12, 4))[11] / 3


@pytest.mark.parametrize("name", ["causal", "window:5", "strided:7", "random", "dense", "few"])
def test_products_by_differences(name: str) -> None:
    rng = np.random.default_rng(0)
    size = 90
    if name in ("random", "dense", "few"):
        matrix = rng.random((size, size)) < {"random": 0.5, "dense": 0.99, "few": 0.02}[name]
    else:
        matrix = sequence_of(f"{name}{',' if ':' in name else ':'}tokens={size}").visible(0)
    pairs = Pairs(matrix)
    assert pairs.form == {"few": "sparse", "random": "dense", "causal": "running"}.get(name, pairs.form)
    values = rng.normal(size=(size, 3))
    np.testing.assert_allclose(pairs.up(values), matrix @ values, atol=1e-12)
    np.testing.assert_allclose(pairs.down(values), matrix.T @ values, atol=1e-12)


def test_more_sources_than_a_batch() -> None:
    tokens = causal(300, 3)
    values, shorter = profile(tokens), profile(causal(40, 3))
    np.testing.assert_allclose(values[-40:], shorter, rtol=1e-10)  # R depends on the distance alone
    assert (np.diff(values) > 0).all()


def test_what_is_too_large_is_refused() -> None:
    with pytest.raises(LimitExceeded, match="resistance_restart"):
        LayeredResistance()(causal(64, 6), Context(limits=Limits(operations=1e4)))
