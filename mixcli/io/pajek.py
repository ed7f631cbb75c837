"""Pajek networks: `*Vertices`, then `*Arcs`, `*Edges`, `*Arcslist`, `*Edgeslist` or `*Matrix`; nodes from 1.

Rules of reading, ours: edges alone are undirected, each listed once. Arcs alone are directed, unless every arc is
answered by one of the same value: then the graph is undirected. Arcs together with edges are directed, an edge being
two arcs. Coordinates of the vertices become the node payload `pos` (n, 2 or 3).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from mixcli.graph import Graph, from_arcs, is_symmetric
from mixcli.io.about import About, faithful, names_or_none, number
from mixcli.io.base import BARE_GRAPH, Format, Reading, text_of
from mixcli.io.checks import check_nodes, one
from mixcli.io.directions import as_decided
from mixcli.io.numbers import (
    as_ids,
    check_weight,
    data_lines,
    line_of,
    number_table,
    to_float,
    unix_lines,
    weights_told,
)
from mixcli.io.rows import without_comments

__all__ = ["FORMAT"]

_SECTION = re.compile(r"^[ \t]*\*(\w+)([^\n]*)", re.MULTILINE)
_WORD = re.compile(r'"[^"]*"|\S+')
_UNSAFE = re.compile(r'["\x00-\x1f]|&(?=(?:quot|amp|#\d{1,7});)')
_ENTITY = re.compile(r"&(?:quot|amp|#\d{1,7});")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True)
class _Links:
    """Node pairs from 0 and their values, None where no line has one."""

    ends: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 2), np.int64))
    value: NDArray[np.float64] | None = None

    def __add__(self, other: _Links) -> _Links:
        ends = np.concatenate([self.ends, other.ends])
        if self.value is None and other.value is None:
            return _Links(ends)
        return _Links(ends, np.concatenate([_ones(self), _ones(other)]))

    def doubled(self) -> _Links:
        """Every link in both directions."""
        proper = self.ends[:, 0] != self.ends[:, 1]
        value = None if self.value is None else self.value[proper]
        return self + _Links(self.ends[proper, ::-1], value)


def _ones(links: _Links) -> NDArray[np.float64]:
    return np.ones(len(links.ends)) if links.value is None else links.value


def _sniff(head: bytes) -> bool:
    text = re.sub(rb"^[ \t]*%[^\n]*", b"", head.removeprefix(b"\xef\xbb\xbf"), flags=re.MULTILINE).lstrip()
    return re.match(rb"\*(vertices|network)\b", text, re.IGNORECASE) is not None


def _read(stream: BinaryIO, reading: Reading) -> Iterator[Graph]:
    body, comments = without_comments(unix_lines(text_of(stream, reading)), ("%",))
    about = About.find(comments)
    n, names, pos, arcs, edges = _sections(body, reading)
    about.check_edges(len(arcs.ends) + len(edges.ends), reading)
    notes: dict[str, Any] = {}
    decided = reading.directed if reading.directed is not None else about.directed
    if not len(arcs.ends):
        links, directed = edges, not len(edges.ends) and bool(decided)
    elif len(edges.ends):
        links, directed = arcs + edges.doubled(), decided is not False
        notes["direction"] = "arcs and edges: an edge is two arcs"
    else:
        links = arcs
        directed = not is_symmetric(n, arcs.ends, arcs.value) if decided is None else decided
        if decided is None and not directed:
            notes["direction"] = "every arc is answered: undirected"
    labels = about.labels if about.labels is not None and about.nodes == n else names
    if about.nodes is None and reading.weighted:
        notes |= weights_told(links.value, "values of the lines", doubtful=False)
    graph = from_arcs(
        n, links.ends, directed=directed, listing="both" if len(arcs.ends) else "once",
        weight=links.value if reading.weighted else None, node={} if pos is None else {"pos": pos}, labels=labels,
        name=reading.name, step=reading.step("pajek", **notes), provenance=about.provenance, plan=about.plan,
    )  # fmt: skip
    yield as_decided(graph, reading)


_Parts = tuple[int, "tuple[str, ...] | None", "NDArray[np.float64] | None", _Links, _Links]


def _sections(body: str, reading: Reading) -> _Parts:
    found = list(_SECTION.finditer(body))
    if not found or body[: found[0].start()].strip():
        raise reading.error("*Vertices N", repr(body.strip()[:40]), "start with it", line=1)
    n, names, pos = -1, None, None
    links = {"arcs": _Links(), "edges": _Links()}
    for section, following in zip(found, [*found[1:], None], strict=True):
        text = body[section.end() : following.start() if following else len(body)]
        line = body.count("\n", 0, section.end()) + 1
        word = section[1].lower()
        if word == "network" and n < 0:
            continue
        if word == "vertices" and n < 0:
            n = check_nodes(_vertex_count(section[2], reading, line), len(body), reading)
            names, pos = _vertices(text, n, reading, line)
        elif n < 0 or word not in ("arcs", "edges", "arcslist", "edgeslist", "matrix"):
            wanted = "*Vertices first" if n < 0 else "*Arcs, *Edges, *Arcslist, *Edgeslist or *Matrix"
            raise reading.error(wanted, f"*{section[1]}", "keep one network in the file", line=line)
        else:
            kind = "edges" if word.startswith("edges") else "arcs"
            reader = _lists if word.endswith("list") else _matrix if word == "matrix" else _pairs
            links[kind] += reader(text, n, reading, line)
    if n < 0:
        raise reading.error("*Vertices N", "none")
    return n, names, pos, links["arcs"], links["edges"]


def _vertex_count(words: str, reading: Reading, line: int) -> int:
    first = (words.split() or [""])[0]
    if not first.isdecimal() or len(first) > 18:
        raise reading.error("*Vertices N", repr(words.strip()[:40]), line=line)
    return int(first)


def _vertices(
    text: str, n: int, reading: Reading, start: int
) -> tuple[tuple[str, ...] | None, NDArray[np.float64] | None]:
    """Names and coordinates of the vertices."""
    lines = list(data_lines(text, start))
    if not lines:
        return None, None
    if n > 2 * len(lines) + 1000:
        raise reading.error(f"a line for each of {n} vertices", str(len(lines)), "correct *Vertices", line=start)
    names = [str(i) for i in range(1, n + 1)]
    places: dict[int, list[float]] = {}
    for line, content in lines:
        words = _WORD.findall(content)
        node = _node(words[0], n, reading, line)
        if len(words) > 1:
            names[node] = _unescape(words[1].strip('"')) if words[1].startswith('"') else words[1]
        places[node] = _leading_numbers(words[2:5])
    dimensions = min(map(len, places.values()))
    if dimensions < 2 or len(places) < n:
        return names_or_none(names), None
    return names_or_none(names), np.array([places[i][:dimensions] for i in range(n)], dtype=np.float64)


def _leading_numbers(words: list[str]) -> list[float]:
    numbers: list[float] = []
    for word in words:
        try:
            numbers.append(float(word))
        except ValueError:
            break
    return numbers


def _node(word: str, n: int, reading: Reading, line: int) -> int:
    """A vertex number of the file as a node number."""
    if not word.isdecimal() or len(word) > 18 or not 1 <= int(word) <= n:
        raise reading.error(f"a vertex from 1 to {n}", repr(word[:40]), line=line)
    return int(word) - 1


def _pairs(text: str, n: int, reading: Reading, start: int) -> _Links:
    table = number_table(text)
    ids = as_ids(table[:, :2]) if table is not None and table.size and table.shape[1] in (2, 3) else None
    if table is None or ids is None or not ((ids >= 1) & (ids <= n)).all():
        return _pairs_slowly(text, n, reading, start)
    value = table[:, 2] if table.shape[1] == 3 else None
    if value is not None and reading.weighted:
        check_weight(value, reading, lambda row: line_of(text, row, start))
    return _Links(ids - 1, value)


def _pairs_slowly(text: str, n: int, reading: Reading, start: int) -> _Links:
    ends: list[tuple[int, int]] = []
    values: list[float | None] = []
    for line, content in data_lines(text, start):
        words = _WORD.findall(content)
        if len(words) < 2:
            raise reading.error("two vertices a line", repr(content[:40]), line=line)
        ends.append((_node(words[0], n, reading, line), _node(words[1], n, reading, line)))
        value = _leading_numbers(words[2:3])
        if reading.weighted:
            check_weight(np.array(value), reading, partial(_same_line, line))
        values.append(value[0] if value else None)
    filled = None if all(v is None for v in values) else np.array([1.0 if v is None else v for v in values])
    return _Links(np.array(ends, np.int64).reshape(-1, 2), filled)


def _same_line(line: int, entry: int) -> int:
    """Every entry of a row stands in the same line."""
    return line


def _lists(text: str, n: int, reading: Reading, start: int) -> _Links:
    ends: list[tuple[int, int]] = []
    for line, content in data_lines(text, start):
        nodes = [_node(word, n, reading, line) for word in content.split()]
        ends += [(nodes[0], other) for other in nodes[1:]]
    return _Links(np.array(ends, np.int64).reshape(-1, 2))


def _matrix(text: str, n: int, reading: Reading, start: int) -> _Links:
    rows = list(data_lines(text, start))
    if len(rows) != n:
        raise reading.error(f"{n} rows in *Matrix", str(len(rows)), line=start)
    ends, values = [], []
    for node, (line, content) in enumerate(rows):
        words = content.split()
        if len(words) != n:
            raise reading.error(f"{n} numbers in a row of *Matrix", str(len(words)), line=line)
        row = np.array([to_float(word, "an entry", reading, line) for word in words])
        if reading.weighted:
            check_weight(row, reading, partial(_same_line, line))
        other = np.flatnonzero(row)
        ends.append(np.stack([np.full(len(other), node), other], axis=1))
        values.append(row[other])
    return _Links(np.concatenate(ends), np.concatenate(values)) if ends else _Links()


def _escape(name: str) -> str:
    """A name between quotation marks: Pajek has no escape for these, so they become entities, as in its own files."""
    named = {'"': "&quot;", "&": "&amp;"}
    safe = _UNSAFE.sub(lambda match: named.get(match[0], f"&#{ord(match[0])};"), name)
    return _SURROGATE.sub("\ufffd", safe)


def _unescape(name: str) -> str:
    """Inverse of `_escape`; other ampersands stay what they are."""
    return _ENTITY.sub(lambda match: _character(match[0][1:-1]), name) if "&" in name else name


def _character(entity: str) -> str:
    """What `quot`, `amp` or `#233` stands for."""
    if not entity.startswith("#"):
        return {"quot": '"', "amp": "&"}[entity]
    code = int(entity[1:])
    return chr(code) if code < 0xD800 or 0xDFFF < code <= sys.maxunicode else "\ufffd"


def _written(name: str) -> str:
    return _unescape(_escape(name))


def _write(graphs: Iterable[Graph], stream: BinaryIO) -> None:
    graph = one(graphs, "pajek")
    names, kept = faithful(graph, _written)
    vertices = [f'{i} "{_escape(name)}"' for i, name in enumerate(names, start=1)]
    if "pos" in FORMAT.payload(graph, "node"):
        places = [" ".join(map(number, row)) for row in graph.node["pos"].tolist()]
        vertices = [f"{vertex} {place}" for vertex, place in zip(vertices, places, strict=True)]
    links = [f"{u} {v}" for u, v in (graph.edges + 1).tolist()]
    if graph.weight is not None:
        links = [f"{link} {number(w)}" for link, w in zip(links, graph.weight.tolist(), strict=True)]
    head = [f"% {About.of(graph, labels=not kept)}", f"*Vertices {graph.n}"]
    lines = [*head, *vertices, "*Arcs" if graph.directed else "*Edges", *links]
    stream.write(("\n".join(lines) + "\n").encode())


def _fits(graph: Graph, part: str, key: str) -> bool:
    values = getattr(graph, part)[key]
    return key == "pos" and values.ndim == 2 and values.shape[1] in (2, 3) and values.dtype.kind in "iuf"


FORMAT = Format(
    "pajek", "Pajek network", (".net", ".paj"), _sniff, _read, _write,
    holds=BARE_GRAPH | {"node"}, fits=_fits,
)  # fmt: skip
