"""GraphML (Brandes et al., 2002): nodes and edges with typed data.

Types that GraphML does not define (`vector_float` …) are kept as text. `weight` or `value` of an edge is its
conductance, `label` or `name` of a node its name; edges may override `edgedefault`. Document types are refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from numpy.typing import NDArray

from mixcli.graph import Graph
from mixcli.io.about import About, faithful, number
from mixcli.io.attributes import Scalar, is_scalar, texts
from mixcli.io.base import WHOLE_GRAPH, Format, Reading
from mixcli.io.builder import LABELS, WEIGHTS, Builder
from mixcli.io.checks import one
from mixcli.io.markup import attribute, content, elements, looks_like, written

__all__ = ["FORMAT"]

NAMESPACE = "http://graphml.graphdrawing.org/xmlns"
_RESERVED = {"node": set(LABELS), "edge": set(WEIGHTS), "graph": set()}


@dataclass(frozen=True)
class _Key:
    """A declared attribute: its name, type, the elements it is for, and the value where it is missing."""

    name: str
    type: str
    domain: str
    default: Scalar | None = None


def _sniff(head: bytes) -> bool:
    return looks_like(head, "graphml")


def parse_typed(text: str, type: str, reading: Reading, line: int) -> Scalar | None:
    """A value of a declared type; text of a type that is none of the known ones stays text.

    Raises:
        InputError: the text is no value of its type.
    """
    word = text.strip()
    try:
        match type:
            case "boolean" | "bool":
                return {"true": True, "1": True, "false": False, "0": False}[word.lower()]
            case "int" | "integer" | "long":
                return int(word) if word else None
            case "float" | "double":
                return (float.fromhex(word) if "0x" in word.lower() else float(word)) if word else None
            case _:
                return text
    except (ValueError, KeyError, OverflowError):
        raise reading.error(f"a value of type {type}", repr(word[:40]), line=line) from None


class _Reader:
    """Turns elements into graphs; one object per file."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.keys: dict[str, _Key] = {}
        self.builder: Builder | None = None
        self.graphs = self.depth = 0
        self.owners: list[tuple[str, dict[str, str], dict[str, Scalar | None], int]] = []
        self.key = ""

    def read(self, stream: BinaryIO) -> Iterator[Graph]:
        for name, attributes, text, line in elements(stream, self.reading):
            if attributes is not None:
                self.open(name, attributes, line)
            elif name == "graph":
                self.depth -= 1
                if self.depth == 0 and self.builder is not None:
                    yield self.builder.build()
                    self.builder, self.graphs = None, self.graphs + 1
            else:
                self.close(name, text, line)
        if not self.graphs:
            raise self.reading.error("a <graph>", "none", "check the format")

    def open(self, name: str, attributes: dict[str, str], line: int) -> None:
        if name == "key":
            id = attributes.get("id", "")
            label = attributes.get("attr.name", id)
            self.keys[id] = _Key(label, attributes.get("attr.type", "string"), attributes.get("for", "all"))
            self.key = id
        elif name == "graph":
            self.depth += 1
            if self.builder is None:
                self.builder = Builder("graphml", self.reading)
                self.builder.directed = attributes.get("edgedefault", "undirected") == "directed"
            else:
                self.builder.notes["nested_graphs"] = self.builder.notes.get("nested_graphs", 0) + 1
        elif name in ("node", "edge"):
            self.owners.append((name, attributes, {}, line))
        elif name == "data":
            self.key = attributes.get("key", "")
        elif name == "hyperedge":
            raise self.reading.error("edges with two ends", "<hyperedge>", line=line)

    def close(self, name: str, text: str, line: int) -> None:
        if name == "default" and self.key in self.keys:
            key = self.keys[self.key]
            value = parse_typed(text, key.type, self.reading, line)
            self.keys[self.key] = _Key(key.name, key.type, key.domain, value)
        elif name == "data":
            self.data(text, line)
        elif name in ("node", "edge") and self.owners:
            self.add(*self.owners.pop())

    def data(self, text: str, line: int) -> None:
        key = self.keys.get(self.key)
        if key is None:
            raise self.reading.error("data of a declared key", repr(self.key[:40]), "add its <key>", line=line)
        value = parse_typed(text, key.type, self.reading, line)
        if self.owners:
            self.owners[-1][2].setdefault(key.name, value)
        elif self.builder is not None and value is not None:
            self.builder.graph(key.name, value)

    def add(self, kind: str, attributes: dict[str, str], data: dict[str, Scalar | None], line: int) -> None:
        if self.builder is None:
            raise self.reading.error("nodes and edges inside <graph>", f"<{kind}> outside", line=line)
        for key in self.keys.values():
            if key.default is not None and key.domain in (kind, "all"):
                data.setdefault(key.name, key.default)
        needed = ("id",) if kind == "node" else ("source", "target")
        missing = next((word for word in needed if word not in attributes), None)
        if missing is not None:
            raise self.reading.error(f"<{kind}> with {' and '.join(needed)}", f"no {missing}", line=line)
        if kind == "node":
            self.builder.node(attributes["id"], data, line)
        else:
            word = attributes.get("directed")
            directed = None if word is None else word.lower() in ("true", "1")
            self.builder.edge(attributes["source"], attributes["target"], data, line, directed)


def _read(stream: BinaryIO, reading: Reading) -> Iterator[Graph]:
    yield from _Reader(reading).read(stream)


_TYPES = {"b": "boolean", "U": "string", "i": "long", "u": "long", "f": "double"}


class _Keys:
    """Declares attributes on the way and writes their values."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def declare(self, domain: str, name: str, type: str) -> str:
        id = f"d{len(self.lines)}"
        self.lines.append(f'  <key id="{id}" for="{domain}" attr.name={attribute(name)} attr.type="{type}"/>')
        return id

    def table(self, domain: str, payload: dict[str, NDArray[Any]]) -> list[tuple[str, list[str]]]:
        return [(self.declare(domain, k, _TYPES[values.dtype.kind]), texts(values)) for k, values in payload.items()]


def _data(pairs: Iterable[tuple[str, str]]) -> str:
    return "".join(f'<data key="{key}">{content(text)}</data>' for key, text in pairs)


def _write(graphs: Iterable[Graph], stream: BinaryIO) -> None:
    graph = one(graphs, "graphml")
    keys = _Keys()
    names, kept = faithful(graph, written)
    node, edge = keys.table("node", FORMAT.payload(graph, "node")), keys.table("edge", FORMAT.payload(graph, "edge"))
    if graph.labels is not None:
        node = [(keys.declare("node", "label", "string"), names), *node]
    if graph.weight is not None:
        edge = [(keys.declare("edge", "weight", "double"), [number(w) for w in graph.weight.tolist()]), *edge]
    facts = {f"mixcli_{key}": text for key, text in About.of(graph, labels=not kept).texts().items()}
    whole = [(keys.declare("graph", key, "string"), text) for key, text in facts.items()]
    whole += [(key, values[0]) for key, values in keys.table("graph", FORMAT.payload(graph, "graph"))]
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<graphml xmlns="{NAMESPACE}">', *keys.lines]
    lines.append(f'  <graph edgedefault="{"directed" if graph.directed else "undirected"}">')
    lines += [f"    {_data([pair])}" for pair in whole]
    for i in range(graph.n):
        lines.append(f'    <node id="n{i}">{_data((key, column[i]) for key, column in node)}</node>')
    for k, (u, v) in enumerate(graph.edges.tolist()):
        data = _data((key, column[k]) for key, column in edge)
        lines.append(f'    <edge source="n{u}" target="n{v}">{data}</edge>')
    stream.write(("\n".join([*lines, "  </graph>", "</graphml>"]) + "\n").encode())


def _fits(graph: Graph, part: str, key: str) -> bool:
    values = getattr(graph, part)[key]
    if not is_scalar(graph, part, key) or key in _RESERVED[part] or written(key) != key:
        return False
    if part == "graph" and key.startswith("mixcli_"):
        return False
    return values.dtype.kind != "U" or all(written(text) == text for text in values.ravel().tolist())


FORMAT = Format(
    "graphml", "GraphML", (".graphml", ".xml"), _sniff, _read, _write,
    holds=WHOLE_GRAPH,
    fits=_fits,
)  # fmt: skip
