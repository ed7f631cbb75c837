"""Sinks, entropy, names and rank of attention heads: closed forms, laws, what is told, what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixcli.context import Context
from mixcli.errors import LimitExceeded, NotApplicable
from mixcli.generators.mask_spec import sequence_of
from mixcli.limits import Limits
from mixcli.measures.base import Values
from mixcli.measures.sequence.entropy import Entropy
from mixcli.measures.sequence.heads import HeadLabels
from mixcli.measures.sequence.rank import Rank
from mixcli.measures.sequence.sinks import Sinks
from mixcli.measures.sequence_base import measure_sequence
from mixcli.numerics import head_sweep
from mixcli.report.record import entry, jsonable
from mixcli.sequence import Attention, Mask, MaskSequence


def cesaro(tokens: int) -> np.ndarray:
    return np.tri(tokens) / np.arange(1, tokens + 1)[:, None]


def softmax(shape: tuple[int, ...], seed: int, scale: float = 2.0, causal: bool = True) -> np.ndarray:
    logits = scale * np.random.default_rng(seed).standard_normal(shape)
    if causal:
        logits = np.where(np.tri(shape[-1], dtype=bool), logits, -np.inf)
    a = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return a / a.sum(axis=-1, keepdims=True)


def sink_head(tokens: int, mass: float) -> np.ndarray:
    """Every query but the first gives token 0 a mass, and the rest to itself."""
    a = (1 - mass) * np.eye(tokens)
    a[:, 0] += mass
    return a


def plain(values: Values) -> Values:
    """Details are ready for JSON: nothing in them that it cannot hold."""
    json.dumps(dict(values.details), allow_nan=False)
    return values


HARMONIC = float((1 / np.arange(1, 65)).sum())


class TestSinks:
    @pytest.mark.parametrize("source", ["mask", "attention"])
    def test_row_16_uniform_causal_attention_has_alpha_0_of_h_t_over_t(self, source: str) -> None:
        mask = sequence_of("causal:tokens=64,layers=2")
        tokens = mask if source == "mask" else Attention.of(cesaro(64)[None, None])
        found = plain(Sinks()(tokens))
        assert np.allclose(found.data, HARMONIC / 64, rtol=0, atol=1e-12)
        assert found.data[0] == pytest.approx(0.0741233, abs=5e-8)
        assert found.details["baseline"] == pytest.approx(HARMONIC / 64, abs=1e-12)

    def test_any_token_and_without_itself(self) -> None:
        a = Attention.of(cesaro(64)[None, None])
        k = 10
        above = float((1 / np.arange(k + 1, 65)).sum())
        assert Sinks(k=k)(a).data[0] == pytest.approx(above / (64 - k))
        without = Sinks(k=k, exclude_self=True)(a)
        assert without.data[0] == pytest.approx((above - 1 / (k + 1)) / (63 - k))
        assert without.details["baseline"] == pytest.approx(without.data[0])

    @pytest.mark.parametrize("mass", [0.0, 0.35, 0.6, 0.9])
    def test_a_sink_of_known_mass(self, mass: float) -> None:
        size = 50
        found = plain(Sinks(exclude_self=True)(Attention.of([[sink_head(size, mass), np.eye(size)]])))
        assert found.data.tolist() == pytest.approx([mass, 0])
        assert found.details["rates"] == {"0.3": float(mass > 0.3) / 2, "0.8": float(mass > 0.8) / 2}

    def test_sink_tokens_are_listed_with_their_names(self) -> None:
        a = np.eye(8)
        a[3:] = np.eye(8)[2]
        found = Sinks()(Attention.of([[a, a]], labels=tuple("abcdefgh")))
        assert found.details["tokens"] == [{"token": 2, "label": "c", "rate": 1.0, "mean": 1.0}]

    def test_mass_on_the_first_tokens_from_the_third_layer_on(self) -> None:
        layers = np.stack([np.eye(10), np.eye(10), sink_head(10, 0.5), sink_head(10, 0.7)])[:, None]
        found = Sinks(first=4)(Attention.of(layers)).details
        assert found["first_mass"] == pytest.approx([0, 0, 0.5, 0.7])
        assert found["first_mass_mean"] == pytest.approx(0.6)
        short = plain(Sinks(first=4)(Attention.of(layers[:, :, :4, :4])))
        assert short.details["first_mass"] is None
        later = Sinks(first=4)(Attention.of(layers, selection=((0, (0,)), (3, (0,)))))
        assert later.details["first_mass_mean"] == pytest.approx(0.7)

    def test_masks_sink_by_structure_layer_by_layer(self) -> None:
        sequence = MaskSequence((Mask(20, lambda i, j: j <= i), Mask(20, lambda i, j: (j <= i) & (i - j < 2))))
        found = plain(Sinks()(sequence))
        assert found.index.tolist() == [[0, 0], [1, 0]]
        assert found.data[1] == pytest.approx((1 + 0.5) / 20)
        assert found.details["baseline"] == pytest.approx(found.data.mean())

    def test_a_weighted_mask_differs_from_its_baseline(self) -> None:
        mask = Mask(30, lambda i, j: j <= i, weigh=lambda i, j: np.exp(-0.5 * (i - j)))
        found = Sinks()(MaskSequence((mask,)))
        rows = np.array([mask.weights(i, i + 1)[0] for i in range(30)])
        assert found.data[0] == pytest.approx(rows[:, 0].mean())
        assert found.details["baseline"] == pytest.approx((1 / np.arange(1, 31)).mean())

    def test_a_large_mask_needs_no_square_of_floats(self) -> None:
        import tracemalloc

        sequence = MaskSequence((Mask(3000, lambda i, j: (j <= i) & (i - j < 50)),))
        tracemalloc.start()
        Sinks()(sequence)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 3000**2 * 8 / 2

    def test_no_query_behind_the_token(self) -> None:
        with pytest.raises(NotApplicable, match="token 9"):
            Sinks(k=9)(sequence_of("causal:tokens=9,layers=1"))


class TestEntropy:
    def test_uniform_and_single_key(self) -> None:
        found = plain(Entropy()(Attention.of([[cesaro(40), np.eye(40)]])))
        assert found.data.tolist() == pytest.approx([1, 0])
        assert found.details["collapsed"] == {"count": 1, "heads": ["L0H1"]}
        assert found.details["dispersed"] == {"count": 1, "heads": ["L0H0"]}
        raw = Entropy(kind="raw")(Attention.of([[cesaro(40)]]))
        assert raw.data[0] == pytest.approx(np.log(np.arange(1, 41)).mean())
        assert Entropy(kind="perplexity")(Attention.of([[cesaro(40)]])).data[0] == pytest.approx(20.5)

    def test_normalised_by_what_the_mask_allows_not_by_what_the_head_reads(self) -> None:
        two = np.eye(20)
        two[1:, 0] = two[np.arange(1, 20), np.arange(1, 20)] = 0.5
        lone = Entropy()(Attention.of([[two]]))
        assert lone.data[0] == pytest.approx(1)
        beside = Entropy()(Attention.of([[two, cesaro(20)]]))
        assert beside.data[0] == pytest.approx(np.mean(np.log(2) / np.log(np.arange(2, 21))))

    def test_softmax_of_a_band_of_logits_gives_its_width_back(self) -> None:
        size, width = 60, 3.0
        logits = np.where(np.arange(size) % 2, width, 0.0)[None, :]
        a = np.exp(logits) * np.tri(size)
        a /= a.sum(axis=1, keepdims=True)
        found = plain(Entropy(weight=0.25)(Attention.of([[a]]))).details["sharpness"]
        assert found["band"] == pytest.approx(width)
        assert found["log10_length"] == pytest.approx(np.log10(np.exp(width) / 0.25))

    def test_slope_tells_averaging_from_sharp_heads(self) -> None:
        assert Entropy()(Attention.of([[cesaro(50)]])).details["sharpness"]["slope"] == pytest.approx(-1)
        sharp = Attention.of([[np.eye(50), np.eye(50), cesaro(50)]])
        assert Entropy()(sharp).details["sharpness"]["slope"] == pytest.approx(0, abs=1e-12)
        full = plain(Entropy()(Attention.of([[np.full((4, 4), 0.25)]])))
        assert full.details["sharpness"]["slope"] is None

    def test_negative_weights_are_refused(self) -> None:
        a = np.array([[1.0, 0.0], [1.5, -0.5]])
        with pytest.raises(NotApplicable, match="L0H0"):
            Entropy()(Attention.of([[a]]))

    @given(st.integers(2, 20), st.integers(0, 99), st.booleans())
    @settings(max_examples=20)
    def test_bounds(self, tokens: int, seed: int, causal: bool) -> None:
        a = Attention.of(softmax((2, 2, tokens, tokens), seed, causal=causal))
        assert ((Entropy()(a).data >= 0) & (Entropy()(a).data <= 1 + 1e-12)).all()
        perplexity = Entropy(kind="perplexity")(a).data
        assert ((perplexity >= 1) & (perplexity <= tokens + 1e-9)).all()
        assert (np.exp(Entropy(kind="raw")(a).data) <= perplexity * (1 + 1e-12)).all()  # Jensen


class TestHeads:
    def test_every_kind_of_head_is_named(self) -> None:
        size = 40
        i = np.arange(size)
        offset, vertical, block = np.zeros((3, size, size))
        offset[i, np.maximum(i - 7, 0)] = 1
        vertical[i, np.minimum(i, 5)] = 1
        block[i, np.where(i % 16 >= 3, i // 16 * 16 + (i * 7 % np.maximum(i % 16 - 1, 1)), i)] = 1
        kinds = [np.eye(size), sink_head(size, 1), np.eye(size)[np.maximum(i - 1, 0)], offset, vertical, block]
        found = plain(HeadLabels()(Attention.of([[*kinds, cesaro(size), softmax((size, size), 0)]])))
        names = [name for _, name, _ in found.details["table"]]
        assert names == ["identity", "bos", "prev", "offset_7", "vertical_5", "block", "uniform", "mixed"]
        assert found.data == 7 / 8
        assert found.details["best"]["offset"] == {"head": "L0H3", "score": pytest.approx(1), "at": 7}
        assert found.details["best"]["induction"] is None
        assert found.details["labels"]["mixed"] == 1

    def test_induction_and_delimiters_need_names(self) -> None:
        text = ("[CLS]", ".", "a", ",", "b", ";", "c", "a", "b", "c", "d", "e")
        size = len(text)
        induction, delimiter = np.eye(size), np.eye(size)
        induction[7:10] = np.eye(size)[[3, 5, 7]]  # behind a, b, c
        induction[10:] = np.eye(size)[2]
        delimiter[1:6, :6] = np.eye(6)[1]
        delimiter[6:] = np.eye(size)[[1, 3, 5, 1, 3, 5]]
        found = plain(HeadLabels()(Attention.of([[induction, delimiter, cesaro(size)]], labels=text)))
        assert [name for _, name, _ in found.details["table"]] == ["induction", "delimiter", "uniform"]
        without = HeadLabels()(Attention.of([[induction, delimiter]])).details["best"]
        assert without["delimiter"] is None

    def test_the_threshold_decides(self) -> None:
        half = Attention.of([[sink_head(30, 0.55), cesaro(30)]])
        assert HeadLabels()(half).details["table"][0][1] == "bos"
        assert HeadLabels(threshold=0.6)(half).details["table"][0][1] == "mixed"

    @given(st.integers(2, 25), st.integers(0, 99), st.booleans())
    @settings(max_examples=20)
    def test_scores_are_shares(self, tokens: int, seed: int, causal: bool) -> None:
        found = HeadLabels(threshold=0.01)(Attention.of(softmax((1, 3, tokens, tokens), seed, causal=causal)))
        assert all(0 <= score <= 1 + 1e-12 for _, _, score in found.details["table"])
        assert sum(found.details["labels"].values()) == 3


class TestRank:
    def test_heads_of_full_rank_and_of_rank_one(self) -> None:
        found = plain(Rank()(Attention.of([[np.eye(9), sink_head(9, 1.0)]])))
        assert found.data.tolist() == pytest.approx([9, 1])
        assert found.residual < 1e-6
        assert found.details["hidden"] is None

    @given(st.integers(2, 25), st.integers(0, 99), st.booleans())
    @settings(max_examples=20)
    def test_against_svd(self, tokens: int, seed: int, causal: bool) -> None:
        a = softmax((1, 2, tokens, tokens), seed, causal=causal)
        sigma = np.linalg.svd(a[0], compute_uv=False)
        wanted = (sigma**2).sum(axis=1) / sigma[:, 0] ** 2
        assert Rank()(Attention.of(a)).data == pytest.approx(wanted, rel=2e-6)

    def test_eigenvalues_of_a_causal_head_are_its_diagonal(self) -> None:
        found = Rank()(Attention.of([[cesaro(50)]])).details["spectrum"]
        assert found["second"] == [0.5]
        assert found["below_0.1"] == [pytest.approx(40 / 50)]
        assert sum(found["moduli"][0]) == pytest.approx(1)
        assert found["moduli"][0][9] == 1 / 50

    def test_eigenvalues_of_large_heads_that_look_ahead_are_left_out(self) -> None:
        full = np.full((200, 200), 1 / 200)
        found = plain(Rank()(Attention.of([[full]]))).details["spectrum"]
        assert found["moduli"] is None
        assert "128 tokens" in found["reason"]
        small = Rank()(Attention.of([[full[:20, :20] * 10]])).details["spectrum"]
        assert small["second"] == [pytest.approx(0, abs=1e-7)]

    def test_hidden_states_that_become_alike(self) -> None:
        rng = np.random.default_rng(1)
        states = [rng.standard_normal((12, 8))]
        for _ in range(3):
            states.append(0.5 * states[-1] + 0.5 * cesaro(12) @ states[-1])
        found = plain(Rank()(Attention.of(np.tile(cesaro(12), (3, 1, 1, 1)), states=states)))
        rows = found.details["hidden"]
        assert [r["relative"] for r in rows] == sorted((r["relative"] for r in rows), reverse=True)
        assert all(r["residual_lower"] <= r["residual"] for r in rows)
        assert rows[0]["dirichlet"] == pytest.approx(12 * rows[0]["mu"] ** 2)  # row 17

    def test_hidden_states_beyond_the_limit_are_left_out_with_a_reason(self) -> None:
        one = Attention.of([[np.eye(6)]], states=[np.ones((6, 4))])
        found = Rank()(one, Context(limits=Limits(operations=10)))
        assert found.details["hidden"] is None
        assert "too long" in found.details["hidden_reason"]


def test_the_sweep_is_done_once_for_all_measures(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    original = head_sweep.head_figures
    monkeypatch.setattr(head_sweep, "head_figures", lambda *args: (calls.append(1), original(*args))[1])
    measure_sequence(Attention.of(softmax((2, 3, 16, 16), 0)), "sinks", "sinks:k=2", "entropy", "heads", "rank")
    assert len(calls) == 6


@pytest.mark.parametrize("measure", [Sinks(), Entropy(), HeadLabels(), Rank()], ids=lambda m: type(m).__name__)
class TestAll:
    def test_one_token_is_refused_by_name(self, measure) -> None:
        with pytest.raises(NotApplicable, match="two tokens"):
            measure(Attention.of(np.ones((1, 1, 1, 1))))

    def test_a_head_beyond_memory_is_refused(self, measure) -> None:
        with pytest.raises(LimitExceeded, match="fewer heads"):
            measure(Attention.of(softmax((1, 1, 50, 50), 0)), Context(limits=Limits(memory=1000)))

    def test_two_tokens_and_records(self, measure) -> None:
        found = plain(measure(Attention.of(softmax((1, 2, 2, 2), 0))))
        json.dumps(jsonable(entry(measure, found)), allow_nan=False)

    def test_signed_attention_is_measured_or_refused_by_name(self, measure) -> None:
        first, second = softmax((2, 1, 2, 12, 12), 3)
        signed = Attention.of(2 * first - second)
        if isinstance(measure, Entropy):
            with pytest.raises(NotApplicable, match="negative"):
                measure(signed)
            return
        assert np.isfinite(plain(measure(signed)).data).all()

    def test_threads_and_precision_do_not_matter(self, measure) -> None:
        a = softmax((2, 3, 30, 30), 5)
        one, many = (measure(Attention.of(a), Context(threads=t)) for t in (1, 4))
        assert np.array_equal(one.data, many.data)
        assert one.details == many.details
        assert np.allclose(one.data, measure(Attention.of(a.astype(np.float32))).data, rtol=1e-4)
