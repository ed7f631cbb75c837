"""`mixcli rewire`: change a graph, say what was changed, and write it in the form it came in."""

import itertools
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mixcli.catalog import REWIRINGS
from mixcli.cli.budget import Budget, BudgetOption, EveryOption, UntilOption, needs_edits
from mixcli.cli.constraints import Constraining, Forbid, KeepConnected, MaxDegree, Sides
from mixcli.cli.edit_log import LogOption, opened, write_log
from mixcli.cli.options import Sources as SourcesArgument
from mixcli.cli.options import shared
from mixcli.cli.shell import Shell, different, pipe_errors, plural
from mixcli.cli.told import Told, would
from mixcli.errors import Interrupted, MixcliError, UsageError

if TYPE_CHECKING:
    from mixcli.context import Context
    from mixcli.graph import Graph
    from mixcli.rewiring.base import Rewired
    from mixcli.tracing.until import Outcome

EPILOG = """\b
Examples:
  mixcli rewire --method sdrf:iterations=20 karate.gml -o rewired.gml
  cat graph.pt | mixcli rewire --method fosr --budget 5% --to jsonl | mixcli analyze
  mixcli rewire zoo:lollipop:5,3 --method fosr:iterations=3,converged=true --log edits.jsonl --to edgelist
"""


@shared(
    "output", "force", "seed", "threads", "device", "from_", "directed", "unweighted", "data_root", "max_memory",
    "fail_fast", "dry_run",
)  # fmt: skip
def rewire(
    shell: Shell,
    sources: SourcesArgument = None,
    method: Annotated[
        str, typer.Option("--method", metavar="METHOD", help="Rewiring; `mixcli methods` lists them.")
    ] = "",
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="FORMAT", help="Format of the result; default: suffix of -o, else as it came."),
    ] = None,
    budget: BudgetOption = None,
    until: UntilOption = None,
    every: EveryOption = 1,
    max_degree: MaxDegree = None,
    forbid: Forbid = None,
    keep_connected: KeepConnected = False,
    sides: Sides = None,
    log: LogOption = None,
    jobs: Annotated[
        int, typer.Option("--jobs", metavar="N", help="Processes to spread the graphs of a stream over.", min=1)
    ] = 1,
) -> None:
    """Add and remove edges, write the graph as it came."""
    from mixcli.io import stream

    if not method:
        raise UsageError("--method METHOD", "none", f"choose one of: {', '.join(REWIRINGS)}")
    limits = Constraining(max_degree, forbid, keep_connected, sides)
    job = _Job(shell, method, Budget(budget), limits, until, every, jobs)
    different("--log", log, "--output", shell.output)
    shell.processor_only("rewirings")
    with ExitStack() as stack:
        edits = None if shell.dry_run else opened(stack, log, shell.force)
        results = job.results(sources, edits)
        first = next(results, None)
        if first is None:
            return
        if shell.dry_run:
            for result in _chain(first, results):
                shell.note(f"{result.base.name}: {would(result)}")
            return
        chosen = _format(shell, first, to)
        graphs = (r.graph for r in _chain(first, results))
        if shell.output is not None:
            left_out = stream.write(graphs, shell.output, format=chosen, force=shell.force)
        else:
            with pipe_errors():
                left_out = stream.write(graphs, sys.stdout.buffer, format=chosen)
                sys.stdout.buffer.flush()
    left_out = [part for part in left_out if part != "edge payload (edge_type)"]  # ours, and of use to networks only
    if left_out:
        shell.note(f"left out: {'; '.join(left_out)} (pt and jsonl keep everything)")


class _Job:
    """What to do to each graph of the stream."""

    def __init__(
        self, shell: Shell, method: str, budget: Budget, limits: Constraining, until: str | None, every: int, jobs: int
    ) -> None:
        self.shell, self.method, self.budget, self.limits, self.every = shell, method, budget, limits, every
        self.jobs = jobs
        made = REWIRINGS.make(method)  # a wrong spec must fail before anything is read
        if until is not None:
            needs_edits(made, "--until")
        if every > 1 and until is None:
            raise UsageError("--until CONDITION beside --every", "none", "add a condition; trace takes --every alone")
        self.condition: Any = None
        if until is not None:
            from mixcli.tracing.until import Condition

            self.condition = Condition.parse(until)
        from mixcli.rewiring.base import Rewiring

        one_by_one = bool(limits) or until is not None or type(made).at is not Rewiring.at
        self.alone = one_by_one or (jobs == 1 and type(made).edits_many is Rewiring.edits_many)
        """Whether graphs are edited one by one, not in chunks."""
        if one_by_one and jobs > 1:
            found = "constraints, --until or a method that follows the stream"
            raise UsageError("--jobs without what looks at each edit or graph by itself", found, "leave --jobs out")

    def results(self, sources: list[str] | None, edits: Any) -> "Iterator[Rewired]":
        """The rewired graphs, one by one; a graph the method refuses gives one line."""
        context = self.shell.context()
        told = Told(self.shell, context)
        graphs = enumerate(graph for _, _, graph in self.shell.graphs(sources))
        stopped = False
        for index, graph in graphs if self.alone else itertools.islice(graphs, 1):
            with self.shell.surviving():
                result = self._one(index, graph, context, told)
                write_log(edits, result, index, REWIRINGS.make(self.method).at(index))
                yield result
                stopped = self._stopped(result)
            context.forget()
            if stopped:
                break
        if not stopped:
            yield from self._rest(graphs, context, told, edits)
        told.all(self.condition)

    def _rest(
        self, graphs: "Iterator[tuple[int, Graph]]", context: "Context", told: Told, edits: Any
    ) -> "Iterator[Rewired]":
        """The graphs after the first, in chunks; the first alone can show its progress and be cut short."""
        from mixcli.rewiring.many import apply_many

        place = itertools.count(1)

        def refused(_: int, graph: "Graph", error: MixcliError) -> None:
            next(place)
            with self.shell.surviving():
                raise error

        rewiring = REWIRINGS.make(self.method)
        rest = (graph for _, graph in graphs)
        for result in apply_many(
            rewiring, rest, context=context, budget=self.budget.of, jobs=self.jobs, refused=refused
        ):
            write_log(edits, result, next(place), rewiring)
            told.one(result, rewiring, self.budget.of(result.base))
            yield result
            self._stopped(result)

    def _stopped(self, result: "Rewired") -> bool:
        """Whether Ctrl-C ended it here, which is then said."""
        if result.interrupted:
            kept = plural(len(result.edits), "edit")
            self.shell.note(f"interrupted in {result.base.name}: kept its first {kept}; later graphs are left out")
            self.shell.exit_code = Interrupted.exit_code
        return result.interrupted

    def _one(self, index: int, graph: "Graph", context: "Context", told: Told) -> "Rewired":
        from mixcli.rewiring.base import apply

        rewiring, wanted = REWIRINGS.make(self.method).at(index), self.budget.of(graph)
        limits = self.limits.of(graph)
        if self.condition is None:
            result = apply(rewiring, graph, context=context, budget=wanted, constraints=limits)
            told.one(result, rewiring, wanted)
            return result
        from mixcli.tracing.until import rewire_until

        outcome = rewire_until(
            rewiring,
            graph,
            self.condition,
            every=self.every,
            budget=wanted,
            context=context,
            constraints=limits,
        )
        told.one(outcome.rewired, rewiring, wanted, self._ended(outcome))
        told.reached += outcome.reached
        return outcome.rewired

    def _ended(self, outcome: "Outcome") -> str:
        value = "undefined" if outcome.value is None else f"{outcome.value:.6g}"
        edits = plural(len(outcome.rewired.edits), "edit")
        where = f"after {edits} ({self.condition.column.name} = {value})"
        return f"{self.condition} {'reached' if outcome.reached else 'never reached, given up'} {where}"


def _format(shell: Shell, first: "Rewired", to: str | None) -> str:
    from mixcli.catalog import FORMATS
    from mixcli.io import stream
    from mixcli.sources import format_of_source

    if to is not None:
        name = FORMATS.get(to).name
    elif shell.output is not None and (known := stream.format_of(shell.output)):
        name = known.name
    else:
        name = format_of_source(first.base) or "jsonl"
    if shell.output is None and not FORMATS.get(name).text and sys.stdout.isatty():
        raise UsageError("a file or a pipe for binary output", "a terminal", f"pass -o FILE for {name}, or --to jsonl")
    return str(name)


def _chain(first: Any, rest: Iterator[Any]) -> Iterator[Any]:
    yield first
    yield from rest
