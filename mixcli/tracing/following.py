"""The columns of a graph that is being edited: followed locally where that pays, else measured anew at each look.

Followed: Balanced Forman curvature, recomputed near each edit; effective resistances and the Kirchhoff index by
rank-one updates, on a connected graph of up to 4,000 nodes and while looks are few edits apart. The first equals the
full computation bit for bit, the second up to rounding.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from mixcli.measures.base import Values
from mixcli.measures.graph.balanced_forman import BalancedForman
from mixcli.measures.graph.effective_resistance import EffectiveResistance
from mixcli.measures.graph.kirchhoff import Kirchhoff
from mixcli.rewiring.base import apply_edits

if TYPE_CHECKING:
    from mixcli.context import Context
    from mixcli.graph import Graph
    from mixcli.measures.base import Measure
    from mixcli.numerics.live_resistance import LiveResistance
    from mixcli.rewiring.base import Edit, Rewiring
    from mixcli.tracing.columns import Column

__all__ = ["Following"]

DENSE = 4000
"""Largest graph whose resistances are followed: two tables of n² numbers."""

APART = 250
"""A look n / APART edits after the last one is cheaper measured anew than updated edit by edit."""


class Follower(Protocol):
    """A measure that is carried along the edits."""

    def edit(self, edit: Edit) -> None:
        """Take note of an edit."""

    def values(self, measure: Measure, graph: Graph) -> Values | None:
        """What the measure would give on the graph as it is now; None where it has to be measured."""


class Following:
    """Reads columns off a graph while it is edited.

    Args:
        graph: the graph at the start.
        columns: what to read.
        context: seed, threads, limits.
        method: what edits it, which counts where it also gives the edges new weights.

    Example:
        >>> from mixcli.context import Context
        >>> from mixcli.generators.graphs import cycle
        >>> from mixcli.rewiring.base import Edit
        >>> from mixcli.tracing.columns import Column
        >>> now = Following(cycle(4), [Column.parse("kirchhoff")], Context())
        >>> now.edit(Edit("add", 0, 2, 0.0, 0))
        >>> round(now.look()["kirchhoff"][0], 12)
        4.0
    """

    def __init__(
        self, graph: Graph, columns: Sequence[Column], context: Context, method: Rewiring | None = None
    ) -> None:
        self.base, self.columns = graph.replace(edge={}), columns
        reweighs = method is not None and method.will_weigh()
        self._weigh = (lambda after: method.weigh(self.base, after, context)) if method is not None else None
        self.context = dataclasses.replace(context, progress=lambda what, done, total: None, _memo={})
        self.edits: list[Edit] = []
        self._followers: dict[object, Follower] = {}
        for column in columns:
            key = None if reweighs else _kind(column)
            if key is not None and key not in self._followers:
                made = _follower(column.measure, self.base, self.context)
                if made is not None:
                    self._followers[key] = made

    def edit(self, edit: Edit) -> None:
        """Take note of an edit."""
        self.edits.append(edit)
        for follower in self._followers.values():
            follower.edit(edit)

    def look(self) -> dict[str, tuple[float | None, str]]:
        """Column name -> the number now, or None and why."""
        graph = apply_edits(self.base, self.edits) if self.edits else self.base
        if self.edits and self._weigh is not None:
            graph = self._weigh(graph)
        self.context.forget()
        out = {}
        for column in self.columns:
            follower = self._followers.get(_kind(column))
            values = follower.values(column.measure, graph) if follower is not None else None
            out[column.name] = column.read(values or column.measure(graph, self.context))
        return out


def _kind(column: Column) -> object:
    """Columns of one kind share a follower; None where there is none for it."""
    measure = column.measure
    if isinstance(measure, BalancedForman):
        return measure
    details = column.part and measure.level == "graph"
    if isinstance(measure, (EffectiveResistance, Kirchhoff)) and measure.method in ("auto", "exact") and not details:
        return "resistance"
    return None


def _follower(measure: Measure, graph: Graph, context: Context) -> Follower | None:
    if graph.directed:
        return None
    if isinstance(measure, BalancedForman):
        return _Curvature(measure, graph, context)
    return _Resistance(graph) if context.limits.allows(memory=24.0 * graph.n**2) and 1 < graph.n <= DENSE else None


class _Curvature:
    def __init__(self, measure: BalancedForman, graph: Graph, context: Context) -> None:
        from mixcli.numerics.local_curvature import LocalCurvature

        self.state = LocalCurvature(graph, measure.variant, context.thread_count)

    def edit(self, edit: Edit) -> None:
        (self.state.add if edit.op == "add" else self.state.remove)(edit.u, edit.v)

    def values(self, measure: Measure, graph: Graph) -> Values | None:
        return Values("edge", self.state.values()[1])


class _Resistance:
    """Rank-one updates while the graph is connected; a new table is made when a look needs one."""

    def __init__(self, graph: Graph) -> None:
        self.weight = None
        if graph.weight is not None:
            self.weight = {tuple(e): w for e, w in zip(graph.edges.tolist(), graph.weight.tolist(), strict=True)}
        self.few = 1 + graph.n // APART
        self.live: LiveResistance | None = None
        self.pending: list[tuple[int, int, float]] = []  # conductances since the last look, negative where taken away

    def edit(self, edit: Edit) -> None:
        pair, change = (edit.u, edit.v), 1.0
        if edit.op == "remove":
            change = -(self.weight.pop(pair) if self.weight is not None else 1.0)
        elif self.weight is not None:
            self.weight[pair] = 1.0
        self.pending.append((*pair, change))

    def values(self, measure: Measure, graph: Graph) -> Values | None:
        self._catch_up(graph)
        if self.live is None:
            return None
        if measure.level == "graph":
            return Values("graph", self.live.kirchhoff)
        return Values("edge", np.maximum(self.live.between(graph.edges), 0.0))

    def _catch_up(self, graph: Graph) -> None:
        from mixcli.numerics.live_resistance import LiveResistance

        pending, self.pending = self.pending, []
        if len(pending) > self.few or graph.components.count != 1:
            self.live = None
            return
        for u, v, change in pending:
            if self.live is not None and not self.live.change(u, v, change):
                self.live = None
        if self.live is None:
            self.live = LiveResistance(graph)
