"""`--resume`: go on with a run that was interrupted, from the journal that every run keeps beside its output."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mixcli.catalog import REWIRINGS
from mixcli.cli.shell import Shell, plural
from mixcli.errors import Interrupted, NotApplicable, UsageError

if TYPE_CHECKING:
    from mixcli.rewiring.base import Rewiring
    from mixcli.rewiring.journal import Journal

__all__ = ["ResumeOption", "keeping"]

ResumeOption = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Go on where an interrupted run of the same command ended (Ctrl-C, a crash, kill); a run over several "
        "graphs keeps FILE.journal beside -o FILE until it is complete. Without such a journal it starts anew.",
    ),
]


@contextlib.contextmanager
def keeping(shell: Shell, method: "Rewiring", asked: dict[str, Any], resume: bool) -> "Iterator[Journal | None]":
    """The journal of a run: removed when its output is complete, kept when another run can go on with it.

    Args:
        shell: where the output goes.
        method: what it does.
        asked: what it was asked for, by option.
        resume: whether to go on with an earlier run.
    """
    from mixcli.io.atomic import writable

    journal = _journal(shell, method, asked, resume)
    try:
        if shell.output is not None and not shell.dry_run:
            going_on = journal is not None and journal.resumed
            if resume and not going_on and not shell.force and shell.output.is_file():
                what = "an unfinished run over several graphs to resume"
                raise UsageError(what, "no journal of one", "pass --force to start anew", where=str(shell.output))
            writable(shell.output, shell.force or going_on)
        yield journal
    except BaseException as error:
        if journal is None:
            raise
        wrong = isinstance(error, UsageError) and error.__cause__ is None and not journal.resumed
        _end(shell, journal, keep=not wrong)
        raise
    if journal is not None:
        _end(shell, journal, keep=shell.exit_code == Interrupted.exit_code)


def _journal(shell: Shell, method: "Rewiring", asked: dict[str, Any], resume: bool) -> "Journal | None":
    from mixcli.rewiring.base import Rewiring
    from mixcli.rewiring.journal import Journal

    follows = type(method).at is not Rewiring.at
    output = shell.output
    if output is None or (output.exists() and not output.is_file()):
        if resume:
            raise UsageError("-o FILE for --resume", "no file" if output is None else str(output), "name a file")
        return None
    if follows and resume:
        name = REWIRINGS.name_of(type(method))
        raise NotApplicable("a method that can be resumed", f"{name}, as fast as reading", "leave --resume out")
    if follows or shell.dry_run or not output.parent.is_dir():
        return None
    return Journal(output, asked, resume=resume, replace=shell.force)


def _end(shell: Shell, journal: "Journal", keep: bool) -> None:
    if journal.close(keep=keep) and not journal.more:
        graphs = plural(journal.graphs, "graph")
        shell.note(f"{graphs} kept in {journal.path.name}: the same command with --resume goes on from there")
