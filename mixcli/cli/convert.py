"""`mixcli convert`: any source to any format."""

import itertools
import sys
from typing import Annotated

import typer

from mixcli.cli.options import ATTENTION, Sources, shared
from mixcli.cli.shell import Shell, pipe_errors
from mixcli.errors import UsageError

EPILOG = """\b
Examples:
  mixcli convert karate.gml -o karate.pt
  mixcli convert pyg:TUDataset/MUTAG -o mutag.jsonl
  mixcli convert mask:window:4,tokens=24 -o mask.npz
  mixcli convert attention.pt --heads 0.3,5.* --layers 0-5 -o few.safetensors
"""


@shared("output", "force", "from_", "directed", "unweighted", "data_root", "mask_convention", "fail_fast", *ATTENTION)
def convert(
    shell: Shell,
    sources: Sources = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="FORMAT", help="Format of the result; default: suffix of -o.")
    ] = None,
) -> None:
    """Write any source in any format."""
    from mixcli.catalog import FORMATS
    from mixcli.graph import Graph
    from mixcli.io import stream

    if to is None and shell.output is None:
        raise UsageError("-o FILE or --to FORMAT", "neither", f"formats: {', '.join(FORMATS)}")
    things = (thing for _, _, thing in shell.things(sources))
    first = next(things, None)
    if first is None:
        return
    attention = not isinstance(first, Graph) and first.kind == "attention"
    everything = itertools.chain([first], things)
    if shell.output is not None:
        left_out = stream.write(everything, shell.output, format=to, force=shell.force)
    else:
        if (attention or not FORMATS.get(str(to)).text) and sys.stdout.isatty():
            raise UsageError("a file or a pipe for binary output", "a terminal", "pass -o FILE")
        with pipe_errors():
            left_out = stream.write(everything, sys.stdout.buffer, format=to)
            sys.stdout.buffer.flush()
    if left_out:
        whole = "safetensors and pt keep" if attention else "pt and jsonl keep"
        shell.note(f"left out: {'; '.join(left_out)} ({whole} everything)")
