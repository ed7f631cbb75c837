"""Words of 64 bits and the cache, inside compiled loops: lowest bit, number of bits, loading ahead of use."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

__all__ = ["lowest", "ones", "prefetch"]


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


@intrinsic
def prefetch(_context: Any, array: Any, _index: Any) -> Any:
    """Start loading array[index] into the fastest cache, and go on; an index outside the array does no harm."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        byte, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        shape = ir.FunctionType(ir.VoidType(), [byte, word, word, word])
        load = builder.module.declare_intrinsic("llvm.prefetch", [byte], shape)
        address = builder.bitcast(builder.gep(data, [args[1]]), byte)
        builder.call(load, [address, word(0), word(3), word(1)])  # to read, into every level, data
        return context.get_dummy_value()

    return types.void(array, types.int64), generate
