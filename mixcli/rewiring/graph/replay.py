"""What was done before, done again."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mixcli.errors import InputError, NotApplicable
from mixcli.rewiring.base import Edit, Rewiring
from mixcli.rewiring.edits import edited
from mixcli.rewiring.names import NodeNames
from mixcli.spec import param

if TYPE_CHECKING:
    from mixcli.context import Context
    from mixcli.graph import Graph
    from mixcli.rewiring.base import Rules

__all__ = ["Replay"]


@dataclass(frozen=True)
class Replay(Rewiring):
    """Make the edits of a log again, on the graph they were made for, or undo them.

    Equation: G' = e_k(… e_2(e_1(G))), e_1 … e_k the lines of the log.

    The log is what `mixcli rewire --log` writes: JSON lines with step, op ("add" or "remove"), u, v, score, reason, the
    place `graph` of the graph in its stream, and u_label, v_label where nodes have names. Names go before numbers, so
    the same graph may come with its nodes in another order. Every edit is checked before the first is made.

    Weights are not in a log: of a method that weighs edges anew (digl) it repeats the edges alone. Undoing takes the
    edits back from the last to the first; an edge that comes back has weight 1 and no payload.

    Args:
        file: the log.
        graph: place of the graph in the stream that the log was made from; none: its place in the present stream, or,
            for a single graph, the only one in the log.
        undo: take the edits back, on the graph as it was after them.

    Yields:
        The edits of the log, with their scores and reasons.

    Raises:
        InputError: the log cannot be read, or an edit is not possible on this graph.

    Cost: O(m + k log k) for k edits.

    Example:
        >>> import json, tempfile
        >>> from mixcli.generators.graphs import path
        >>> from mixcli.rewiring.base import rewire
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "edits.jsonl").write_text(json.dumps({"step": 0, "op": "add", "u": 0, "v": 2}))
        ...     rewire(path(3), f"replay:{folder}/edits.jsonl").graph.edges.tolist()
        [[0, 1], [0, 2], [1, 2]]

    Source: ours.
    """

    file: str = param("", "log of edits, as --log writes it")
    graph: int | None = param(None, "place of the graph in the log's stream; none: as it comes", ge=0)
    undo: bool = param(False, "take the edits back, the last one first")

    removes = True
    seeded = False
    directed = True
    cost = "O(m + k log k) for k edits"
    equation = "G' = e_k(… e_2(e_1(G))), e_1 … e_k the lines of the log"
    cites = "ours"
    score = "as in the log"

    def at(self, index: int) -> Rewiring:
        return self if self.graph is not None else dataclasses.replace(self, graph=index)

    def edits(self, graph: Graph, context: Context, rules: Rules) -> Iterator[Edit]:
        if not self.file:
            raise NotApplicable("a log of edits", "none", "name its file: replay:edits.jsonl")
        log = _log(self.file)
        names = NodeNames(graph)
        lines = log.of_graph(self.graph, self.file)
        edits = [_edit(row, number, graph, names, self.file) for number, row in lines]
        if self.undo:
            edits = [_back(edit, step) for step, edit in enumerate(reversed(edits))]
        try:
            edited(graph, edits)
        except InputError as error:
            raise error.at(self.file) from None
        for edit in edits:
            if not rules.allowed(edit):
                fix = "leave the constraints out to replay the log"
                raise InputError("edits that the constraints allow", str(edit), fix, where=self.file)
            yield edit

    def notes(self, graph: Graph, context: Context, rules: Rules) -> dict[str, Any]:
        return {"log_sha256": _log(self.file).sha256} if self.file else {}


class _Log(NamedTuple):
    """The lines of a log by graph, and its digest."""

    rows: Mapping[int, list[tuple[int, dict[str, Any]]]]
    sha256: str

    def of_graph(self, index: int | None, file: str) -> list[tuple[int, dict[str, Any]]]:
        if index is None and len(self.rows) > 1:
            found = f"edits of {len(self.rows)}"
            raise InputError("a log of one graph", found, "say which: replay:file=…,graph=0", where=file)
        return self.rows.get(index, []) if index is not None else next(iter(self.rows.values()), [])


def _log(file: str) -> _Log:
    """The log in a file; read once however many graphs ask."""
    try:
        facts = Path(file).stat()
    except (OSError, ValueError) as error:
        raise InputError("a log of edits", getattr(error, "strerror", None) or str(error), where=file) from error
    return _read(file, facts.st_mtime_ns, facts.st_size)


@lru_cache(maxsize=1)
def _read(file: str, changed: int, size: int) -> _Log:
    try:
        data = Path(file).read_bytes()
        text = data.decode()
    except OSError as error:
        raise InputError("a log of edits", error.strerror or str(error), where=file) from error
    except UnicodeDecodeError:
        raise InputError("JSON lines", "bytes that are no text", "give what --log wrote", where=file) from None
    rows: dict[int, list[tuple[int, dict[str, Any]]]] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            row = _row(line, f"{file}:{number}")
            rows.setdefault(row.get("graph", 0), []).append((number, row))
    return _Log(rows, hashlib.sha256(data).hexdigest())


def _row(line: str, where: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict):
        raise InputError("an edit as a JSON object", line[:60], "give what --log wrote", where=where)
    if row.get("op") not in ("add", "remove"):
        raise InputError('op "add" or "remove"', repr(row.get("op")), "correct this line", where=where)
    for key, default in (("u", None), ("v", None), ("step", 0), ("graph", 0)):
        value = row.get(key, default)
        if type(value) is not int or value < 0:
            raise InputError(f"{key}, a whole number >= 0", repr(value), "correct this line", where=where)
    score = row.get("score")
    if score is not None and type(score) not in (int, float):
        raise InputError("score, a number", repr(score), "correct this line", where=where)
    return row


def _edit(row: dict[str, Any], number: int, graph: Graph, names: NodeNames, file: str) -> Edit:
    u, v = (_node(row, end, graph, names, f"{file}:{number}") for end in ("u", "v"))
    if not graph.directed:
        u, v = min(u, v), max(u, v)
    score = row.get("score")
    reason = str(row.get("reason", ""))
    return Edit(row["op"], u, v, float("nan") if score is None else float(score), row.get("step", 0), reason)


def _back(edit: Edit, step: int) -> Edit:
    reason = f"takes back step {edit.step}" + f": {edit.reason}" * bool(edit.reason)
    return Edit("remove" if edit.op == "add" else "add", edit.u, edit.v, edit.score, step, reason)


def _node(row: dict[str, Any], end: str, graph: Graph, names: NodeNames, where: str) -> int:
    """The node of an end: by its name where both the log and the graph have names, else by its number."""
    label, number = row.get(f"{end}_label"), row[end]
    if label is None or graph.labels is None or (number < graph.n and graph.labels[number] == label):
        return int(number)
    return names.node(str(label), where)
