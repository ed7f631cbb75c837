"""A graph put together node by node and edge by edge, for formats that name nodes and let edges carry attributes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixcli.graph import Graph, from_arcs
from mixcli.io.about import About, names_or_none
from mixcli.io.attributes import Columns, Scalar
from mixcli.io.base import Reading
from mixcli.io.directions import as_decided
from mixcli.io.numbers import check_weight, weights_told

__all__ = ["LABELS", "WEIGHTS", "Builder"]

LABELS = ("label", "name")
"""Node attributes that hold its name, the first one found."""

WEIGHTS = ("weight", "value")
"""Edge attributes that hold its conductance, the first one found."""


class Builder:
    """Collects what a file says and makes one Graph of it.

    Args:
        format: catalog name, for provenance.
        reading: what the user decided.
        line_of: the line behind the `mark` of a node or edge, for messages.
        implied_weight: whether the format defines a missing weight as 1, so that it need not be noted.
    """

    def __init__(
        self, format: str, reading: Reading, line_of: Callable[[int], int] = int, *, implied_weight: bool = False
    ) -> None:
        self.format, self.reading, self.line_of, self.implied_weight = format, reading, line_of, implied_weight
        self.directed: bool | None = None
        self.about: dict[str, str] = {}
        self.notes: dict[str, Any] = {}
        self._number: dict[str, int] = {}
        self._nodes, self._edges = Columns(), Columns()
        self._positions: list[tuple[float, ...]] = []
        self._ends: list[tuple[str, str]] = []
        self._marks: list[int] = []
        self._one_way: list[bool | None] = []
        self._graph: dict[str, Scalar] = {}

    def node(self, id: str, attributes: Mapping[str, Scalar | None], mark: int, pos: tuple[float, ...] = ()) -> None:
        """Add a node.

        Raises:
            InputError: its id occurred before.
        """
        if id in self._number:
            raise self._error("different node ids", f"{id[:60]!r} twice", mark)
        self._number[id] = len(self._number)
        self._nodes.add(attributes)
        if pos:
            self._positions.append(pos)

    def edge(
        self,
        source: str,
        target: str,
        attributes: Mapping[str, Scalar | None],
        mark: int,
        directed: bool | None = None,
    ) -> None:
        """Add an edge; `directed` where it says so itself. Its ends may follow later in the file."""
        self._ends.append((source, target))
        self._edges.add(attributes)
        self._marks.append(mark)
        self._one_way.append(directed)

    def graph(self, key: str, value: Scalar) -> None:
        """Add an attribute of the whole graph; those that start with `mixcli_` are ours."""
        if key.startswith("mixcli_") and isinstance(value, str):
            self.about[key.removeprefix("mixcli_")] = value
        else:
            self._graph[key] = value

    def build(self) -> Graph:
        """The graph.

        Raises:
            InputError: an edge to a node that is not there, or a weight that is no conductance.
        """
        n = len(self._number)
        about = About.of_texts(self.about)
        arcs, weight = self._arcs(), self._weight()
        named = self._labels()
        labels = about.labels if about.labels is not None and len(about.labels) == n else named
        payload = self._edges.payload()
        one_way = [self.directed if d is None else d for d in self._one_way]
        file_directed = any(one_way) or (not one_way and bool(self.directed))
        directed = file_directed and self.reading.directed is not False
        both = np.array([not d for d in one_way], dtype=bool)
        if file_directed and both.any():  # an undirected edge among arcs is two arcs
            both &= arcs[:, 0] != arcs[:, 1]
            arcs = np.concatenate([arcs, arcs[both, ::-1]])
            weight = None if weight is None else np.concatenate([weight, weight[both]])
            payload = {key: np.concatenate([values, values[both]]) for key, values in payload.items()}
        node = self._nodes.payload()
        if n and len(self._positions) == n and len(set(map(len, self._positions))) == 1:
            node["pos"] = np.array(self._positions, dtype=np.float64)
        left_out = [*self._nodes.left_out, *self._edges.left_out]
        notes = self.notes | ({"left_out": left_out} if left_out else {})
        graph = from_arcs(
            n, arcs, directed=directed, listing="both" if file_directed else "once", weight=weight, node=node,
            edge=payload, graph={key: np.array([value]) for key, value in self._graph.items()}, labels=labels,
            name=self.reading.name, step=self.reading.step(self.format, **notes), provenance=about.provenance,
            plan=about.plan,
        )  # fmt: skip
        return as_decided(graph, self.reading)

    def _arcs(self) -> NDArray[np.int64]:
        arcs = np.empty((len(self._ends), 2), dtype=np.int64)
        for row, (source, target) in enumerate(self._ends):
            for side, end in enumerate((source, target)):
                number = self._number.get(end)
                if number is None:
                    fix = "add this node, or remove the edge"
                    raise self._error("edges between nodes of the file", f"node {end[:60]!r}", self._marks[row], fix)
                arcs[row, side] = number
        return arcs

    def _labels(self) -> tuple[str, ...] | None:
        ids = list(self._number)
        key = next((k for k in LABELS if k in self._nodes), None)
        if key is not None:
            names = [id if name is None else str(name) for id, name in zip(ids, self._nodes.take(key), strict=True)]
            return names_or_none(names)
        # n0, n1, … is how several programs write 0, 1, ….
        return None if all(id == f"n{i}" for i, id in enumerate(ids)) else names_or_none(ids)

    def _weight(self) -> NDArray[np.float64] | None:
        key = next((k for k in WEIGHTS if k in self._edges), None)
        if key is None:
            return None
        column = self._edges.take(key)
        if not self.reading.weighted:
            return None
        missing = sum(value is None for value in column)
        if missing and not self.implied_weight:
            self.notes["weight_missing"] = missing
        weight = np.ones(len(column))
        for row, value in enumerate(column):
            try:
                weight[row] = 1.0 if value is None else float(value)
            except (ValueError, OverflowError):
                fix = "leave weights unread with --unweighted"
                raise self._error(f"a number as {key}", repr(value)[:60], self._marks[row], fix) from None
        check_weight(weight, self.reading, lambda row: self.line_of(self._marks[row]))
        if not self.about:  # in files of ours there is no doubt
            self.notes |= weights_told(weight, f"attribute {key!r}", doubtful=key == "value")
        return weight

    def _error(self, expected: str, found: str, mark: int, fix: str = "") -> Exception:
        return self.reading.error(expected, found, fix, line=self.line_of(mark))
