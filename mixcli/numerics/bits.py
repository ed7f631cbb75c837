"""Bits of 64-bit words inside compiled loops: index of the lowest one, and how many there are."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

__all__ = ["lowest", "ones"]


@intrinsic
def lowest(_context: Any, _word: Any) -> Any:
    """Index of the lowest bit set, as int64; 64 where there is none."""

    def generate(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), generate


@intrinsic
def ones(_context: Any, _word: Any) -> Any:
    """Number of bits set, as int64."""

    def generate(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.ctpop(args[0])

    return types.int64(types.uint64), generate
