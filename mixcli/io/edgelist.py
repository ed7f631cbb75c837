"""Edge lists: one edge a line, two node names and perhaps a weight, separated by blanks, tabs, commas or semicolons.

Rules of reading, ours, since there is no standard:

- Lines that start with `#`, `%` or `//` are comments. `# Nodes: N` (SNAP) states the number of nodes.
- A node exists when an edge names it, or a comment states how many there are. Integer names from 0 or 1 without gaps
  (or with as many nodes stated as the gaps need) are node numbers; numbers from 1 are shifted by one with the names
  kept as labels. Otherwise nodes are numbered in numeric order (all names integers) or by first appearance, and labels
  hold the names.
- A third column without a header is the conductance, and a note says so, since files with times look alike. In a header
  `weight` says it, `value` is taken for it with a note, and `time` and the like are payload.
- Undirected unless the user or a `type` column says directed; an edge listed in both directions is one edge.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from mixcli.graph import Graph, from_arcs
from mixcli.io.about import About, names_or_none, number
from mixcli.io.attributes import is_scalar, parse_column, texts
from mixcli.io.base import BARE_GRAPH, Format, Reading, text_of
from mixcli.io.checks import check_nodes, one
from mixcli.io.directions import as_decided
from mixcli.io.numbers import unix_lines, weights_told
from mixcli.io.rows import RESERVED, TIMES, Rows, layout_of, read_rows, without_comments

__all__ = ["CSV", "FORMAT", "TSV"]

MANY_ISOLATED = 10**6
"""Nodes that a comment may claim beyond those that the edges make plausible."""

_PLAIN = re.compile(r"[^\s,;\"'#%/{}\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
"""A name that stands in a list separated by blanks and means itself."""

_CELL = re.compile(r"(?![\s#%/])[^\r\n\"{}\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+(?<!\s)")
"""A name that stands in a table that may quote its cells."""


def _sniff(head: bytes) -> bool:
    if b"\x00" in head or head.lstrip()[:1] in (b"<", b"{", b"[", b"*"):
        return False
    text = unix_lines(head.decode("utf-8-sig", errors="replace"))
    text = text if len(head) < 65536 else text.rpartition("\n")[0]
    body, comments = without_comments(text)
    if not body.strip():
        return About.find(comments).nodes is not None
    layout = layout_of(body)
    return layout is not None and (layout.columns in (2, 3) or bool(layout.header))


def _delimiter(head: bytes) -> str | None:
    """What separates the columns of a table whose first line names them; None for any other list of edges."""
    if not _sniff(head):
        return None
    text = unix_lines(head.decode("utf-8-sig", errors="replace"))
    body = without_comments(text if len(head) < 65536 else text.rpartition("\n")[0])[0]
    layout = layout_of(body)
    if layout is None or not layout.header:
        return None
    tabs = body.strip().partition("\n")[0].count("\t") == layout.columns - 1  # numbers below leave the choice open
    return "\t" if layout.delimiter is None and tabs else layout.delimiter


def _sniff_table(head: bytes, *, delimiter: str) -> bool:
    return _delimiter(head) == delimiter


def _sniff_list(head: bytes) -> bool:
    return _sniff(head) and _delimiter(head) not in (",", "\t")


def _read(stream: BinaryIO, reading: Reading, *, name: str) -> Iterator[Graph]:
    body, comments = without_comments(unix_lines(text_of(stream, reading)))
    about = About.find(comments)
    stated = _stated_nodes(comments)
    if about.nodes is not None:
        check_nodes(about.nodes, len(body) + sum(map(len, comments)), reading)
    if not body.strip() and about.nodes is None and stated is None:
        raise reading.error("at least one edge", "only comments", "check the file")
    rows = read_rows(body, reading, named=about.named)
    about.check_edges(len(rows.ids) if rows.names is None else len(rows.names) // 2, reading)
    n, arcs, labels = _numbered(rows, about, stated, reading)
    present = len(np.unique(arcs))
    stated_direction = about.directed if about.directed is not None else rows.directed
    directed = stated_direction if reading.directed is None or about.directed is False else reading.directed
    notes: dict[str, Any] = {"isolated": n - present} if present < n else {}
    if not len(arcs) and about.nodes is None:
        notes["no_edges"] = True
    if reading.weighted and rows.weighing and about.nodes is None:
        notes |= weights_told(rows.weight, rows.weighing)
    if (times := [key for key in rows.payload if key.lower() in TIMES]) and about.nodes is None:
        notes["times"] = f"column {', '.join(map(repr, times))} carried along, not read as conductance"
    graph = from_arcs(
        n, arcs, directed=directed, listing="both", weight=rows.weight if reading.weighted else None,
        edge=rows.payload, labels=labels, name=reading.name, step=reading.step(name, **notes),
        provenance=about.provenance, plan=about.plan,
    )  # fmt: skip
    yield as_decided(graph, reading)


def _stated_nodes(comments: list[str]) -> int | None:
    for comment in comments:
        match = re.search(r"\bnodes:?\s*(\d{1,18})\b", comment, re.IGNORECASE)
        if match:
            return int(match[1])
    return None


_Numbered = tuple[int, "NDArray[np.int64]", "tuple[str, ...] | None"]


def _numbered(rows: Rows, about: About, stated: int | None, reading: Reading) -> _Numbered:
    """Number of nodes, edges as pairs of node numbers, and names."""
    if about.nodes is not None:
        return _numbered_by_us(rows, about, about.nodes, reading)
    if rows.names is not None:
        order: dict[str, int] = {}
        ids = [order.setdefault(name, len(order)) for name in rows.names]
        return len(order), np.array(ids, np.int64).reshape(-1, 2), names_or_none(order)
    if not len(rows.ids):
        return check_nodes(stated or 0, 0, reading), rows.ids, None
    distinct, inverse = np.unique(rows.ids, return_inverse=True)
    low, high = int(distinct[0]), int(distinct[-1])
    if low in (0, 1) and high + 1 - low <= max(len(distinct), stated or 0):
        n = max(high + 1 - low, stated or 0)
        if n > 4 * high + MANY_ISOLATED:
            raise reading.error(f"a stated number of nodes near the largest name, {high}", str(stated))
        return n, rows.ids - low, tuple(map(str, range(1, n + 1))) if low else None
    return len(distinct), inverse.reshape(-1, 2).astype(np.int64), names_or_none(map(str, distinct.tolist()))


def _numbered_by_us(rows: Rows, about: About, n: int, reading: Reading) -> _Numbered:
    if not about.named:
        if rows.names is not None:
            raise reading.error("node numbers, as the mixcli comment says", "names", "remove the comment line")
        return n, rows.ids, about.labels
    if about.labels is None:
        raise reading.error("a mixcli comment with the node names", "one without", "remove the comment line")
    order = {label: i for i, label in enumerate(about.labels)}
    names = rows.names if rows.names is not None else [str(i) for i in rows.ids.ravel().tolist()]
    unknown = next((name for name in names if name not in order), None)
    if unknown is not None:
        raise reading.error("node names of the mixcli comment", repr(unknown), "remove the comment line")
    return n, np.array([order[name] for name in names], np.int64).reshape(-1, 2), about.labels


def _named(graph: Graph, pattern: re.Pattern[str]) -> bool:
    labels = graph.labels
    return labels is not None and len(set(labels)) == len(labels) and all(map(pattern.fullmatch, labels))


def _write_list(graphs: Iterable[Graph], stream: BinaryIO) -> None:
    graph = one(graphs, "edgelist")
    labels = graph.labels
    named = labels is not None and _named(graph, _PLAIN)
    ends = graph.edges.tolist()
    pairs = [f"{labels[u]} {labels[v]}" for u, v in ends] if labels and named else [f"{u} {v}" for u, v in ends]
    if graph.weight is not None:
        pairs = [f"{pair} {number(w)}" for pair, w in zip(pairs, graph.weight.tolist(), strict=True)]
    lines = [f"# {About.of(graph, named=named)}", *pairs]
    stream.write(("\n".join(lines) + "\n").encode())


def _write_table(graphs: Iterable[Graph], stream: BinaryIO, *, delimiter: str) -> None:
    graph = one(graphs, "an edge table")
    labels = graph.labels
    named = labels is not None and _named(graph, _CELL)
    ends = graph.edges.ravel().tolist()
    names = [labels[i] for i in ends] if labels and named else [str(i) for i in ends]
    columns: dict[str, list[str]] = {"source": names[::2], "target": names[1::2]}
    if graph.weight is not None:
        columns["weight"] = [number(w) for w in graph.weight.tolist()]
    columns |= {key: texts(values) for key, values in CSV.payload(graph, "edge").items()}
    out = io.StringIO()
    out.write(f"# {About.of(graph, named=named)}\n")
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    stream.write(out.getvalue().encode())


def _table_fits(graph: Graph, part: str, key: str) -> bool:
    values = getattr(graph, part)[key]
    if not is_scalar(graph, part, key) or key.lower() in RESERVED or not _CELL.fullmatch(key):
        return False
    if values.dtype.kind != "U":
        return True
    # Text that looks like numbers would come back as numbers.
    return all(map(_CELL.fullmatch, values.tolist())) and parse_column(values.tolist()).dtype.kind == "U"


FORMAT = Format(
    "edgelist", "edge list", (".edgelist", ".edges", ".el", ".txt", ".ncol", ".dat"), _sniff_list,
    partial(_read, name="edgelist"), _write_list, holds=BARE_GRAPH,
)  # fmt: skip

CSV = Format(
    "csv", "comma-separated edge table", (".csv",), partial(_sniff_table, delimiter=","), partial(_read, name="csv"),
    partial(_write_table, delimiter=","), holds=BARE_GRAPH | {"edge"}, fits=_table_fits,
)  # fmt: skip

TSV = Format(
    "tsv", "tab-separated edge table", (".tsv", ".tab"), partial(_sniff_table, delimiter="\t"),
    partial(_read, name="tsv"), partial(_write_table, delimiter="\t"), holds=BARE_GRAPH | {"edge"}, fits=_table_fits,
)  # fmt: skip
