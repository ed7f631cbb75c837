"""The log of a rewiring: JSON lines, one for each edit and each weight, from which it can be made again.

Every line has `step`, `op`, `u`, `v`, `score`, `reason` and `graph`, the place of its graph in the stream; nodes that
have names also `u_label` and `v_label`. `op` is "add" or "remove"; "weigh" gives an edge of the result its `weight`,
where the method gives weights; "none" stands for a graph that got neither. The first line of each graph also says by
which `method`, `seed` and `version` it was made, `before`, the graph it was made for, and the layer `plan` that came of
it, if any; nothing that depends on how many edits follow. Logs without these facts are read too.
"""

from __future__ import annotations

import hashlib
import itertools
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mixcli import __version__
from mixcli.errors import InputError, NotApplicable
from mixcli.rewiring.edits import Edit, edited
from mixcli.rewiring.identity import Identity
from mixcli.rewiring.log_lines import Row, check_whole, log_bytes, log_lines, no_log

if TYPE_CHECKING:
    from mixcli.graph import Graph
    from mixcli.rewiring.base import Rewired

__all__ = ["Log", "Logged", "log_rows", "read_log"]

OPS = ("add", "remove", "weigh", "none")
LARGEST = sys.float_info.max


def log_rows(result: Rewired, index: int, weighs: bool) -> Iterator[Row]:
    """The lines of one graph.

    Args:
        result: the graph before and after, with its edits.
        index: place of the graph in its stream.
        weighs: whether the method gave the edges weights.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> from mixcli.rewiring.base import rewire
        >>> [(row["op"], row["u"], row["v"]) for row in log_rows(rewire(path(4), "fosr:1"), 0, False)]
        [('add', 0, 3)]
    """
    base, after = result.base, result.graph
    step = after.provenance[-1]
    facts: Row = {"method": step.spec, "seed": step.seed, "version": __version__}
    facts["before"] = Identity.of(base).to_json()
    if after.plan != base.plan:
        facts["plan"] = after.plan.to_json()
    rows = itertools.chain(_edit_rows(result, index), _weight_rows(result, index) if weighs else ())
    first = next(rows, None) or _row(base, index, 0, "none", reason="no edit")
    yield {key: value for key, value in (first | facts).items() if key != "seed" or value is not None}
    yield from rows


def _edit_rows(result: Rewired, index: int) -> Iterator[Row]:
    for edit in result.edits:
        yield _row(result.base, index, edit.step, edit.op, edit.u, edit.v, edit.score, edit.reason)


def _weight_rows(result: Rewired, index: int) -> Iterator[Row]:
    graph = result.graph
    if graph.weight is None:
        return
    step = result.edits[-1].step if result.edits else 0
    for (u, v), weight in zip(graph.edges.tolist(), graph.weight.tolist(), strict=True):
        yield {**_row(graph, index, step, "weigh", u, v, reason="weight after all edits"), "weight": weight}


def _row(
    graph: Graph, index: int, step: int, op: str, u: int | None = None, v: int | None = None,
    score: float | None = None, reason: str = "",
) -> Row:  # fmt: skip
    row: Row = {"step": step, "op": op, "u": u, "v": v, "score": score, "reason": reason, "graph": index}
    if graph.labels is not None and u is not None and v is not None:
        row |= {"u_label": graph.labels[u], "v_label": graph.labels[v]}
    return row


@dataclass
class Logged:
    """What a log says of one graph.

    Args:
        edits: (line, row) of each edit.
        weights: (line, row) of each edge that is given a weight.
        facts: the row that says which graph it was, or None in a log that does not.
    """

    edits: list[tuple[int, Row]] = field(default_factory=list)
    weights: list[tuple[int, Row]] = field(default_factory=list)
    facts: Row | None = None

    def check(self, graph: Graph, edits: Sequence[Edit], undo: bool, file: str) -> None:
        """Refuse a graph other than the one the log was made for, or, to undo it, the one that came of it.

        Args:
            graph: the graph.
            edits: what is about to be made.
            undo: whether they take back the edits of the log.
            file: the log, for the message.

        Raises:
            NotApplicable: it is another graph.
            InputError: the edits are not possible.
        """
        if self.facts is None:
            return
        known = Identity.from_json(self.facts["before"])
        if undo:  # weights do not come back
            edges = edited(graph, list(edits))[0]
            same = known.same_edges(Identity.of(graph.replace(edges=edges, weight=None, edge={})))
        else:
            same = known.same(Identity.of(graph))
        if not same:
            wanted = "that came of" if undo else "that was given to"
            which = "" if undo else f" (fingerprint {known.fingerprint[:12]})"
            raise NotApplicable(
                f"the graph {wanted} {self.facts.get('method', 'the method')}{which}",
                f"another (fingerprint {graph.fingerprint[:12]})",
                "give that graph, or check=false to make the edits all the same",
                where=f"{graph.name}: {file}" if graph.name else file,
            )


@dataclass(frozen=True)
class Log:
    """A log that was read.

    Args:
        graphs: place in the stream -> what is said of that graph.
        sha256: digest of the file.
        file: its name.
    """

    graphs: Mapping[int, Logged]
    sha256: str
    file: str

    def of_graph(self, index: int | None, check: bool) -> Logged:
        """What the log says of a graph; nothing of one that it does not know, which `check` refuses.

        Raises:
            InputError: no place is given and there are several graphs.
            NotApplicable: the log does not know the graph.
        """
        if index is None and len(self.graphs) > 1:
            found = f"edits of {len(self.graphs)}"
            raise InputError("a log of one graph", found, "say which: replay:file=…,graph=0", where=self.file)
        if index is None:
            return next(iter(self.graphs.values()), Logged())
        if index not in self.graphs and check and any(known.facts is not None for known in self.graphs.values()):
            fix = "leave the graph out, or say check=false to let it be"
            raise NotApplicable(f"lines for graph {index} of the stream", "none", fix, where=self.file)
        return self.graphs.get(index, Logged())


def read_log(file: str) -> Log:
    """The log in a file; read once however many graphs ask.

    Raises:
        InputError: it cannot be read, with the line at fault.
    """
    try:
        facts = Path(file).stat()
    except (OSError, ValueError) as error:
        raise no_log(file, error) from error
    return _read(file, facts.st_mtime_ns, facts.st_size)


@lru_cache(maxsize=1)
def _read(file: str, changed: int, size: int) -> Log:
    data = log_bytes(file)
    graphs: dict[int, Logged] = {}
    for number, row in log_lines(data, file, OPS):
        _check(row, f"{file}:{number}")
        known = graphs.setdefault(row.get("graph", 0), Logged())
        if row["op"] in ("add", "remove"):
            known.edits.append((number, row))
        elif row["op"] == "weigh":
            known.weights.append((number, row))
        if "before" in row:
            known.facts = row
    return Log(graphs, hashlib.sha256(data).hexdigest(), file)


def _check(row: Row, where: str) -> None:
    ends = (("u", None), ("v", None)) if row["op"] != "none" else ()
    for key, default in (*ends, ("step", 0), ("graph", 0)):
        check_whole(key, row.get(key, default), where)
    score = row.get("score")
    if score is not None and not (type(score) is float or (type(score) is int and abs(score) <= LARGEST)):
        raise InputError("score, a number", repr(score), "correct this line", where=where)
    weight: Any = row.get("weight")
    if row["op"] == "weigh" and not (type(weight) in (int, float) and 0 < weight <= LARGEST):
        raise InputError("weight, a number > 0", repr(weight), "correct this line", where=where)
    if not isinstance(row.get("before", {}), dict):
        raise InputError("before, a JSON object", "another value", "correct this line", where=where)
