"""Matrix Market exchange format (NIST): an adjacency matrix as coordinates or as a dense array.

Entry (i, j) is the arc i → j, its value the conductance. A `symmetric` matrix is an undirected graph, whichever
triangle is stored; so is a `general` one whose entries are symmetric in value; every other is directed. The banner may
be missing (`n n entries` leads then). `complex`, `hermitian` and `skew-symmetric` matrices are no adjacency matrices
and are refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from mixcli.graph import Graph, from_arcs
from mixcli.io.about import About, number
from mixcli.io.base import BARE_GRAPH, Format, Reading, text_of
from mixcli.io.checks import check_nodes, one
from mixcli.io.directions import arcs_are_directed, as_decided
from mixcli.io.numbers import (
    bad_line,
    check_weight,
    from_one,
    line_of,
    number_table,
    split_size_line,
    unix_lines,
    weights_told,
)
from mixcli.io.rows import without_comments

__all__ = ["FORMAT"]

BANNER = "%%matrixmarket"
LAYOUTS = ("coordinate", "array")
FIELDS = ("pattern", "real", "integer", "double")
SYMMETRIES = ("general", "symmetric")

_Entries = tuple["NDArray[np.int64]", "NDArray[np.float64] | None"]


def _sniff(head: bytes) -> bool:
    if head.lstrip()[: len(BANNER)].lower() == BANNER.encode():
        return True
    if b"\x00" in head:
        return False
    whole = len(head) < 65536
    lines = unix_lines(head.decode("latin-1")).split("\n")
    rows = [line.split() for line in (lines if whole else lines[:-1]) if line.strip() and not line.startswith("%")]
    if not rows or len(rows[0]) != 3 or not all(word.isdecimal() for word in rows[0]):
        return False
    n, columns, entries = (int(word[:18]) for word in rows[0])
    # Without a banner the first line must fit the rest, or an edge list would pass for a matrix.
    counted = entries == len(rows) - 1 if whole else entries >= len(rows)
    inside = all(len(row) in (2, 3) and row[0].isdecimal() and row[1].isdecimal() for row in rows[1:])
    return n == columns > 0 and counted and inside and all(0 < int(w[:18]) <= n for row in rows[1:] for w in row[:2])


def _read(stream: BinaryIO, reading: Reading) -> Iterator[Graph]:
    text = unix_lines(text_of(stream, reading)).lstrip()
    layout, field, symmetry = _banner(text, reading)
    body, comments = without_comments(text, ("%",))
    about = About.find(comments)
    size, rest, start = split_size_line(body)
    n = check_nodes(_order(size, 2 if layout == "array" else 3, reading, start), len(text), reading)
    if layout == "array":
        arcs, weight = _dense(n, rest, symmetry, reading, start)
    else:
        arcs, weight = _coordinates(n, int(size[2]), rest, field, reading, start)
        about.check_edges(len(arcs), reading)
    if not reading.weighted:
        weight = None
    told = weights_told(weight, "values of the entries", doubtful=False) if about.nodes is None else {}
    directed = symmetry != "symmetric" and arcs_are_directed(n, arcs, weight, reading, about)
    graph = from_arcs(
        n, arcs, directed=directed, listing="both", weight=weight, labels=about.labels if about.nodes == n else None,
        name=reading.name, step=reading.step("matrix-market", **told), provenance=about.provenance, plan=about.plan,
    )  # fmt: skip
    yield as_decided(graph, reading)


def _banner(text: str, reading: Reading) -> tuple[str, str, str]:
    """Layout, field and symmetry; field "" where the banner is missing and the entries must show it."""
    line = text.partition("\n")[0].lower()
    if not line.startswith(BANNER):
        return "coordinate", "", "general"
    words = line.split()[1:]
    if len(words) < 3 or words[0] != "matrix":
        raise reading.error("%%MatrixMarket matrix LAYOUT FIELD SYMMETRY", line[:60], "correct the first line", line=1)
    layout, field, symmetry = words[1], words[2], words[3] if len(words) > 3 else "general"
    for what, word, known in (
        ("layout", layout, LAYOUTS),
        ("field", field, FIELDS),
        ("symmetry", symmetry, SYMMETRIES),
    ):
        if word not in known:
            wanted = f"a {what} that an adjacency matrix can have ({', '.join(known)})"
            raise reading.error(wanted, word[:40], line=1)
    if layout == "array" and field == "pattern":
        raise reading.error("numbers in an array", "pattern", "use coordinate pattern", line=1)
    return layout, field, symmetry


def _order(size: list[str], words: int, reading: Reading, line: int) -> int:
    """Number of rows, once the line of sizes is one and the matrix is square."""
    if len(size) != words or not all(word.isdecimal() and len(word) < 19 for word in size):
        names = "rows, columns, entries" if words == 3 else "rows, columns"
        raise reading.error(f"a line of {names}", repr(" ".join(size)[:60]), line=line)
    if int(size[0]) != int(size[1]):
        found = f"a rectangular one, {size[0]} × {size[1]}"
        raise reading.error("a square matrix (adjacency)", found, "bipartite graphs need an edge list", line=line)
    return int(size[0])


def _coordinates(n: int, entries: int, rest: str, field: str, reading: Reading, start: int) -> _Entries:
    columns = {"": (2, 3), "pattern": (2,)}.get(field, (3,))
    table = number_table(rest)
    if table is None or (table.size and table.shape[1] not in columns):
        raise bad_line(rest, columns, reading, start)
    if len(table) != entries:
        raise reading.error(f"{entries} entries, as line {start} says", str(len(table)), "check that it is complete")
    ids = from_one(table, n, reading, lambda row: line_of(rest, row, start))
    weight = table[:, 2] if table.shape[1] == 3 else None
    if weight is not None and reading.weighted:
        check_weight(weight, reading, lambda row: line_of(rest, row, start))
    return ids, weight


def _dense(n: int, rest: str, symmetry: str, reading: Reading, start: int) -> _Entries:
    words = rest.split()
    wanted = n * n if symmetry == "general" else n * (n + 1) // 2
    if len(words) != wanted:
        raise reading.error(f"{wanted} values in the array", str(len(words)), "check that it is complete")
    try:
        values = np.array(words, dtype=np.float64)
    except ValueError:
        bad = next(word for word in words if not _is_float(word))
        raise reading.error("numbers in the array", repr(bad[:40])) from None
    # The file goes down the columns; a symmetric one stores the lower triangle only.
    column, row = np.divmod(np.arange(wanted), max(n, 1)) if symmetry == "general" else np.triu_indices(n)
    kept = values != 0
    if reading.weighted:
        check_weight(values, reading, lambda k: _line_of_word(rest, k, start))
    return np.stack([row[kept], column[kept]], axis=1).astype(np.int64), values[kept]


def _is_float(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _line_of_word(rest: str, k: int, start: int) -> int:
    seen = 0
    for line, text in enumerate(rest.split("\n"), start):
        seen += len(text.split())
        if seen > k:
            return line
    return start


def _write(graphs: Iterable[Graph], stream: BinaryIO) -> None:
    graph = one(graphs, "matrix-market")
    field = "pattern" if graph.weight is None else "real"
    symmetry = "general" if graph.directed else "symmetric"
    ends = (graph.edges if graph.directed else graph.edges[:, ::-1]) + 1  # lower triangle: row > column
    rows = [f"{i} {j}" for i, j in ends.tolist()]
    if graph.weight is not None:
        rows = [f"{row} {number(w)}" for row, w in zip(rows, graph.weight.tolist(), strict=True)]
    head = [
        f"%%MatrixMarket matrix coordinate {field} {symmetry}", f"% {About.of(graph)}", f"{graph.n} {graph.n} {graph.m}"
    ]  # fmt: skip
    stream.write(("\n".join([*head, *rows]) + "\n").encode())


FORMAT = Format(
    "matrix-market", "Matrix Market", (".mtx", ".mm"), _sniff, _read, _write,
    holds=BARE_GRAPH,
)  # fmt: skip
