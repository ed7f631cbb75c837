"""Compiled loops of `mixcli.numerics.diffusion` and `mixcli.numerics.page_rank`; imports numba."""

from __future__ import annotations

from mixcli.numerics import diffusion, page_rank
from mixcli.numerics.jit import kernel

__all__ = ["push", "spread"]

push = kernel(page_rank.push)
spread = kernel(diffusion.spread)
