"""Files that appear under their name only when they are complete."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from mixcli.errors import UsageError

__all__ = ["replacing", "writable"]


def writable(target: Path, force: bool) -> None:
    """Refuse a name under which nothing could be written, before the work that would be lost is begun.

    Args:
        target: the name of a file to be; what is no regular file (a pipe, a device) may be written to as it is.
        force: whether an existing file may be replaced.

    Raises:
        UsageError: it exists and `force` is not set, it is a folder, or its folder does not exist.
    """
    shown, target = str(target), target.resolve()
    if target.is_dir():
        raise UsageError("a file to write", "a folder", "add a file name", where=shown)
    if target.is_file() and not force:
        raise UsageError("a new file", "an existing one", "pass --force to replace it", where=shown)
    if not target.parent.is_dir():
        raise UsageError("an existing folder", f"no {target.parent}", "make it first", where=shown)


@contextlib.contextmanager
def replacing(target: Path, force: bool) -> Iterator[BinaryIO]:
    """A binary file that takes its name when the block ends well, and leaves nothing behind when it does not.

    A symbolic link keeps pointing where it does, an existing file keeps its mode, and what is no regular file (a pipe,
    a device) is written to as it is.

    Args:
        target: the name it will have.
        force: whether an existing file may be replaced.

    Raises:
        UsageError: as of `writable`.
    """
    writable(target, force)
    target = target.resolve()
    if target.exists() and not target.is_file():
        with target.open("wb") as out:
            yield out
        return
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            yield out
        Path(name).chmod(_mode(target))
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _mode(target: Path) -> int:
    """Mode of the file it replaces, else that of any new file (mkstemp makes private ones)."""
    if target.exists():
        return target.stat().st_mode & 0o777
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask
