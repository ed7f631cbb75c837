"""Compiled loops of `mixcli.numerics.diffusion`; imports numba."""

from __future__ import annotations

from mixcli.numerics import diffusion
from mixcli.numerics.jit import kernel

__all__ = ["push", "spread"]

push = kernel(diffusion.push)
spread = kernel(diffusion.spread)
