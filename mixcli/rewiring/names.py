"""Nodes by the names that people and files use for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixcli.errors import InputError

if TYPE_CHECKING:
    from mixcli.graph import Graph

__all__ = ["NodeNames"]


class NodeNames:
    """The nodes of a graph by label where it has labels, else by number.

    Args:
        graph: the graph.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> NodeNames(path(2)).node("1"), NodeNames(path(2).replace(labels=("a", "b"))).node("b")
        (1, 1)
    """

    def __init__(self, graph: Graph) -> None:
        self._n, self._labels = graph.n, graph.labels
        self._node: dict[str, int] = {}
        self._twice: set[str] = set()
        for node, label in enumerate(graph.labels or ()):
            if self._node.setdefault(label, node) != node:
                self._twice.add(label)

    def node(self, name: str, where: str = "") -> int:
        """The node of a name.

        Args:
            name: a label, or a number on a graph without labels.
            where: what to lead a complaint with.

        Raises:
            InputError: there is no such node, or several have this label.
        """
        if self._labels is None:
            if name.isdecimal() and int(name) < self._n:
                return int(name)
            raise InputError(f"a node number, 0 … {self._n - 1}", repr(name), "the graph has no labels", where=where)
        if name in self._twice:
            raise InputError(
                "a label that one node has", f"{name!r} on several", "give them different ones", where=where
            )
        if name not in self._node:
            raise InputError("a label of the graph", repr(name), "name the nodes as its file does", where=where)
        return self._node[name]
