"""Compiled walks of `mixcli.numerics.spanning_trees`: the same source; imports numba."""

from __future__ import annotations

from mixcli.numerics import spanning_trees
from mixcli.numerics.jit import kernel

__all__ = ["grow"]

grow = kernel(spanning_trees.grow)
