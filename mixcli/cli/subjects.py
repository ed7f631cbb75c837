"""What `plot` and `report` are given: records, stored results, or sources, which may be rewired first."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, cast

import typer

from mixcli.cli.rewirings import AskedRewiring
from mixcli.cli.shell import Shell
from mixcli.errors import UsageError

if TYPE_CHECKING:
    from mixcli.report.subject import Shown

__all__ = ["RewireOption", "subjects"]

RewireOption = Annotated[
    str, typer.Option("--method", metavar="METHOD", help="Rewire the sources first, and show before and after.")
]


def subjects(shell: Shell, sources: list[str] | None, method: str = "") -> "Iterator[Shown]":
    """Everything that is to be shown, in order; one line for each source that fails.

    Args:
        shell: the shared options.
        sources: as on the command line: records, results databases, or sources of graphs and tokens.
        method: rewiring of the latter, or none.
    """
    from mixcli.report.shown import of_thing, records_in

    asked = AskedRewiring(method) if method else None
    context = shell.context()
    for source in sources or [shell.piped()]:
        records, stdin, looked = None, None, False
        with shell.surviving():
            records, stdin = records_in(source, _stdin() if source == "-" else None)
            if records is not None and asked is not None:
                raise UsageError("graphs or tokens for --method", "records", "leave it out", where=source)
            looked = True
        if not looked or records is not None:
            yield from (records or ()) if looked else ()
            continue
        for _, index, thing in shell.things([source], stdin=stdin):
            with shell.surviving():
                yield of_thing(thing) if asked is None else _rewired(asked, index, thing, context)


def _stdin() -> BinaryIO:
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError("something on standard input", "a terminal", "pipe a source or records in")
    return sys.stdin.buffer


def _rewired(asked: AskedRewiring, index: int, thing: Any, context: Any) -> "Shown":
    """The source after the rewiring, with what it was before."""
    from mixcli.report.subject import Shown

    if not hasattr(thing, "kind"):
        from mixcli.rewiring.base import apply

        done = apply(asked.graph.at(index), thing, context=context)
        return Shown("graph", thing.name, done.graph, before=thing, method=asked.spec)
    from mixcli.rewiring.sequence_base import apply_sequence

    after = apply_sequence(asked.tokens.at(index), thing, context=context)
    return Shown(cast("str", thing.kind), thing.name, after.sequence, before=thing, method=asked.spec)
