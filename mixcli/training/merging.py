"""Results of several stores in one: the union of their trials, and the comparisons that these complete."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mixcli.training.comparison import Comparison, conclude
from mixcli.training.outline import plan_of
from mixcli.training.store import Row, Store
from mixcli.training.trial_result import result_of

__all__ = ["Conflict", "Merged", "comparisons", "merge", "records", "records_of"]

CLOCKS = ("train", "evaluate", "stack", "peak_memory")
"""What may differ between two results of one trial."""


@dataclass(frozen=True)
class Conflict:
    """A trial of which a file has another result than the one kept.

    Args:
        file: that file.
        key: of the trial.
        arm: its rewiring.
        trial: its number.
        kept: test metric of the result that came first, and stays.
        other: that of the file.
    """

    file: str
    key: str
    arm: str
    trial: int
    kept: float
    other: float


@dataclass(frozen=True)
class Merged:
    """What a merge did.

    Args:
        files: how many were read.
        added: trials that the target had not.
        again: trials that it had already.
        conflicts: those among them with another result.
        records: complete comparisons, by schema `mixcli.comparison/1`.
        partial: comparisons that lack trials.
    """

    files: int
    added: int
    again: int
    conflicts: tuple[Conflict, ...]
    records: tuple[dict[str, Any], ...]
    partial: tuple[Comparison, ...]


def merge(paths: Sequence[str | Path], target: str | Path) -> Merged:
    """Put the trials of several stores into one, and make the records of the comparisons that are then complete.

    A trial is the same wherever it was trained, so stores are united by key. Of two results of one key the first stays;
    they are compared in everything but time and memory. Files are checked before the target is made or written to,
    which may be one of them, and each is then added as a whole.

    Args:
        paths: stores to read, such as those of the shards of a comparison.
        target: the store to add to, made where it does not exist.

    Raises:
        InputError: a file does not exist, is something else than a store of results, or is of another schema.
        UsageError: the target is something else than a store of results.

    Cost: one pass over the trials.
    """
    added = again = 0
    conflicts: list[Conflict] = []
    with ExitStack() as opened:
        sources = [opened.enter_context(Store(path, read_only=True)) for path in paths]
        into = opened.enter_context(Store(target))
        for source in sources:
            with into.together():
                for row in source.rows():
                    kept = into.adopt(row)
                    added, again = added + (kept is None), again + (kept is not None)
                    if kept is not None and not _alike(kept, row):
                        conflicts.append(_conflict(source, kept, row))
                _rest(source, into)
        found, partial = comparisons(into, len(sources))
        return Merged(len(sources), added, again, tuple(conflicts), tuple(found), tuple(partial))


def comparisons(store: Store, merged: int = 0) -> tuple[list[dict[str, Any]], list[Comparison]]:
    """Records of the complete comparisons of a store, and what there is of the others.

    Args:
        store: where the trials are. If `merged`, records that it lacks are filed there.
        merged: how many stores it was put together from, 0 if it was not.
    """
    found, partial = [], []
    for key, outline in store.plans().items():
        record = store.record(key)
        if record is None or any(arm["trials"] < outline["trials"] for arm in record["arms"]):
            plan = plan_of(outline)
            now = conclude(plan, store, outline["name"], 0.0, merged=merged)
            now = replace(now, seconds=now.work, interrupted=not now.complete)
            if now.interrupted:
                partial.append(now)
                continue
            record = now.record()
            if merged:
                store.put_record(key, record)
        found.append(record)
    return found, partial


def records(path: str | Path) -> list[dict[str, Any]]:
    """Every comparison of a results database: the complete ones, then those that lack trials.

    Raises:
        InputError, UsageError: as for `Store`.
    """
    with Store(path, read_only=True) as store:
        return records_of(store)


def records_of(store: Store) -> list[dict[str, Any]]:
    """The same of an open store.

    Example:
        >>> with Store() as store:
        ...     records_of(store)
        []
    """
    found, partial = comparisons(store)
    return [*found, *map(_partial, partial)] or store.records()


def _partial(comparison: Comparison) -> dict[str, Any]:
    return {**comparison.record(), "note": f"{comparison.finished} of {comparison.planned} trials are there"}


def _rest(source: Store, into: Store) -> None:
    """What a store holds beside trials."""
    for digest, facts in source.arms().items():
        into.put_arm(digest, facts)
    for key, *_ in source.rows():
        into.put_probes(key, source.probes(key))
    for key, spec, reason in source.failures():
        into.put_failure(key, spec, reason)
    for key, outline in source.plans().items():
        into.put_plan(key, outline)
        record = source.record(key)
        if record is not None and into.record(key) is None:
            into.put_record(key, record)


def _alike(one: Row, other: Row) -> bool:
    results = [{k: v for k, v in json.loads(row[2]).items() if k not in CLOCKS} for row in (one, other)]
    curves = [result_of(row[2], row[3]).curves.tobytes() for row in (one, other)]
    return results[0] == results[1] and curves[0] == curves[1]


def _conflict(source: Store, kept: Row, other: Row) -> Conflict:
    spec, values = json.loads(kept[1]), [json.loads(row[2])["best"] for row in (kept, other)]
    return Conflict(str(source.path), kept[0], spec["arm"], spec["trial"], *values)
