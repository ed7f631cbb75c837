"""Measures of random token graphs against their definitions, and what must hold whatever the graph."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import naive_tokens as naive
from token_masks import token_graphs, uniform

from mixcli.context import Context
from mixcli.errors import LimitExceeded, NotApplicable, UsageError
from mixcli.generators.mask_spec import sequence_of
from mixcli.limits import Limits
from mixcli.measures.sequence.influence import Influence
from mixcli.measures.sequence.mixing import Mixing
from mixcli.measures.sequence.paths import Paths
from mixcli.measures.sequence.position_bias import PositionBias
from mixcli.measures.sequence.reach import Reach
from mixcli.measures.sequence.runway import Runway
from mixcli.measures.sequence.spectrum import Spectrum
from mixcli.measures.sequence.structure import Structure
from mixcli.measures.sequence_base import measure_sequence
from mixcli.report.record import entry, jsonable
from mixcli.sequence import Attention, Mask, MaskSequence, TokenGraph

MODEST = settings(max_examples=60, deadline=None)


@given(token_graphs())
@MODEST
def test_structure_is_what_its_definition_says(tokens: TokenGraph) -> None:
    found = Structure()(tokens)
    size = tokens.tokens
    pairs = size * (size + 1) // 2 if tokens.causal else size * size
    assert found.data == pytest.approx(np.mean([tokens.visible(k).sum() for k in range(tokens.depth)]) / pairs)
    classes = naive.closed_classes(tokens)
    assert found.details["closed_classes"] == len(classes)
    assert found.details["radius"] == naive.radius(tokens)
    assert found.details["centre"] == (classes[0][0] if len(classes) == 1 else None)


@given(token_graphs())
@MODEST
def test_reach_is_what_its_definition_says(tokens: TokenGraph) -> None:
    found, wanted = Reach()(tokens), naive.wanted(tokens)
    assert found.data == naive.full_reach(tokens)
    if wanted.any():
        held = naive.held(tokens, tokens.depth)
        assert found.details["share"] == pytest.approx(held[wanted].mean())
        seen = [h is not None and h <= tokens.depth for h in found.details["read_out_layers"]]
        assert seen == held[tokens.read_out].tolist()
        ever = naive.held(tokens, tokens.depth * (tokens.tokens + 1))
        assert found.details["pairs_never_reached"] == (wanted & ~ever).sum()


@given(token_graphs())
@MODEST
def test_paths_and_runway_are_what_their_definitions_say(tokens: TokenGraph) -> None:
    counts = naive.walk_counts(tokens)
    assert Paths()(tokens).details["counts"] == counts
    assert Runway()(tokens).data.tolist() == naive.longest(tokens)


@given(token_graphs(), st.sampled_from([0.0, 0.5, 0.9]))
@MODEST
def test_influence_is_a_row_of_the_product(tokens: TokenGraph, residual: float) -> None:
    product = naive.product(tokens, residual)
    row = Influence(residual=residual)(tokens).data
    assert np.allclose(row, product[tokens.read_out], atol=1e-13)
    assert row.sum() == pytest.approx(1, abs=1e-12)
    bias = PositionBias(residual=residual)(tokens).details
    assert bias["first_share_by_depth"][-1] == pytest.approx(product[tokens.read_out, 0], abs=1e-12)
    if tokens.causal:
        mass = [sum(product[i, 1:i]) for i in range(tokens.tokens)]
        assert bias["cross_mass_mean"] == pytest.approx(np.mean(mass), abs=1e-12)
        assert bias["cross_mass_max"] == pytest.approx(max(mass), abs=1e-12)


@given(token_graphs(), st.sampled_from([0.0, 0.3]))
@MODEST
def test_mixing_is_what_its_definition_says(tokens: TokenGraph, residual: float) -> None:
    found = Mixing(residual=residual)(tokens)
    product = np.eye(tokens.tokens)
    for depth in range(1, (tokens.depth if tokens.kind == "attention" else 60) + 1):
        layer = tokens.operator((depth - 1) % tokens.depth)
        product = residual * product + (1 - residual) * layer @ product
        tau = naive.dobrushin(product)
        if depth <= tokens.depth:
            assert found.details["curve"][depth - 1] == pytest.approx(tau, abs=1e-12)
        if abs(tau - 0.25) < 1e-9:
            return
        if tau < 0.25:
            assert found.data == depth
            return
    assert found.data is None or found.data > depth


@given(token_graphs())
@MODEST
def test_spectrum_is_what_its_definition_says(tokens: TokenGraph) -> None:
    found, size = Spectrum()(tokens), tokens.tokens
    centre = np.eye(size) - 1 / size
    gaps = []
    for layer in range(tokens.depth):
        matrix = tokens.operator(layer)
        moduli = np.sort(np.abs(np.linalg.eigvals(matrix)))[::-1]
        gaps.append(1 - moduli[1] if size > 1 else 1.0)
    assert found.data == pytest.approx(min(gaps), abs=1e-6)
    worst = tokens.operator(found.details.get("layer", 0))
    assert found.details["sigma_1"] == pytest.approx(np.linalg.norm(worst, 2), abs=1e-7)
    assert found.details["sigma_2"] == pytest.approx(np.linalg.norm(centre @ worst, 2), abs=1e-7)
    assert sum(found.details["histogram"]) == pytest.approx(1)


@given(token_graphs())
@MODEST
def test_records_hold_nothing_that_json_cannot(tokens: TokenGraph) -> None:
    def sound(value: object) -> bool:
        if isinstance(value, dict):
            return all(map(sound, value.values()))
        if isinstance(value, list):
            return all(map(sound, value))
        return not isinstance(value, float) or math.isfinite(value)

    names = ("structure", "reach", "paths", "runway", "influence", "position_bias", "mixing", "spectrum")
    for values in measure_sequence(tokens, *names).values():
        assert sound(dict(values.details)), values.details
        assert jsonable(values.details) == dict(values.details)


@given(token_graphs(causal=True))
@MODEST
def test_more_to_read_never_lengthens_the_reach(tokens: TokenGraph) -> None:
    full = uniform(np.tri(tokens.tokens, dtype=bool), tokens.depth, read_out=tokens.read_out)
    assert Reach()(full).data <= Reach()(tokens).data
    assert (Runway()(full).data >= Runway()(tokens).data).all()
    assert (Paths()(full).data >= Paths()(tokens).data - 1e-12).all()


def test_heads_that_are_alike_say_what_the_mask_says() -> None:
    mask = sequence_of("sink:1,4,tokens=24,layers=3")
    heads = Attention.of(np.stack([np.stack([mask.operator(k)] * 2) for k in range(3)]))
    for spec in ("structure", "reach", "paths", "runway", "influence", "position_bias", "spectrum", "mixing"):
        of_mask, of_heads = (measure_sequence(t, spec)[spec] for t in (mask, heads))
        if spec == "mixing" and of_mask.data > 3:
            assert of_heads.data is None
            assert "after all 3 layers" in of_heads.reason
        else:
            assert np.allclose(of_mask.data, of_heads.data, atol=1e-12)


def test_bidirectional_attention_of_a_softmax() -> None:
    weights = np.exp(np.random.default_rng(0).normal(size=(4, 3, 40, 40)))
    tokens = Attention.of(weights / weights.sum(axis=3, keepdims=True))
    assert Reach()(tokens).data == 1
    assert Structure()(tokens).details["centres"] == 40
    assert Mixing()(tokens).data == 2
    assert Spectrum()(tokens).details["kemeny"] == pytest.approx(39, rel=0.1)
    assert "cross_mass_mean" not in PositionBias()(tokens).details


@pytest.mark.parametrize("spec", ["prefix:5,tokens=20,layers=2", "block:4,tokens=20,layers=2"])
def test_later_tokens_count_where_they_can_be_read_at_all(spec: str) -> None:
    assert Reach()(sequence_of(spec)).data == 1


def test_two_tokens_that_only_read_each_other() -> None:
    swap = uniform(np.eye(2, dtype=bool)[::-1])
    assert Spectrum()(swap).data == 0
    assert Spectrum()(swap).details["kemeny"] == pytest.approx(0.5)
    assert Mixing()(swap).data is None
    assert Mixing(residual=0.5)(swap).data == 1
    assert Reach()(swap).data == 1


def test_blocks_have_the_eigenvalues_of_their_parts() -> None:
    tokens = sequence_of("block:4,tokens=24,layers=1")
    found = Spectrum()(tokens).details
    exact = np.sort(np.abs(np.linalg.eigvals(tokens.operator(0))))[::-1]
    assert np.allclose(found["moduli"], exact[:10], atol=1e-8)
    assert found["kemeny"] == pytest.approx(18 + sum(1 / (1 - 1 / k) for k in range(2, 7)))


def test_full_attention_mixes_at_once_and_a_prefix_by_its_set() -> None:
    assert Mixing()(sequence_of("full:tokens=20,layers=2")).data == 1
    prefix = MaskSequence((Mask(20, lambda i, j: (j <= i) | (j < 5)),) * 2)
    assert Structure()(prefix).details["centres"] == 5
    assert Mixing()(prefix).data == naive_depth(prefix)


def naive_depth(tokens: TokenGraph) -> int:
    product, depth = np.eye(tokens.tokens), 0
    while naive.dobrushin(product) > 0.25:
        product = tokens.operator(depth % tokens.depth) @ product
        depth += 1
    return depth


def test_a_ring_mixes_slowly_and_the_search_finds_the_very_layer() -> None:
    i, j = np.indices((30, 30))
    one = ((i - j) % 30 <= 1) | ((j - i) % 30 <= 1)
    two = (i - j) % 30 <= 1
    for tokens in (uniform(one, 3), MaskSequence((Mask.of(one), Mask.of(two), Mask.of(two)))):
        assert Mixing()(tokens).data == naive_depth(tokens) > 20
        assert Structure()(tokens).details["radius"] == 15


def test_layers_that_differ_are_repeated_in_their_order() -> None:
    near, far = sequence_of("window:2,tokens=9,layers=1").layers[0], Mask(9, lambda i, j: (i == j) | (i - j == 4))
    tokens = MaskSequence((near, far, near))
    found = Reach()(tokens)
    assert found.data == naive.full_reach(tokens)
    assert found.details["layers_until_no_more"] == found.data


def test_a_lone_token() -> None:
    tokens = sequence_of("causal:tokens=1,layers=2")
    for key, values in measure_sequence(tokens, "mask", "runway", "position_bias").items():
        assert values.data is not None, key


def test_residual_measured_from_hidden_states() -> None:
    states = np.ones((3, 5, 2)) * np.array([1.0, 1.0, 3.0])[:, None, None]
    weights = np.broadcast_to(np.tri(5) / np.arange(1, 6)[:, None], (2, 1, 5, 5))
    found = Influence(residual="auto")(Attention.of(weights, states))
    assert found.details["residual"] == [1.0, pytest.approx(1 / 3)]
    with pytest.raises(NotApplicable, match="hidden states for residual=auto"):
        Influence(residual="auto")(Attention.of(weights))


def test_the_bound_is_the_rollout_times_a_power_of_two() -> None:
    tokens = sequence_of("window:4,tokens=20,layers=5")
    bound = measure_sequence(tokens, "influence:scale=bound")["influence:scale=bound"]
    whole = np.eye(20)
    for layer in range(5):
        whole = (tokens.operator(layer) + np.eye(20)) @ whole
    assert np.allclose(bound.data, whole[-1], rtol=1e-13)
    assert measure_sequence(tokens, "rollout")["rollout"].details["log2_bound"] == 5
    with pytest.raises(UsageError, match="with scale=bound"):
        Influence(residual=0.0, scale="bound")


def test_influence_says_that_it_is_a_proxy() -> None:
    assert "proxy" in entry(Influence(), Influence()(sequence_of("causal:tokens=4")))["caveat"]
    assert "never rank masks" in Spectrum.caveat


def test_too_many_tokens_are_refused_before_they_are_read() -> None:
    with pytest.raises(LimitExceeded, match="fewer tokens"):
        Reach()(sequence_of("causal:tokens=9000"), Context(limits=Limits(memory=10**8)))
