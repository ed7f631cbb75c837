"""`mixcli analyze`: measures of one graph or of a stream of them."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mixcli.catalog import MEASURES
from mixcli.cli.options import Sources, shared
from mixcli.cli.shell import Shell, different
from mixcli.errors import LimitExceeded, MixcliError, NotApplicable

if TYPE_CHECKING:
    from mixcli.context import Context
    from mixcli.graph import Graph

EPILOG = """\b
Examples:
  mixcli analyze graph.pt -m spectral_gap -m balanced_forman
  mixcli analyze zoo:barbell:k=8 --format json
  mixcli analyze karate.gml -m effective_resistance --values edges.csv
  mixcli analyze karate.gml -m all-curvatures --node-means --top 10
"""


@shared(
    "format", "output", "force", "seed", "threads", "device", "from_", "directed", "unweighted", "data_root",
    "max_memory", "fail_fast", "dry_run", "no_timing",
)  # fmt: skip
def analyze(
    shell: Shell,
    sources: Sources = None,
    measure: Annotated[
        list[str] | None,
        typer.Option(
            "--measure",
            "-m",
            metavar="MEASURE",
            help="Measure or group of measures, repeatable; `mixcli methods` lists them.",
        ),
    ] = None,
    values: Annotated[
        Path | None,
        typer.Option("--values", metavar="FILE", help="Also write every value, by edge or node; .csv or .jsonl."),
    ] = None,
    top: Annotated[
        int,
        typer.Option(
            "--top", metavar="K", help="Edges to list in the table: where information gets stuck most.", min=0
        ),
    ] = 3,
    node_means: Annotated[
        bool, typer.Option("--node-means", help="Also the mean of every edge measure over the edges of each node.")
    ] = False,
) -> None:
    """Measure where information gets stuck."""
    from mixcli.report.text import json_stream, to_csv, to_jsonl

    specs = MEASURES.expand(measure or ["default"])
    methods = {_key(spec, specs): MEASURES.make(spec) for spec in specs}
    different("--values", values, "--output", shell.output)
    shell.accelerator("these measures", any(method.accelerated for method in methods.values()))
    if shell.dry_run:
        _explain(shell, sources, methods)
        return
    context = shell.context()
    run = _Run(shell, context, methods, asked=bool(measure), values=values, node_means=node_means)
    form = shell.form()
    with run.sink():
        records = run.records(sources)
        if form == "table":
            from mixcli.report.table import analysis_tables

            shell.emit(analysis_tables(run.rows(sources), top=top, color=shell.color))
        elif form == "json":
            shell.emit(json_stream(records))
        elif form == "csv":
            shell.emit(to_csv(records, {k: m.level for k, m in methods.items()}, node_means))
        else:
            shell.emit(to_jsonl(r) for r in records)


class _Run:
    """One fold over the sources: measure, record, and pass per-element values on."""

    def __init__(
        self,
        shell: Shell,
        context: "Context",
        methods: dict[str, Any],
        asked: bool,
        values: Path | None,
        node_means: bool = False,
    ) -> None:
        self.shell, self.context, self.methods, self.asked = shell, context, methods, asked
        self.values_path, self.node_means = values, node_means
        self.writer: Any = None
        self.blind = [key for key, method in methods.items() if method.weighted == "ignored"]

    def sink(self) -> Any:
        """The context in which --values is being written."""
        from contextlib import nullcontext

        if self.values_path is None:
            return nullcontext()
        from mixcli.report.values import ValuesWriter

        levels = {k: m.level for k, m in self.methods.items()}
        self.writer = ValuesWriter(self.values_path, levels, self.shell.force, self.shell.note, self.node_means)
        return self.writer

    def records(self, sources: list[str] | None) -> Iterator[dict[str, Any]]:
        return (record for _, record, _ in self.rows(sources))

    def rows(self, sources: list[str] | None) -> "Iterator[tuple[Graph, dict[str, Any], dict[str, Any]]]":
        """(graph, record, catalog key -> Values) of every graph."""
        from mixcli.report.record import analysis

        for place, (_, index, graph) in enumerate(self.shell.graphs(sources)):
            start = time.perf_counter()
            if place:
                self.context.progress("graphs", place, 0)
            if self.blind and graph.weight is not None:  # once a run, not once a graph
                self.shell.note(f"weights play no role in {', '.join(self.blind)}")
                self.blind = []
            entries, found = self._measure(graph)
            means = self._node_means(graph, entries, found) if self.node_means else {}
            if self.writer is not None:
                self.writer.add(graph, place, found, means)
            seconds = None if self.shell.no_timing else time.perf_counter() - start
            yield graph, analysis(graph, index, entries, seconds), found
            self.context.forget()

    def _measure(self, graph: "Graph") -> tuple[dict[str, Any], dict[str, Any]]:
        from mixcli.report.record import entry, extremes, refusal

        entries: dict[str, Any] = {}
        found: dict[str, Any] = {}
        refused: dict[str, MixcliError] = {}
        for key, method in self.methods.items():
            start = time.perf_counter()
            try:
                with self.shell.measuring(key):
                    found[key] = values = method(graph, self.context)
            except (NotApplicable, LimitExceeded) as error:
                if self.asked and self.shell.fail_fast:
                    raise
                entries[key] = refusal(method, str(error))
                refused[key] = error
                continue
            seconds = None if self.shell.no_timing else time.perf_counter() - start
            entries[key] = {**entry(method, values, seconds), **extremes(graph, values)}
        self._say_refused(graph, refused)
        return entries, found

    def _node_means(self, graph: "Graph", entries: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
        from mixcli.measures.node_means import node_means
        from mixcli.report.record import node_entry

        edge = {key: values for key, values in found.items() if values.level == "edge" and values.data is not None}
        means = {key: node_means(graph, values) for key, values in edge.items()}
        for key, values in means.items():
            entries[key]["node_mean"] = node_entry(values)
        return means

    def _say_refused(self, graph: "Graph", refused: dict[str, MixcliError]) -> None:
        """A measure that was asked for by name and cannot be had is an error; one of the default set is a remark."""
        if refused and not self.asked:
            self.shell.note(f"{graph.name}: left out {', '.join(refused)}; `-m` on one of them says why")
            return
        alike: dict[tuple[str, ...], list[str]] = {}
        for key, error in refused.items():
            alike.setdefault((type(error).__name__, error.found, error.fix), []).append(key)
        for first, *others in alike.values():  # one line a reason, however many measures have it
            error = refused[first]
            fix = error.fix + f" (so too {', '.join(others)})" * bool(others)
            self.shell.fail(type(error)(error.expected, error.found, fix, where=error.where))


def _key(spec: str, specs: list[str]) -> str:
    """Catalog name, with the spec's parameters in parentheses where a measure is asked for more than once."""
    from mixcli.spec import parse

    parsed = parse(spec)
    name = MEASURES.canonical(parsed.name)
    twice = sum(MEASURES.canonical(parse(s).name) == name for s in specs) > 1
    rest = str(parsed).partition(":")[2]
    return f"{name}({rest})" if twice and rest else name


def _explain(shell: Shell, sources: list[str] | None, methods: dict[str, Any]) -> None:
    """What a run would do: sources as read, and the cost of each measure."""
    for _, _, graph in shell.graphs(sources):
        shell.emit([f"{graph!r}\n"])
    shell.emit(f"{key}: {type(m).cost}\n" for key, m in methods.items())
