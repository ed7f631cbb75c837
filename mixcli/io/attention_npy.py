"""Attention in numpy's files: `.npy` is one array, `.npz` several. Only headers are read on opening.

Members of an `.npz` that are stored plainly (`numpy.savez`) are read slice by slice like an `.npy`. Compressed ones
(`numpy.savez_compressed`) can only be read whole: one member at a time is then kept in memory.
"""

from __future__ import annotations

import math
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import numpy as np
from numpy.lib import format as npy

from mixcli.errors import LimitExceeded
from mixcli.io.attention_parts import ArrayPart, FilePart, Part, widened
from mixcli.io.checks import room

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.io.base import Reading

__all__ = ["npy_part", "npz_parts"]

LOCAL_HEADER = 30
"""Bytes of a zip member's own header before its name."""
MAX_MEMBERS = 100_000


@dataclass(frozen=True)
class Header:
    """What stands before the numbers of an npy array."""

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]
    length: int

    @property
    def bytes(self) -> int:
        """Length of the numbers."""
        return math.prod(self.shape) * self.dtype.itemsize


def npy_part(path: Path, reading: Reading) -> Part:
    """The array of an `.npy` file.

    Raises:
        InputError: no npy array of numbers, or a length that does not fit its header.
    """
    with path.open("rb") as file:
        header = _header(file, reading)
    size = path.stat().st_size
    if header.length + header.bytes != size:
        found = f"{size - header.length} bytes for shape {header.shape} of {header.dtype}"
        raise reading.error("as many bytes as the header says", found, "the file is cut off or damaged")
    if header.fortran and len(header.shape) > 1:
        return ArrayPart(np.memmap(path, header.dtype, "r", header.length, header.shape, "F"))
    return _part(path, header.length, header)


def npz_parts(path: Path, reading: Reading) -> dict[str, Part]:
    """The arrays of an `.npz` file by name.

    Raises:
        InputError: damaged, encrypted, or a member that is no array of numbers or text.
    """
    size = path.stat().st_size
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise reading.error("an npz archive", str(error), "save it again with numpy.savez") from error
    found: dict[str, Part] = {}
    keep = _Kept()
    with archive, path.open("rb") as plain:
        members = [i for i in archive.infolist() if i.filename.endswith(".npy")]
        if len(members) > MAX_MEMBERS:
            raise reading.error(f"at most {MAX_MEMBERS} arrays", str(len(members)), "save fewer arrays")
        for info in members:
            name = info.filename.removesuffix(".npy")
            try:
                with archive.open(info) as stream:
                    header = _header(cast("BinaryIO", stream), reading, texts=True)
                if header.length + header.bytes != info.file_size:
                    raise reading.error(f"array {name!r} as long as its header says", f"{info.file_size} bytes")
                plain.seek(info.header_offset + LOCAL_HEADER - 4)
                lengths = np.frombuffer(plain.read(4), "<u2")
            except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, OSError) as error:
                fix = "the archive is damaged or encrypted"
                raise reading.error(f"array {name!r}", str(error), fix) from error
            start = info.header_offset + LOCAL_HEADER + int(lengths.sum()) + header.length
            lies_plain = info.compress_type == zipfile.ZIP_STORED and start + header.bytes <= size
            if lies_plain and not header.fortran and header.dtype.kind in "biuf":
                found[name] = _part(path, start, header)
            else:
                found[name] = MemberPart(path, info.filename, header, reading, keep)
    return found


@dataclass
class _Kept:
    """The member that was read last."""

    name: str = ""
    array: Any = None


@dataclass(frozen=True, eq=False)
class MemberPart:
    """A member of an archive that can only be read whole."""

    path: Path
    name: str
    header: Header
    reading: Reading
    keep: _Kept = field(repr=False)

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""
        return self.header.shape

    @property
    def dtype(self) -> str:
        """Name of its dtype."""
        return self.header.dtype.name

    def take(self, *index: int) -> NDArray[Any]:
        """A copy of what lies at the first axes; the whole member stays in memory until another is asked for."""
        if self.keep.name != self.name:
            if self.header.bytes > room():
                raise LimitExceeded(
                    f"a compressed array of at most {room()} bytes", str(self.header.bytes),
                    "save it with numpy.savez, which is read in slices", where=self.reading.where,
                )  # fmt: skip
            try:
                with zipfile.ZipFile(self.path) as archive, archive.open(self.name) as stream:
                    self.keep.array = npy.read_array(stream, allow_pickle=False)
            except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
                raise self.reading.error(f"array {self.name!r}", str(error), "the archive is damaged") from error
            self.keep.name = self.name
        return widened(np.array(self.keep.array[index], order="C"))


def _header(stream: BinaryIO, reading: Reading, texts: bool = False) -> Header:
    try:
        version = npy.read_magic(stream)
        read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}[version]
        shape, fortran, dtype = read(stream)
        length = stream.tell()
    except Exception as error:  # numpy reads the header with Python's own parser, which can raise many things
        found = f"a damaged header ({error!s:.120})"
        raise reading.error("an npy array", found, "save it again with numpy.save") from error
    if dtype.hasobject or dtype.kind not in ("biufcSU" if texts else "biuf") or dtype.subdtype is not None:
        raise reading.error("an array of numbers", f"dtype {dtype}", "save numbers, without allow_pickle")
    if any(axis < 0 for axis in shape):
        raise reading.error("axes of length >= 0", str(shape), "the file is damaged")
    return Header(shape, fortran, dtype, length)


def _part(path: Path, offset: int, header: Header) -> Part:
    return FilePart(path, offset, header.shape, header.dtype.name, header.dtype.str)
