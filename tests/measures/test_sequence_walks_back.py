"""Restart resistance, hitting times of the sink and noise resistance: closed forms, identities, other routes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import naive_token_resistance as naive
from token_masks import agrees

from mixcli.context import Context
from mixcli.errors import LimitExceeded
from mixcli.generators.mask_spec import sequence_of
from mixcli.limits import Limits
from mixcli.mask import Mask
from mixcli.measures.sequence.hitting_sink import SinkHittingTime
from mixcli.measures.sequence.resistance_restart import RestartResistance
from mixcli.measures.sequence.resistance_ysl import NoiseResistance
from mixcli.measures.sequence_base import SequenceMeasure
from mixcli.rewiring.mask_edits import MaskEdit, apply_mask_edits
from mixcli.sequence import Attention, MaskSequence


def causal(size: int) -> MaskSequence:
    return sequence_of(f"causal:tokens={size}")


def of_array(visible: np.ndarray) -> MaskSequence:
    return MaskSequence((Mask.of(visible),))


def random_chain(rng: np.random.Generator, size: int) -> np.ndarray:
    chain = np.tril(rng.exponential(size=(size, size)))
    return chain / chain.sum(axis=1, keepdims=True)


def attention(chain: np.ndarray) -> Attention:
    return Attention.of(chain[None, None])


def test_row_05_restart_resistance_of_causal_attention_is_j_plus_1() -> None:
    found = RestartResistance()(causal(64))
    np.testing.assert_allclose(found.data, [*range(1, 64), 0], rtol=0, atol=1e-10)
    assert found.residual < 1e-12


@pytest.mark.parametrize("size", [2, 3, 4, 9])
def test_restart_resistance_of_short_causal_attention(size: int) -> None:
    np.testing.assert_allclose(RestartResistance()(causal(size)).data, [*range(1, size), 0], rtol=0, atol=1e-12)


def test_row_06_restart_cycle() -> None:
    cycle = RestartResistance()(causal(64)).details["cycle"]
    assert cycle == pytest.approx(2 + naive.harmonic(63), abs=1e-9)
    assert cycle == pytest.approx(6.728266, abs=1e-6)


def test_restart_resistance_at_8192_tokens() -> None:
    found = RestartResistance()(causal(8192))
    np.testing.assert_allclose(found.data, [*range(1, 8192), 0], rtol=0, atol=1e-10)


def test_row_11_hitting_times_of_the_sink_are_harmonic() -> None:
    times = SinkHittingTime()(causal(300)).data
    np.testing.assert_allclose(times, [0, *(1 + naive.harmonic(i) for i in range(1, 300))], rtol=0, atol=1e-10)


@pytest.mark.parametrize("seed", range(5))
def test_row_22_commute_identity_on_random_causal_attention(seed: int) -> None:
    rng = np.random.default_rng(seed)
    chain = random_chain(rng, 12)
    read_out = int(rng.integers(3, 12))
    found = RestartResistance()(attention(chain).replace(read_out=read_out))
    closed = naive.restart_chain(chain, read_out)[: read_out + 1, : read_out + 1]
    passage = naive.first_passage(closed)
    commute = passage[:, read_out] + passage[read_out]
    mean_return = 1.0 + passage[read_out, 0]
    np.testing.assert_allclose(found.data[: read_out + 1], commute / mean_return, rtol=1e-6)
    assert found.details["cycle"] == pytest.approx(mean_return, rel=1e-9)
    assert np.isinf(found.data[read_out + 1 :]).all()


@pytest.mark.parametrize(
    ("spec", "hitting", "median", "largest"),
    [
        ("causal", "7.120", "127.5", "255"),
        ("window:16", "36.50", "8", "15"),
        ("sink:4,16", "6.83", "292", "8148"),
        ("strided:16", "11.9", "46.6", "114.9"),
        ("fixed:16,1", "12.9", "93", "435"),
        ("log", "18.9", "25.9", "146.9"),
        ("expander:4,0", "10.7", "97.6", "3.3e14"),
        ("bigbird:16,3,1,1", "6.50", "122", "1.0e4"),
    ],
)
def test_reference_table_at_256_tokens(spec: str, hitting: str, median: str, largest: str) -> None:
    tokens = sequence_of(f"{spec}{',' if ':' in spec else ':'}tokens=256")
    restart = RestartResistance()(tokens).details
    assert agrees(SinkHittingTime()(tokens).details["read_out"], hitting)
    assert agrees(restart["median"], median)
    assert agrees(restart["max"], largest)
    assert (restart["max"] >= 1e6) == ("log10_max" in restart)


@pytest.mark.parametrize("spec", ["chunk:16", "packed:128,128", "dilated:16,4"])
def test_reference_table_where_walks_end_in_several_places(spec: str) -> None:
    tokens = sequence_of(f"{spec},tokens=256")
    restart = RestartResistance()(tokens)
    assert restart.details["infinite"] > 0
    assert restart.reason
    assert SinkHittingTime()(tokens).details["read_out"] is None
    assert np.isinf(NoiseResistance()(tokens).data).sum() == restart.details["infinite"]


def test_full_attention_is_the_ordinary_walk() -> None:
    found = RestartResistance()(sequence_of("full:tokens=9"))
    np.testing.assert_allclose(found.data, [*[2.0] * 8, 0], rtol=1e-12)
    assert found.details["cycle"] == pytest.approx(9)
    np.testing.assert_allclose(SinkHittingTime()(sequence_of("full:tokens=9")).data, [0, *[9.0] * 8], rtol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_irreducible_chains_give_commute_over_return_time(seed: int) -> None:
    rng = np.random.default_rng(seed)
    chain = rng.exponential(size=(8, 8))
    chain /= chain.sum(axis=1, keepdims=True)
    passage = naive.first_passage(chain)
    found = RestartResistance()(attention(chain).replace(read_out=5))
    back = 1.0 + chain[5] @ passage[:, 5]
    np.testing.assert_allclose(found.data, (passage[5] + passage[:, 5]) / back, rtol=1e-9)
    np.testing.assert_allclose(SinkHittingTime()(attention(chain)).data, passage[:, 0], rtol=1e-9)


def test_a_prefix_that_reads_itself_is_one_end() -> None:
    i, j = np.indices((8, 8))
    found = RestartResistance()(of_array((j <= i) | (j < 3)))
    np.testing.assert_allclose(found.data[:3], 1.0, rtol=1e-12)
    np.testing.assert_allclose(found.data[3:7], np.arange(4, 8), rtol=1e-12)  # as under causal attention


def test_blocks_that_read_their_own_future_agree_with_row_sweeps() -> None:
    rng = np.random.default_rng(0)
    chain = random_chain(rng, 9)
    swept = RestartResistance()(attention(chain)).data
    wide = chain.copy()
    wide[0, :2] = 0.5  # token 0 and 1 read each other: a closed pair
    wide[1] = [0.5, 0.5, *[0.0] * 7]
    found = RestartResistance()(attention(wide)).data
    np.testing.assert_allclose(found[:2], 1.0, rtol=1e-12)
    np.testing.assert_allclose(found[2:], swept[2:], rtol=1e-12)


def test_other_documents_are_infinitely_far() -> None:
    i, j = np.indices((8, 8))
    packed = of_array((j <= i) & (i // 4 == j // 4))
    np.testing.assert_allclose(RestartResistance()(packed).data, [np.inf] * 4 + [1, 2, 3, 0], rtol=1e-12)
    assert np.isinf(SinkHittingTime()(packed).data[4:]).all()
    assert SinkHittingTime()(packed).details["infinite"] == 4
    noise = NoiseResistance()(packed)
    np.testing.assert_allclose(noise.data[4:], NoiseResistance()(causal(4)).data, rtol=1e-12)
    assert np.isinf(noise.data[:4]).all()


def test_two_ends_within_a_component() -> None:
    visible = np.eye(3, dtype=bool)
    visible[2] = True
    tokens = of_array(visible)
    np.testing.assert_allclose(RestartResistance()(tokens).data, [2, 2, 0], rtol=1e-12)
    assert NoiseResistance()(tokens).data is None
    assert "2 places" in NoiseResistance()(tokens).reason
    assert np.isinf(SinkHittingTime()(tokens).data[1:]).all()


def test_a_read_out_at_an_end_sees_nothing_else() -> None:
    found = RestartResistance()(causal(4).replace(read_out=0))
    assert found.data.tolist() == [0.0, np.inf, np.inf, np.inf]
    assert found.details["first"] is None


def test_layers_that_differ_are_averaged() -> None:
    narrow, wide = sequence_of("window:2,tokens=10").layers[0], sequence_of("causal:tokens=10").layers[0]
    mixed = MaskSequence((narrow, wide, wide))
    chain = (mixed.operator(0) + 2 * mixed.operator(1)) / 3
    for measure in (RestartResistance(), SinkHittingTime(), NoiseResistance()):
        assert isinstance(measure, SequenceMeasure)
        np.testing.assert_allclose(measure(mixed).data, measure(attention(chain)).data, rtol=1e-12)


@given(st.integers(0, 2**32), st.integers(2, 14), st.floats(0.1, 0.9))
@settings(max_examples=25, deadline=None)
def test_all_pairs_agree_with_one_read_out(seed: int, size: int, density: float) -> None:
    rng = np.random.default_rng(seed)
    chain = np.tril(rng.random((size, size)) * (rng.random((size, size)) < density), -1) + np.eye(size) * 0.2
    chain /= chain.sum(axis=1, keepdims=True)
    table = naive.all_visits(chain)
    for read_out in range(size):
        with np.errstate(divide="ignore"):
            expected = np.where(np.arange(size) == read_out, 0.0, 1.0 / table[read_out])
        found = RestartResistance()(attention(chain).replace(read_out=read_out)).data
        np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_an_edge_to_the_read_out_can_raise_restart_resistance() -> None:
    before = sequence_of("window:3,tokens=8")
    after = apply_mask_edits(before, [MaskEdit("add", None, 7, 0)])
    assert RestartResistance()(before).data[1] == pytest.approx(1.488, abs=5e-4)
    assert RestartResistance()(after).data[1] == pytest.approx(2.233, abs=5e-4)


def test_row_07_noise_resistance_random_walk() -> None:
    expected = [8549 / 1785, 5081 / 1785, 4328 / 1785, 0]
    np.testing.assert_allclose(NoiseResistance()(causal(4)).data, expected, rtol=0, atol=1e-10)
    np.testing.assert_allclose(NoiseResistance()(causal(3)).data, [31 / 7, 19 / 7, 0], rtol=0, atol=1e-10)
    np.testing.assert_allclose(NoiseResistance()(causal(2)).data, [4, 0], rtol=0, atol=1e-10)


def test_row_08_noise_resistance_combinatorial() -> None:
    measure = NoiseResistance("combinatorial")
    np.testing.assert_allclose(measure(causal(4)).data, [23 / 15, 13 / 15, 2 / 3, 0], rtol=0, atol=1e-10)
    np.testing.assert_allclose(measure(causal(3)).data, [5 / 3, 1, 0], rtol=0, atol=1e-10)
    np.testing.assert_allclose(measure(causal(2)).data, [2, 0], rtol=0, atol=1e-10)


def test_noise_resistance_at_64_tokens_falls_along_the_text() -> None:
    values = NoiseResistance()(causal(64)).data
    assert values[0] == pytest.approx(8.982317, abs=1e-6)
    assert values[62] == pytest.approx(2.016047, abs=1e-6)
    assert (np.diff(values) < 0).all()


@pytest.mark.parametrize("seed", range(3))
def test_noise_resistance_against_the_kronecker_form(seed: int) -> None:
    rng = np.random.default_rng(seed)
    chain = random_chain(rng, 9)
    chain[0] = 0.0
    chain[0, 0] = 1.0
    both = rng.exponential(size=(9, 9))
    both /= both.sum(axis=1, keepdims=True)
    for one in (chain, both):
        expected = naive.noise_variance(np.eye(9) - one)[8]
        found = NoiseResistance()(attention(one))
        np.testing.assert_allclose(found.data, expected, rtol=1e-9)
        assert found.residual < 1e-12


def test_triangular_halves_agree_with_the_schur_route() -> None:
    from mixcli.numerics.noise import disagreement, disagreement_from_first

    chain = random_chain(np.random.default_rng(1), 230)
    laplacian = np.eye(230) - chain
    laplacian[0] = 0.0
    fast, slow = disagreement_from_first(laplacian)[0], disagreement(laplacian)[0]
    np.testing.assert_allclose(fast, slow, rtol=0, atol=1e-9 * slow.max())


def test_what_is_too_large_is_refused() -> None:
    with pytest.raises(LimitExceeded, match="resistance_restart"):
        NoiseResistance()(causal(64), Context(limits=Limits(operations=1e3)))
    with pytest.raises(LimitExceeded, match="causal mask"):
        RestartResistance()(sequence_of("full:tokens=64"), Context(limits=Limits(operations=1e3)))


def test_one_token() -> None:
    for measure in (RestartResistance(), SinkHittingTime(), NoiseResistance()):
        assert measure(causal(1)).data.tolist() == [0.0]
