"""Graphs, masks and attention that go to `-o FILE`, or to standard output."""

import sys
from collections.abc import Iterable
from typing import Any

from mixcli.catalog import FORMATS
from mixcli.cli.shell import Shell, pipe_errors
from mixcli.errors import UsageError

__all__ = ["no_terminal", "write"]


def write(shell: Shell, things: Iterable[Any], format: str | None, force: bool) -> list[str]:
    """Write them one by one, and say in words what the format left out.

    Args:
        shell: where to.
        things: graphs, mask sequences, or attention.
        format: catalog name; None for the suffix of the file.
        force: whether a file that is there may be replaced.
    """
    from mixcli.io import stream

    if shell.output is not None:
        return stream.write(things, shell.output, format=format, force=force)
    with pipe_errors():
        left_out = stream.write(things, sys.stdout.buffer, format=format)
        sys.stdout.buffer.flush()
    return left_out


def no_terminal(format: str) -> None:
    """Refuse to write a binary format to a terminal.

    Raises:
        UsageError: standard output is one.
    """
    if not FORMATS.get(format).text and sys.stdout.isatty():
        fix = f"pass -o FILE for {format}, or --to jsonl"
        raise UsageError("a file or a pipe for binary output", "a terminal", fix)
