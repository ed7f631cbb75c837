"""Records as text: JSON, JSON lines, CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any

__all__ = ["flat", "json_stream", "to_csv", "to_json", "to_jsonl"]


def to_json(record: Any) -> str:
    """Indented JSON, short lists kept on one line."""
    return json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def to_jsonl(record: Any) -> str:
    """One line of JSON."""
    return json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"


def json_stream(records: Iterable[Any]) -> Iterator[str]:
    """One record as an object, several as an array, written as they come."""
    records = iter(records)
    first = next(records, None)
    if first is None:
        return
    second = next(records, None)
    if second is None:
        yield to_json(first)
        return
    yield "[\n" + to_json(first).rstrip("\n")
    yield ",\n" + to_json(second).rstrip("\n")
    for record in records:
        yield ",\n" + to_json(record).rstrip("\n")
    yield "\n]\n"


def to_csv(records: Iterable[dict[str, Any]]) -> Iterator[str]:
    """CSV with the columns of the first record; a later record may leave a cell empty but bring no new column."""
    columns: list[str] = []
    for record in records:
        row = flat(record)
        buffer = io.StringIO()
        if not columns:
            columns = list(row)
            csv.DictWriter(buffer, columns, lineterminator="\n").writeheader()
        csv.DictWriter(buffer, columns, restval="", extrasaction="ignore", lineterminator="\n").writerow(row)
        yield buffer.getvalue()


def flat(record: dict[str, Any]) -> dict[str, Any]:
    """One level of an analysis record for CSV: counts, graph-level values, and the summaries of the others."""
    row: dict[str, Any] = {"source": record["source"]["name"], "index": record["source"]["index"], **record["graph"]}
    for name, found in record["measures"].items():
        if "summary" in found:
            row.update({f"{name}.{k}": v for k, v in found["summary"].items()})
        else:
            row[name] = found.get("value")
        for extra in ("error", "residual"):
            if extra in found:
                row[f"{name}.{extra}"] = found[extra]
    return row
