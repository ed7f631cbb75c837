"""Traces as records and rows."""

from __future__ import annotations

import csv as csv_module
import io
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from mixcli.provenance import environment
from mixcli.report.record import head, jsonable

if TYPE_CHECKING:
    from mixcli.tracing.columns import Column
    from mixcli.tracing.curve import Trace

__all__ = ["SCHEMA", "csv", "record", "rows"]

SCHEMA = "mixcli.trace/1"


def rows(trace: Trace, index: int) -> Iterator[dict[str, Any]]:
    """A row a look: counts, a column a measure, and in `knee` the columns whose knee it is.

    Args:
        trace: the trace.
        index: place of the graph in its stream.
    """
    knees, steps = trace.knees, trace.after.provenance
    method = steps[-1].spec if steps and steps[-1].op == "rewire" else ""
    for look in trace.looks:
        row = {
            "source": trace.rewired.base.name, "index": index, "method": method, "edits": look.edits, "step": look.step,
            "added": look.added, "removed": look.removed, **look.values,
            "knee": [name for name, edits in knees.items() if edits == look.edits],
        }  # fmt: skip
        yield jsonable(row | ({"reason": dict(look.reasons)} if look.reasons else {}))


def csv(found: Iterable[dict[str, Any]], columns: Iterable[Column]) -> Iterator[str]:
    """Rows as CSV; names of knees are joined by blanks.

    Args:
        found: what `rows` gives.
        columns: the measures.
    """
    names = ["source", "index", "edits", "step", "added", "removed", *(c.name for c in columns), "knee"]
    buffer = io.StringIO()
    writer = csv_module.DictWriter(buffer, names, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in found:
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
        filled = {k: "" if v is None else v for k, v in row.items()}
        writer.writerow(filled | {"knee": " ".join(row["knee"])})
    yield buffer.getvalue()


def record(trace: Trace, index: int, method: str, every: int) -> dict[str, Any]:
    """One record of a trace.

    Args:
        trace: the trace.
        index: place of the graph in its stream.
        method: spec of the rewiring.
        every: edits between two looks.
    """
    base, knees = trace.rewired.base, trace.knees
    origin = base.origin
    source = {
        "name": base.name,
        "format": origin.spec if origin else None,
        "sha256": origin.sha256 if origin else None,
        "index": index,
    }
    measures = {c.name: {"unit": c.measure.unit, "better": c.better, "knee": knees.get(c.name)} for c in trace.columns}
    kept = [
        {k: v for k, v in row.items() if k not in ("source", "index", "method", "knee")} for row in rows(trace, index)
    ]
    return jsonable(
        {
            "schema": SCHEMA, "source": source, **head(base), "method": method, "every": every,
            "measures": measures, "rows": kept, "provenance": [s.to_json() for s in trace.after.provenance],
            "environment": environment(),
        }
    )  # fmt: skip
