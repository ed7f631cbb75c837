"""`mixcli export`: stored trials as JSON lines, CSV or Parquet."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from mixcli.cli.options import shared
from mixcli.cli.shell import Shell
from mixcli.errors import UsageError

FORMS = ("jsonl", "json", "csv", "parquet")

EPILOG = """\b
Examples:
  mixcli export results.db -o trials.csv
  mixcli export results.db --curves -o trials.jsonl
  mixcli export results.db | jq .best
"""


@shared("output", "force", "format")
def export(
    shell: Shell,
    results: Annotated[Path, typer.Argument(metavar="RESULTS.db", help="What `compare -o` or `merge -o` wrote.")],
    curves: Annotated[bool, typer.Option("--curves", help="Add losses and metrics of every epoch, as lists.")] = False,
) -> None:
    """Write the trials of a results database, a row each, as .jsonl, .csv or .parquet (which needs pyarrow)."""
    from mixcli.report.text import csv_lines, json_stream, to_jsonl
    from mixcli.training.export import columns, trial_rows, write_parquet
    from mixcli.training.store import Store

    form = _form(shell)
    with Store(results, read_only=True) as store:
        rows = trial_rows(store, curves)
        if form == "jsonl":
            shell.emit(map(to_jsonl, rows))
        elif form == "json":
            shell.emit(json_stream(rows))
        elif form == "csv":
            shell.emit(csv_lines(columns(store, curves), _cells(rows)))
        else:
            from mixcli.io.atomic import replacing

            with replacing(Path(str(shell.output)), shell.force) as out:
                write_parquet(store, out, curves)


def _form(shell: Shell) -> str:
    suffix = shell.output.suffix.lstrip(".").lower() if shell.output else ""
    form = shell.format or suffix or "jsonl"
    if form not in FORMS or (form == "parquet" and shell.output is None):
        raise UsageError(", ".join(FORMS), form, "end the name after -o in one of them, or give --format")
    return form


def _cells(rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Lists as JSON, which every reader of CSV can take apart."""
    for row in rows:
        yield {k: json.dumps(v) if isinstance(v, list) else v for k, v in row.items()}
