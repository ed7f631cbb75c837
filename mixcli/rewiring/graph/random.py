"""Random edges: the control that every rewiring has to beat."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mixcli.numerics.neighbours import Neighbours
from mixcli.rewiring.base import Edit, Rewiring, topology_rng
from mixcli.spec import param

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from mixcli.context import Context
    from mixcli.graph import Graph
    from mixcli.rewiring.base import Rules

__all__ = ["RandomEdges"]

PATIENCE = 1000
"""Draws in a row that constraints may spoil before the allowed pairs are listed."""

REASON = "drawn at random"


@dataclass(frozen=True)
class RandomEdges(Rewiring):
    """Add edges drawn uniformly from the pairs that are not joined yet.

    Equation: P(uv) = 1 / |{pairs that are no edge}| at each step.

    Stated rules: pairs are drawn until one is no edge; once half of all pairs are edges, the missing ones are listed
    instead, so that the draw stays exact and quick up to the complete graph, where it stops. Under constraints it draws
    uniformly from the allowed pairs, which are listed once a thousand draws in a row were spoilt. Joins components and
    isolated nodes like any other pair; a complete graph, or a single node, gets nothing. Weights play no role and are
    kept.

    Args:
        iterations: edges to add.

    Yields:
        Additions; the score is 0 for all of them.

    Cost: O(1) per edge, O(n + m) memory.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> from mixcli.rewiring.base import rewire
        >>> rewire(path(4), "random:iterations=9").graph.m
        6

    Source: the Erdős–Rényi process started from a given graph; as a control for rewiring it is our choice.
    """

    iterations: int = param(10, "edges to add", ge=0)

    cost = "O(1) per edge"
    equation = "P(uv) = 1 / number of pairs that are no edge"
    cites = "Erdős & Rényi, Publ. Math. Debrecen 6 (1959), the process G(n, m) -> G(n, m+1)"
    score = "0"

    def edits(self, graph: Graph, context: Context, rules: Rules) -> Iterator[Edit]:
        rng = topology_rng(context, "random", graph)
        around = Neighbours(graph)
        added = refused = 0
        while added < self.iterations and 2 * (graph.m + added) < _pairs(graph.n) and refused < PATIENCE:
            u, v = _pair(rng, graph.n)
            refused += 1
            if v not in around[u] and rules.may_add(u, v):
                around.add(u, v)
                yield Edit("add", u, v, 0.0, added, REASON)
                added, refused = added + 1, 0
        if added == self.iterations or graph.m + added == _pairs(graph.n):
            return
        missing = _missing(graph.n, around, rules, context)
        while added < self.iterations and missing:
            at = int(rng.integers(len(missing)))
            missing[at], missing[-1] = missing[-1], missing[at]
            u, v = divmod(missing.pop(), graph.n)
            if rules.may_add(u, v):  # a pair that was closed in the meantime stays closed
                yield Edit("add", u, v, 0.0, added, REASON)
                added += 1


def _pairs(n: int) -> int:
    return n * (n - 1) // 2


def _pair(rng: Generator, n: int) -> tuple[int, int]:
    """Two distinct nodes, the smaller first."""
    u, v = int(rng.integers(n)), int(rng.integers(n - 1))
    v += v >= u
    return (u, v) if u < v else (v, u)


def _missing(n: int, around: Neighbours, rules: Rules, context: Context) -> list[int]:
    """u·n + v of all pairs u < v that are no edge, of nodes that may get one.

    Without constraints only called where these pairs are at most as many as the edges.
    """
    may = np.ones(n, dtype=bool) if rules.open is None else rules.open
    pairs = _pairs(int(may.sum()))
    if rules:
        context.limits.check(
            "random under constraints", memory=16.0 * pairs, operations=4.0 * pairs, instead="loosen the constraints"
        )
    sides = None if rules.constraints.sides is None else np.array(rules.constraints.sides)
    rows: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
    for u in np.flatnonzero(may[:-1]).tolist():
        free = may.copy()
        free[: u + 1] = False
        free[list(around[u])] = False
        if sides is not None:
            free &= sides != sides[u]
        rows.append(np.flatnonzero(free) + u * n)
    return np.concatenate(rows).tolist()
