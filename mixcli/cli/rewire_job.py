"""What `mixcli rewire` does to each graph of a stream: taken from a journal, rewired alone, or in chunks."""

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from mixcli.catalog import REWIRINGS
from mixcli.cli.budget import Budget, check_looks, needs_edits
from mixcli.cli.constraints import Constraining
from mixcli.cli.edit_log import write_log
from mixcli.cli.interrupts import Interrupts
from mixcli.cli.rewirings import AskedRewiring, Things
from mixcli.cli.shell import Shell, plural
from mixcli.cli.told import Told, ending
from mixcli.errors import Interrupted, MixcliError, UsageError

if TYPE_CHECKING:
    from mixcli.context import Context
    from mixcli.graph import Graph
    from mixcli.rewiring.base import Constraints, Rewired, Rewiring
    from mixcli.rewiring.journal import Journal

__all__ = ["Job"]

T = TypeVar("T")


class Job:
    """What to do to each graph of the stream.

    Args:
        shell: the shared options.
        asked: the rewiring.
        budget: edits for each graph.
        limits: constraints for each graph.
        until: condition to stop at, or None.
        every: edits between two looks at it.
        jobs: processes.
    """

    def __init__(
        self, shell: Shell, asked: AskedRewiring, budget: Budget, limits: Constraining, until: str | None, every: int,
        jobs: int,
    ) -> None:  # fmt: skip
        from mixcli.rewiring.base import Rewiring
        from mixcli.spec import spec_of

        self.shell, self.budget, self.limits, self.every, self.jobs = shell, budget, limits, every, jobs
        self.asked, self.rewiring = asked, asked.graph
        made = self.rewiring
        self.spec = spec_of(REWIRINGS.name_of(type(made)), made)
        if until is not None:
            needs_edits(made, "--until")
        check_looks(until, every)
        self.condition: Any = None
        if until is not None:
            from mixcli.tracing.until import Condition

            self.condition = Condition.parse(until)
        one_by_one = bool(limits) or until is not None or type(made).at is not Rewiring.at
        self.alone = one_by_one or (jobs == 1 and type(made).edits_many is Rewiring.edits_many)
        """Whether graphs are edited one by one, not in chunks."""
        if one_by_one and jobs > 1:
            found = "constraints, --until or a method that follows the stream"
            raise UsageError("--jobs without what looks at each edit or graph by itself", found, "leave --jobs out")

    def results(
        self, things: Things, edits: Any, journal: "Journal | None", interrupts: Interrupts
    ) -> "Iterator[Rewired]":
        """The rewired graphs, one by one; a graph the method refuses gives one line.

        Args:
            things: of the sources.
            edits: the open log, or None.
            journal: what an earlier run has done, and where this one notes what it does; or None.
            interrupts: Ctrl-C, which leaves out the graphs that are not done.
        """
        context = self.shell.context()
        told = Told(self.shell, context)
        graphs = enumerate(graph for _, _, graph in self.shell.graphs(things, self.asked.not_for))
        try:
            yield from self._each(graphs, context, told, edits, journal, interrupts)
        except KeyboardInterrupt:
            if told.graphs == 0:
                raise
            self.shell.note(f"interrupted after {plural(told.graphs, 'graph')}: later ones are left out")
            self.shell.exit_code = Interrupted.exit_code
        told.all(self.condition)

    def _each(
        self, graphs: "Iterator[tuple[int, Graph]]", context: "Context", told: Told, edits: Any,
        journal: "Journal | None", interrupts: Interrupts,
    ) -> "Iterator[Rewired]":  # fmt: skip
        while (read := _next(graphs, interrupts)) is not None:
            index, graph = read
            limits = self._limits(graph)
            if limits is None:
                continue
            result = self._taken(index, graph, limits, context, told, journal)
            with self.shell.surviving():
                result = result or self._one(index, graph, limits, context, told, journal, interrupts)
                write_log(edits, result, index, self.rewiring.at(index))
                yield result
                if self._stopped(result):
                    return
            context.forget()
            if not self.alone and (journal is None or not journal.more):  # the first shows its progress, as one alone
                yield from self._rest(index + 1, graphs, context, told, edits, journal, interrupts)
                return

    def _limits(self, graph: "Graph") -> "Constraints | None":
        """The constraints for a graph; None where they do not fit it, which is told."""
        with self.shell.surviving():
            return self.limits.of(graph)
        return None

    def _taken(
        self, index: int, graph: "Graph", limits: "Constraints", context: "Context", told: Told,
        journal: "Journal | None",
    ) -> "Rewired | None":  # fmt: skip
        """What an earlier run made of a graph."""
        method = self.rewiring.at(index)
        found = journal.take(index, graph, method, context, limits) if journal is not None else None
        if found is None:
            return None
        result, ended = found
        self._tell(told, result, method, ended)
        return result

    def _rest(
        self, place: int, graphs: "Iterator[tuple[int, Graph]]", context: "Context", told: Told, edits: Any,
        journal: "Journal | None", interrupts: Interrupts,
    ) -> "Iterator[Rewired]":  # fmt: skip
        """The graphs from a place on, in chunks; only one that goes alone can show its progress and be cut short."""
        from mixcli.rewiring.many import apply_many

        places = itertools.count(place)

        def refused(_: int, graph: "Graph", error: MixcliError) -> None:
            next(places)
            with self.shell.surviving():
                raise error

        rest = (graph for _, graph in graphs)
        results = apply_many(
            self.rewiring, rest, context=context, budget=self.budget.of, jobs=self.jobs, refused=refused
        )
        while (result := _next(results, interrupts)) is not None:
            index = next(places)
            if journal is not None:
                journal.add(index, result, self.rewiring)
            write_log(edits, result, index, self.rewiring)
            self._tell(told, result, self.rewiring)
            yield result
            if self._stopped(result):
                return

    def _stopped(self, result: "Rewired") -> bool:
        """Whether Ctrl-C ended it here, which is then said."""
        if result.interrupted:
            kept = plural(len(result.edits), "edit")
            self.shell.note(f"interrupted in {result.base.name}: kept its first {kept}; later graphs are left out")
            self.shell.exit_code = Interrupted.exit_code
        return result.interrupted

    def _one(
        self, index: int, graph: "Graph", limits: "Constraints", context: "Context", told: Told,
        journal: "Journal | None", interrupts: Interrupts,
    ) -> "Rewired":  # fmt: skip
        from mixcli.rewiring.base import apply

        rewiring, wanted, ended = self.rewiring.at(index), self.budget.of(graph), ""
        with interrupts.working():
            if self.condition is None:
                result = apply(rewiring, graph, context=context, budget=wanted, constraints=limits)
            else:
                from mixcli.tracing.until import rewire_until

                outcome = rewire_until(
                    rewiring, graph, self.condition, every=self.every, budget=wanted, context=context,
                    constraints=limits,
                )  # fmt: skip
                result, ended = outcome.rewired, ending(self.condition, outcome)
        if journal is not None:
            journal.add(index, result, rewiring, limits, ended)
        self._tell(told, result, rewiring, ended)
        return result

    def _tell(self, told: Told, result: "Rewired", method: "Rewiring", ended: str = "") -> None:
        told.one(result, method, self.budget.of(result.base), ended or None)
        told.reached += bool(result.graph.provenance[-1].notes.get("reached"))


def _next(items: Iterator[T], interrupts: Interrupts) -> T | None:
    """The next item, waiting for which Ctrl-C may end; None after the last one."""
    with interrupts.working():
        return next(items, None)
