"""Arrays in JSON: plain where a person would want to read them, base64 where bits or size demand it.

A plain scalar or a plain list (of lists, for several axes) stands for int64, float64, bool or text, without NaN;
everything else is written `{"dtype": "float32", "shape": [3, 2], "data": "<base64 of little-endian bytes>"}`, and text
with other than one axis `{"dtype": "str", "shape": …, "data": […]}`.
"""

from __future__ import annotations

import base64
import binascii
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from mixcli.io.checks import storable

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["DTYPES", "boxed", "decode", "encode", "parse"]

PLAIN = 10_000
"""Longest list that is written plainly."""

DTYPES = {
    t: np.dtype(t)
    for t in (
        "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
        "float16", "float32", "float64", "complex64", "complex128",
    )
}  # fmt: skip
MAX_AXES = 32
TYPES = {int: np.int64, float: np.float64, bool: np.bool_, str: np.str_}


def parse(text: str | bytes) -> Any:
    """`json.loads` without NaN and Infinity, and with every failure a ValueError."""
    import json

    def refuse(token: str) -> Any:
        raise ValueError(f"{token} is not JSON; write null")

    try:
        return json.loads(text, parse_constant=refuse)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def encode(values: NDArray[Any], what: str) -> Any:
    """An array as a JSON value.

    Args:
        values: numbers or text.
        what: name for messages.

    Example:
        >>> encode(np.array([1, 2]), "y"), encode(np.float32([0.5]), "x")
        ([1, 2], {'dtype': 'float32', 'shape': [1], 'data': 'AAAAPw=='})
    """
    values = storable(values, what)
    kind, plain = values.dtype.kind, values.ndim == 0 or (values.ndim == 1 and 0 < len(values) <= PLAIN)
    if plain and (values.dtype in (np.int64, np.bool_) or kind == "U"):
        return values.tolist()
    if plain and values.dtype == np.float64 and np.isfinite(values).all():
        return values.tolist()
    return boxed(values)


def boxed(values: NDArray[Any]) -> dict[str, Any]:
    """The object form of an array, also where the plain one would do."""
    if values.dtype.kind == "U":
        return {"dtype": "str", "shape": list(values.shape), "data": values.ravel().tolist()}
    little = values.astype(values.dtype.newbyteorder("<"), copy=False)
    data = base64.b64encode(little.tobytes()).decode("ascii")
    return {"dtype": values.dtype.name, "shape": list(values.shape), "data": data}


def decode(value: Any, what: str) -> NDArray[Any]:
    """Inverse of `encode`.

    Raises:
        ValueError: not an array, or contradicting itself; the message is half a sentence ("x: …").
    """
    if type(value) in TYPES:
        return _plain([value], type(value), what).reshape(())
    if isinstance(value, list):
        value, shape = _flat(value, what)
        kinds = set(map(type, value))
        kinds = {float} if kinds == {int, float} else kinds
        if len(kinds) != 1 or not kinds <= set(TYPES):
            raise ValueError(f"{what}: a list must hold numbers, text or booleans of one type")
        return _plain(value, kinds.pop(), what).reshape(shape)
    if not isinstance(value, dict) or not {"dtype", "shape", "data"} <= set(value):
        raise ValueError(f"{what}: an array is a list or an object with dtype, shape and data")
    dtype, shape, data = value["dtype"], value["shape"], value["data"]
    if not isinstance(shape, list) or not all(type(s) is int and s >= 0 for s in shape) or len(shape) > MAX_AXES:
        raise ValueError(f"{what}: shape must be a list of lengths")
    if dtype == "str" and isinstance(data, list) and all(isinstance(s, str) for s in data):
        flat = np.array(data, dtype=np.str_)
    elif isinstance(dtype, str) and dtype in DTYPES and isinstance(data, str):
        flat = _raw(data, DTYPES[dtype], what)
    else:
        raise ValueError(f"{what}: dtype must be str or one of {', '.join(DTYPES)}")
    if math.prod(shape) != flat.size:
        raise ValueError(f"{what}: {flat.size} values do not fill shape {shape}")
    return flat.reshape(shape)


def _flat(value: list[Any], what: str) -> tuple[list[Any], tuple[int, ...]]:
    """The values of nested lists in order, and the lengths of the lists from the outside in."""
    shape = [len(value)]
    while value and all(isinstance(part, list) for part in value):
        if len({len(part) for part in value}) > 1 or len(shape) == MAX_AXES:
            raise ValueError(f"{what}: nested lists must have equal lengths, at most {MAX_AXES} deep")
        shape.append(len(value[0]))
        value = [entry for part in value for entry in part]
    return value, tuple(shape)


def _plain(values: list[Any], kind: type, what: str) -> NDArray[Any]:
    try:
        return np.array(values, dtype=TYPES[kind])
    except OverflowError:
        raise ValueError(f"{what}: integers beyond 64 bits") from None


def _raw(data: str, dtype: np.dtype[Any], what: str) -> NDArray[Any]:
    try:
        raw = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"{what}: data is not base64") from None
    if len(raw) % dtype.itemsize:
        raise ValueError(f"{what}: {len(raw)} bytes do not divide into {dtype}")
    if dtype == np.bool_:
        return np.frombuffer(raw, np.uint8) != 0  # a byte of 2 would be a boolean that equals neither True nor False
    return np.frombuffer(raw, dtype.newbyteorder("<")).astype(dtype)
