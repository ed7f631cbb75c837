"""The budget curve: measures after every so many edits of a rewiring, and where each has its knee."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from mixcli.catalog import REWIRINGS
from mixcli.context import Context
from mixcli.errors import UsageError
from mixcli.numerics.knee import knee
from mixcli.rewiring.base import apply
from mixcli.tracing.columns import Column
from mixcli.tracing.following import Following

if TYPE_CHECKING:
    from mixcli.graph import Graph
    from mixcli.rewiring.base import Constraints, Edit, Rewired, Rewiring
    from mixcli.rewiring.sequence_base import MaskEdit, RewiredSequence
    from mixcli.sequence import TokenGraph

__all__ = ["Followed", "Look", "Rows", "Trace", "check_every", "trace"]

AnyEdit = TypeVar("AnyEdit", "Edit", "MaskEdit")


class Followed(Protocol[AnyEdit]):
    """A graph or masks whose columns are read while they are edited."""

    edits: list[AnyEdit]

    def edit(self, edit: AnyEdit) -> None:
        """Take note of an edit."""

    def look(self) -> dict[str, tuple[float | None, str]]:
        """Column name -> the number now, or None and why."""


@dataclass(frozen=True)
class Look:
    """A row of a trace.

    Args:
        edits: edits made so far.
        step: step of the last one, or None before the first.
        added: how many of them were additions.
        removed: how many were removals.
        values: column -> number, None where it is not defined.
        reasons: column -> why it is not.
    """

    edits: int
    step: int | None
    added: int
    removed: int
    values: Mapping[str, float | None]
    reasons: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def at(cls, now: Followed[Any]) -> Look:
        """The row of what is followed, as it is now."""
        found, edits = now.look(), now.edits
        added = sum(e.op == "add" for e in edits)
        return cls(
            len(edits), edits[-1].step if edits else None, added, len(edits) - added,
            {name: value for name, (value, _) in found.items()},
            {name: reason for name, (_, reason) in found.items() if reason},
        )  # fmt: skip


@dataclass(frozen=True)
class Trace:
    """Measures along the edits of one graph, or of the masks of one sequence.

    Args:
        columns: what was read.
        looks: the rows, the first one before any edit, the last one after all.
        rewired: the graph or the sequence before and after, with the edits.
    """

    columns: tuple[Column, ...]
    looks: tuple[Look, ...]
    rewired: Rewired | RewiredSequence

    @property
    def after(self) -> Graph | TokenGraph:
        """What came of the edits."""
        return self.rewired.sequence if hasattr(self.rewired, "sequence") else self.rewired.graph

    @property
    def knees(self) -> dict[str, int]:
        """Column -> number of edits at its knee, for the columns that have one.

        Rows without a value are passed over. Where a column does not know which way is better, the way it went decides.
        """
        found = {}
        for column in self.columns:
            read = [(look.edits, look.values[column.name]) for look in self.looks]
            rows = [(edits, value) for edits, value in read if value is not None]
            if len(rows) < 3:
                continue
            x, y = [edits for edits, _ in rows], [value for _, value in rows]
            rising = column.better == "higher" if column.better else y[-1] > y[0]
            at = knee(x, y, rising)
            if at is not None:
                found[column.name] = x[at]
        return found


class Rows(Generic[AnyEdit]):
    """The rows of a trace as edits come: one before the first, one after every K, one at the end.

    Args:
        now: what is followed.
        every: K.
    """

    def __init__(self, now: Followed[AnyEdit], every: int) -> None:
        self._now, self._every = now, every
        self._looks = [Look.at(now)]

    def edit(self, edit: AnyEdit) -> None:
        """Take note of an edit."""
        self._now.edit(edit)
        if len(self._now.edits) % self._every == 0:
            self._looks.append(Look.at(self._now))

    def all(self, edits: int, interrupted: bool) -> tuple[Look, ...]:
        """The rows of a rewiring that ended after so many edits; no last look where Ctrl-C ended it."""
        if self._looks[-1].edits < edits and not interrupted:
            self._looks.append(Look.at(self._now))
        return tuple(self._looks)


def check_every(every: int) -> None:
    """Refuse looks that are no edit apart.

    Raises:
        UsageError: it is less than 1.
    """
    if every < 1:
        raise UsageError("at least one edit between two looks", str(every), where="every")


def trace(
    method: Rewiring | str,
    graph: Graph,
    measures: Sequence[str | Column],
    *,
    every: int = 1,
    budget: int | None = None,
    context: Context | None = None,
    constraints: Constraints | None = None,
) -> Trace:
    """Measures before a rewiring, after every K edits and at its end; Ctrl-C keeps the rows so far.

    Args:
        method: the rewiring, or its spec string.
        graph: the graph.
        measures: measure specs, each with `.` and a statistic or a detail where wanted ("balanced_forman.min").
        every: K.
        budget: stop after this many edits, whatever the method's own number of iterations.
        context: seed, threads, limits, progress.
        constraints: what must hold of every edit.

    Cost: the rewiring, and a measurement each K edits, except for what `mixcli.tracing.following` carries along.

    Example:
        >>> from mixcli.generators.graphs import lollipop
        >>> found = trace("fosr:3,converged=true", lollipop(5, 3), ["spectral_gap"])
        >>> [(look.edits, round(look.values["spectral_gap"], 4)) for look in found.looks]
        [(0, 0.1479), (1, 0.3303), (2, 0.4976), (3, 0.6298)]
    """
    check_every(every)
    context = context or Context()
    rewiring: Rewiring = REWIRINGS.make(method) if isinstance(method, str) else method
    columns = tuple(m if isinstance(m, Column) else Column.parse(m) for m in measures)
    rows = Rows(Following(graph, columns, context, rewiring), every)
    done = apply(rewiring, graph, context=context, budget=budget, constraints=constraints, log=rows.edit)
    return Trace(columns, rows.all(len(done.edits), done.interrupted), done)
