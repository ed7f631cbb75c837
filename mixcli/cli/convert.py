"""`mixcli convert`: any source to any format."""

import itertools
import sys
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from mixcli.cli.options import ATTENTION, Sources, shared
from mixcli.cli.shell import Shell
from mixcli.cli.writing import write
from mixcli.errors import UsageError

EPILOG = """\b
Examples:
  mixcli convert karate.gml -o karate.pt
  mixcli convert pyg:TUDataset/MUTAG -o mutag.jsonl
  mixcli convert mask:window:4,tokens=24 -o mask.npz
  mixcli convert hf:FOLDER --text long.txt --stats-only -o statistics.json
  mixcli convert attention.pt --heads 0.3,5.* --layers 0-5 -o few.safetensors
"""


@shared(
    "output", "force", "from_", "directed", "unweighted", "data_root", "mask_convention", "fail_fast", "threads",
    "max_memory", *ATTENTION,
)  # fmt: skip
def convert(
    shell: Shell,
    sources: Sources = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="FORMAT", help="Format of the result; default: suffix of -o.")
    ] = None,
    stats_only: Annotated[
        bool,
        typer.Option("--stats-only", help="Of attention, write the statistics of its heads as a record, no weights."),
    ] = False,
) -> None:
    """Write any source in any format."""
    from mixcli.catalog import FORMATS
    from mixcli.graph import Graph

    if stats_only:
        _statistics(shell, sources)
        return
    if to is None and shell.output is None:
        raise UsageError("-o FILE or --to FORMAT", "neither", f"formats: {', '.join(FORMATS)}")
    things = (thing for _, _, thing in shell.things(sources))
    first = next(things, None)
    if first is None:
        return
    attention = not isinstance(first, Graph) and first.kind == "attention"
    everything = itertools.chain([first], things)
    if shell.output is None and (attention or not FORMATS.get(str(to)).text) and sys.stdout.isatty():
        raise UsageError("a file or a pipe for binary output", "a terminal", "pass -o FILE")
    left_out = write(shell, everything, to, shell.force)
    if left_out:
        whole = "safetensors and pt keep" if attention else "pt and jsonl keep"
        shell.note(f"left out: {'; '.join(left_out)} ({whole} everything)")


STATISTICS = ("sinks", "entropy", "heads", "rank")
"""Measures that one sweep over the heads serves."""


def _statistics(shell: Shell, sources: list[str] | None) -> None:
    """Analysis records of the head statistics alone: a layer at a time, however long the text."""
    from mixcli.catalog import SEQUENCE_MEASURES
    from mixcli.errors import NotApplicable
    from mixcli.report.record import analysis, entry, extremes
    from mixcli.report.text import json_stream, to_jsonl

    context = shell.context()
    methods = {name: SEQUENCE_MEASURES.make(name) for name in STATISTICS}

    def records() -> Iterator[dict[str, Any]]:
        for source, index, thing in shell.things(sources):
            if getattr(thing, "kind", "") != "attention":
                raise NotApplicable("attention for --stats-only", repr(thing), "leave the option out", where=source)
            entries = {}
            for name, method in methods.items():
                values = method(thing, context)
                entries[name] = {**entry(method, values), **extremes(thing, values)}
            yield analysis(thing, index, entries)
            context.forget()

    json = shell.output is not None and shell.output.suffix == ".json"
    shell.emit(json_stream(records()) if json else map(to_jsonl, records()))
