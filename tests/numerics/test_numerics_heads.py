"""One pass over attention heads: closed forms, laws, an oracle of plain loops, stores on disk, threads."""

from __future__ import annotations

import hashlib
import tracemalloc
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import naive_heads

from mixcli.numerics.head_figures import head_figures
from mixcli.numerics.head_sweep import columns_of, of_heads, support_of
from mixcli.numerics.singular import largest_singular_value, stable_rank
from mixcli.sequence import Attention


def softmax(tokens: int, causal: bool, seed: int, scale: float = 2.0) -> np.ndarray:
    logits = scale * np.random.default_rng(seed).standard_normal((tokens, tokens))
    if causal:
        logits[np.triu_indices(tokens, 1)] = -np.inf
    a = np.exp(logits - logits.max(axis=1, keepdims=True))
    return a / a.sum(axis=1, keepdims=True)


def cesaro(tokens: int) -> np.ndarray:
    return np.tri(tokens) / np.arange(1, tokens + 1)[:, None]


def shifted(tokens: int, d: int) -> np.ndarray:
    a = np.zeros((tokens, tokens))
    a[np.arange(tokens), np.maximum(np.arange(tokens) - d, 0)] = 1.0
    return a


@given(st.integers(2, 40), st.booleans(), st.integers(0, 999), st.sampled_from([0.1, 2.0, 30.0]))
@settings(max_examples=40)
def test_figures_agree_with_plain_loops(tokens: int, causal: bool, seed: int, scale: float) -> None:
    a = softmax(tokens, causal, seed, scale)
    keys = np.arange(1, tokens + 1) if causal else np.full(tokens, tokens)
    found, wanted = head_figures(a, keys), naive_heads.head(a, keys)
    for name, value in wanted.items():
        tolerance = 1e-5 if name == "sigma" else 1e-9
        assert np.allclose(getattr(found, name), value, rtol=tolerance, atol=1e-10), name


@given(st.integers(2, 40), st.booleans(), st.integers(0, 999))
@settings(max_examples=25)
def test_laws_of_scores(tokens: int, causal: bool, seed: int) -> None:
    a = softmax(tokens, causal, seed)
    keys = np.arange(1, tokens + 1) if causal else np.full(tokens, tokens)
    f = head_figures(a, keys)
    assert 0 <= f.normalized <= 1 + 1e-12
    assert f.identity + f.prev + f.block + f.bos <= 1 + 1 / (tokens - 1) + 1e-12  # (1, 0) is both prev and bos
    assert f.columns.sum() == pytest.approx(tokens * (1 - f.future))
    assert f.moduli.sum() == pytest.approx(1)
    assert f.second <= f.moduli.sum() + 1e-9
    assert f.frobenius / f.sigma**2 >= 1 - 1e-5
    assert 1 - 1e-12 <= f.perplexity <= tokens + 1e-9


def test_uniform_causal_attention_in_closed_form() -> None:
    size = 64
    f = head_figures(cesaro(size), np.arange(1, size + 1))
    lengths = np.arange(1, size + 1)
    assert f.normalized == pytest.approx(1, abs=1e-12)
    assert f.uniform == pytest.approx(1, abs=1e-12)
    assert f.entropy == pytest.approx(np.log(lengths).mean(), abs=1e-12)
    assert f.perplexity == pytest.approx((size + 1) / 2, abs=1e-9)
    assert f.slope == pytest.approx(-1, abs=1e-12)
    assert f.band == pytest.approx(0, abs=1e-12)
    assert f.second == 0.5
    assert f.future == 0
    assert f.sigma == pytest.approx(1.598, abs=5e-4)  # the norm of the Cesàro matrix goes to 2 with T
    assert f.frobenius == pytest.approx((1 / lengths).sum(), abs=1e-12)


@pytest.mark.parametrize("d", [0, 1, 2, 5])
def test_a_head_of_one_offset_scores_1_there(d: int) -> None:
    f = head_figures(shifted(33, d), np.arange(1, 34))
    score = {0: f.identity, 1: f.prev}.get(d, f.offset)
    assert score == pytest.approx(1)
    assert f.entropy == 0
    if d > 1:
        assert f.offset_at == d


def test_a_head_on_token_0_is_bos_and_has_rank_1() -> None:
    a = np.zeros((20, 20))
    a[:, 0] = 1
    f = head_figures(a, np.arange(1, 21))
    assert (f.bos, f.identity, f.vertical, f.block) == (1, 0, 0, 0)
    assert f.frobenius / f.sigma**2 == pytest.approx(1)
    assert f.moduli[0] == 19 / 20


def test_a_bidirectional_head_on_the_next_token_and_on_the_last_one() -> None:
    a = np.eye(12)[np.minimum(np.arange(12) + 1, 11)]
    f = head_figures(a, np.full(12, 12))
    assert f.offset == pytest.approx(1)
    assert f.offset_at == -1
    last = np.zeros((12, 12))
    last[:, 11] = 1
    f = head_figures(last, np.full(12, 12))
    assert (f.vertical, f.vertical_at) == (1, 11)
    assert f.columns[11] == 1  # Gu's sum is over queries from the column on


def test_delimiters_and_induction_come_from_the_names_of_tokens() -> None:
    names = columns_of(("[CLS]", "a", "b", ",", "a", "b", "[SEP]", "</s>", "don't", "\n"))
    assert names is not None
    assert np.flatnonzero(names.delimiter).tolist() == [0, 3, 6, 7, 9]
    assert names.after.tolist() == [-1, -1, -1, -1, 2, 3, -1, -1, -1, -1]
    a = np.eye(10)
    a[4], a[5] = np.eye(10)[2], np.eye(10)[3]
    f = head_figures(a, np.arange(1, 11), names)
    assert f.induction == 1
    assert f.delimiter == pytest.approx((1 + 4) / 9)  # query 5 and the delimiters themselves but token 0
    assert columns_of(None) is None
    alike = columns_of(("x",) * 4)
    assert alike is not None
    assert alike.after.tolist() == [-1] * 4  # the key behind would be the query itself


@pytest.mark.parametrize(
    "label", ["[SEP]", "</s>", "<|endoftext|>", ",", "Ġ,", "▁", "Ġ", "Ċ", "ĊĊ", "\n", " ", "##.", "..."]
)
def test_tokens_that_only_separate(label: str) -> None:
    names = columns_of((label, f"{label}a"))
    assert names is not None
    assert names.delimiter.tolist() == [True, False]


def test_low_precision_is_taken_as_it_is() -> None:
    a = softmax(30, True, 1).astype(np.float16)
    assert head_figures(a, np.arange(1, 31)).entropy == pytest.approx(
        naive_heads.head(a, np.arange(1, 31))["entropy"], abs=1e-9
    )


def test_support_is_what_any_head_of_the_layer_reads() -> None:
    eye, prev, full = np.eye(4), shifted(4, 1), np.full((4, 4), 0.25)
    assert support_of(Attention.of([[eye, prev]]), 0).keys.tolist() == [1, 2, 2, 2]
    assert support_of(Attention.of([[eye, cesaro(4)]]), 0).keys.tolist() == [1, 2, 3, 4]
    assert support_of(Attention.of([[cesaro(4), full]]), 0).keys.tolist() == [4] * 4


@dataclass(frozen=True)
class OnDisk:
    """A store that maps one head at a time from a file of float32."""

    path: Path
    shape: tuple[int, int, int]
    hidden_states: int = 0

    @property
    def tokens(self) -> int:
        return self.shape[2]

    @property
    def heads(self) -> tuple[int, ...]:
        return (self.shape[1],) * self.shape[0]

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.path.read_bytes()).hexdigest()

    def head(self, layer: int, head: int) -> np.ndarray:
        size = self.tokens
        start = 4 * size * size * (layer * self.shape[1] + head)
        return np.memmap(self.path, np.float32, "r", start, (size, size))

    def hidden(self, state: int) -> np.ndarray:
        raise NotImplementedError


def test_heads_from_disk_in_a_small_memory_and_any_number_of_threads(tmp_path: Path) -> None:
    heads = np.array([[softmax(150, True, 4 * k + h) for h in range(4)] for k in range(3)], np.float32)
    (tmp_path / "a.bin").write_bytes(heads.tobytes())
    disk = Attention(OnDisk(tmp_path / "a.bin", (3, 4, 150)))
    told: list[tuple[str, int, int]] = []
    tracemalloc.start()
    one = of_heads(disk, 1, lambda *seen: told.append(seen))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < heads.nbytes / 2 + 2**21  # a block in float64 and its temporaries
    assert told[-1] == ("heads", 12, 12)
    for other in (of_heads(disk, 3), of_heads(Attention.of(heads), 2)):
        assert np.array_equal(one.index, other.index)
        for name, values in one.figures.items():
            assert np.array_equal(values, other[name], equal_nan=True), name
    assert one.names[:5] == ["L0H0", "L0H1", "L0H2", "L0H3", "L1H0"]
    assert one.by_layer(np.arange(12.0)) == [1.5, 5.5, 9.5]


def test_heads_taken_are_numbered_as_stored() -> None:
    chosen = Attention.of([[np.eye(3)] * 2, [cesaro(3)] * 2], selection=((1, (1,)),))
    found = of_heads(chosen)
    assert found.names == ["L1H1"]
    assert found.layer.tolist() == [0]
    assert found["uniform"] == pytest.approx(1)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@given(st.integers(1, 30), st.integers(1, 30), st.booleans(), st.integers(0, 99))
@settings(max_examples=25)
def test_largest_singular_value_against_svd(kind: type, n: int, m: int, signed: bool, seed: int) -> None:
    a = np.random.default_rng(seed).standard_normal((n, m))
    a = (a if signed else np.abs(a)).astype(kind)
    wanted = np.linalg.svd(a.astype(np.float64), compute_uv=False)
    assert largest_singular_value(a).value == pytest.approx(wanted[0], rel=1e-5)
    assert stable_rank(a) == pytest.approx((wanted**2).sum() / wanted[0] ** 2, rel=1e-5)


def test_singular_values_of_odd_matrices() -> None:
    assert stable_rank(np.zeros((3, 3))) == 0
    assert largest_singular_value(np.diag([1.0, 5.0, 5.0])).value == pytest.approx(5)
    assert largest_singular_value(np.array([[1.0, -1.0], [-1.0, 1.0]])).value == pytest.approx(2)  # Aᵀ1 = 0
