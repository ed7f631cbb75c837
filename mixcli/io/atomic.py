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

    Args:
        target: the name it will have.
        force: whether an existing file may be replaced.

    Raises:
        UsageError: it exists and `force` is not set, or its folder does not exist.
    """
    if target.exists() and not force:
        raise UsageError("a new file", "an existing one", "pass --force to replace it", where=str(target))
    if not target.parent.is_dir():
        raise UsageError("an existing folder", f"no {target.parent}", "make it first", where=str(target))
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            yield out
        umask = os.umask(0)  # mkstemp makes private files; give this one the mode any new file would have
        os.umask(umask)
        Path(name).chmod(0o666 & ~umask)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
