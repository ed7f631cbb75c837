"""Logs of edits, of graphs or of masks, as JSON lines: read, and refused with the line at fault."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mixcli.errors import InputError

__all__ = ["Row", "check_whole", "log_bytes", "log_lines", "no_log"]

Row = dict[str, Any]


def log_bytes(file: str) -> bytes:
    """The content of a log.

    Raises:
        InputError: it cannot be read.
    """
    try:
        return Path(file).read_bytes()
    except (OSError, ValueError) as error:
        raise no_log(file, error) from error


def no_log(file: str, error: OSError | ValueError) -> InputError:
    """What is said of a log that cannot be opened."""
    if isinstance(error, FileNotFoundError):
        return InputError("a log of edits", "no such file", "check the path; rewire --log FILE writes one", where=file)
    found = getattr(error, "strerror", None) or str(error)
    return InputError("a log of edits", found, "name a file that can be read, as rewire --log writes it", where=file)


def log_lines(data: bytes, file: str, ops: tuple[str, ...]) -> Iterator[tuple[int, Row]]:
    """The objects of a log, each with the number of its line.

    Args:
        data: the content.
        file: its name.
        ops: what `op` may be.

    Raises:
        InputError: a line that is no object, or has no such `op`.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise InputError("JSON lines", "bytes that are no text", "give what --log wrote", where=file) from None
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield number, _object(line, ops, f"{file}:{number}")


def _object(line: str, ops: tuple[str, ...], where: str) -> Row:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict):
        raise InputError("an edit as a JSON object", line[:60], "give what --log wrote", where=where)
    if row.get("op") not in ops:
        raise InputError('op "add" or "remove"', repr(row.get("op")), "correct this line", where=where)
    return row


def check_whole(key: str, value: Any, where: str, fix: str = "correct this line") -> None:
    """Refuse a value that is no whole number >= 0, of those that a double holds exactly.

    Raises:
        InputError: it is none.
    """
    if type(value) is not int or not 0 <= value < 2**53:
        raise InputError(f"{key}, a whole number >= 0", repr(value), fix, where=where)
