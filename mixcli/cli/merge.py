"""`mixcli merge`: the results of several runs in one database."""

from pathlib import Path
from typing import Annotated

import typer

from mixcli.cli.compared import emit
from mixcli.cli.options import shared
from mixcli.cli.shell import Shell, plural
from mixcli.errors import InputError, UsageError

SHOWN = 5
"""Conflicts that are told one by one."""

EPILOG = """\b
Examples:
  mixcli compare pyg:TUDataset/MUTAG --arm none --arm sdrf --trials 100 --shard 1/2 -o 1.db
  mixcli compare pyg:TUDataset/MUTAG --arm none --arm sdrf --trials 100 --shard 2/2 -o 2.db
  mixcli merge 1.db 2.db -o mutag.db
"""


@shared("format", "no_timing")
def merge(
    shell: Shell,
    results: Annotated[
        list[Path],
        typer.Argument(metavar="RESULTS.db...", help="Results of `compare -o`, such as those of its shards."),
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="ALL.db", help="Add the trials to this database, which need not exist."),
    ],
) -> None:
    """Put trials of several machines together, and compare what is then complete."""
    from mixcli.training.merging import merge as run

    form = shell.form()
    if form == "csv":
        raise UsageError("table, json or jsonl", "csv", "mixcli export writes trials as CSV", where="--format")
    found = run(results, output)
    emit(shell, form, *found.records)
    again = f", {found.again} that were there already" if found.again else ""
    shell.note(f"{output}: {plural(found.added, 'trial')} added from {plural(found.files, 'file')}{again}")
    for part in found.partial:
        missing = f"{part.finished} of {part.planned} trials are there"
        shell.note(f"{part.name}, {len(part.arms)} arms: not complete, {missing}")
    for conflict in found.conflicts[:SHOWN]:
        what = f"trial {conflict.trial} of {conflict.arm} to be the same everywhere"
        values = f"{conflict.other:g} where {conflict.kept:g} is kept"
        shell.fail(InputError(what, values, "train on alike machines and versions", where=conflict.file))
    if len(found.conflicts) > SHOWN:
        shell.note(f"{len(found.conflicts) - SHOWN} more trials differ; the first result of each is kept")
