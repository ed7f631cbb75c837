"""Effective-resistance rewiring."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from mixcli.numerics.pair_table import BRIDGE, TIE, PairTable, ahead, component_tables
from mixcli.rewiring.base import Edit, Rewiring
from mixcli.spec import param

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.context import Context
    from mixcli.graph import Graph
    from mixcli.rewiring.base import Rules

__all__ = ["ERR"]

Found = tuple[float, int, int]

INSTEAD = "use gtr:search=candidates to add by the resistances of candidate pairs, or proxy:mode=delete to remove"


@dataclass(frozen=True)
class ERR(Rewiring):
    """Join the two nodes that are electrically farthest apart, and take away the edge that matters least.

    Equation: add argmax R_uv over the pairs of a component that are no edge, then remove argmin R_uv over the edges,
    R being the effective resistance of the graph as it is at that moment.

    Every pair is looked at in every step; resistances follow each edit by a rank-1 update in place. Resistances that
    agree to 1e-10 tie, and the smallest (u, v) wins.

    Stated rules (all ours): components are never joined, since their resistance is infinite; an edge without which a
    component falls apart is never removed; an edge that was added is not removed again nor one that was removed added,
    so that it cannot go in circles; it stops where there is nothing to add or nothing to remove, so that with
    `mode=both` the number of edges is kept. Weights are conductances and decide; an added edge has conductance 1.

    Args:
        iterations: steps.
        mode: "both": an addition and a removal a step; "add" or "delete": one of the two.

    Yields:
        Additions and removals in turn; the score is R_uv just before the edit.

    Raises:
        LimitExceeded: an n x n table is over the limit, as from some 7,000 nodes in a component by default.

    Cost: n³ operations once, then O(n²) per edit; 9 n² bytes, n being the nodes of the largest component. Nothing here
    is estimated; beyond the limit `gtr:search=candidates` adds edges by resistances among candidate pairs.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> from mixcli.rewiring.base import rewire
        >>> [(e.op, e.u, e.v, round(e.score, 9)) for e in rewire(path(4), "err:iterations=1").edits]
        [('add', 0, 3, 3.0), ('remove', 0, 1, 0.75)]

    Source: the rule is that of "effective resistance rewiring" (arXiv 2603.11944, 2026), known to us from its abstract;
    order within a step, ties, bridges and what may not be undone are our choices.
    """

    iterations: int = param(10, "steps", ge=0)
    mode: Literal["both", "add", "delete"] = param("both", "add and delete in turn, or one of the two only")

    removes = True
    seeded = False
    cost = "n³ once, then O(n²) per edit; 9 n² bytes"
    equation = "add argmax R over unjoined pairs of a component, remove argmin R over edges"
    cites = "Effective resistance rewiring, arXiv 2603.11944 (2026)"
    score = "effective resistance just before the edit"

    def edits(self, graph: Graph, context: Context, rules: Rules) -> Iterator[Edit]:
        size = int(graph.components.sizes.max(initial=0))
        what = f"err with the resistances of all pairs of a component of {size} nodes"
        network = _Network(graph, component_tables(graph, "resistance", context.limits, what, INSTEAD), rules)
        for step in range(self.iterations):
            if self.mode != "delete":
                found = network.farthest()
                if found is None:
                    return
                yield Edit("add", found[1], found[2], found[0], step, "farthest apart")
                network.change(found[1], found[2], 1.0)
            if self.mode != "add":
                found = network.least()
                if found is None:
                    return
                yield Edit("remove", found[1], found[2], found[0], step, "least resistance")
                network.remove(found[1], found[2])


class _Network:
    """Components with their tables and the edges that may go."""

    def __init__(self, graph: Graph, tables: dict[int, PairTable], rules: Rules) -> None:
        self._of_node = graph.components.of_node
        self._tables, self._rules = tables, rules
        self._edges = graph.edges
        self._weight = np.ones(graph.m) if graph.weight is None else graph.weight
        by_component = self._of_node[graph.edges[:, 0]] if graph.m else np.zeros(0, np.int64)
        self._rows = _split(by_component)
        self._stays = np.zeros(graph.m, dtype=bool)
        self._resistance: NDArray[np.float64] = np.full(graph.m, np.inf)
        self._best: dict[int, Found | None] = {}
        self._stale = set(tables)

    def farthest(self) -> Found | None:
        """The unjoined pair of greatest resistance."""
        allowed = self._rules.may_add if self._rules else None
        best: Found | None = None
        for c, table in self._tables.items():
            if c not in self._best:
                self._best[c] = table.best(allowed)
            found = self._best[c]
            if found is None:
                continue
            if best is None or ahead(found[0], best[0]) or (not ahead(best[0], found[0]) and found[1:] < best[1:]):
                best = found
        return best

    def least(self) -> Found | None:
        """The edge of least resistance that may go."""
        for c in self._stale:
            rows = self._rows[c]
            value = self._tables[c].resistances(self._edges[rows])
            bridge = self._weight[rows] * value > 1.0 - BRIDGE
            self._resistance[rows] = np.where(self._stays[rows] | bridge, np.inf, value)
        self._stale.clear()
        left = self._resistance.copy()
        while len(left):
            lowest = left.min()
            if lowest == np.inf:
                return None
            row = int((left <= lowest * (1.0 + TIE)).argmax())
            u, v = self._edges[row].tolist()
            if not self._rules or self._rules.may_remove(u, v):
                return float(left[row]), u, v
            left[row] = np.inf
        return None

    def change(self, u: int, v: int, conductance: float) -> None:
        """Take note of another conductance between two nodes."""
        c = int(self._of_node[u])
        self._tables[c].change(u, v, conductance)
        self._best.pop(c, None)
        self._stale.add(c)

    def remove(self, u: int, v: int) -> None:
        """Take away an edge of the graph at the start."""
        row = int(np.flatnonzero((self._edges[:, 0] == u) & (self._edges[:, 1] == v))[0])
        self._stays[row] = True
        self.change(u, v, -float(self._weight[row]))


def _split(labels: NDArray[np.int64]) -> dict[int, NDArray[np.int64]]:
    """Rows by label."""
    order = np.argsort(labels, kind="stable")
    cuts = np.flatnonzero(np.diff(labels[order])) + 1
    return {int(labels[rows[0]]): rows for rows in np.split(order, cuts) if len(rows)}
