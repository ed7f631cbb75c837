"""`mixcli export`: what a results database holds as JSON lines, CSV or Parquet."""

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
  mixcli export results.db --what probes -o probes.csv
  mixcli export results.db --curves -o trials.jsonl
  mixcli export results.db | jq .best
"""

WHAT = (
    "trials: a row each; arms: a row for each arm of each comparison, with its statistics; probes: a row for each "
    "value that a probe found in a trial; curves: a row for each epoch of a trial."
)


@shared("output", "force", "format")
def export(
    shell: Shell,
    results: Annotated[Path, typer.Argument(metavar="RESULTS.db", help="What `compare -o` or `merge -o` wrote.")],
    what: Annotated[str, typer.Option("--what", metavar="trials|arms|probes|curves", help=WHAT)] = "trials",
    curves: Annotated[
        bool, typer.Option("--curves", help="Add losses and metrics of every epoch to the trials, as lists.")
    ] = False,
) -> None:
    """Write a table of a results database, by default its trials, as .jsonl, .csv or .parquet (which needs pyarrow)."""
    from mixcli.report.text import csv_lines, json_stream, to_jsonl
    from mixcli.training.export import columns, rows_of, write_parquet
    from mixcli.training.store import Store

    form = _form(shell)
    with Store(results, read_only=True) as store:
        rows = rows_of(store, what, curves)
        if form == "jsonl":
            shell.emit(map(to_jsonl, rows))
        elif form == "json":
            shell.emit(json_stream(rows))
        elif form == "csv":
            shell.emit(csv_lines(columns(store, curves, what), _cells(rows)))
        else:
            from mixcli.io.atomic import replacing

            with replacing(Path(str(shell.output)), shell.force) as out:
                write_parquet(store, out, curves, what)


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
