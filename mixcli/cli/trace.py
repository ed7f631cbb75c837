"""`mixcli trace`: measures along the edits of a rewiring of graphs or masks, the budget curve."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mixcli.catalog import MEASURES, SEQUENCE_MEASURES, Catalog
from mixcli.cli.budget import Budget, BudgetOption, EveryOption, needs_edits
from mixcli.cli.constraints import Constraining, Forbid, KeepConnected, MaxDegree, Sides
from mixcli.cli.options import Sources as SourcesArgument
from mixcli.cli.options import shared
from mixcli.cli.rewirings import AskedRewiring, MethodOption, Things
from mixcli.cli.shell import Shell
from mixcli.errors import Interrupted, NotApplicable, UsageError

if TYPE_CHECKING:
    from mixcli.tracing.curve import Trace

EPILOG = """\b
Examples:
  mixcli trace karate.gml --method fosr -m spectral_gap --budget 40 --every 5
  mixcli trace zoo:barbell:k=8 --method sdrf -m spectral_gap -m balanced_forman.min -m kirchhoff --format csv
  mixcli trace mask:window:4,tokens=32,layers=4 --method greedy_resistance:8 -m resistance_layered -m reach
"""


@shared(
    "format", "output", "force", "seed", "threads", "from_", "directed", "unweighted", "data_root", "mask_convention",
    "query", "max_memory", "fail_fast",
)  # fmt: skip
def trace(
    shell: Shell,
    sources: SourcesArgument = None,
    method: MethodOption = "",
    measure: Annotated[
        list[str] | None,
        typer.Option(
            "--measure",
            "-m",
            metavar="MEASURE",
            help="Measure, repeatable; add .min, .mean, .max … of edge, node or token values, .first or .last of "
            "tokens, .NAME of a detail. Default: spectral_gap; of masks resistance_layered.",
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
    asked = AskedRewiring(method)
    spent, limits = Budget(budget), Constraining(max_degree, forbid, keep_connected, sides)
    kind, things = asked.kind(shell, sources)
    if kind == "graph":
        needs_edits(asked.graph, "a trace")
        columns = _columns(measure or ["spectral_gap"], MEASURES)
        traces = _traces(shell, things, asked, columns, every, spent, limits)
    else:
        if limits:
            raise NotApplicable("graphs for constraints", "a rewiring of tokens", "leave them out")
        columns = _columns(measure or ["resistance_layered"], SEQUENCE_MEASURES)
        traces = _token_traces(shell, things, asked, columns, every, spent)
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


def _columns(specs: list[str], catalog: Catalog) -> list[Any]:
    """What is measured, each once."""
    from mixcli.tracing.columns import Column

    columns = [Column.parse(spec, catalog) for spec in catalog.expand(specs)]
    twice = {c.name for c in columns if sum(c.name == other.name for other in columns) > 1}
    if twice:
        raise UsageError("each measure once", f"{min(twice)} twice", "leave one out", where="-m")
    return columns


def _token_traces(
    shell: Shell, things: Things, asked: AskedRewiring, columns: list[Any], every: int, budget: Budget
) -> "Iterator[tuple[int, Trace]]":
    """(place, trace) of each mask sequence; one that the method or a measure refuses gives one line."""
    from mixcli.tracing.tokens import trace_sequence

    context = shell.context()
    for index, (source, _, thing) in enumerate(things):
        with shell.surviving():
            if not hasattr(thing, "kind"):
                raise asked.not_for(source, thing)
            wanted = budget.of_pairs(thing)
            found = trace_sequence(asked.tokens.at(index), thing, columns, every=every, budget=wanted, context=context)
            yield index, found
            if _interrupted(shell, thing.name, found):
                return
        context.forget()


def _interrupted(shell: Shell, name: str, found: "Trace") -> bool:
    """Whether Ctrl-C ended it here, which is then said."""
    if found.rewired.interrupted:
        shell.note(f"interrupted in {name}: kept the rows up to edit {found.looks[-1].edits}")
        shell.exit_code = Interrupted.exit_code
    return found.rewired.interrupted


def _traces(
    shell: Shell, things: Things, asked: AskedRewiring, columns: list[Any], every: int, budget: Budget,
    limits: Constraining,
) -> "Iterator[tuple[int, Trace]]":  # fmt: skip
    """(place, trace) of each graph; a graph that the method or a measure refuses gives one line."""
    from mixcli.tracing.curve import trace as traced

    context = shell.context()
    for index, (_, _, graph) in enumerate(shell.graphs(things, asked.not_for)):
        with shell.surviving():
            rewiring = asked.graph.at(index)
            found = traced(
                rewiring, graph, columns, every=every, budget=budget.of(graph), context=context,
                constraints=limits.of(graph),
            )  # fmt: skip
            for reason in found.after.provenance[-1].notes.get("why", ()):
                shell.note(f"{graph.name}: {reason}" if index else reason)
            yield index, found
            if _interrupted(shell, graph.name, found):
                return
        context.forget()


def _tables(traces: "Iterator[tuple[int, Trace]]", color: str) -> Iterator[str]:
    from mixcli.cli.curve_table import curve_table

    for _, found in traces:
        yield curve_table(found, color=color)
