"""Records as text: JSON, JSON lines, CSV."""

from __future__ import annotations

import csv
import io
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

__all__ = ["arms_csv", "csv_lines", "flat", "json_stream", "to_csv", "to_json", "to_jsonl"]

FACTS = {
    "graph": ("nodes", "edges", "directed", "weighted", "self_loops", "components"),
    "sequence": ("tokens", "layers", "causal", "read_out"),
}

SUMMARY = ("count", "infinite", "min", "mean", "max", "std", "q05", "q50", "q95", "negative_fraction")


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


def to_csv(records: Iterable[dict[str, Any]], levels: Mapping[str, str], node_means: bool = False) -> Iterator[str]:
    """CSV of analysis records, a row a source; the columns follow from the measures, whatever a graph leaves undefined.

    Args:
        records: schema `mixcli.analysis/1`.
        levels: measure key -> its level; looked at when the first record is there.
        node_means: whether edge measures also come as means over the edges of each node.
    """
    several = iter(records)
    first = next(several, None)
    columns = ["source", "index", *FACTS["graph" if first is None or "graph" in first else "sequence"]]
    for name, level in levels.items():
        columns += [name] if level == "graph" else [f"{name}.{k}" for k in SUMMARY]
        columns += [f"{name}.node_mean.{k}" for k in SUMMARY] if node_means and level == "edge" else []
        columns += [f"{name}.error", f"{name}.residual"]
    yield from csv_lines(columns, map(flat, [] if first is None else itertools.chain([first], several)))


def arms_csv(records: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """CSV of comparison records, a row an arm."""
    rows = []
    for record, arm in ((r, a) for r in records for a in r["arms"]):
        d = arm["difference"] or {}
        low, high = arm["ci95"] or (None, None)
        d_low, d_high = d.get("ci95") or (None, None)
        rows.append(
            {k: arm[k] for k in ("name", "metric", "mean", "trials", "edges_added", "edges_removed")}
            | {"ci95_low": low, "ci95_high": high, "difference": d.get("mean"), "difference_ci95_low": d_low}
            | {"difference_ci95_high": d_high, "p": d.get("p"), "p_adjusted": d.get("p_adjusted")}
            | {k: d.get(k) for k in ("wins", "ties", "losses")}
            | {k: record[k] for k in ("dataset", "model", "seed")}
        )
    if rows:
        yield from csv_lines(list(rows[0]), rows)


def csv_lines(columns: list[str], rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Rows as CSV, a line at a time; what is not there, or None, is left empty."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, restval="", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
        writer.writerow({c: row[c] for c in columns if row.get(c) is not None})
    yield buffer.getvalue()


def flat(record: dict[str, Any]) -> dict[str, Any]:
    """One level of an analysis record for CSV: counts, graph-level values, and the summaries of the others."""
    row: dict[str, Any] = {"source": record["source"]["name"], "index": record["source"]["index"]}
    row |= record.get("graph") or record["sequence"]
    for name, found in record["measures"].items():
        if "summary" in found:
            row.update({f"{name}.{k}": v for k, v in found["summary"].items()})
            means = found.get("node_mean", {}).get("summary", {})
            row.update({f"{name}.node_mean.{k}": v for k, v in means.items()})
        else:
            row[name] = found.get("value")
        for extra in ("error", "residual"):
            if extra in found:
                row[f"{name}.{extra}"] = found[extra]
    return row
