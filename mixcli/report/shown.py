"""What can be reported on: records in files and pipes, stored comparisons, values; told apart by their beginnings."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from mixcli.errors import InputError
from mixcli.io.source import HEAD, Source, opened
from mixcli.report.fields import label, mapping, text
from mixcli.report.rows import collected, is_row
from mixcli.report.subject import Shown

__all__ = ["KNOWN", "from_text", "of_record", "of_thing", "records_in", "stored"]

KNOWN = {"analysis": "1", "comparison": "1", "trace": "1"}
"""Schemas that can be shown, and their versions."""

_RECORD = re.compile(rb'\s*\[?\s*\{\s*"(?:schema"\s*:\s*"mixcli\.(?!graph/|mask/|attention/)\w+/|arms"\s*:)')
_ROW = re.compile(rb'\s*\{\s*"(?:source"\s*:.*?"edits"|graph"\s*:\s*\d+\s*,\s*"(?:u|node|token|layer)")')
_TABLE = re.compile(rb"(?:source,index,edits,step|graph,(?:u,v|node|token|layer,head)[,\r\n])")
_SCHEMA = re.compile(r"mixcli\.(\w+)/(\w+)")


def records_in(source: str, stdin: BinaryIO | None = None) -> tuple[list[Shown] | None, BinaryIO | None]:
    """The records of a file or a stream, or what to read the source from.

    Args:
        source: a path, or "-".
        stdin: what "-" reads.

    Returns:
        The records and None; or None and, for "-", a stream that still has all its bytes.

    Raises:
        InputError: records of another version, or damaged ones.
    """
    if source != "-":
        path = Path(source)
        if not _is_file(path):
            return None, None
        if path.suffix.lower() == ".db":
            return stored(source), None
        with opened(path, source) as (data, _):
            if not _ours(data.peek(HEAD)):
                return None, None
            return from_text(_decoded(data, source), path.name), None
    if stdin is None:
        raise InputError("standard input", "none", "name a file")
    data = Source(getattr(stdin, "read1", stdin.read), "stdin")
    if not _ours(data.peek(HEAD)):
        return None, io.BufferedReader(data, HEAD)
    return from_text(_decoded(data, "stdin"), "standard input"), None


def _is_file(path: Path) -> bool:
    """False too for a spec that no file system takes for a name."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _ours(head: bytes) -> bool:
    """Whether these bytes begin records, rows of a trace or values, rather than a graph."""
    head = head.removeprefix(b"\xef\xbb\xbf")
    return bool(_RECORD.match(head) or _ROW.match(head) or _TABLE.match(head))


def _decoded(data: Source, where: str) -> str:
    try:
        return data.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError("records in UTF-8", f"byte {error.start} that is none", where=where) from error


def from_text(whole: str, name: str) -> list[Shown]:
    """The records in a text: an object, several, an array, JSON lines, or CSV of a trace or of values.

    Args:
        whole: the text.
        name: of its file.

    Raises:
        InputError: it is damaged, or of a version that is not known.

    Example:
        >>> line = '{"schema": "mixcli.analysis/1", "source": {"name": "a"}, "measures": {}}'
        >>> [(one.kind, one.name) for one in from_text(line, "x")]
        [('analysis', 'a')]
    """
    if _TABLE.match(whole[:200].encode()):
        import csv

        return collected(csv.DictReader(io.StringIO(whole)), name)
    found: list[Shown] = []
    rows: list[dict[str, Any]] = []
    for thing in _objects(whole, name):
        if is_row(thing):
            rows.append(thing)
        else:
            found.append(of_record(thing, name))
    return [*found, *(collected(rows, name) if rows else [])]


def _objects(whole: str, name: str) -> Iterator[dict[str, Any]]:
    """The JSON objects one after the other, those of arrays too."""
    decoder = json.JSONDecoder(parse_constant=lambda _: None)
    place, end = 0, len(whole)
    while True:
        while place < end and whole[place] in " \t\r\n":
            place += 1
        if place >= end:
            return
        try:
            value, place = decoder.raw_decode(whole, place)
        except (ValueError, RecursionError) as error:
            line = whole.count("\n", 0, getattr(error, "pos", place)) + 1
            told = getattr(error, "msg", type(error).__name__)
            raise InputError("JSON records", label(told), "write them anew", where=f"{name}, line {line}") from None
        for one in value if isinstance(value, list) else [value]:
            if not isinstance(one, dict):
                raise InputError("JSON objects", label(json.dumps(one), 40), "give records", where=name)
            yield one


def of_record(record: Mapping[str, Any], name: str, store: str = "") -> Shown:
    """A record, its schema checked.

    Args:
        record: what was read.
        name: of its file.
        store: the results database it stands in.

    Raises:
        InputError: it is no record, or one of a version that is not known.
    """
    schema = text(record, "schema")
    match = _SCHEMA.fullmatch(schema)
    if match is None:
        fix = "give what analyze, trace or compare wrote"
        raise InputError("records of mixcli", f"schema {label(schema, 30)!r}" if schema else "others", fix, where=name)
    kind, version = match.groups()
    if KNOWN.get(kind) != version:
        able = ", ".join(f"mixcli.{k}/{v}" for k, v in KNOWN.items())
        fix = "write it anew, or upgrade mixcli" if kind in KNOWN else "give what analyze, trace or compare wrote"
        raise InputError(f"records of {able}", label(schema, 40), fix, where=name)
    called = text(record, "dataset") if kind == "comparison" else text(record, "source", "name")
    method = text(record, "method")
    return Shown(kind, called or name, mapping(record), method=method, store=store)


def stored(path: str) -> list[Shown]:
    """The comparisons of a results database.

    Raises:
        InputError, UsageError: it is none, or of another version.
    """
    from mixcli.training.merging import records

    found = records(path)
    if not found:
        raise InputError("a comparison", "none", "mixcli export shows its trials", where=path)
    return [of_record(record, Path(path).name, path) for record in found]


def of_thing(thing: Any) -> Shown:
    """A graph, mask sequence or attention; with the graph before where the file says which edges were added."""
    kind = getattr(thing, "kind", "graph")
    if kind != "graph":
        return Shown(kind, thing.name, thing)
    before, method = _before(thing)
    return Shown(kind, thing.name, thing, before=before, method=method)


def _before(graph: Any) -> tuple[Any, str]:
    """The graph without the edges that its last rewiring added, if that removed none, and the rewiring."""
    import numpy as np

    from mixcli.graph import Graph
    from mixcli.rewiring.edits import EDGE_TYPE

    step = graph.provenance[-1] if graph.provenance else None
    done = next((s for s in reversed(graph.provenance) if s.op == "rewire"), None)
    kind = graph.edge.get(EDGE_TYPE)
    if step is None or done is None or kind is None or np.ndim(kind) != 1:
        return None, done.spec if done else ""
    added = np.asarray(kind) > 0
    if done.notes.get("edits") != int(added.sum()) or len([s for s in graph.provenance if s.op == "rewire"]) > 1:
        return None, done.spec  # edges were removed too, which the file does not list
    weight = None if graph.weight is None else graph.weight[~added]
    base = Graph(graph.n, graph.edges[~added], graph.directed, weight, labels=graph.labels, name=graph.name)
    return base, done.spec
