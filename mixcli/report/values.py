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
        force: replace existing files.
        note: told which files are written when there are several.
    """

    def __init__(self, target: Path, force: bool, note: Callable[[str], None]) -> None:
        if target.suffix not in (".csv", ".jsonl"):
            raise UsageError("a name that ends in .csv or .jsonl", target.name, where="--values")
        self.target, self.force, self.note = target, force, note
        self.files: dict[str, BinaryIO] = {}
        self.columns: dict[str, list[str]] = {}
        self.several = False
        self.stack = ExitStack()

    def __enter__(self) -> ValuesWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return self.stack.__exit__(kind, error, trace)

    def add(self, graph: Graph, index: int, found: Mapping[str, Values]) -> None:
        """Append the values of one graph."""
        levels = [lv for lv in LEVELS if any(v.level == lv and v.data is not None for v in found.values())]
        if not self.files:
            self.several = len(levels) > 1
            if self.several:
                self.note("values: one file a level: " + ", ".join(str(self._path(lv)) for lv in levels))
        for level in levels:
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
            self.columns[level] = list(row)
            csv.writer(buffer, lineterminator="\n").writerow(row)
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
