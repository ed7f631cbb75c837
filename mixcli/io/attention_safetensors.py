"""The safetensors format: eight bytes that give the length of a JSON header, the header, and the tensors end to end.

Read and written here and not by the package of that name, which makes whole tensors: reading takes a slice from where
it lies without importing torch, writing streams one head after the other.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from mixcli.io.attention_parts import FilePart, Part

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.io.base import Reading

__all__ = ["looks_like", "safetensors_parts", "write_safetensors"]

MAX_HEADER = 100_000_000
"""Bytes of the longest header, as the format's own reader has it."""

DTYPES = {
    "F64": ("float64", "<f8"), "F32": ("float32", "<f4"), "F16": ("float16", "<f2"), "BF16": ("bfloat16", "<u2"),
    "I64": ("int64", "<i8"), "I32": ("int32", "<i4"), "I16": ("int16", "<i2"), "I8": ("int8", "|i1"),
    "U64": ("uint64", "<u8"), "U32": ("uint32", "<u4"), "U16": ("uint16", "<u2"), "U8": ("uint8", "|u1"),
    "BOOL": ("bool", "|b1"),
}  # fmt: skip
CODES = {numpy: code for code, (numpy, _) in DTYPES.items()}


def looks_like(head: bytes) -> bool:
    """Whether these first bytes are a length and the beginning of a JSON header."""
    length = int.from_bytes(head[:8], "little")
    return 2 <= length <= MAX_HEADER and head[8:9] == b"{"


def safetensors_parts(path: Path, reading: Reading) -> tuple[dict[str, Part], dict[str, str]]:
    """The tensors of a file by name, and its metadata.

    Raises:
        InputError: a header that is not one, tensors that overlap or reach beyond the end, or a dtype unknown here.
    """
    size = path.stat().st_size
    damage = "the file is cut off or damaged"
    with path.open("rb") as file:
        head = file.read(8)
        length = int.from_bytes(head, "little")
        if len(head) < 8 or not 2 <= length <= min(MAX_HEADER, size - 8):
            raise reading.error("a safetensors file", f"a header of {length} bytes in a file of {size}", damage)
        text = file.read(length)
    try:
        header = json.loads(text)
        metadata = {str(k): str(v) for k, v in header.pop("__metadata__", {}).items()}
        entries = {str(name): _entry(value) for name, value in header.items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise reading.error("a safetensors header", f"{type(error).__name__}: {error!s:.120}", damage) from error
    end = 0
    for name, (code, shape, lo, hi) in sorted(entries.items(), key=lambda item: item[1][2:]):
        if code not in DTYPES:
            raise reading.error(f"numbers in {name!r}", f"dtype {code}", "save float32, float16 or bfloat16")
        if lo != end or hi - lo != math.prod(shape) * _itemsize(code) or min(shape, default=0) < 0:
            raise reading.error(f"tensor {name!r} right behind the one before", f"bytes {lo} to {hi}", damage)
        end = hi
    if 8 + length + end != size:
        raise reading.error(f"{8 + length + end} bytes", str(size), damage)
    parts: dict[str, Part] = {
        name: FilePart(path, 8 + length + lo, shape, *DTYPES[code]) for name, (code, shape, lo, _) in entries.items()
    }
    return parts, metadata


def write_safetensors(
    out: BinaryIO,
    tensors: Mapping[str, tuple[tuple[int, ...], str, Callable[[], Iterable[NDArray[Any]]]]],
    metadata: Mapping[str, str],
) -> None:
    """Write tensors one after the other.

    Args:
        out: where to.
        tensors: name -> shape, numpy dtype name, and what gives the tensor piece by piece in C order.
        metadata: text by name.
    """
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    end = 0
    for name, (shape, dtype, _) in tensors.items():
        size = math.prod(shape) * _itemsize(CODES[dtype])
        header[name] = {"dtype": CODES[dtype], "shape": list(shape), "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    out.write(len(text).to_bytes(8, "little") + text)
    for _, dtype, pieces in tensors.values():
        for piece in pieces():
            out.write(piece.astype(DTYPES[CODES[dtype]][1], order="C", copy=False).tobytes())


def _entry(value: Any) -> tuple[str, tuple[int, ...], int, int]:
    shape, (lo, hi) = value["shape"], value["data_offsets"]
    if not all(type(k) is int for k in (*shape, lo, hi)):
        raise TypeError("shapes and offsets are whole numbers")
    return str(value["dtype"]), tuple(shape), lo, hi


def _itemsize(code: str) -> int:
    return int(DTYPES[code][1][-1]) if code in DTYPES else 0
