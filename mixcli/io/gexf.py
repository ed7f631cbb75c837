"""GEXF 1.1 to 1.3 (Gephi): nodes and edges with attribute values.

An edge without `weight` has weight 1; its `type` overrides `defaultedgetype`, a mutual edge is two arcs. Nested nodes
are nodes; `viz:position` becomes the node payload `pos` (n, 3); spells of dynamic graphs are not read. Document types
are refused. Written as 1.2, which most programs read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from numpy.typing import NDArray

from mixcli.graph import Graph
from mixcli.io.about import About, faithful, number
from mixcli.io.attributes import Scalar, is_scalar, texts
from mixcli.io.base import BARE_GRAPH, Format, Reading
from mixcli.io.builder import LABELS, WEIGHTS, Builder
from mixcli.io.checks import one
from mixcli.io.graphml import parse_typed
from mixcli.io.markup import attribute, content, elements, looks_like, written

__all__ = ["FORMAT"]

NAMESPACE = "http://www.gexf.net/1.2draft"
VIZ = "http://www.gexf.net/1.2draft/viz"
_RESERVED = {"node": set(LABELS), "edge": {*WEIGHTS, "label"}}


def _sniff(head: bytes) -> bool:
    return looks_like(head, "gexf")


class _Reader:
    """Turns elements into a graph; one object per file."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.builder: Builder | None = None
        self.titles: dict[tuple[str, str], tuple[str, str]] = {}
        self.defaults: dict[tuple[str, str], Scalar | None] = {}
        self.domain = self.declared = self.about = ""
        self.open_nodes: list[tuple[dict[str, str], dict[str, Scalar | None], list[float], int]] = []
        self.open_edge: tuple[dict[str, str], dict[str, Scalar | None], int] | None = None
        self.graphs = 0

    def read(self, stream: BinaryIO) -> Iterator[Graph]:
        for name, attributes, text, line in elements(stream, self.reading):
            if attributes is not None:
                self.open(name, attributes, line)
            elif name == "graph" and self.builder is not None:
                yield self.finish(self.builder)
            else:
                self.close(name, text, line)
        if not self.graphs:
            raise self.reading.error("a <graph>", "none", "check the format")

    def open(self, name: str, attributes: dict[str, str], line: int) -> None:
        if name == "graph":
            self.builder = Builder("gexf", self.reading, implied_weight=True)
            self.builder.directed = attributes.get("defaultedgetype", "undirected") in ("directed", "mutual")
        elif name == "attributes":
            self.domain = attributes.get("class", "node")
        elif name == "attribute":
            self.declared = attributes.get("id", "")
            title = attributes.get("title", self.declared)
            self.titles[self.domain, self.declared] = (title, attributes.get("type", "string"))
        elif name == "node":
            self.open_nodes.append((attributes, {}, [], line))
        elif name == "edge":
            self.open_edge = (attributes, {}, line)
        elif name == "attvalue":
            self.value(attributes, line)
        elif name == "position" and self.open_nodes:
            for axis in "xyz":
                value = parse_typed(attributes.get(axis, "0"), "float", self.reading, line)
                self.open_nodes[-1][2].append(float(value or 0))

    def value(self, attributes: dict[str, str], line: int) -> None:
        domain = "edge" if self.open_edge is not None else "node"
        id = attributes.get("for", attributes.get("id", ""))
        if (domain, id) not in self.titles:
            raise self.reading.error("a value of a declared attribute", repr(id[:40]), "add its <attribute>", line=line)
        title, type = self.titles[domain, id]
        parsed = parse_typed(attributes.get("value", ""), type, self.reading, line)
        if self.open_edge is not None:
            self.open_edge[1].setdefault(title, parsed)
        elif self.open_nodes:
            self.open_nodes[-1][1].setdefault(title, parsed)

    def close(self, name: str, text: str, line: int) -> None:
        if name == "description" and self.builder is None:
            self.about = text
        elif name == "default" and (self.domain, self.declared) in self.titles:
            title, type = self.titles[self.domain, self.declared]
            self.defaults[self.domain, title] = parse_typed(text, type, self.reading, line)
        elif name == "node" and self.open_nodes:
            attributes, data, position, start = self.open_nodes.pop()
            if "label" in attributes:
                data = {**data, "label": attributes["label"]}
            id = self.needed("node", attributes, ("id",), start)[0]
            self.target("node", start).node(id, self.filled("node", data), start, tuple(position[:3]))
        elif name == "edge" and self.open_edge is not None:
            self.edge(*self.open_edge)
            self.open_edge = None

    def edge(self, attributes: dict[str, str], data: dict[str, Scalar | None], line: int) -> None:
        source, target = self.needed("edge", attributes, ("source", "target"), line)
        if "weight" in attributes:
            data = {"weight": parse_typed(attributes["weight"], "double", self.reading, line), **data}
        kind = attributes.get("type")
        data, builder = self.filled("edge", data), self.target("edge", line)
        builder.edge(source, target, data, line, None if kind is None else kind != "undirected")
        if kind == "mutual":
            builder.edge(target, source, data, line, True)

    def filled(self, domain: str, data: dict[str, Scalar | None]) -> dict[str, Scalar | None]:
        missing = {title: value for (d, title), value in self.defaults.items() if d == domain and title not in data}
        return data | missing

    def needed(self, kind: str, attributes: dict[str, str], words: tuple[str, ...], line: int) -> list[str]:
        missing = next((word for word in words if word not in attributes), None)
        if missing is not None:
            raise self.reading.error(f"<{kind}> with {' and '.join(words)}", f"no {missing}", line=line)
        return [attributes[word] for word in words]

    def target(self, kind: str, line: int) -> Builder:
        if self.builder is None:
            raise self.reading.error("nodes and edges inside <graph>", f"<{kind}> outside", line=line)
        return self.builder

    def finish(self, builder: Builder) -> Graph:
        builder.about = About.find([self.about]).texts()
        self.builder, self.graphs = None, self.graphs + 1
        return builder.build()


def _read(stream: BinaryIO, reading: Reading) -> Iterator[Graph]:
    yield from _Reader(reading).read(stream)


_TYPES = {"b": "boolean", "U": "string", "i": "long", "u": "long", "f": "double"}


def _declared(domain: str, payload: dict[str, NDArray[Any]]) -> list[str]:
    if not payload:
        return []
    lines = [f'    <attributes class="{domain}">']
    for i, (key, values) in enumerate(payload.items()):
        lines.append(f'      <attribute id="{i}" title={attribute(key)} type="{_TYPES[values.dtype.kind]}"/>')
    return [*lines, "    </attributes>"]


def _values(columns: list[list[str]], row: int) -> str:
    if not columns:
        return ""
    values = (f'<attvalue for="{i}" value={attribute(column[row])}/>' for i, column in enumerate(columns))
    return f"<attvalues>{''.join(values)}</attvalues>"


def _write(graphs: Iterable[Graph], stream: BinaryIO) -> None:
    graph = one(graphs, "gexf")
    names, kept = faithful(graph, written)
    node, edge = FORMAT.payload(graph, "node"), FORMAT.payload(graph, "edge")
    pos = node.pop("pos", None)
    places = [] if pos is None else pos.tolist()
    about = content(str(About.of(graph, labels=not kept)))
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<gexf xmlns="{NAMESPACE}" xmlns:viz="{VIZ}" version="1.2">',
        f"  <meta><creator>mixcli</creator><description>{about}</description></meta>",
        f'  <graph defaultedgetype="{"directed" if graph.directed else "undirected"}" mode="static">',
        *_declared("node", node),
        *_declared("edge", edge),
        "    <nodes>",
    ]
    columns = [texts(values) for values in node.values()]
    for i, name in enumerate(names):
        where = "".join(f' {axis}="{number(x)}"' for axis, x in zip("xyz", places[i], strict=False)) if places else ""
        inner = _values(columns, i) + (f"<viz:position{where}/>" if where else "")
        lines.append(f'      <node id="{i}" label={attribute(name)}>{inner}</node>')
    lines += ["    </nodes>", "    <edges>"]
    columns = [texts(values) for values in edge.values()]
    weights = None if graph.weight is None else graph.weight.tolist()
    for k, (u, v) in enumerate(graph.edges.tolist()):
        weight = "" if weights is None else f' weight="{number(weights[k])}"'
        lines.append(f'      <edge id="{k}" source="{u}" target="{v}"{weight}>{_values(columns, k)}</edge>')
    stream.write(("\n".join([*lines, "    </edges>", "  </graph>", "</gexf>"]) + "\n").encode())


def _fits(graph: Graph, part: str, key: str) -> bool:
    values = getattr(graph, part)[key]
    if part == "node" and key == "pos":
        return values.ndim == 2 and values.shape[1] == 3 and values.dtype.kind in "iuf"
    if not is_scalar(graph, part, key) or key in _RESERVED[part] or written(key) != key:
        return False
    return values.dtype.kind != "U" or all(written(text) == text for text in values.tolist())


FORMAT = Format(
    "gexf", "GEXF", (".gexf",), _sniff, _read, _write,
    holds=BARE_GRAPH | {"node", "edge"}, fits=_fits,
)  # fmt: skip
