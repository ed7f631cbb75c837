"""Hidden states and their collapse: closed forms, laws, casts against torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import naive_heads

from mixcli.numerics import token_states as states
from mixcli.numerics.collapse import CASTS, collapse_length, equal_share, gap, log_slope, rounded

TORCH = {
    "bf16": torch.bfloat16,
    "fp16": torch.float16,
    "fp8_e4m3": torch.float8_e4m3fn,
    "fp8_e5m2": torch.float8_e5m2,
}


def drawn(tokens: int, width: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((tokens, width)) + 1.0


@given(st.integers(2, 12), st.integers(1, 6), st.integers(0, 99))
@settings(max_examples=25)
def test_row_17_dirichlet_on_the_complete_graph_is_t_mu_squared(tokens: int, width: int, seed: int) -> None:
    x = drawn(tokens, width, seed)
    wanted = naive_heads.dirichlet(x, np.ones((tokens, tokens), bool))
    found = states.state_figures(x)
    assert found.dirichlet == pytest.approx(wanted, rel=1e-10)
    assert found.dirichlet == pytest.approx(tokens * found.mu**2, rel=1e-10)


@given(st.integers(2, 10), st.integers(2, 10), st.integers(0, 99))
@settings(max_examples=25)
def test_figures_against_svd_and_pairs(tokens: int, width: int, seed: int) -> None:
    x = drawn(tokens, width, seed)
    found = states.state_figures(x)
    sigma = np.linalg.svd(x - x.mean(axis=0), compute_uv=False)
    assert found.cosine == pytest.approx(naive_heads.mean_cosine(x), abs=1e-12)
    cosines = [x[0] @ u / np.linalg.norm(x[0]) / np.linalg.norm(u) for u in x[1:]]
    assert found.first_cosine == pytest.approx(np.mean(cosines), abs=1e-12)
    assert found.centred_stable_rank == pytest.approx((sigma**2).sum() / sigma[0] ** 2)
    assert found.stable_rank == pytest.approx((x**2).sum() / np.linalg.norm(x, 2) ** 2, rel=1e-6)
    share = sigma[sigma > 1e-300] / sigma.sum()
    assert found.effective_rank == pytest.approx(np.exp(-(share * np.log(share)).sum()))
    assert found.relative == pytest.approx(found.mu / np.linalg.norm(x))
    assert found.centred_stable_rank <= found.effective_rank * (1 + 1e-9) or tokens <= 2 or width <= 2
    scaled = states.state_figures(1000 * x)
    assert scaled.relative == pytest.approx(found.relative)
    assert scaled.mu == pytest.approx(1000 * found.mu)


@given(st.integers(2, 9), st.integers(1, 5), st.integers(0, 99))
@settings(max_examples=20)
def test_the_residual_is_enclosed(tokens: int, width: int, seed: int) -> None:
    x = drawn(tokens, width, seed)
    found = states.residual(x)
    assert found.lower <= found.value
    assert found.value == pytest.approx(naive_heads.residual(x, np.median(x, axis=0)))
    rng = np.random.default_rng(seed)
    for common in x.mean(axis=0) + rng.standard_normal((30, width)) * 0.5:
        assert naive_heads.residual(x, common) >= found.lower * (1 - 1e-12)


def test_equal_tokens_have_collapsed() -> None:
    found = states.state_figures(np.full((6, 4), 0.1))
    assert (found.mu, found.relative, found.centred_stable_rank, found.effective_rank) == (0, 0, 0, 0)
    assert found.cosine == pytest.approx(1)
    assert found.stable_rank == pytest.approx(1)
    assert found.residual.value == 0
    nothing = states.state_figures(np.zeros((3, 2)))
    assert nothing.first_cosine is None
    assert (nothing.cosine, nothing.relative, nothing.stable_rank) == (None, 0, 0)


def test_orthonormal_tokens_in_closed_form() -> None:
    size = 8
    found = states.state_figures(np.eye(size))
    assert found.mu**2 == pytest.approx(size - 1)
    assert found.stable_rank == pytest.approx(size)
    assert found.centred_stable_rank == pytest.approx(size - 1)
    assert found.effective_rank == pytest.approx(size - 1)
    assert found.cosine == pytest.approx(0, abs=1e-15)
    assert found.residual.value == 1  # the median is 0: every row and column sums to 1


@pytest.mark.parametrize("cast", CASTS)
def test_rounding_agrees_with_torch_casts(cast: str) -> None:
    rng = np.random.default_rng(3)
    largest = {"fp8_e4m3": 464.0}.get(cast, np.inf)  # beyond, torch has changed its mind between versions
    spread = rng.standard_normal(20000) * np.exp(8 * rng.standard_normal(20000))
    ties = np.concatenate([np.arange(-600, 600, 0.5), [0.0, -0.0, 1e-45, 65519, 65520, 61439, 61440, 3.39e38, 3.4e38]])
    x = np.concatenate([spread, ties]).astype(np.float32)
    x = x[np.abs(x) <= largest]
    wanted = torch.tensor(x).to(TORCH[cast]).double().numpy()
    assert np.array_equal(rounded(x, cast), wanted, equal_nan=True)
    assert np.isnan(rounded(np.array([np.nan]), cast)).all()


def test_half_precision_is_that_of_numpy() -> None:
    x = np.random.default_rng(0).standard_normal(1000).astype(np.float32)
    assert np.array_equal(rounded(x, "fp16"), x.astype(np.float16).astype(np.float64))


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20))
@settings(max_examples=30)
def test_rounding_is_idempotent_odd_and_ordered(values: list[float]) -> None:
    x = np.sort(np.array(values))
    for cast in CASTS:
        once = rounded(x, cast)
        assert np.array_equal(rounded(once, cast), once)
        assert np.array_equal(rounded(-x, cast), -once)
        assert (np.diff(once[np.isfinite(once)]) >= 0).all()


def test_gap_shares_and_slope() -> None:
    x = np.array([1.0, 2.0, 4.0, 2.0**30])
    found = gap(x, x * (1 + 2.0**-10))
    assert found.equal == {"bf16": 1.0, "fp16": 0.25, "fp8_e4m3": 1.0, "fp8_e5m2": 1.0}
    assert found.linf == pytest.approx(2**20)
    assert gap(x, x).l1 == 0
    assert equal_share(np.array([np.nan]), np.array([np.nan]), "bf16") == 1
    n = [4, 16, 64, 256]
    assert log_slope(n, [m**-2.0 for m in n]) == pytest.approx(-2)
    assert log_slope(n, [0, 0, 1, 0]) is None
    assert collapse_length(n, [0.1, 0.9, 1.0, 1.0]) == 64
    assert collapse_length(n, [0.1, 0.9, 0.9, 0.9]) is None
