"""The budget curve: measures after every so many edits of a rewiring, and where each has its knee."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

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
    from mixcli.rewiring.sequence_base import RewiredSequence
    from mixcli.sequence import TokenGraph

__all__ = ["Look", "Trace", "trace"]


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
    if every < 1:
        raise UsageError("at least one edit between two looks", str(every), where="every")
    context = context or Context()
    rewiring: Rewiring = REWIRINGS.make(method) if isinstance(method, str) else method
    columns = tuple(m if isinstance(m, Column) else Column.parse(m) for m in measures)
    now = Following(graph, columns, context, rewiring)
    looks = [_look(now)]

    def watch(edit: Edit) -> None:
        now.edit(edit)
        if len(now.edits) % every == 0:
            looks.append(_look(now))

    done = apply(rewiring, graph, context=context, budget=budget, constraints=constraints, log=watch)
    if looks[-1].edits < len(done.edits) and not done.interrupted:
        looks.append(_look(now))
    return Trace(columns, tuple(looks), done)


def _look(now: Following) -> Look:
    found = now.look()
    added = sum(e.op == "add" for e in now.edits)
    return Look(
        len(now.edits), now.edits[-1].step if now.edits else None, added, len(now.edits) - added,
        {name: value for name, (value, _) in found.items()},
        {name: reason for name, (_, reason) in found.items() if reason},
    )  # fmt: skip
