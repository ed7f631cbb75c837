"""What a store holds as plain rows, for other programs."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from mixcli.errors import UsageError
from mixcli.spec import nearest
from mixcli.training.effort import unmeasured
from mixcli.training.roles import UNKNOWN, roles_of
from mixcli.training.store import Store
from mixcli.training.tables import CURVE_COLUMNS, PROBE_COLUMNS, arm_rows, curve_rows, finite, probe_rows
from mixcli.training.trial_result import CURVES, result_of

__all__ = ["TABLES", "columns", "rows_of", "trial_rows", "write_parquet"]

ROWS = 1000
"""Rows that are written together."""

FIRST = ("arm", "seed", "trial")
"""What of a trial's description comes before its results."""

TABLES: dict[str, Callable[[Store], Iterator[dict[str, Any]]]] = {
    "trials": lambda store: trial_rows(store),
    "arms": arm_rows,
    "probes": probe_rows,
    "curves": curve_rows,
}
"""What -> the rows of that table."""

FIXED = {"probes": PROBE_COLUMNS, "curves": CURVE_COLUMNS}
"""Tables that have the same columns whatever is in them."""


def rows_of(store: Store, what: str = "trials", curves: bool = False) -> Iterator[dict[str, Any]]:
    """The rows of one of the tables.

    Args:
        store: the trials.
        what: "trials", "arms" (a row for each arm of each comparison), "probes" (a row for each value a probe found in
            a trial) or "curves" (a row for each epoch of a trial).
        curves: with trials, as for `trial_rows`.

    Raises:
        UsageError: no such table, or curves as lists with another than that of trials.

    Example:
        >>> with Store() as store:
        ...     list(rows_of(store, "curves"))
        []
    """
    if what not in TABLES:
        fix = nearest(what, list(TABLES)) or f"one of: {', '.join(TABLES)}"
        raise UsageError("a table", repr(what), fix, where="--what")
    if curves and what != "trials":
        fix = "drop --curves" if what == "curves" else "--what curves gives them a row for each epoch"
        raise UsageError("curves as lists beside trials alone", f"--curves with --what {what}", fix)
    return trial_rows(store, curves=True) if curves else TABLES[what](store)


def trial_rows(store: Store, curves: bool = False) -> Iterator[dict[str, Any]]:
    """One row for each stored trial, in the order of storing.

    Args:
        store: the trials.
        curves: add training loss, validation loss, and validation and test metric of every epoch, as lists.

    Example:
        >>> with Store() as store:
        ...     list(trial_rows(store))
        []
    """
    names = {a["dataset"]: outline["name"] for outline in store.plans().values() for a in outline["arms"]}
    arms, roles = store.arms(), roles_of(store)
    for key, spec, result, blob, stored in store.rows():
        told = json.loads(spec)
        del told["schema"]
        found = result_of(result, blob)
        protocol, digest = told.pop("protocol"), told.pop("dataset")
        facts = arms.get(told["topology"], {})
        row = {"dataset": names.get(digest), **{k: told.pop(k) for k in FIRST if k in told}, **found.to_json()}
        row |= {"seconds_train": row.pop("train"), "seconds_evaluate": row.pop("evaluate")}
        row |= {"edges": facts.get("edges"), "edges_added": facts.get("edges_added")}
        row |= {"edges_removed": facts.get("edges_removed"), "seconds_rewire": facts.get("seconds")}
        row |= {**told, "sha256": digest, **{f"protocol.{k}": v for k, v in protocol.items()}, "key": key}
        row |= {"stored": stored, **roles.get(key, UNKNOWN).to_json(), "seconds_probe": _seconds(store, key)}
        peak = row.pop("peak_memory", None)
        reason = None if peak is not None else unmeasured(told.get("device", "cpu"))
        row |= {"peak_memory": peak, "peak_memory_reason": reason}
        if curves:
            row |= {f"curve.{name}": finite(found.curves[:, i].tolist()) for i, name in enumerate(CURVES)}
        yield row


def columns(store: Store, curves: bool = False, what: str = "trials") -> list[str]:
    """Names of all columns of the rows of a table."""
    found: dict[str, None] = dict.fromkeys(FIXED.get(what, ()))
    for row in () if found else rows_of(store, what, curves):
        found.update(dict.fromkeys(row))
    return list(found)


def write_parquet(store: Store, out: BinaryIO, curves: bool = False, what: str = "trials") -> None:
    """Write a table as Parquet, lists of numbers as such.

    Args:
        store: the trials.
        out: where to.
        curves, what: as for `rows_of`.

    Raises:
        UsageError: pyarrow is not installed.

    Cost: three passes over the trials, since a column that begins with empty places takes its type from later ones.
    """
    try:
        import pyarrow
        import pyarrow.parquet as parquet
    except ImportError as error:
        fix = "pip install pyarrow, or export .jsonl or .csv"
        raise UsageError("the package pyarrow for Parquet", "none installed", fix) from error
    names = columns(store, curves, what)

    def tables() -> Iterator[Any]:
        rows = rows_of(store, what, curves)
        while part := list(itertools.islice(rows, ROWS)):
            yield pyarrow.table({name: [row.get(name) for row in part] for name in names})

    seen = [pyarrow.schema([]), *(table.schema for table in tables())]
    with parquet.ParquetWriter(out, pyarrow.unify_schemas(seen, promote_options="permissive")) as writer:
        for table in tables():
            writer.write_table(table.cast(writer.schema))


def _seconds(store: Store, key: str) -> float | None:
    """Seconds of probing a trial, None where it was not probed."""
    found = store.probes(key).values()
    return sum(p.get("seconds", 0.0) for p in found) if found else None
