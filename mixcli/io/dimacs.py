"""DIMACS graphs: `p sp` shortest-path networks and `p edge` (or `p col`) colouring instances, nodes from 1.

In `p sp n m` the third number of an arc `a u v w` is a length; its conductance here is 1 / w, and lengths are written
back (equal up to one rounding). Arcs that are all answered with the same length are undirected edges, else the graph is
directed. Edges `e u v` are undirected, listed once or in both directions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from mixcli.errors import InputError
from mixcli.graph import Graph, from_arcs
from mixcli.io.about import About, number
from mixcli.io.base import BARE_GRAPH, Format, Reading, text_of
from mixcli.io.checks import check_nodes, one
from mixcli.io.directions import arcs_are_directed, as_decided
from mixcli.io.numbers import bad_line, check_weight, data_lines, from_one, line_of, number_table, unix_lines

__all__ = ["FORMAT"]

KINDS = {"sp": "a", "edge": "e", "col": "e"}
"""Problem -> the letter that starts its edges."""

SHORTEST = np.finfo(np.float64).tiny
"""Below this a length has no finite conductance."""

_PROBLEM = re.compile(rb"^p[ \t]+(?:sp|edge|col)[ \t]+\d+[ \t]+\d+[ \t]*\r?$", re.MULTILINE)


def _sniff(head: bytes) -> bool:
    match = _PROBLEM.search(head)
    return match is not None and all(line[:1] in (b"c", b"") for line in head[: match.start()].splitlines())


def _read(stream: BinaryIO, reading: Reading) -> Iterator[Graph]:
    text = unix_lines(text_of(stream, reading))
    about = About.find(match[0] for match in re.finditer(r"^c[^\n]*", text, re.MULTILINE))
    kind, n, stated = _problem(text, reading)
    letter = KINDS[kind]
    body = re.sub(r"^(?:c|p)\b[^\n]*", "", text, flags=re.MULTILINE)
    ids, value = _edges(body, letter, n, reading)
    # Colouring instances count an edge once or twice, whether or not they list it twice.
    if stated not in ({len(ids)} if kind == "sp" else {len(ids), 2 * len(ids), len(ids) // 2}):
        raise reading.error(f"{stated} edges, as the p line says", str(len(ids)), "check that the file is complete")
    about.check_edges(len(ids), reading, arcs=kind == "sp")
    weight, notes = _conductances(body, value, kind, reading)
    directed = kind == "sp" and arcs_are_directed(n, ids, weight, reading, about)
    graph = from_arcs(
        n, ids, directed=directed, listing="both", weight=weight, name=reading.name,
        labels=about.labels if about.nodes == n else None, step=reading.step("dimacs", **notes),
        provenance=about.provenance, plan=about.plan,
    )  # fmt: skip
    yield as_decided(graph, reading)


def _problem(text: str, reading: Reading) -> tuple[str, int, int]:
    for number_, line in data_lines(text):
        words = line.split()
        if words[0] != "p":
            continue
        if len(words) != 4 or words[1] not in KINDS or not all(w.isdecimal() and len(w) < 19 for w in words[2:]):
            raise reading.error("p sp|edge|col NODES EDGES", repr(line[:60]), line=number_)
        return words[1], check_nodes(int(words[2]), len(text), reading), int(words[3])
    raise reading.error("a line p sp|edge|col NODES EDGES", "none", "add it, or read the file as edgelist")


def _edges(body: str, letter: str, n: int, reading: Reading) -> tuple[NDArray[np.int64], NDArray[np.float64] | None]:
    """Node pairs from 0, and the third numbers where there are some."""
    stray = re.search(rf"^[ \t]*(?!{letter}[ \t])[^\s][^\n]*", body, re.MULTILINE)
    if stray:
        line = body.count("\n", 0, stray.start()) + 1
        raise reading.error(f"lines that start with {letter}, c or p", repr(stray[0].strip()[:40]), line=line)
    rows = re.sub(rf"^[ \t]*{letter}(?=[ \t])", "", body, flags=re.MULTILINE)
    columns = (3,) if letter == "a" else (2, 3)
    table = number_table(rows)
    if table is None or (table.size and table.shape[1] not in columns):
        raise bad_line(rows, columns, reading)
    if not table.size:
        return np.zeros((0, 2), np.int64), None
    ids = from_one(table, n, reading, lambda row: line_of(rows, row))
    return ids, table[:, 2] if table.shape[1] == 3 else None


def _conductances(
    body: str, value: NDArray[np.float64] | None, kind: str, reading: Reading
) -> tuple[NDArray[np.float64] | None, dict[str, Any]]:
    if value is None or not reading.weighted:
        return None, {}
    check_weight(value, reading, lambda row: line_of(body, row))
    if kind != "sp":
        return value, {}
    if (value < SHORTEST).any():
        row = int(np.flatnonzero(value < SHORTEST)[0])
        fix = "a length of 0 is an infinite conductance; merge its ends"
        raise reading.error("a length > 0", f"{value[row]:g}", fix, line=line_of(body, row))
    return 1 / value, {"lengths": "read as conductance 1 / length"} if (value != 1).any() else {}


def _write(graphs: Iterable[Graph], stream: BinaryIO) -> None:
    graph = one(graphs, "dimacs")
    ends = graph.edges + 1
    if graph.weight is None and not graph.directed:
        head, rows = f"p edge {graph.n} {graph.m}", [f"e {u} {v}" for u, v in ends.tolist()]
    else:
        lengths = ["1"] * graph.m if graph.weight is None else _lengths(graph.weight)
        rows = [f"a {u} {v} {length}" for (u, v), length in zip(ends.tolist(), lengths, strict=True)]
        if not graph.directed:
            rows += [f"a {v} {u} {length}" for (u, v), length in zip(ends.tolist(), lengths, strict=True)]
        head = f"p sp {graph.n} {len(rows)}"
    stream.write(("\n".join([f"c {About.of(graph)}", head, *rows]) + "\n").encode())


def _lengths(weight: NDArray[np.float64]) -> list[str]:
    with np.errstate(over="ignore"):
        lengths = 1 / weight
    if not (np.isfinite(lengths) & (lengths >= SHORTEST)).all():
        raise InputError("conductances whose length 1 / w is a float", "others", "write matrix-market or jsonl")
    return [number(length) for length in lengths.tolist()]


FORMAT = Format(
    "dimacs", "DIMACS graph", (".gr", ".col", ".dimacs"), _sniff, _read, _write,
    holds=BARE_GRAPH,
)  # fmt: skip
