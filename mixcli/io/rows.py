"""Lines of an edge list as columns: parsed in C where they are all numbers, else line by line with exact complaints."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixcli.io.attributes import parse_column
from mixcli.io.base import Reading
from mixcli.io.numbers import as_ids, check_weight, data_lines, line_of, number_table, to_float

__all__ = ["RESERVED", "TIMES", "Layout", "Rows", "layout_of", "read_rows", "without_comments"]

SOURCE = frozenset(["source", "src", "from", "u", "node1", "node_1", "id1", "id_1", "fromnodeid", "from_node", "head"])
TARGET = frozenset(["target", "dst", "to", "v", "node2", "node_2", "id2", "id_2", "tonodeid", "to_node", "tail"])
WEIGHT = frozenset(["weight", "w", "value", "conductance"])
DIRECTION = "type"
THIRD = "third column"
TIMES = frozenset(["time", "timestamp", "ts", "unixts", "unix_time", "date", "datetime"])
"""Column names that say when, not how much: carried along, never a weight."""
RESERVED = SOURCE | TARGET | WEIGHT | {DIRECTION}
"""Column names that mean something, and so cannot name a payload."""

COMMENTS = ("#", "%", "//")
_AFTERTHOUGHT = re.compile(r"\s#.*$")
_DICT_WEIGHT = re.compile(r"['\"]weight['\"]\s*:\s*([^\s,}]+)")
_INTEGER = re.compile(r"[+-]?\d{1,4000}")


@dataclass(frozen=True)
class Layout:
    """How the lines are cut.

    Args:
        delimiter: the separator; None for any run of blanks.
        columns: number of columns.
        header: their names, where a first line gives them.
        dicts: whether lines end with a Python dict, as networkx writes.
    """

    delimiter: str | None
    columns: int
    header: tuple[str, ...] = ()
    dicts: bool = False


@dataclass(frozen=True)
class Rows:
    """Edges in the order of the file.

    Args:
        ids: (k, 2) integer names; empty where `names` is set.
        names: 2k names, two an edge, where some are not integers.
        weight: (k,) or None.
        payload: further columns that a header names.
        directed: whether a `type` column says so.
        weighing: which column the weights stand in, where it is not called weight.
    """

    ids: NDArray[Any]
    names: list[str] | None = None
    weight: NDArray[np.float64] | None = None
    payload: dict[str, NDArray[Any]] = field(default_factory=dict)
    directed: bool = False
    weighing: str = ""


def without_comments(text: str, signs: tuple[str, ...] = COMMENTS) -> tuple[str, list[str]]:
    """The text with comment lines blanked (so that lines keep their numbers), and the comments."""
    if not any(sign in text for sign in signs):
        return text, []
    pattern = re.compile(rf"^[ \t]*(?:{'|'.join(map(re.escape, signs))})[^\n]*", re.MULTILINE)
    return pattern.sub("", text), pattern.findall(text)


def layout_of(body: str, sample: int = 20) -> Layout | None:
    """How the first lines are cut, or None where they do not agree on two columns or more."""
    lines: list[str] = []
    for match in re.finditer(r"\S[^\n]*", body):
        lines.append(match[0].strip())
        if len(lines) == sample:
            break
    dicts = any(_without_dict(line) != line for line in lines)
    lines = [_without_dict(line) for line in lines]
    if not lines:
        return None
    rest = lines[1:] or lines
    blanks = all(_is_number(token) for line in rest for token in line.split()) and len(rest[0].split()) > 1
    order = (None, "\t", ",", ";") if blanks else ("\t", ",", ";", None)
    for delimiter in order:
        rows = [_cut(line, delimiter) for line in lines]
        if len(rows[0]) > 1 and len({len(row) for row in rows}) == 1:
            return Layout(delimiter, len(rows[0]), _header(rows), dicts)
    return None


def _header(rows: list[list[str]]) -> tuple[str, ...]:
    names = [cell.lower() for cell in rows[0]]
    known = any(name in SOURCE for name in names) and any(name in TARGET for name in names)
    words = not any(map(_is_number, rows[0]))
    numbers_below = len(rows) > 1 and all(_is_number(cell) for cell in rows[1][:2])
    return tuple(rows[0]) if words and (known or numbers_below) else ()


def _without_dict(line: str) -> str:
    """The line without the Python dict at its end, if it has one."""
    return line.partition("{")[0].strip() if line.endswith("}") else line


def _cut(line: str, delimiter: str | None) -> list[str]:
    if delimiter is None:
        return _AFTERTHOUGHT.sub("", line).split()
    try:
        cells = next(csv.reader([line], delimiter=delimiter)) if '"' in line else line.split(delimiter)
    except csv.Error:  # a quoted cell longer than the parser takes
        cells = line.split(delimiter)
    return [cell.strip() for cell in cells]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def read_rows(body: str, reading: Reading, *, named: bool = False) -> Rows:
    """The edges that the lines of a text list.

    Args:
        body: the text, comments blanked.
        reading: for messages.
        named: take the first two columns as names even where they are numbers.

    Raises:
        InputError: a line that does not fit, with its number.
    """
    if not body.strip():
        return Rows(np.zeros((0, 2), np.int64), names=[] if named else None)
    layout = layout_of(body) or _most_likely(body)
    if layout.columns > 3 and not layout.header:
        fix = "name the columns in a first line (source,target,weight,…)"
        wanted = "2 or 3 columns (two nodes and a weight)"
        raise reading.error(wanted, str(layout.columns), fix, line=line_of(body, 0))
    if not (layout.header or layout.dicts or named):
        table = number_table(body, layout.delimiter)
        ids = as_ids(table[:, :2]) if table is not None and table.shape[1] in (2, 3) else None
        if table is not None and ids is not None:
            weight = table[:, 2] if table.shape[1] == 3 else None
            weighing = THIRD if weight is not None else ""
            return _checked(Rows(ids, weight=weight, weighing=weighing), reading, lambda row: line_of(body, row))
    return _read_slowly(body, layout, reading, named)


def _most_likely(body: str) -> Layout:
    """The layout where the first lines disagree: that of the first line with two or three columns."""
    for _, line in data_lines(body):
        for delimiter in (None, "\t", ",", ";"):
            if len(_cut(line, delimiter)) in (2, 3):
                return Layout(delimiter, len(_cut(line, delimiter)))
    return Layout(None, 2)


def _read_slowly(body: str, layout: Layout, reading: Reading, named: bool) -> Rows:
    cells: list[list[str]] = []
    numbers: list[int] = []
    in_dicts: list[str | None] = []
    lines = data_lines(body)
    if layout.header:
        next(lines)
    for number, line in lines:
        if layout.dicts:
            found = _DICT_WEIGHT.search(line)
            in_dicts.append(found[1] if found else None)
            line = _without_dict(line)
        row = _cut(line, layout.delimiter)
        if len(row) != layout.columns or "" in row[:2]:
            wanted = f"{layout.columns} columns, as in the other lines"
            raise reading.error(wanted, f"{len(row)}: {line[:60]!r}", line=number)
        cells.append(row)
        numbers.append(number)
    columns: list[list[str]] = [list(c) for c in zip(*cells, strict=True)] or [[] for _ in range(layout.columns)]
    places = _places(layout, reading)
    weight = None
    if reading.weighted and places.get("weight") is not None:
        weight = [
            to_float(t, "the weight", reading, n) for t, n in zip(columns[places["weight"]], numbers, strict=True)
        ]
    elif reading.weighted and any(in_dicts):
        weight = [to_float(t or "1", "the weight", reading, n) for t, n in zip(in_dicts, numbers, strict=True)]
    payload = {
        name: parse_column(column)
        for k, (name, column) in enumerate(zip(layout.header, columns, strict=False))
        if k not in places.values()
    }
    kinds = {text.lower() for text in columns[places["type"]]} if "type" in places else set()
    names = [name for pair in zip(columns[places["source"]], columns[places["target"]], strict=True) for name in pair]
    rows = Rows(
        np.zeros((0, 2), np.int64), names, None if weight is None else np.array(weight, np.float64), payload,
        kinds == {"directed"}, _weighing(layout, places) if weight is not None else "",
    )  # fmt: skip
    return _checked(rows if named else _with_ids(rows), reading, lambda row: numbers[row])


def _places(layout: Layout, reading: Reading) -> dict[str, int]:
    """Column of each role."""
    if not layout.header:
        return {"source": 0, "target": 1} | ({"weight": 2} if layout.columns == 3 else {})
    if len(set(layout.header)) < len(layout.header):
        raise reading.error("different names in the header", ", ".join(layout.header), line=1)
    names = [name.lower() for name in layout.header]
    places = {"source": 0, "target": 1}
    ends = [next((k for k, name in enumerate(names) if name in known), None) for known in (SOURCE, TARGET)]
    if ends[0] is not None and ends[1] is not None:
        places = {"source": ends[0], "target": ends[1]}
    for role, known in (("weight", WEIGHT), ("type", frozenset({DIRECTION}))):
        for k, name in enumerate(names):
            if name in known and role not in places and k not in places.values():
                places[role] = k
    return places


def _weighing(layout: Layout, places: dict[str, int]) -> str:
    """Which column weighs, where it is not called a weight."""
    if "weight" not in places:  # Python dicts, which name it
        return ""
    name = layout.header[places["weight"]] if layout.header else ""
    return THIRD if not name else f"column {name!r}" if name.lower() == "value" else ""


def _with_ids(rows: Rows) -> Rows:
    """The same rows with integers for names, where all are integers (of any size)."""
    names = rows.names or []
    if not all(map(_INTEGER.fullmatch, names)):
        return rows
    values = [int(name) for name in names]
    small = all(-(2**63) <= value < 2**63 for value in values)
    ids = np.array(values, dtype=np.int64 if small else object).reshape(-1, 2)
    return Rows(ids, None, rows.weight, rows.payload, rows.directed, rows.weighing)


def _checked(rows: Rows, reading: Reading, line: Any) -> Rows:
    """The rows, once no id is negative and every weight is a conductance."""
    bad = (rows.ids < 0).any(axis=1)
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        fix = "number the nodes from 0, or give them names"
        raise reading.error("node ids >= 0", str(min(rows.ids[row])), fix, line=line(row))
    if rows.weight is not None and reading.weighted:
        check_weight(rows.weight, reading, line)
    return rows
