"""GML (Himsolt, 1996): nested lists of keys and values.

Tolerant where files differ: ids in any order, parallel edges, comments, entities, keys between the lists, `weight` or
`value` for conductances, `label` or `name` for names. Further scalars become payload, nested ones under `outer_inner`.
An undirected edge stands in the file once.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from mixcli.graph import Graph
from mixcli.io.about import About, faithful
from mixcli.io.attributes import Scalar, is_scalar
from mixcli.io.base import WHOLE_GRAPH, Format, Reading, text_of
from mixcli.io.builder import LABELS, WEIGHTS, Builder
from mixcli.io.checks import one

__all__ = ["FORMAT"]

MAX_DEPTH = 64
FORMAT_FIX = "correct this line, or name another format with --from"
_TOKEN = re.compile(r'#[^\n]*|"([^"]*)"|(\[)|(\])|([^\s\[\]"]+)|(")')
_KEY = re.compile(r"[A-Za-z][0-9A-Za-z_]*")
_UNSAFE = re.compile(r"[^ !#-%\'-~]")
_RESERVED = {
    "node": {"id", *LABELS},
    "edge": {"source", "target", *WEIGHTS},
    "graph": {"node", "edge", "directed", "multigraph"},
}
"""Keys that mean something in their place, and so cannot name a payload there."""


def _sniff(head: bytes) -> bool:
    text = re.sub(rb"^[ \t]*#[^\n]*", b"", head.removeprefix(b"\xef\xbb\xbf"), flags=re.MULTILINE)
    return re.search(rb"^\s*(?:\w+\s+(?:\"[^\"]*\"|[-+.\w]+)\s+)*graph\s*\[", text, re.IGNORECASE) is not None


def _tokens(text: str, reading: Reading) -> Iterator[tuple[str, str, int]]:
    """Kind (one of `"`, `[`, `]`, `w`), content and position of each token."""
    for match in _TOKEN.finditer(text):
        group = match.lastindex
        if group == 5:
            raise _error(reading, text, match.start(), "a closing quotation mark", "none")
        if group is not None:
            yield '"[]w'[group - 1], match[group], match.start()


def _error(reading: Reading, text: str, position: int, expected: str, found: str, fix: str = "") -> Exception:
    return reading.error(expected, found, fix, line=text.count("\n", 0, position) + 1)


def _read(stream: BinaryIO, reading: Reading) -> Iterator[Graph]:
    text = text_of(stream, reading)
    path: list[str] = []
    item: dict[str, Scalar] = {}
    key, started, graphs = "", 0, 0
    builder = _builder(text, reading)
    for kind, content, position in _tokens(text, reading):
        if not key:
            if kind == "w" and _KEY.match(content):
                key = content
                continue
            if kind != "]" or not path:
                raise _error(reading, text, position, "a key", repr(content[:40]), FORMAT_FIX)
            if [p.lower() for p in path] == ["graph"]:
                yield builder.build()
                builder, graphs = _builder(text, reading), graphs + 1
            elif len(path) == 2:
                _add(builder, path[1].lower(), item, started, text)
            path.pop()
        elif kind == "[":
            path.append(key)
            if len(path) > MAX_DEPTH:
                raise _error(reading, text, position, f"lists nested at most {MAX_DEPTH} deep", "more")
            if len(path) == 2:
                item, started = {}, position
            key = ""
        elif kind == "]":
            raise _error(reading, text, position, f"a value for {key[:40]!r}", "]")
        else:
            _assign(builder, path, item, key, _value(kind, content))
            key = ""
    if path or key:
        raise reading.error("a complete GML file", "one that ends inside a list", "check that it is complete")
    if not graphs:
        raise reading.error("graph [ … ]", "none", "check the format")


def _builder(text: str, reading: Reading) -> Builder:
    return Builder("gml", reading, lambda position: text.count("\n", 0, position) + 1)


def _assign(builder: Builder, path: list[str], item: dict[str, Scalar], key: str, value: Scalar) -> None:
    if not path or path[0].lower() != "graph":
        return
    if len(path) > 1:
        name = "_".join([*path[2:], key])
        if name in item:
            builder.notes["repeated_keys"] = builder.notes.get("repeated_keys", 0) + 1
        item.setdefault(name, value)
    elif key.lower() == "directed":
        builder.directed = value in (1, "1", "true")
    elif key.lower() != "multigraph":
        builder.graph(key, value)


def _value(kind: str, content: str) -> Scalar:
    if kind == '"':
        return html.unescape(content) if "&" in content else content
    for number in (int, float):
        try:
            return number(content)
        except ValueError:
            continue
    return content


def _add(builder: Builder, kind: str, item: dict[str, Scalar], position: int, text: str) -> None:
    needed = {"node": ("id",), "edge": ("source", "target")}.get(kind)
    if needed is None:
        return
    missing = next((key for key in needed if key not in item), None)
    if missing is not None:
        raise _error(builder.reading, text, position, f"a {kind} with {' and '.join(needed)}", f"no {missing}")
    ids = [str(item.pop(key)) for key in needed]
    if kind == "node":
        builder.node(ids[0], item, position)
    else:
        builder.edge(ids[0], ids[1], item, position)


def _escape(text: str) -> str:
    return _UNSAFE.sub(lambda match: f"&#{ord(match[0])};", text)


def _written(text: str) -> str:
    return html.unescape(_escape(text))


def _literal(value: Any) -> str:
    if isinstance(value, str):
        return f'"{_escape(value)}"'
    if isinstance(value, float):
        if not math.isfinite(value):
            return "NAN" if math.isnan(value) else f"{'-' if value < 0 else '+'}INF"
        text = repr(value)
        return text if "." in text else text.replace("e", ".0e")
    return str(int(value))


def _block(kind: str, pairs: Iterable[tuple[str, Any]]) -> str:
    return "\n".join([f"  {kind} [", *(f"    {key} {_literal(value)}" for key, value in pairs), "  ]"])


def _write(graphs: Iterable[Graph], stream: BinaryIO) -> None:
    graph = one(graphs, "gml")
    names, kept = faithful(graph, _written)
    lines = ["graph [", f"  directed {int(graph.directed)}"]
    about = About.of(graph, labels=not kept).texts()
    lines += [f"  mixcli_{key} {_literal(text)}" for key, text in about.items()]
    lines += [f"  {key} {_literal(v.item())}" for key, v in FORMAT.payload(graph, "graph").items()]
    node = {key: values.tolist() for key, values in FORMAT.payload(graph, "node").items()}
    for i, name in enumerate(names):
        lines.append(_block("node", [("id", i), ("label", name), *((key, v[i]) for key, v in node.items())]))
    edge = {key: values.tolist() for key, values in FORMAT.payload(graph, "edge").items()}
    if graph.weight is not None:
        edge = {"weight": graph.weight.tolist(), **edge}
    for k, (u, v) in enumerate(graph.edges.tolist()):
        lines.append(_block("edge", [("source", u), ("target", v), *((key, w[k]) for key, w in edge.items())]))
    stream.write(("\n".join([*lines, "]"]) + "\n").encode("ascii"))


def _fits(graph: Graph, part: str, key: str) -> bool:
    values = getattr(graph, part)[key]
    if not is_scalar(graph, part, key) or not _KEY.fullmatch(key) or key.lower() in _RESERVED[part]:
        return False
    if part == "graph" and key.startswith("mixcli_"):
        return False
    return values.dtype.kind != "U" or all(_written(text) == text for text in values.ravel().tolist())


FORMAT = Format(
    "gml", "GML", (".gml",), _sniff, _read, _write,
    holds=WHOLE_GRAPH,
    fits=_fits,
)  # fmt: skip
