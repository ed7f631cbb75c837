"""Files that appear under their name only when they are complete."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from mixcli.errors import UsageError

__all__ = ["replacing"]


@contextlib.contextmanager
def replacing(target: Path, force: bool) -> Iterator[BinaryIO]:
    """A binary file that takes its name when the block ends well, and leaves nothing behind when it does not.

    A symbolic link keeps pointing where it does, an existing file keeps its mode, and what is no regular file (a pipe,
    a device) is written to as it is.

    Args:
        target: the name it will have.
        force: whether an existing file may be replaced.

    Raises:
        UsageError: it exists and `force` is not set, or its folder does not exist.
    """
    shown, target = str(target), target.resolve()
    if target.exists() and not target.is_file() and not target.is_dir():
        with target.open("wb") as out:
            yield out
        return
    if target.exists() and not force:
        raise UsageError("a new file", "an existing one", "pass --force to replace it", where=shown)
    if not target.parent.is_dir():
        raise UsageError("an existing folder", f"no {target.parent}", "make it first", where=shown)
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
