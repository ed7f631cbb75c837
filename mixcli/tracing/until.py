"""Rewiring until a condition holds: `spectral_gap>=0.1`, `balanced_forman.min>=-1`."""

from __future__ import annotations

import dataclasses
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from mixcli.catalog import MEASURES, REWIRINGS, Catalog
from mixcli.context import Context
from mixcli.errors import UsageError
from mixcli.rewiring.base import apply
from mixcli.tracing.columns import Column
from mixcli.tracing.curve import AnyEdit, Followed, check_every
from mixcli.tracing.following import Following

if TYPE_CHECKING:
    from mixcli.graph import Graph
    from mixcli.provenance import Step
    from mixcli.rewiring.base import Constraints, Edit, Rewired, Rewiring
    from mixcli.rewiring.sequence_base import RewiredSequence

__all__ = ["Condition", "Outcome", "Watch", "rewire_until"]

AnyRewired = TypeVar("AnyRewired", "Rewired", "RewiredSequence")

COMPARISONS = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}

_SHAPE = re.compile(r"(?P<column>.+?)\s*(?P<sign>>=|<=|>|<)\s*(?P<bound>[^<>=]+)", re.DOTALL)


@dataclass(frozen=True)
class Condition:
    """A number of a graph, compared with a bound.

    Args:
        column: what to read.
        sign: ">=", "<=", ">" or "<".
        bound: what it is compared with.
    """

    column: Column
    sign: str
    bound: float

    @classmethod
    def parse(cls, text: str, catalog: Catalog = MEASURES) -> Condition:
        """The condition in a text.

        Args:
            text: a column, a comparison and a number.
            catalog: of the measures: of graphs, or of tokens.

        Raises:
            UsageError: it is none.

        Example:
            >>> str(Condition.parse("gap >= 0.1"))
            'spectral_gap>=0.1'
        """
        match = _SHAPE.fullmatch(text.strip())
        try:
            bound = float(match["bound"]) if match else float("nan")
        except ValueError:
            bound = float("nan")
        if match is None or bound != bound:
            raise UsageError("a condition like spectral_gap>=0.1", repr(text), "compare a measure with a number")
        return cls(Column.parse(match["column"], catalog), match["sign"], bound)

    def __str__(self) -> str:
        return f"{self.column.name}{self.sign}{self.bound:g}"

    def holds(self, value: float | None) -> bool:
        """Whether it holds of a value; never of one that is not defined."""
        return value is not None and bool(COMPARISONS[self.sign](value, self.bound))


@dataclass(frozen=True)
class Outcome(Generic[AnyRewired]):
    """How a rewiring with a condition ended.

    Args:
        rewired: the graph or the sequence before and after, with the edits.
        reached: whether the condition holds of what came of it.
        value: what was compared, at the end.
    """

    rewired: AnyRewired
    reached: bool
    value: float | None


class Watch(Generic[AnyEdit]):
    """Looks after every so many edits whether a condition holds.

    Args:
        now: what is followed; it reads the condition's column.
        condition: what to reach.
        every: edits from one look to the next.
    """

    def __init__(self, now: Followed[AnyEdit], condition: Condition, every: int) -> None:
        self._now, self._condition, self._every = now, condition, every
        self.value = self._look()
        """What was compared at the last look."""

    @property
    def holds(self) -> bool:
        """Whether the condition held at the last look."""
        return self._condition.holds(self.value)

    def stop(self, edit: AnyEdit) -> bool:
        """Take note of an edit; whether it is the last one."""
        self._now.edit(edit)
        if len(self._now.edits) % self._every:
            return False
        self.value = self._look()
        return self.holds

    def end(self, provenance: tuple[Step, ...], interrupted: bool) -> tuple[Step, ...]:
        """Look a last time, unless Ctrl-C ended it, and let the last step of provenance say whether it was reached."""
        if len(self._now.edits) % self._every and not interrupted:
            self.value = self._look()
        *earlier, step = provenance
        notes = {**step.notes, "until": str(self._condition), "reached": self.holds}
        return (*earlier, dataclasses.replace(step, notes=notes))

    def _look(self) -> float | None:
        return self._now.look()[self._condition.column.name][0]


def rewire_until(
    method: Rewiring | str,
    graph: Graph,
    condition: Condition,
    *,
    every: int = 1,
    budget: int | None = None,
    context: Context | None = None,
    constraints: Constraints | None = None,
    log: Callable[[Edit], None] | None = None,
) -> Outcome[Rewired]:
    """Edit a graph until a condition holds: stops at the first edit after which it does, none if it does already.

    Args:
        method: the rewiring, or its spec string; its own number of iterations plays no role.
        graph: the graph.
        condition: what to reach.
        every: look after every this many edits only; it then stops at the first look at which the condition holds.
        budget: give up after this many edits; none: after as many as the graph has edges.
        context: seed, threads, limits, progress.
        constraints: what must hold of every edit.
        log: called with each edit as it is made.

    Returns:
        The graph, and whether the condition was reached; provenance says so too.

    Example:
        >>> from mixcli.generators.graphs import barbell
        >>> found = rewire_until("fosr", barbell(5), Condition.parse("spectral_gap>=0.2"))
        >>> found.reached, len(found.rewired.edits)
        (True, 2)
    """
    check_every(every)
    context = context or Context()
    rewiring: Rewiring = REWIRINGS.make(method) if isinstance(method, str) else method
    watch = Watch(Following(graph, [condition.column], context, rewiring), condition, every)
    limit = 0 if watch.holds else graph.m if budget is None else budget
    done = apply(rewiring, graph, context=context, budget=limit, constraints=constraints, log=log, stop=watch.stop)
    after = done.graph.replace(provenance=watch.end(done.graph.provenance, done.interrupted))
    return Outcome(dataclasses.replace(done, graph=after), watch.holds, watch.value)
