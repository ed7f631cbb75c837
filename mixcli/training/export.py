"""Stored trials as plain rows, one each, for other programs."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator
from typing import Any, BinaryIO

from mixcli.errors import UsageError
from mixcli.training.store import CURVES, Store, result_of

__all__ = ["columns", "trial_rows", "write_parquet"]

ROWS = 1000
"""Rows that are written together."""

FIRST = ("arm", "seed", "trial")
"""What of a trial's description comes before its results."""


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
    arms = store.arms()
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
        row["stored"] = stored
        if curves:
            row |= {f"curve.{name}": _finite(found.curves[:, i].tolist()) for i, name in enumerate(CURVES)}
        yield row


def columns(store: Store, curves: bool = False) -> list[str]:
    """Names of all columns of the rows."""
    found: dict[str, None] = {}
    for row in trial_rows(store, curves):
        found.update(dict.fromkeys(row))
    return list(found)


def write_parquet(store: Store, out: BinaryIO, curves: bool = False) -> None:
    """Write the rows as Parquet, curves as lists of numbers.

    Args:
        store: the trials.
        out: where to.
        curves: as for `trial_rows`.

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
    names = columns(store, curves)

    def tables() -> Iterator[Any]:
        rows = trial_rows(store, curves)
        while part := list(itertools.islice(rows, ROWS)):
            yield pyarrow.table({name: [row.get(name) for row in part] for name in names})

    seen = [pyarrow.schema([]), *(table.schema for table in tables())]
    with parquet.ParquetWriter(out, pyarrow.unify_schemas(seen, promote_options="permissive")) as writer:
        for table in tables():
            writer.write_table(table.cast(writer.schema))


def _finite(values: list[float]) -> list[float | None]:
    """JSON has no infinity: what diverged is null."""
    return [v if math.isfinite(v) else None for v in values]
