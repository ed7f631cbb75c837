"""Per-edge and per-node values as CSV or JSON lines, written while the graphs go by."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from mixcli.errors import UsageError
from mixcli.io.atomic import replacing
from mixcli.report.record import jsonable

if TYPE_CHECKING:
    from mixcli.graph import Graph
    from mixcli.measures.base import Values

__all__ = ["ValuesWriter", "rows"]

LEVELS = ("edge", "node", "pair", "token", "head")


class ValuesWriter:
    """Writes FILE; where measures of several levels come in, FILE.edge.csv and FILE.node.csv (before the suffix).

    Args:
        target: the file; `.csv` or `.jsonl`.
        levels: measure key -> its level, of all measures that will come.
        force: replace existing files.
        note: told which files are written when there are several.
    """

    def __init__(self, target: Path, levels: Mapping[str, str], force: bool, note: Callable[[str], None]) -> None:
        if target.suffix not in (".csv", ".jsonl"):
            raise UsageError("a name that ends in .csv or .jsonl", target.name, where="--values")
        self.target, self.force, self.note, self.told = target, force, note, False
        self.files: dict[str, BinaryIO] = {}
        self.keys = {lv: [k for k, level in levels.items() if level == lv] for lv in LEVELS if lv in levels.values()}
        if not self.keys:
            raise UsageError("a measure with a value per edge or node", "none", "ask for one with -m", where="--values")
        self.several = len(self.keys) > 1
        if self.several:
            note("values: one file a level: " + ", ".join(str(self._path(level)) for level in self.keys))
        self.columns: dict[str, list[str]] = {}
        self.stack = ExitStack()

    def __enter__(self) -> ValuesWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return self.stack.__exit__(kind, error, trace)

    def add(self, graph: Graph, index: int, found: Mapping[str, Values]) -> None:
        """Append the values of one graph."""
        for level in self.keys:
            out = self._file(level)
            for row in rows(graph, index, level, found):
                out.write(self._line(level, row))

    def _path(self, level: str) -> Path:
        return self.target.with_name(f"{self.target.stem}.{level}{self.target.suffix}") if self.several else self.target

    def _file(self, level: str) -> BinaryIO:
        if level not in self.files:
            self.files[level] = self.stack.enter_context(replacing(self._path(level), self.force))
        return self.files[level]

    def _line(self, level: str, row: dict[str, Any]) -> bytes:
        if self.target.suffix == ".jsonl":
            return (json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n").encode()
        buffer = io.StringIO()
        if level not in self.columns:
            ends = [c for c in row if c not in self.keys[level]]
            self.columns[level] = [*ends, *self.keys[level]]
            csv.writer(buffer, lineterminator="\n").writerow(self.columns[level])
        if not self.told and any(c.endswith("_label") and c not in self.columns[level] for c in row):
            self.told = True
            self.note(f"{self.target}: names of nodes left out, since the first graph has none; .jsonl keeps them")
        csv.writer(buffer, lineterminator="\n").writerow(
            ["" if row.get(c) is None else row.get(c) for c in self.columns[level]]
        )
        return buffer.getvalue().encode()


def rows(graph: Graph, index: int, level: str, found: Mapping[str, Values]) -> list[dict[str, Any]]:
    """One dict per edge, node or pair: its ends, their names where they have any, and a value per measure.

    Args:
        graph: the graph.
        index: its place in the stream.
        level: "edge", "node" or "pair".
        found: catalog key -> Values; those of other levels are passed over.
    """
    chosen = {k: v for k, v in found.items() if v.level == level and v.data is not None}
    if not chosen:
        return []
    if level == "node":
        keys = np.arange(graph.n)[:, None]
        names = ["node"]
    else:
        first = next(iter(chosen.values()))
        keys = graph.edges if level == "edge" else np.asarray(first.index)
        names = ["u", "v"]
    columns = {k: np.asarray(v.data).tolist() for k, v in chosen.items()}
    out = []
    for i, key in enumerate(keys.tolist()):
        row: dict[str, Any] = {"graph": index, **dict(zip(names, key, strict=True))}
        if graph.labels is not None:
            row.update({f"{n}_label": graph.labels[k] for n, k in zip(names, key, strict=True)})
        row.update({k: jsonable(c[i]) for k, c in columns.items()})
        out.append(row)
    return out
