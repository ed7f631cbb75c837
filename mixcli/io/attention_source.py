"""Whether a path or a pipe holds attention, found from its first bytes and headers, before anything else reads it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from mixcli.errors import InputError, LimitExceeded, UsageError
from mixcli.io.attention_options import AttentionOptions

if TYPE_CHECKING:
    from mixcli.sequence import Attention

__all__ = ["attention_or", "refuse"]

BINARY = (b"PK\x03\x04", b"\x93NUMPY", b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.")
"""First bytes of zip archives (`.pt`, `.npz`), `.npy` and old `.pt` files."""
NAMES = ("attention", "safetensors")
SUFFIX = ".safetensors"
CHUNK = 2**22


def attention_or(
    where: Path | BinaryIO, options: AttentionOptions, *, format: str | None, name: str
) -> tuple[Iterator[Attention] | None, Path | BinaryIO, Any]:
    """The attention behind a path or a stream, or None and what is to be read instead.

    A stream that begins like an archive or an array is put into a temporary file first: such files are read in
    slices, and what they hold stands at their end.

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
    keep = None
    if isinstance(where, Path):
        path, label = where, ""
        if not _worth_a_look(path, format):
            return None, where, None
    else:
        head = _peek(where)
        if format not in NAMES and not head.startswith(BINARY) and not _safetensors(head):
            return None, where, None
        keep = _spooled(where, name, SUFFIX if _safetensors(head) else "")
        path, label = Path(keep.name), name
    from mixcli.io.attention import opened, read

    found = opened(path, format=format, name=label)
    return (None if found is None else read(found, options, keep)), path if keep else where, keep


def refuse(options: AttentionOptions, found: str, where: str) -> None:
    """Refuse options that mean something of attention only where there is none.

    Raises:
        UsageError: one is given.
    """
    if options.given:
        raise UsageError(f"attention for {', '.join(options.given)}", found, "leave the option out", where=where)


def _worth_a_look(path: Path, format: str | None) -> bool:
    if format in NAMES or path.suffix.lower() == SUFFIX:
        if not path.exists():
            raise InputError("a file", "none of this name", "check the path", where=str(path))
        return True
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            head = file.read(16)
    except (OSError, ValueError):
        return False  # whoever reads it says why it cannot be read
    return head.startswith(BINARY) or (not path.suffix and _safetensors(head))


def _safetensors(head: bytes) -> bool:
    """A length and the beginning of a JSON object."""
    return head[8:10] == b'{"' and 2 <= int.from_bytes(head[:8], "little") <= 100_000_000


def _peek(stream: BinaryIO) -> bytes:
    """The first bytes of a stream, which stay in it; none where it cannot do that."""
    if hasattr(stream, "peek"):
        return bytes(stream.peek(16)[:16])
    if stream.seekable():
        place = stream.tell()
        head = stream.read(16)
        stream.seek(place)
        return head
    return b""


def _spooled(stream: BinaryIO, name: str, suffix: str) -> Any:
    """A temporary file with all of a stream; it goes away with the object."""
    out = tempfile.NamedTemporaryFile(prefix="mixcli-", suffix=suffix)  # noqa: SIM115 - lives as long as its reader
    free, size = shutil.disk_usage(tempfile.gettempdir()).free // 2, 0
    while chunk := stream.read(CHUNK):
        size += len(chunk)
        if size > free:
            out.close()
            raise LimitExceeded(f"at most {free} bytes from a pipe", "more", "save it to a file first", where=name)
        out.write(chunk)
    out.flush()
    return out
