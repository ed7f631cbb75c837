"""Rows that `trace` and `analyze --values` write, put together into curves and tables of values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from mixcli.errors import InputError
from mixcli.report.fields import label, number
from mixcli.report.subject import Shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ValueTable", "collected", "is_row"]

COUNTS = ("edits", "step", "added", "removed")
OF_TRACE = {"source", "index", "method", *COUNTS, "knee", "reason"}
KEYS: dict[str, tuple[str, ...]] = {
    "edge": ("u", "v"), "node": ("node",), "token": ("token",), "head": ("layer", "head"),
}  # fmt: skip
ERROR = "_error"


@dataclass(frozen=True, eq=False)
class ValueTable:
    """Values by edge, node, token or head.

    Args:
        level: which of them.
        index: (k,) nodes or tokens, or (k, 2) edges or heads.
        columns: measure -> (k,) values, NaN where there is none or no finite one.
        errors: measure -> (k,) standard errors, of estimates.
    """

    level: str
    index: NDArray[np.int64]
    columns: Mapping[str, NDArray[np.float64]]
    errors: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)


def is_row(thing: Mapping[str, Any]) -> bool:
    """Whether an object is a row of a trace or of values, not a record."""
    return "schema" not in thing and (_is_trace(thing) or _level(thing) is not None)


def _is_trace(row: Mapping[str, Any]) -> bool:
    return all(key in row for key in COUNTS)


def _level(row: Mapping[str, Any]) -> str | None:
    if "graph" not in row or "op" in row:
        return None
    return next((level for level, keys in KEYS.items() if all(key in row for key in keys)), None)


def collected(rows: Iterable[Mapping[str, Any]], name: str) -> list[Shown]:
    """Curves and tables of rows that may be mixed, in their order.

    Args:
        rows: of JSON lines or CSV.
        name: of the file.

    Raises:
        InputError: a row that is neither.
    """
    traces: list[list[Mapping[str, Any]]] = []
    values: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for count, row in enumerate(rows, 1):
        if _is_trace(row):
            if not traces or not _goes_on(traces[-1][-1], row):
                traces.append([])
            traces[-1].append(row)
        elif (level := _level(row)) is not None:
            values.setdefault((level, str(row["graph"])), []).append(row)
        else:
            raise InputError("rows of a trace or of values", label(row, 60), where=f"{name}, row {count}")
    places = {place for _, place in values}
    tables = [
        _table(level, own, name if len(places) == 1 else f"{name}, graph {label(place, 12)}")
        for (level, place), own in values.items()
    ]
    return [*(_trace(own, name) for own in traces), *tables]


def _goes_on(last: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    same = all(last.get(key) == row.get(key) for key in ("source", "index", "method"))
    return same and (_plain(row["edits"]) or 0) > (_plain(last["edits"]) or 0)


def _trace(rows: list[Mapping[str, Any]], name: str) -> Shown:
    """A record of the kind that `trace --format json` writes."""
    names = [key for key in rows[0] if key not in OF_TRACE]
    kept = [{key: _plain(row.get(key)) for key in (*COUNTS, *names)} for row in rows]
    knees = {key: row["edits"] for row in rows for key in _words(row.get("knee"))}
    method = str(rows[0].get("method") or "")
    called = label(rows[0].get("source")) or name
    source = {"name": called, "index": _plain(rows[0].get("index"))}
    measures = {key: {"knee": knees.get(key)} for key in names}
    record = {"source": source, "method": method, "measures": measures, "rows": kept}
    return Shown("trace", called, record, method=method)


def _words(knee: Any) -> list[str]:
    """JSON lists them, CSV joins them by blanks."""
    return knee.split() if isinstance(knee, str) else [k for k in knee or () if isinstance(k, str)]


def _plain(value: Any) -> float | None:
    """A number, of CSV too."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    return number(value)


def _table(level: str, rows: list[Mapping[str, Any]], name: str) -> Shown:
    keys = KEYS[level]
    skip = {"graph", *keys, *(f"{key}_label" for key in keys), None}
    names = list(dict.fromkeys(key for row in rows for key in row if key not in skip))
    columns = {key: np.array([_or_nan(row.get(key)) for row in rows]) for key in names}
    ends = np.array([[_or_nan(row[key]) for key in keys] for row in rows])
    if not np.isfinite(ends).all() or np.abs(ends).max(initial=0) >= 2**53:
        raise InputError(f"whole numbers for {' and '.join(keys)}", "others", where=name)
    index = ends.astype(np.int64)
    pairs = [(key, key.removesuffix(ERROR)) for key in names if key.endswith(ERROR)]
    errors = {measure: columns.pop(key) for key, measure in pairs if measure in names}
    return Shown("values", name, ValueTable(level, index[:, 0] if len(keys) == 1 else index, columns, errors))


def _or_nan(value: Any) -> float:
    found = _plain(value)
    return float("nan") if found is None else found
