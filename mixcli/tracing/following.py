"""The columns of a graph that is being edited: followed locally where that pays, else measured anew at each look.

Followed: Balanced Forman curvature, recomputed near each edit; effective resistances and the Kirchhoff index by
rank-one updates, on a connected graph of up to 2,000 nodes. The first equals the full computation bit for bit, the
second up to rounding.
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
    from mixcli.rewiring.base import Edit
    from mixcli.tracing.columns import Column

__all__ = ["Following"]

DENSE = 2000
"""Largest graph whose resistances are followed: a table of n² numbers."""


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

    def __init__(self, graph: Graph, columns: Sequence[Column], context: Context) -> None:
        self.base, self.columns = graph.replace(edge={}), columns
        self.context = dataclasses.replace(context, progress=lambda what, done, total: None, _memo={})
        self.edits: list[Edit] = []
        self._followers: dict[object, Follower] = {}
        for column in columns:
            key = _kind(column)
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
    return _Resistance(graph) if context.limits.allows(memory=32.0 * graph.n**2) and 1 < graph.n <= DENSE else None


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
        self.live: LiveResistance | None = None

    def edit(self, edit: Edit) -> None:
        pair = (edit.u, edit.v)
        if edit.op == "add":
            if self.weight is not None:
                self.weight[pair] = 1.0
            if self.live is not None:
                self.live.add(*pair)
            return
        conductance = self.weight.pop(pair) if self.weight is not None else 1.0
        if self.live is not None and not self.live.remove(*pair, conductance):
            self.live = None

    def values(self, measure: Measure, graph: Graph) -> Values | None:
        from mixcli.numerics.live_resistance import LiveResistance

        if self.live is None:
            if graph.components.count != 1:
                return None
            self.live = LiveResistance(graph)
        if measure.level == "graph":
            return Values("graph", self.live.kirchhoff)
        return Values("edge", np.maximum(self.live.between(graph.edges), 0.0))
