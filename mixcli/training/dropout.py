"""Dropout whose masks are a function of the trial, not of the process, the device or the trials trained with it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor

__all__ = ["Dropout"]

STEPS = 2**16
WIDE = 64
"""Columns that a flat array is taken to have."""

WEYL, FIRST, SECOND = 0x1E3779B97F4A7C15, -0x4B47D0C5A183C8B3, -0x6B2FB644ECCEEE15
"""Odd numbers that spread 64 bits."""
STIR = 0x7FEB352D, -0x7B935975
"""Odd numbers that stir 32 bits. Fewer rounds of stirring leave correlated channels, and correlated masks."""


class Dropout:
    """Inverted dropout, its mask a hash of (seed of the trial, step, place in the network, row, channel).

    A mask takes 16 bits per entry, two entries to one word: a hash of the row plus one of the channel, stirred. The
    probability is rounded to a multiple of 2⁻¹⁶, and the gain 1/(1 - p) uses the rounded value, so that the expectation
    is exact. All in wrapping integers: the same mask on every device, and for a trial alone and the same trial among
    others, as long as its rows come in the same order.

    Args:
        p: probability of dropping an entry, in [0, 1); or one for each trial.
        seed: of the trial; or one for each trial, and what is dropped out has an axis of trials in front.
        device: of the values.

    Example:
        >>> drop = Dropout(0.5, 7)
        >>> drop.advance()
        >>> sorted(drop(torch.ones(100, 4)).unique().tolist())
        [0.0, 2.0]
    """

    def __init__(
        self, p: float | Sequence[float], seed: int | Sequence[int], device: torch.device | None = None
    ) -> None:
        self.alone = isinstance(seed, int)
        seeds = [seed] if isinstance(seed, int) else list(seed)
        threshold = torch.tensor([round(x * STEPS) for x in ([p] if isinstance(p, int | float) else p)])
        gain = (1 / (1 - threshold.double() / STEPS)).float().view(torch.int32)
        self.off = not bool(threshold.any())
        self._seed = torch.tensor(seeds, device=device)
        self._limit = (threshold - STEPS // 2 - 1).to(torch.int32).to(device)
        self._gain = gain.to(device)
        self.step = self.place = 0

    def advance(self) -> None:
        """Begin the next step: masks never seen before."""
        self.step, self.place = self.step + 1, 0

    def keep(self, trials: Tensor) -> None:
        """Go on with some of the trials only."""
        self._seed, self._limit, self._gain = self._seed[trials], self._limit[trials], self._gain[trials]

    def __call__(self, x: Any) -> Any:
        """x with entries dropped; of sparse features only the stored entries, the others are zero anyway."""
        self.place += 1
        if self.off:
            return x
        if isinstance(x, Tensor):
            return x * self._mask(x.shape).to(x.dtype)
        *_, entries = x.value.shape
        lines = -(-entries // WIDE)
        mask = self._mask((*x.value.shape[:-1], lines, WIDE)).flatten(-2)[..., :entries]
        return x.replace(x.value * mask.to(x.value.dtype))

    def _mask(self, shape: Sequence[int]) -> Tensor:
        """0 where an entry is dropped, else the gain: float32, made of integers since comparing takes longer."""
        *front, channels = shape
        shape = (1, -1, channels) if self.alone else (len(self._seed), -1, channels)
        rows = 1
        for size in front if self.alone else front[1:]:
            rows *= size
        place = _signed(self.step * 4096 + self.place)
        base = _spread(_spread(self._seed + _signed(place * WEYL)))[:, None]
        row = _spread(base + torch.arange(rows, device=base.device) * WEYL).to(torch.int32)
        bits = _stirred(row[..., None] + _channels((channels + 1) // 2, base.device)).view(torch.int16)[..., :channels]
        kept = self._limit[:, None, None] - bits
        kept >>= 31
        kept &= self._gain[:, None, None]
        return kept.view(torch.float32).view(*front, channels)


def _spread(x: Tensor) -> Tensor:
    """64 bits stirred."""
    x = x + (x >> 32)
    x *= FIRST
    x += x >> 29
    x *= SECOND
    x += x >> 32
    return x


def _stirred(word: Tensor) -> Tensor:
    """32 bits stirred in place."""
    word *= STIR[0]
    word ^= word >> 15
    word *= STIR[1]
    word ^= word >> 13
    word *= STIR[0]
    word += word >> 16
    return word


@cache
def _channels(words: int, device: torch.device) -> Tensor:
    return _spread(_spread(torch.arange(1, words + 1, device=device) * WEYL)).to(torch.int32)


def _signed(x: int) -> int:
    """The low 64 bits of a whole number, as a signed one."""
    return (x + 2**63) % 2**64 - 2**63
