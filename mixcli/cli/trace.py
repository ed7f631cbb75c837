"""`mixcli trace`: measures along the edits of a rewiring, the budget curve."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mixcli.catalog import MEASURES, REWIRINGS
from mixcli.cli.budget import Budget, BudgetOption, EveryOption, needs_edits
from mixcli.cli.constraints import Constraining, Forbid, KeepConnected, MaxDegree, Sides
from mixcli.cli.options import Sources as SourcesArgument
from mixcli.cli.options import shared
from mixcli.cli.shell import Shell
from mixcli.errors import Interrupted, UsageError

if TYPE_CHECKING:
    from mixcli.tracing.curve import Trace

EPILOG = """\b
Examples:
  mixcli trace karate.gml --method fosr -m spectral_gap --budget 40 --every 5
  mixcli trace zoo:barbell:k=8 --method sdrf -m spectral_gap -m balanced_forman.min -m kirchhoff --format csv
"""


@shared(
    "format", "output", "force", "seed", "threads", "from_", "directed", "unweighted", "data_root", "max_memory",
    "fail_fast",
)  # fmt: skip
def trace(
    shell: Shell,
    sources: SourcesArgument = None,
    method: Annotated[
        str, typer.Option("--method", metavar="METHOD", help="Rewiring; `mixcli methods` lists them.")
    ] = "",
    measure: Annotated[
        list[str] | None,
        typer.Option(
            "--measure",
            "-m",
            metavar="MEASURE",
            help="Measure, repeatable; add .min, .mean, .max … of edge or node values, .NAME of a detail. "
            "Default: spectral_gap.",
        ),
    ] = None,
    every: EveryOption = 1,
    budget: BudgetOption = None,
    max_degree: MaxDegree = None,
    forbid: Forbid = None,
    keep_connected: KeepConnected = False,
    sides: Sides = None,
) -> None:
    """Measure along the edits of a rewiring, and mark where more of them bring little."""
    if not method:
        raise UsageError("--method METHOD", "none", f"choose one of: {', '.join(REWIRINGS)}")
    from mixcli.tracing.columns import Column

    needs_edits(REWIRINGS.make(method), "a trace")
    columns = [Column.parse(spec) for spec in MEASURES.expand(measure or ["spectral_gap"])]
    twice = {c.name for c in columns if sum(c.name == other.name for other in columns) > 1}
    if twice:
        raise UsageError("each measure once", f"{min(twice)} twice", "leave one out", where="-m")
    spent, limits = Budget(budget), Constraining(max_degree, forbid, keep_connected, sides)
    traces = _traces(shell, sources, method, columns, every, spent, limits)
    form = shell.form()
    from mixcli.report import curve

    if form == "table":
        shell.emit(_tables(traces, shell.color))
    elif form == "json":
        from mixcli.report.text import json_stream

        shell.emit(json_stream(curve.record(found, index, method, every) for index, found in traces))
    elif form == "csv":
        shell.emit(curve.csv((row for index, found in traces for row in curve.rows(found, index)), columns))
    else:
        from mixcli.report.text import to_jsonl

        shell.emit(to_jsonl(row) for index, found in traces for row in curve.rows(found, index))


def _traces(
    shell: Shell, sources: list[str] | None, method: str, columns: list[Any], every: int, budget: Budget,
    limits: Constraining,
) -> "Iterator[tuple[int, Trace]]":  # fmt: skip
    """(place, trace) of each graph; a graph that the method or a measure refuses gives one line."""
    from mixcli.tracing.curve import trace as traced

    context = shell.context()
    for index, (_, _, graph) in enumerate(shell.graphs(sources)):
        with shell.surviving():
            rewiring = REWIRINGS.make(method).at(index)
            found = traced(
                rewiring, graph, columns, every=every, budget=budget.of(graph), context=context,
                constraints=limits.of(graph),
            )  # fmt: skip
            for reason in found.rewired.graph.provenance[-1].notes.get("why", ()):
                shell.note(f"{graph.name}: {reason}" if index else reason)
            yield index, found
            if found.rewired.interrupted:
                shell.note(f"interrupted in {graph.name}: kept the rows up to edit {found.looks[-1].edits}")
                shell.exit_code = Interrupted.exit_code
                return
        context.forget()


def _tables(traces: "Iterator[tuple[int, Trace]]", color: str) -> Iterator[str]:
    from mixcli.cli.curve_table import curve_table

    for _, found in traces:
        yield curve_table(found, color=color)
