"""Dropout masks: their rate, their independence of each other, and what they are a function of."""

import math

import pytest
import torch

from mixcli.training.block import SparseRows
from mixcli.training.dropout import Dropout


def masks(seeds: range, steps: int, places: int, shape: tuple[int, int], p: float = 0.5) -> torch.Tensor:
    """(masks, entries) of -1 where an entry is dropped and 1 where it is kept."""
    found = []
    for seed in seeds:
        drop = Dropout(p, seed)
        for _ in range(steps):
            drop.advance()
            found += [drop(torch.ones(shape)).flatten().sign() * 2 - 1 for _ in range(places)]
    return torch.stack(found)


@pytest.mark.parametrize("p", [0.02, 0.1, 0.5, 0.8, 0.95])
def test_share_is_dropped_and_the_mean_kept(p: float) -> None:
    drop = Dropout(p, 7)
    drop.advance()
    out = drop(torch.ones(1000, 333))
    share = round(p * 2**16) / 2**16
    assert abs((out == 0).double().mean().item() - share) < 4 * math.sqrt(share * (1 - share) / out.numel())
    assert out.unique().tolist() == [0.0, pytest.approx(1 / (1 - share), rel=1e-6)]


def test_masks_of_different_trials_steps_and_places_are_independent() -> None:
    found = masks(range(4), 8, 4, (128, 64))
    correlation = found @ found.T / math.sqrt(found.shape[1])  # standard normal off the diagonal, if independent
    off = correlation[~torch.eye(len(found), dtype=torch.bool)]
    assert off.abs().max() < 5.5
    assert off.square().mean().item() == pytest.approx(1, abs=0.05)


def test_channels_of_a_mask_are_independent() -> None:
    found = masks(range(1), 32, 1, (4096, 32)).reshape(-1, 32)
    z = found.T @ found / math.sqrt(len(found))
    assert found.mean(dim=0).abs().max() * math.sqrt(len(found)) < 4
    assert z[~torch.eye(32, dtype=torch.bool)].abs().max() < 4.5


@pytest.mark.parametrize("p", [0.5, 0.9])
def test_rows_and_channels_have_the_spectrum_of_noise(p: float) -> None:
    n = 1024
    found = masks(range(1), 1, 1, (n, n), p).reshape(n, n)
    noise = (found - found.mean()) / found.std()
    assert torch.linalg.matrix_norm(noise, 2).item() / math.sqrt(n) == pytest.approx(2, abs=0.05)


def test_mask_is_a_function_of_seed_step_place_row_and_channel() -> None:
    first, again = Dropout(0.3, 11), Dropout(0.3, 11)
    for _ in range(3):
        first.advance(), again.advance()
        assert torch.equal(first(torch.ones(50, 9)), again(torch.ones(50, 9)))
        assert torch.equal(first(torch.ones(80, 9))[:50], again(torch.ones(50, 9)))
        assert torch.equal(first(torch.ones(20, 16))[:, :9], again(torch.ones(20, 9)))
    state = torch.random.get_rng_state()
    first(torch.ones(3, 3))
    assert torch.equal(state, torch.random.get_rng_state())


def test_trials_together_get_the_masks_of_each_alone() -> None:
    rates, seeds = [0.5, 0.1, 0.0], [3, 2**62 + 1, 5]
    together = Dropout(rates, seeds)
    alone = [Dropout(p, seed) for p, seed in zip(rates, seeds, strict=True)]
    for step in range(4):
        together.advance()
        for drop in alone:
            drop.advance()
        x = torch.randn(len(seeds), 40, 7, generator=torch.Generator().manual_seed(step))
        assert torch.equal(together(x), torch.stack([d(row) for d, row in zip(alone, x, strict=True)]))
        if step == 1:
            together.keep(torch.tensor([2, 0]))
            alone, seeds = [alone[2], alone[0]], [5, 3]


def test_stored_entries_of_sparse_features_are_dropped() -> None:
    entry = torch.arange(200)
    rows = SparseRows((200, 3), entry, entry % 3, torch.ones(200), torch.argsort(entry % 3, stable=True))
    drop = Dropout(0.5, 1)
    drop.advance()
    value = drop(rows).value
    assert set(value.tolist()) == {0.0, 2.0}
    assert 60 < int((value == 0).sum()) < 140


def test_nothing_is_done_without_dropout() -> None:
    x = torch.randn(3, 3)
    assert Dropout(0.0, 1)(x) is x


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_has_the_masks_of_the_processor() -> None:
    found = []
    for device in ("cpu", "cuda"):
        drop = Dropout([0.3, 0.5], [11, 2**61], torch.device(device))
        drop.advance()
        found.append(drop(torch.ones(2, 100, 33, device=device)).cpu())
    assert torch.equal(*found)
