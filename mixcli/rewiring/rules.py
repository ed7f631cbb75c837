"""Hard constraints: what a rewiring must not do to a graph, asked before each edit and told of each edit made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mixcli.errors import UsageError
from mixcli.graph import not_directed
from mixcli.numerics.connected import connected
from mixcli.numerics.neighbours import Neighbours

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.graph import Graph
    from mixcli.rewiring.edits import Edit

__all__ = ["Constraints", "Rules"]


@dataclass(frozen=True)
class Constraints:
    """What must hold of every edit.

    Args:
        max_degree: no edge is added at a node that has this many neighbours already.
        forbidden: pairs that are never joined.
        keep_connected: no removal may split a component.
        sides: (n,) side of each node; edges are only added between different sides.

    Example:
        >>> bool(Constraints()), bool(Constraints(max_degree=8))
        (False, True)
    """

    max_degree: int | None = None
    forbidden: frozenset[tuple[int, int]] = frozenset()
    keep_connected: bool = False
    sides: tuple[int, ...] | None = None

    def __bool__(self) -> bool:
        return self != Constraints()

    def to_json(self) -> dict[str, Any]:
        """What is constrained, for provenance; long lists as their length."""
        out: dict[str, Any] = {}
        if self.max_degree is not None:
            out["max_degree"] = self.max_degree
        if self.forbidden:
            out["forbidden_pairs"] = len(self.forbidden)
        if self.keep_connected:
            out["keep_connected"] = True
        if self.sides is not None:
            out["sides"] = len(set(self.sides))
        return out

    def check(self, graph: Graph) -> None:
        """Refuse constraints that do not fit a graph.

        Raises:
            NotApplicable: the graph is directed.
            UsageError: a negative cap, sides of another length, or a forbidden pair of nodes that are not there.
        """
        if self and graph.directed:
            raise not_directed("constraints", graph.name)
        if self.max_degree is not None and self.max_degree < 0:
            raise UsageError("a degree cap >= 0", str(self.max_degree))
        if self.sides is not None and len(self.sides) != graph.n:
            raise UsageError(f"a side for each of {graph.n} nodes", str(len(self.sides)), where=graph.name)
        wrong = [pair for pair in self.forbidden if not 0 <= min(pair) <= max(pair) < graph.n]
        if wrong:
            raise UsageError(f"forbidden pairs of the nodes 0 … {graph.n - 1}", str(min(wrong)), where=graph.name)


class Rules:
    """Constraints on one graph while it is being edited.

    A method asks `may_add` and `may_remove` before it yields an edit, and passes over what is not allowed; `apply`
    tells `done` of each edit, before the method goes on. Without constraints everything is allowed and asking is free.

    Args:
        graph: the graph at the start.
        constraints: what must hold.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> rules = Rules(path(4), Constraints(max_degree=2, keep_connected=True))
        >>> rules.may_add(0, 3), rules.may_add(0, 2), rules.may_remove(1, 2)
        (True, False, False)
    """

    def __init__(self, graph: Graph, constraints: Constraints | None = None) -> None:
        self.constraints = constraints or Constraints()
        self.constraints.check(graph)
        self._around = Neighbours(graph)
        self._degree = graph.degree.copy() if self.constraints.max_degree is not None else None
        self._forbidden = {(min(p), max(p)) for p in self.constraints.forbidden}

    def __bool__(self) -> bool:
        return bool(self.constraints)

    @property
    def open(self) -> NDArray[np.bool_] | None:
        """(n,) nodes that may get another edge, or None where all may."""
        return None if self._degree is None else self._degree < self.constraints.max_degree

    def may_add(self, u: int, v: int) -> bool:
        """Whether the constraints allow to join two nodes; says nothing of whether they are joined already."""
        limits = self.constraints
        if self._degree is not None and max(self._degree[u], self._degree[v]) >= (limits.max_degree or 0):
            return False
        if limits.sides is not None and limits.sides[u] == limits.sides[v]:
            return False
        return (min(u, v), max(u, v)) not in self._forbidden

    def may_remove(self, u: int, v: int) -> bool:
        """Whether the constraints allow to take an edge away."""
        return not self.constraints.keep_connected or connected(self._around, u, v, without=True)

    def done(self, edit: Edit) -> None:
        """Take note of an edit."""
        if not self.constraints:
            return
        change = 1 if edit.op == "add" else -1
        (self._around.add if change > 0 else self._around.remove)(edit.u, edit.v)
        if self._degree is not None:
            self._degree[[edit.u, edit.v]] += change

    def allowed(self, edit: Edit) -> bool:
        """Whether an edit keeps to the constraints."""
        return (self.may_add if edit.op == "add" else self.may_remove)(edit.u, edit.v)

    def filter_pairs(self, pairs: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
        """The pairs that may be joined."""
        return [pair for pair in pairs if self.may_add(*pair)]
