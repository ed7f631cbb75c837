"""`mixcli analyze`: measures of graphs, mask sequences and attention, one or a stream of them."""

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from mixcli.cli.asked import AskedMeasures
from mixcli.cli.options import ATTENTION, Sources, shared
from mixcli.cli.shell import Shell, different, pipe_errors
from mixcli.errors import LimitExceeded, MixcliError, NotApplicable

if TYPE_CHECKING:
    from mixcli.context import Context
    from mixcli.graph import Graph
    from mixcli.sequence import TokenGraph

    Thing: TypeAlias = Graph | TokenGraph

EPILOG = """\b
Examples:
  mixcli analyze graph.pt -m spectral_gap -m balanced_forman
  mixcli analyze zoo:barbell:k=8 --format json
  mixcli analyze karate.gml -m effective_resistance --values edges.csv
  mixcli analyze karate.gml -m balanced_forman --values - | mixcli plot -o curvature.svg
  mixcli analyze karate.gml -m all-curvatures --node-means --top 10
  mixcli analyze mask:window:16,tokens=256,layers=6
  mixcli analyze attention.safetensors --heads 0.3,5.* --query last
"""


@shared(
    "format", "output", "force", "seed", "threads", "device", "from_", "directed", "unweighted", "data_root",
    "max_memory", "mask_convention", "fail_fast", "dry_run", "no_timing", *ATTENTION,
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
        typer.Option(
            "--values",
            metavar="FILE",
            help="Also write every value, by edge, node, token or head; .csv or .jsonl; - for them and no records.",
        ),
    ] = None,
    top: Annotated[
        int,
        typer.Option(
            "--top",
            metavar="K",
            help="Edges, tokens or heads to list in the table: where information gets stuck most.",
            min=0,
        ),
    ] = 3,
    node_means: Annotated[
        bool, typer.Option("--node-means", help="Also the mean of every edge measure over the edges of each node.")
    ] = False,
) -> None:
    """Measure where information gets stuck."""
    from mixcli.report.text import json_stream, to_csv, to_jsonl

    asked = AskedMeasures(measure)
    different("--values", values, "--output", shell.output)
    shell.accelerator("these measures", any(method.accelerated for method in asked.any))
    if shell.dry_run:
        _explain(shell, sources, asked)
        return
    context = shell.context()
    run = _Run(shell, context, asked, by_name=bool(measure), values=values, node_means=node_means)
    form = shell.form()
    with run.sink():
        records = run.records(sources)
        if run.values_only:
            with pipe_errors():
                for _ in records:
                    pass
        elif form == "table":
            from mixcli.report.table import analysis_tables

            shell.emit(analysis_tables(run.rows(sources), top=top, color=shell.color))
        elif form == "json":
            shell.emit(json_stream(records))
        elif form == "csv":
            shell.emit(to_csv(records, run.levels, node_means))
        else:
            shell.emit(to_jsonl(r) for r in records)


class _Run:
    """One fold over the sources: measure, record, and pass per-element values on."""

    def __init__(
        self, shell: Shell, context: "Context", asked: AskedMeasures, by_name: bool, values: Path | None,
        node_means: bool,
    ) -> None:  # fmt: skip
        self.shell, self.context, self.asked, self.by_name = shell, context, asked, by_name
        self.values_path, self.node_means = values, node_means
        self.writer: Any = None
        self.blind_told = False
        self.levels: dict[str, str] = {}
        self.stack = ExitStack()

    @property
    def values_only(self) -> bool:
        """Whether values take the place of records on standard output."""
        return str(self.values_path) == "-" and self.shell.output is None

    def sink(self) -> ExitStack:
        """The context in which --values is being written."""
        if self.values_path is not None:
            from mixcli.report.values import check_target

            check_target(self.values_path)
        return self.stack

    def _into(self, methods: dict[str, Any]) -> None:
        """Open --values when the first source has come, whose kind says which columns there are."""
        if not self.levels:
            self.levels.update({key: method.level for key, method in methods.items()})
        if self.values_path is None or self.writer is not None:
            return
        from mixcli.report.values import ValuesWriter

        levels = {key: method.level for key, method in methods.items()}
        out = sys.stdout.buffer if str(self.values_path) == "-" else None
        writer = ValuesWriter(self.values_path, levels, self.shell.force, self.shell.note, self.node_means, out)
        self.writer = self.stack.enter_context(writer)

    def records(self, sources: list[str] | None) -> Iterator[dict[str, Any]]:
        return (record for _, record, _ in self.rows(sources))

    def rows(self, sources: list[str] | None) -> "Iterator[tuple[Thing, dict[str, Any], dict[str, Any]]]":
        """(graph, mask sequence or attention; record; catalog key -> Values) of everything that is read."""
        from mixcli.report.record import analysis

        for place, (_, index, thing) in enumerate(self.shell.things(sources)):
            start = time.perf_counter()
            if place:
                self.context.progress("sources", place, 0)
            kind = getattr(thing, "kind", "graph")
            with self.shell.surviving():
                methods = self.asked.of(kind, thing.name)
                self._into(methods)
                self._say_blind(thing, methods)
                entries, found = self._measure(thing, methods if self.by_name else _possible(thing, methods))
                means = self._node_means(thing, entries, found) if self.node_means and kind == "graph" else {}
                if self.writer is not None:
                    self.writer.add(thing, place, found, means)
                seconds = None if self.shell.no_timing else time.perf_counter() - start
                yield thing, analysis(thing, index, entries, seconds), found
            self.context.forget()

    def _say_blind(self, thing: "Thing", methods: dict[str, Any]) -> None:
        """Name the measures that ignore weights, once a run, not once a graph."""
        blind = [key for key, method in methods.items() if method.weighted == "ignored"]
        if blind and not self.blind_told and getattr(thing, "weight", None) is not None:
            self.shell.note(f"weights play no role in {', '.join(blind)}")
            self.blind_told = True

    def _measure(self, thing: "Thing", methods: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        from mixcli.report.record import entry, extremes, headline, refusal

        entries: dict[str, Any] = {}
        found: dict[str, Any] = {}
        refused: dict[str, MixcliError] = {}
        for key, method in methods.items():
            start = time.perf_counter()
            try:
                with self.shell.measuring(key):
                    found[key] = values = method(thing, self.context)
            except (NotApplicable, LimitExceeded) as error:
                if self.by_name and self.shell.fail_fast:
                    raise
                entries[key] = refusal(method, str(error))
                refused[key] = error
                continue
            seconds = None if self.shell.no_timing else time.perf_counter() - start
            told = {**headline(method, thing, values), **extremes(thing, values)}
            entries[key] = {**entry(method, values, seconds), **told}
        self._say_refused(thing, refused)
        return entries, found

    def _node_means(self, graph: Any, entries: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
        from mixcli.measures.node_means import node_means
        from mixcli.report.record import node_entry

        edge = {key: values for key, values in found.items() if values.level == "edge" and values.data is not None}
        means = {key: node_means(graph, values) for key, values in edge.items()}
        for key, values in means.items():
            entries[key]["node_mean"] = node_entry(values)
        return means

    def _say_refused(self, thing: "Thing", refused: dict[str, MixcliError]) -> None:
        """A measure that was asked for by name and cannot be had is an error; one of the default set is a remark."""
        if refused and not self.by_name:
            self.shell.note(f"{thing.name}: left out {', '.join(refused)}; `-m` on one of them says why")
            return
        alike: dict[tuple[str, ...], list[str]] = {}
        for key, error in refused.items():
            alike.setdefault((type(error).__name__, error.found, error.fix), []).append(key)
        for first, *others in alike.values():  # one line a reason, however many measures have it
            error = refused[first]
            fix = error.fix + f" (so too {', '.join(others)})" * bool(others)
            self.shell.fail(type(error)(error.expected, error.found, fix, where=error.where))


def _possible(thing: "Thing", methods: dict[str, Any]) -> dict[str, Any]:
    """The measures of the default set without those of hidden states, where there are none."""
    if getattr(getattr(thing, "store", None), "hidden_states", 1):
        return methods
    return {key: method for key, method in methods.items() if not method.hidden}


def _explain(shell: Shell, sources: list[str] | None, asked: AskedMeasures) -> None:
    """What a run would do: sources as read, and the cost of each measure."""
    methods: dict[str, Any] = {}
    for _, _, thing in shell.things(sources):
        shell.emit([f"{thing!r}\n"])
        methods |= asked.of(getattr(thing, "kind", "graph"), thing.name)
    shell.emit(f"{key}: {type(m).cost}\n" for key, m in methods.items())
