"""Per-edge and per-node values as CSV or JSON lines, written while the graphs go by, a column at a time."""

from __future__ import annotations

import csv
import io
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from mixcli.errors import UsageError
from mixcli.graph import Graph
from mixcli.io.atomic import replacing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.measures.base import Values
    from mixcli.sequence import TokenGraph

__all__ = ["ValuesWriter", "check_target"]

BLOCK = 1 << 16
"""Rows written at a time."""

LEVELS = ("edge", "node", "pair", "token", "head")


def check_target(target: Path) -> None:
    """Refuse a file name that says neither CSV nor JSON lines, and is not `-`.

    Raises:
        UsageError: another suffix.
    """
    if target.suffix not in (".csv", ".jsonl") and str(target) != "-":
        raise UsageError("a name that ends in .csv or .jsonl", target.name, where="--values")


class ValuesWriter:
    """Writes FILE; where measures of several levels come in, FILE.edge.csv and FILE.node.csv (before the suffix).

    An estimate comes with its standard errors in a column of its own, `KEY_error`.

    Args:
        target: the file; `.csv` or `.jsonl`.
        levels: measure key -> its level, of all measures that will come.
        node_means: whether edge measures also come as means over the edges of each node: columns of the node file.
        force: replace existing files.
        note: told which files are written when there are several.
        out: where to write JSON lines to if the file is `-`.
    """

    def __init__(
        self,
        target: Path,
        levels: Mapping[str, str],
        force: bool,
        note: Callable[[str], None],
        node_means: bool = False,
        out: BinaryIO | None = None,
    ) -> None:
        check_target(target)
        self.out, self.lines = out, target.suffix == ".jsonl" or out is not None
        self.target, self.force, self.note, self.told = target, force, note, False
        self.files: dict[str, BinaryIO] = {}
        by_level = {lv: [k for k, level in levels.items() if level == lv] for lv in LEVELS}
        if node_means:
            by_level["node"] = [k for k, level in levels.items() if level in ("node", "edge")]
        self.keys = {level: keys for level, keys in by_level.items() if keys}
        if not self.keys:
            raise UsageError(
                "a measure with a value per edge, node, token or head", "none", "ask for one with -m", where="--values"
            )
        self.several = len(self.keys) > 1
        if self.several and out is not None:
            found = " and ".join(self.keys)
            raise UsageError("measures of one level for --values -", found, "choose with -m, or name a file")
        if self.several:
            note("values: one file a level: " + ", ".join(str(self._path(level)) for level in self.keys))
        self.columns: dict[str, list[str]] = {}
        self.lost: set[str] = set()
        self.stack = ExitStack()

    def __enter__(self) -> ValuesWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return self.stack.__exit__(kind, error, trace)

    def add(
        self,
        graph: Graph | TokenGraph,
        index: int,
        found: Mapping[str, Values],
        means: Mapping[str, Values] | None = None,
    ) -> None:
        """Append the values of one graph.

        Args:
            graph: the graph, mask sequence or attention.
            index: its place in the stream.
            found: catalog key -> Values.
            means: catalog key of an edge measure -> its means by node.
        """
        for level in self.keys:
            out = self._file(level)
            several = {**found, **(means or {})} if level == "node" else found
            chosen = {k: v for k, v in several.items() if v.level == level and v.data is not None}
            if chosen:
                out.writelines(self._lines(level, graph, index, chosen))

    def _path(self, level: str) -> Path:
        return self.target.with_name(f"{self.target.stem}.{level}{self.target.suffix}") if self.several else self.target

    def _file(self, level: str) -> BinaryIO:
        if self.out is not None:
            return self.out
        if level not in self.files:
            self.files[level] = self.stack.enter_context(replacing(self._path(level), self.force))
        return self.files[level]

    def _lines(
        self, level: str, graph: Graph | TokenGraph, index: int, chosen: Mapping[str, Values]
    ) -> Iterator[bytes]:
        ends, arrays = _ends(graph, level, chosen), _arrays(chosen)
        if self.lines:
            yield from _json_lines(_labels(graph, level), index, ends, arrays)
            return
        if level not in self.columns:
            names = [f"{end}_label" for end in ends] if _labels(graph, level) is not None else []
            keys = [c for k in self.keys[level] for c in (k, f"{k}_error") if c == k or c in arrays]
            self.columns[level] = ["graph", *ends, *names, *keys]
            yield _csv_row(self.columns[level])
        if (
            not self.told
            and _labels(graph, level) is not None
            and f"{next(iter(ends))}_label" not in self.columns[level]
        ):
            self.told = True
            self.note(f"{self.target}: names of nodes left out, since the first graph has none; .jsonl keeps them")
        lost = sorted(arrays.keys() - set(self.columns[level]) - self.lost)
        if lost:
            self.lost.update(lost)
            self.note(f"{self.target}: {', '.join(lost)} left out, since the first graph has none; .jsonl keeps it")
        cells = [_csv_row([name, ""]).decode()[:-2] for name in _labels(graph, level) or ()]
        yield from _csv_lines(self.columns[level], index, ends, cells, arrays)


def _ends(graph: Graph | TokenGraph, level: str, chosen: Mapping[str, Values]) -> dict[str, NDArray[np.int64]]:
    """The nodes a row stands for, by name of their column."""
    if level in ("node", "token"):
        return {level: np.arange(graph.n if isinstance(graph, Graph) else graph.tokens)}
    keys = graph.edges if isinstance(graph, Graph) and level == "edge" else next(iter(chosen.values())).index
    keys = np.asarray(keys)
    first, second = ("layer", "head") if level == "head" else ("u", "v")
    return {first: keys[:, 0], second: keys[:, 1]}


def _labels(graph: Graph | TokenGraph, level: str) -> tuple[str, ...] | None:
    """Names of what the rows of a level stand for."""
    return None if level == "head" else graph.labels


def _arrays(chosen: Mapping[str, Values]) -> dict[str, NDArray[Any]]:
    """Columns of values, each followed by its standard errors where it is an estimate."""
    out = {}
    for key, values in chosen.items():
        out[key] = np.asarray(values.data)
        if isinstance(values.error, np.ndarray):
            out[f"{key}_error"] = values.error
    return out


def _csv_row(cells: list[str]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(cells)
    return buffer.getvalue().encode()


def _csv_lines(
    columns: list[str], index: int, ends: Mapping[str, NDArray[Any]], names: list[str], arrays: Mapping[str, Any]
) -> Iterator[bytes]:
    """Blocks of lines; a column that these values do not have stays empty."""
    for block in _blocks(ends):
        by_name: dict[str, Iterable[str]] = {"graph": itertools.repeat(str(index))}
        for end, nodes in ends.items():
            by_name[end] = map(str, nodes[block].tolist())
            if names:
                by_name[f"{end}_label"] = [names[k] for k in nodes[block].tolist()]
        by_name |= {k: _texts(v, block, "") for k, v in arrays.items()}
        cells = [by_name.get(column, itertools.repeat("")) for column in columns]
        yield ("\n".join(map(",".join, zip(*cells, strict=False))) + "\n").encode()


def _json_lines(
    names: tuple[str, ...] | None, index: int, ends: Mapping[str, NDArray[Any]], arrays: Mapping[str, Any]
) -> Iterator[bytes]:
    """Blocks of objects: the place of the graph, the nodes, names where they have any, and values."""
    labels = [f"{end}_label" for end in ends] if names is not None else []
    fields = [*ends, *labels, *arrays]
    line = (
        f'{{"graph": {index}, '
        + ", ".join(json.dumps(f, ensure_ascii=False).replace("%", "%%") + ": %s" for f in fields)
        + "}"
    )
    quoted = [json.dumps(name, ensure_ascii=False) for name in names or ()]
    for block in _blocks(ends):
        rows = [nodes[block].tolist() for nodes in ends.values()]
        named = [[quoted[k] for k in row] for row in rows] if quoted else []
        cells = [*rows, *named, *(_texts(v, block, "null") for v in arrays.values())]
        yield ("\n".join(map(line.__mod__, zip(*cells, strict=True))) + "\n").encode()


def _blocks(ends: Mapping[str, NDArray[Any]]) -> Iterator[slice]:
    total = len(next(iter(ends.values())))
    return (slice(lo, lo + BLOCK) for lo in range(0, total, BLOCK))


def _texts(data: Any, block: slice, missing: str) -> list[str]:
    """Values as text: floats to their last bit, and `missing` for what no number stands for."""
    part = np.asarray(data)[block]
    texts = list(map(repr, part.tolist()))
    for i in np.flatnonzero(~np.isfinite(part)).tolist():
        texts[i] = missing
    return texts
