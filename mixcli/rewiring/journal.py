"""What a run over a stream of graphs has done so far, kept beside its output so that another run can go on with it.

JSON lines: the first says what was asked for, each other one what was done to one graph: its place in the stream, a
digest of what the method was given, the edits, what provenance says of them, and the weights where the method gives
any. Edits, not graphs: the file stays small, and serves every output format. A line that a crash cut short, and what
follows a line that is damaged, is done again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from mixcli import __version__
from mixcli.errors import InputError, UsageError
from mixcli.rewiring.base import Rewired, changed
from mixcli.rewiring.edits import Edit

if TYPE_CHECKING:
    from mixcli.context import Context
    from mixcli.graph import Graph
    from mixcli.rewiring.base import Constraints, Rewiring

__all__ = ["Journal"]

SCHEMA = "mixcli.journal/1"
HEAD = b'{"schema":"mixcli.journal'
AFRESH = "or --force without --resume to start over"

Line = dict[str, Any]


class Journal:
    """The journal of one run: lines of an earlier run are taken first, then lines are added.

    Args:
        output: the file that the run will write; the journal is FILE.journal.
        asked: what was asked for, by option, JSON-ready; an earlier run must have been asked the same.
        resume: go on with an earlier run where there is one.
        replace: start over where there is one.

    Raises:
        UsageError: there is an earlier run, and neither `resume` nor `replace`, or it was asked for something else, or
            another process is at work on it.
        InputError: the file is no journal.

    Example:
        >>> import tempfile
        >>> from mixcli.context import Context
        >>> from mixcli.generators.graphs import path
        >>> from mixcli.rewiring.base import apply
        >>> from mixcli.rewiring.graph.fosr import FoSR
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     first = Journal(Path(folder, "out.pt"), {"--seed": 0}, resume=True, replace=False)
        ...     first.add(0, apply(FoSR(2), path(5)), FoSR(2))
        ...     _ = first.close(keep=True)
        ...     second = Journal(Path(folder, "out.pt"), {"--seed": 0}, resume=True, replace=False)
        ...     second.take(0, path(5), FoSR(2), Context())[0].added, second.graphs
        (2, 1)
    """

    def __init__(self, output: Path, asked: Mapping[str, Any], *, resume: bool, replace: bool) -> None:
        output = output.resolve()
        self.path = output.with_name(f"{output.name}.journal")
        self.asked = {"mixcli": __version__, **asked}
        self.graphs = 0
        """Graphs in it that this run knows to be done."""
        self.resumed = False
        self._file: BinaryIO | None = None
        self._ahead: Line | None = None
        if self.path.exists():
            self._open(resume, replace)

    @property
    def more(self) -> bool:
        """Whether an earlier run has done graphs that were not taken yet."""
        return self._ahead is not None

    def take(
        self, index: int, graph: Graph, method: Rewiring, context: Context, constraints: Constraints | None = None
    ) -> tuple[Rewired, str] | None:
        """What an earlier run made of a graph, and what it said of its end; None where it did nothing.

        Args:
            index: place of the graph in the stream; places are asked for in ascending order.
            graph: the graph.
            method: what it is rewired by.
            context: as for the rewiring.
            constraints: what must hold of every edit.

        Raises:
            InputError: it was another graph, or it was under other constraints.
        """
        line = self._ahead
        if line is None or line["index"] != index:
            return None
        if line["input"] != _digest(graph, constraints):
            what = "other edges or weights" + ", or other constraints" * bool(constraints)
            fix = f"give the same sources as before, {AFRESH}"
            raise InputError(f"graph {index} as in the unfinished run", what, fix, where=f"{self.path}: {graph.name}")
        self._ahead = self._next()
        self.graphs += 1
        try:
            edits = [Edit(*row) for row in line["edits"]]
            after = changed(method, graph, edits, context, dict(line["notes"]))
            if "weight" in line:
                after = after.replace(weight=np.array(line["weight"], dtype=np.float64))
            return Rewired(graph, after, tuple(edits)), str(line["ended"])
        except (TypeError, ValueError, KeyError, OverflowError, InputError) as error:
            found = f"{type(error).__name__} in the line of graph {index}"
            raise InputError("a journal as mixcli writes it", found, AFRESH, where=str(self.path)) from error

    def add(
        self, index: int, result: Rewired, method: Rewiring, constraints: Constraints | None = None, ended: str = ""
    ) -> None:
        """Note what was done to a graph, if all of it was.

        Args:
            index: place of the graph in the stream.
            result: the graph before and after.
            method: what it was rewired by.
            constraints: what had to hold of every edit.
            ended: what is said of its end.
        """
        if result.interrupted or self.more:
            return
        line: Line = {"index": index, "input": _digest(result.base, constraints), "ended": ended}
        line |= {"edits": [[e.op, e.u, e.v, e.score, e.step, e.reason] for e in result.edits]}
        line["notes"] = dict(result.graph.provenance[-1].notes)
        if method.will_weigh() and result.graph.weight is not None:
            line["weight"] = result.graph.weight.tolist()
        if self._file is None:
            self._file = self.path.open("xb")
            _lock(self._file, self.path)
            self._file.write(_dumped({"schema": SCHEMA, "asked": self.asked}))
        self._file.write(_dumped(line))
        self._file.flush()  # a killed process loses what it holds, the system does not
        self.graphs += 1

    def close(self, *, keep: bool) -> bool:
        """End it, and remove the file unless it should be kept and another run can go on with it.

        Returns:
            Whether it was kept.
        """
        keep = keep and (self.graphs > 0 or self.more)
        if self._file is not None:
            self._file.close()
            self._file = None
            if not keep:
                self.path.unlink(missing_ok=True)
        return keep

    def _open(self, resume: bool, replace: bool) -> None:
        self._file = self.path.open("r+b")
        try:
            _lock(self._file, self.path)
            line = self._file.readline()
            first = _loaded(line)
            begun = not line.endswith(b"\n") and (line.startswith(HEAD) or HEAD.startswith(line))
            if first.get("schema") != SCHEMA and not begun:
                raise InputError("a journal of mixcli", "another file", "move it away", where=str(self.path))
            self._ahead = None if begun else self._next()
            if self._ahead is None or (replace and not resume):
                self._file.close()
                self.path.unlink()
                self._file = self._ahead = None
            elif not resume:
                fix = "pass --resume to go on with it, or --force to start over"
                raise UsageError("no unfinished run", "the journal of one", fix, where=str(self.path))
            else:
                self._compare(first.get("asked"))
                self.resumed = True
        except BaseException:
            if self._file is not None:
                self._file.close()
            raise

    def _compare(self, asked: Any) -> None:
        asked = asked if isinstance(asked, dict) else {}
        for option in {**self.asked, **asked}:
            now, before = self.asked.get(option), asked.get(option)
            if now != before:
                expected = f"{option} {_shown(before)} as in the unfinished run"
                raise UsageError(expected, _shown(now), f"give the same, {AFRESH}", where=str(self.path))

    def _next(self) -> Line | None:
        """The next whole line; what follows the last one is cut off."""
        if self._file is None:
            return None
        start = self._file.tell()
        line = _loaded(self._file.readline())
        if type(line.get("index")) is int and isinstance(line.get("input"), str) and "edits" in line:
            return line
        self._file.seek(start)
        self._file.truncate()
        return None


def _digest(graph: Graph, constraints: Constraints | None) -> str:
    """What a method is given of a graph."""
    if not constraints:
        return graph.fingerprint
    held = (graph.fingerprint, constraints.max_degree, sorted(constraints.forbidden), constraints.keep_connected)
    return hashlib.sha256(repr((*held, constraints.sides)).encode()).hexdigest()


def _lock(file: BinaryIO, path: Path) -> None:
    """Keep other processes off the journal until it is closed, where the system can."""
    try:
        import fcntl
    except ImportError:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        fix = "wait for it to end"
        raise UsageError("a journal that no other run writes", "one at work", fix, where=str(path)) from None


def _dumped(line: Line) -> bytes:
    return (json.dumps(line, default=_plain, separators=(",", ":")) + "\n").encode()


def _plain(value: Any) -> Any:
    """Numbers of numpy as Python's."""
    return value.item()


def _loaded(line: bytes) -> Line:
    """The object in a whole line; an empty one where it is cut short or damaged."""
    if not line.endswith(b"\n"):
        return {}
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _shown(value: Any) -> str:
    return "none" if value is None else str(value)
