"""Whether a path or a pipe holds attention, found from its first bytes and headers, before anything else reads it."""

from __future__ import annotations

import shutil
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from mixcli.errors import InputError, LimitExceeded, UsageError
from mixcli.io.attention_options import AttentionOptions
from mixcli.io.source import Source
from mixcli.io.source import opened as inflated

if TYPE_CHECKING:
    from mixcli.sequence import Attention

__all__ = ["attention_or", "refuse"]

BINARY = (b"PK\x03\x04", b"\x93NUMPY", b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.")
"""First bytes of zip archives (`.pt`, `.npz`), `.npy` and old `.pt` files."""
GZIP = b"\x1f\x8b"
PEEK = 2**12
"""Bytes that are looked at."""
HEAD = 16
"""Bytes of them, inflated, that tell a format."""
NAMES = ("attention", "safetensors")
SUFFIX = ".safetensors"
CHUNK = 2**22


def attention_or(
    where: Path | BinaryIO, options: AttentionOptions, *, format: str | None, name: str
) -> tuple[Iterator[Attention] | None, Path | BinaryIO, Any]:
    """The attention behind a path or a stream, or None and what is to be read instead.

    A stream or gzip file that begins like an archive or an array is put into a temporary file first: such files are
    read in slices, and what they hold stands at their end.

    Args:
        where: a path, or a binary stream.
        options: what is wanted of attention.
        format: what `--from` says.
        name: what to call it in messages.

    Returns:
        The attention or None; the path or stream to go on with; what keeps a temporary file alive.

    Raises:
        InputError: the file is attention and nothing can be made of it.
    """
    head = _start(where, format) if isinstance(where, Path) else _peek(where)
    packed = head.startswith(GZIP)
    head = _inflated(head) if packed else head[:HEAD]
    known = format in NAMES or (isinstance(where, Path) and where.suffix.lower() == SUFFIX)
    if not known and not head.startswith(BINARY) and not _safetensors(head):
        return None, where, None
    from mixcli.io.attention import opened, read

    keep: Any = None
    suffix = SUFFIX if _safetensors(head) else ""
    if not isinstance(where, Path):
        keep = _copied(where, name, "" if packed else suffix)
        where = Path(keep.name)
    if packed:
        with inflated(where, name or str(where)) as (data, digest):
            plain = _copied(data, name or str(where), suffix)
            found = opened(Path(plain.name), format=format, name=name or where.name, sha256=digest())
        return (None if found is None else read(found, options, plain)), where, keep
    found = opened(where, format=format, name=name)
    return (None if found is None else read(found, options, keep)), where, keep


def refuse(options: AttentionOptions, found: str, where: str) -> None:
    """Refuse options that mean something of attention only where there is none.

    Raises:
        UsageError: one is given.
    """
    if options.given:
        raise UsageError(f"attention for {', '.join(options.given)}", found, "leave the option out", where=where)


def _start(path: Path, format: str | None) -> bytes:
    """The first bytes of a file; none of what is no file."""
    if format in NAMES and not path.exists():
        raise InputError("a file", "none of this name", "check the path", where=str(path))
    try:
        if not path.is_file():
            return b""
        with path.open("rb") as file:
            return file.read(PEEK)
    except (OSError, ValueError):
        return b""  # whoever reads it says why it cannot be read


def _inflated(head: bytes) -> bytes:
    """What the first bytes of a gzip file begin with."""
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(head, HEAD)
    except zlib.error:
        return b""


def _safetensors(head: bytes) -> bool:
    """A length and the beginning of a JSON object."""
    return head[8:10] == b'{"' and 2 <= int.from_bytes(head[:8], "little") <= 100_000_000


def _peek(stream: BinaryIO) -> bytes:
    """The first bytes of a stream, which stay in it; none where it cannot do that."""
    if hasattr(stream, "peek"):
        return bytes(stream.peek(PEEK)[:PEEK])
    if stream.seekable():
        place = stream.tell()
        head = stream.read(PEEK)
        stream.seek(place)
        return head
    return b""


def _copied(source: BinaryIO | Source, name: str, suffix: str) -> Any:
    """A temporary file with all of a source; it goes away with the object."""
    out = tempfile.NamedTemporaryFile(prefix="mixcli-", suffix=suffix)  # noqa: SIM115 - lives as long as its reader
    free, size = shutil.disk_usage(tempfile.gettempdir()).free // 2, 0
    while chunk := source.read(CHUNK):
        size += len(chunk)
        if size > free:
            out.close()
            raise LimitExceeded(f"at most {free} bytes", "more", "save it to a file, unpacked", where=name)
        out.write(chunk)
    out.flush()
    return out
