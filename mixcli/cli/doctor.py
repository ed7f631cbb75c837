"""`mixcli doctor`: what this machine can do."""

import json
import sys
from typing import Annotated

import typer

from mixcli.cli.options import shared
from mixcli.cli.shell import Shell, table_csv

EPILOG = """\b
Examples:
  mixcli doctor
  mixcli doctor --warm
"""


@shared("format")
def doctor(
    shell: Shell,
    warm: Annotated[bool, typer.Option("--warm", help="Compile every kernel now, into the user's cache.")] = False,
) -> None:
    """Say what this machine can do: versions, devices, memory."""
    from platformdirs import user_cache_path

    from mixcli.limits import available_memory, thread_count
    from mixcli.provenance import environment

    facts: dict[str, object] = {
        **environment(),
        "threads": thread_count(),
        "memory available": f"{available_memory() / 2**30:.1f} GiB",
        "kernel cache": str(user_cache_path("mixcli") / "kernels"),
        "terminal": sys.stdout.isatty(),
    }
    from mixcli.training.device import available

    facts["devices"] = ", ".join(available())
    form = shell.form(default="table")
    if form == "table":
        width = max(map(len, facts))
        shell.emit(f"{k:<{width}}  {v}\n" for k, v in facts.items())
    elif form == "csv":
        shell.emit(table_csv([{"fact": k, "value": str(v)} for k, v in facts.items()]))
    else:
        shell.emit([json.dumps(facts, indent=2 if form == "json" else None) + "\n"])
    if warm:
        _warm(shell)


def _warm(shell: Shell) -> None:
    """Run every measure and rewiring once on a graph large enough to need the compiled kernels."""
    import time
    from contextlib import suppress

    from mixcli.catalog import MEASURES, REWIRINGS
    from mixcli.errors import LimitExceeded, NotApplicable
    from mixcli.generators.graphs import watts_strogatz
    from mixcli.rewiring.base import apply

    graph = watts_strogatz(30_000, 6, 0.05)
    context = shell.context()
    for name in MEASURES:
        start = time.perf_counter()
        with suppress(NotApplicable, LimitExceeded):  # then nothing of it is compiled for large graphs either
            MEASURES.make(name)(graph, context)
        shell.note(f"{name}: ready ({time.perf_counter() - start:.1f} s)")
    for name in REWIRINGS:
        start = time.perf_counter()
        apply(REWIRINGS.make(name), graph, context=context, budget=1)
        shell.note(f"{name}: ready ({time.perf_counter() - start:.1f} s)")
