"""What our own files say about a graph beside its edges: one line of JSON in a comment.

`# mixcli: {"nodes":5,"edges":4,"directed":false,"labels":[…],"provenance":[…]}`. Other programs skip the comment;
reading it back restores isolated nodes, direction, node names, provenance and layer plan where the format has no place
for them, and shows whether edges are missing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mixcli.graph import Graph, LayerPlan
from mixcli.provenance import Step, dumps, loads

if TYPE_CHECKING:
    from mixcli.io.base import Reading

__all__ = ["MARK", "About", "faithful", "names_or_none", "number"]

MARK = "mixcli: {"
"""Start of the line, after the comment sign of the format."""


@dataclass(frozen=True)
class About:
    """The content of the line.

    Args:
        nodes: number of nodes.
        edges: number of edges, by which a file that was cut shows itself.
        directed: whether edges have a direction.
        labels: names of the nodes in order.
        named: whether the edges name their ends by label rather than by number.
        provenance: what was done to the graph.
        plan: its layer plan.
    """

    nodes: int | None = None
    edges: int | None = None
    directed: bool | None = None
    labels: tuple[str, ...] | None = None
    named: bool = False
    provenance: tuple[Step, ...] = ()
    plan: LayerPlan = field(default_factory=LayerPlan)

    @classmethod
    def of(cls, graph: Graph, *, labels: bool = True, named: bool = False) -> About:
        """What there is to say about a graph; `labels=False` where the format itself holds them faithfully."""
        names = graph.labels if labels else None
        return cls(graph.n, graph.m, graph.directed, names, named, graph.provenance, graph.plan)

    def __str__(self) -> str:
        facts: dict[str, Any] = {"nodes": self.nodes, "edges": self.edges, "directed": self.directed}
        facts["labels"] = self.labels
        facts |= {"named": self.named or None, "plan": self.plan.to_json() or None}
        facts |= {"provenance": [s.to_json() for s in self.provenance] or None}
        line = json.dumps({k: v for k, v in facts.items() if v is not None}, separators=(",", ":"))
        return f"mixcli: {line}"

    def texts(self) -> dict[str, str]:
        """The same for formats with attributes of the whole graph: key -> JSON, without what they hold anyway."""
        facts = {"labels": self.labels, "plan": self.plan.to_json() or None}
        texts = {key: json.dumps(value, separators=(",", ":")) for key, value in facts.items() if value is not None}
        return texts | ({"provenance": dumps(self.provenance)} if self.provenance else {})

    @classmethod
    def of_texts(cls, texts: Mapping[str, str]) -> About:
        """Inverse of `texts`."""
        labels, plan = _json(texts.get("labels", "")), _json(texts.get("plan", ""))
        return cls(
            labels=tuple(map(str, labels)) if isinstance(labels, list) else None,
            plan=LayerPlan.from_json(plan) if isinstance(plan, dict) else LayerPlan(),
            provenance=loads(texts.get("provenance", "")),
        )

    @classmethod
    def find(cls, comments: Iterable[str]) -> About:
        """The first line of ours among comments; an empty About where there is none."""
        for comment in comments:
            _, mark, rest = comment.partition(MARK)
            if mark:
                return cls.loads("{" + rest)
        return cls()

    @classmethod
    def loads(cls, text: str) -> About:
        """Inverse of `str`; what is not ours says nothing, since a comment must never stop a read."""
        data = _json(text)
        if not isinstance(data, dict):
            return cls()
        nodes, edges = _count(data.get("nodes")), _count(data.get("edges"))
        directed, labels = data.get("directed"), data.get("labels")
        steps, plan = data.get("provenance"), data.get("plan")
        return cls(
            nodes,
            edges,
            directed if isinstance(directed, bool) else None,
            tuple(map(str, labels)) if isinstance(labels, list) and len(labels) == nodes else None,
            data.get("named") is True,
            tuple(Step.from_json(s) for s in steps if isinstance(s, dict)) if isinstance(steps, list) else (),
            LayerPlan.from_json(plan) if isinstance(plan, dict) else LayerPlan(),
        )

    def check_edges(self, found: int, reading: Reading, *, arcs: bool = False) -> None:
        """Refuse a file that lists another number of edges than the line says.

        Args:
            found: edges that the file lists.
            reading: for the message.
            arcs: whether the format lists an undirected edge in both directions.

        Raises:
            InputError: the numbers differ.
        """
        if self.edges is None:
            return
        stated = self.edges * (2 if arcs and self.directed is False else 1)
        if found != stated:
            fix = "the file may be cut: fetch or write it again, or remove that comment if the edges are right"
            raise reading.error(f"{stated} {'arcs' if arcs else 'edges'} as the mixcli comment says", str(found), fix)


def _count(value: Any) -> int | None:
    return value if type(value) is int and value >= 0 else None


def _json(text: str) -> Any:
    """Parsed JSON; None where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def names_or_none(names: Iterable[str]) -> tuple[str, ...] | None:
    """Node names as a tuple, or None where they only repeat the numbers 0 … n-1."""
    kept = tuple(names)
    return None if all(name == str(i) for i, name in enumerate(kept)) else kept


def number(value: float) -> str:
    """The shortest decimal that reads back as the same float; whole numbers without a point.

    Example:
        >>> number(3.0), number(0.1)
        ('3', '0.1')
    """
    text = repr(float(value))
    return text.removesuffix(".0")


def faithful(graph: Graph, written: Callable[[str], str]) -> tuple[list[str], bool]:
    """Node names as a format can write them, and whether the labels of the graph are read back from them.

    Args:
        graph: with labels, or with its node numbers for names.
        written: what a name is read back as after it was written.
    """
    names = [str(i) for i in range(graph.n)] if graph.labels is None else [written(name) for name in graph.labels]
    return names, names_or_none(names) == graph.labels
