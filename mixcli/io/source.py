"""Bytes of a source: gzip undone, the first of them visible before they are read, all of them hashed on the way."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import os
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from mixcli.errors import InputError
from mixcli.spec import nearest

__all__ = ["HEAD", "Source", "opened"]

HEAD = 2**16
"""Bytes that a format may look at to recognise itself."""

_GZIP = b"\x1f\x8b"
_BOMB_RATIO = 200
_BOMB_SIZE = 2**26
"""A gzip file larger than this inflated, and that many times its own size, is refused: text does not shrink so far."""


class Source(io.RawIOBase):
    """A readable stream with a look ahead.

    Args:
        fetch: gives up to that many further bytes; none at the end.
        name: for messages.
    """

    def __init__(self, fetch: Callable[[int], bytes], name: str) -> None:
        self._fetch, self.name = fetch, name
        self._ahead = b""
        self._sha256 = hashlib.sha256()
        self.size = 0
        self.ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill a buffer, at first with the bytes that have been looked at."""
        data = self._ahead or self._more(len(buffer))
        taken = data[: len(buffer)]
        self._ahead = data[len(taken) :]
        buffer[: len(taken)] = taken
        return len(taken)

    def peek(self, size: int, enough: Callable[[bytes], bool] = lambda head: False) -> bytes:
        """The first bytes without taking them: `size` of them, unless the source ends or `enough` says so before."""
        while len(self._ahead) < size and not enough(self._ahead):
            more = self._more(size - len(self._ahead))
            if not more:
                break
            self._ahead += more
        return self._ahead[:size]

    def digest(self) -> str | None:
        """SHA-256 of the whole source; None while there may be more."""
        return self._sha256.hexdigest() if self.ended else None

    def _more(self, size: int) -> bytes:
        try:
            data = self._fetch(size)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            fix = "it is truncated or damaged; fetch it again"
            raise InputError("a complete gzip file", str(error), fix, where=self.name) from error
        except OSError as error:
            raise InputError("a readable file", error.strerror or str(error), where=self.name) from error
        self.ended = self.ended or not data
        self.size += len(data)
        self._sha256.update(data)
        return data


@contextlib.contextmanager
def opened(source: str | os.PathLike[str] | BinaryIO, name: str) -> Iterator[tuple[Source, Callable[[], str | None]]]:
    """The inflated bytes of a path or stream, and what gives the SHA-256 of the bytes as they are stored.

    Raises:
        InputError: there is no such file, it is a folder, or it may not be read.
    """
    with contextlib.ExitStack() as stack:
        raw = stack.enter_context(_open(Path(source))) if isinstance(source, (str, os.PathLike)) else source
        stored = Source(getattr(raw, "read1", raw.read), name)
        if stored.peek(2) != _GZIP:
            yield stored, stored.digest
            return
        packed = stack.enter_context(gzip.GzipFile(fileobj=io.BufferedReader(stored, HEAD)))
        plain = Source(lambda size: _inflate(packed, size, stored, plain), name)
        yield plain, stored.digest


def _inflate(packed: gzip.GzipFile, size: int, stored: Source, plain: Source) -> bytes:
    if plain.size > max(_BOMB_SIZE, _BOMB_RATIO * stored.size):
        found = f"{plain.size} bytes out of {stored.size}"
        raise InputError("a gzip file that is no bomb", found, "unpack it first if you trust it", where=plain.name)
    return packed.read1(size)


def _open(path: Path) -> BinaryIO:
    try:
        if path.is_dir():
            raise InputError("a file", "a folder", "name the file inside it", where=str(path))
        return path.open("rb")
    except FileNotFoundError:
        raise InputError("a file", "none of this name", _similar(path), where=str(path)) from None
    except OSError as error:
        raise InputError("a readable file", error.strerror or str(error), where=str(path)) from None
    except ValueError as error:  # a NUL in the name
        raise InputError("a file name", str(error), where=repr(str(path))) from None


def _similar(path: Path) -> str:
    with contextlib.suppress(OSError):
        return nearest(path.name, (other.name for other in path.parent.iterdir())) or "check the path"
    return "check the path"
