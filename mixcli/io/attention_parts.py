"""Arrays on disk that are read by slices: only the bytes of the slice that is asked for come into memory.

A part has a shape and a dtype before anything of it is read. Plain arrays in a file are read where they lie rather
than mapped, so that a sweep over a file of many gigabytes leaves no trace of it in memory.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from mixcli.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ArrayPart", "FilePart", "Part", "epsilon", "is_float"]

EPSILON = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}
"""Spacing of the numbers of each precision at 1."""


class Part(Protocol):
    """An array that has not been read yet."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""
        ...

    @property
    def dtype(self) -> str:
        """Name of its dtype; "bfloat16" is one."""
        ...

    def take(self, *index: int) -> NDArray[Any]:
        """A copy of what lies at the first axes; floats of less than 32 bits come as float32."""
        ...


@dataclass(frozen=True, eq=False)
class ArrayPart:
    """An array in memory."""

    array: NDArray[Any]

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""
        return self.array.shape

    @property
    def dtype(self) -> str:
        """Name of its dtype."""
        return self.array.dtype.name

    def take(self, *index: int) -> NDArray[Any]:
        """A copy of what lies at the first axes."""
        return widened(np.array(self.array[index], order="C"))


@dataclass(frozen=True, eq=False)
class FilePart:
    """An array that lies in a file in C order.

    Args:
        path: the file.
        offset: byte where it begins.
        shape: its shape; the reader has checked that the file is long enough.
        dtype: name of its dtype.
        code: numpy dtype string of what is stored; of bfloat16 the 16 bits.
    """

    path: Path
    offset: int
    shape: tuple[int, ...]
    dtype: str
    code: str

    def take(self, *index: int) -> NDArray[Any]:
        """A copy of what lies at the first axes.

        Raises:
            InputError: the file has become shorter since it was opened.
        """
        rest = self.shape[len(index) :]
        count, stored = math.prod(rest), np.dtype(self.code)
        place = 0
        for i, size in zip(index, self.shape, strict=False):
            place = place * size + i
        with self.path.open("rb") as file:
            file.seek(self.offset + place * count * stored.itemsize)
            values = np.fromfile(file, stored, count)
        if len(values) != count:
            raise InputError("a file that keeps its length", "a shorter one", "read it again", where=str(self.path))
        if self.dtype == "bfloat16":
            values = (values.astype(np.uint32) << 16).view(np.float32)
        return widened(values.reshape(rest))


def widened(values: NDArray[Any]) -> NDArray[Any]:
    """The same values in native byte order, half precision as float32."""
    if values.dtype.kind == "f" and values.dtype.itemsize < 4:
        return values.astype(np.float32)
    return values.astype(values.dtype.newbyteorder("="), copy=False)


def epsilon(dtype: str) -> float:
    """Spacing at 1 of a floating dtype by name; that of float32 for others."""
    return EPSILON.get(dtype, EPSILON["float32"])


def is_float(part: Part) -> bool:
    """Whether a part holds real floating-point numbers that can be read."""
    return part.dtype in EPSILON
