"""Tidy tables of what a store holds beside its trials: arms, probes and curves."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from typing import Any

from mixcli.catalog import PROBES
from mixcli.training.merging import records_of
from mixcli.training.roles import UNKNOWN, roles_of
from mixcli.training.store import Store
from mixcli.training.trial_result import CURVES, result_of

__all__ = ["CURVE_COLUMNS", "PROBE_COLUMNS", "arm_rows", "curve_rows", "finite", "probe_rows"]

TRIAL = ("dataset", "arm", "name", "role", "control", "control_for", "seed", "trial")
"""What says whose row it is, in the tables of probes and curves."""

PROBE_COLUMNS = (*TRIAL, "probe", "kind", "quantity", "by", "at", "value", "reason", "key")
CURVE_COLUMNS = (*TRIAL, "epoch", *CURVES, "key")

OF_RECORD = ("dataset", "sha256", "model", "parameters", "relations", "seed", "trials", "device", "better", "engine")
"""What of a comparison stands in the row of each of its arms, "trials" as "planned"."""

OWN_TABLES = ("values", "probes", "provenance", "control_for")
"""Parts of an arm with a table of their own, or too deep for one."""


NESTED = ("difference", "to_control", "to_degrees")
"""Parts with numbers of their own, where there is anything to compare with."""


def arm_rows(store: Store) -> Iterator[dict[str, Any]]:
    """One row for each arm of each comparison: the numbers of its record, nested ones joined by dots.

    Intervals come as two columns ending in `_low` and `_high`; the curves of a tuning stay in the record.

    Args:
        store: the trials and comparisons.

    Example:
        >>> with Store() as store:
        ...     list(arm_rows(store))
        []
    """
    for record in records_of(store):
        told = {k: record.get(k) for k in OF_RECORD}
        whose = {k: told.pop(k) for k in ("dataset", "model", "seed")}
        task = record.get("task", {}).get("kind")
        for arm in record["arms"]:
            role = "baseline" if arm["name"] == record["baseline"] else "control" if arm.get("control") else "arm"
            row = {"dataset": whose["dataset"], "task": task, "model": whose["model"], "name": arm["name"]}
            row |= {"arm": arm["spec"], "role": role, "control": arm.get("control")}
            row |= {"control_for": arm.get("control_for"), "planned": told["trials"], "seed": whose["seed"]}
            row |= _flat({k: v for k, v in arm.items() if k not in (*OWN_TABLES, "name", "spec", "control")})
            row |= {k: v for k, v in told.items() if k not in ("trials", "parameters")}
            yield {**row, "parameters": arm.get("parameters", told["parameters"])}


def probe_rows(store: Store) -> Iterator[dict[str, Any]]:
    """One row for each figure, and for each place of each curve, that a probe found in a trial's network.

    `kind` is "figure" or "curve"; a curve runs `by` layer or distance, `at` saying which. A probe that found nothing
    has one row with its reason.

    Args:
        store: the trials.
    """
    for key, whose, _ in _trials(store):
        for spec, found in store.probes(key).items():
            told = {**whose, "probe": spec, "reason": found.get("reason") or None, "key": key}
            nothing = {"kind": None, "quantity": None, "by": None, "at": None, "value": None}
            rows = itertools.chain(_figures(found), _curves(spec, found))
            first = next(rows, None)
            if first is None:
                yield _ordered({**told, **nothing})
                continue
            for row in itertools.chain([first], rows):
                reason = told["reason"] if row["value"] is None else None
                yield _ordered({**told, **row, "reason": reason})


def curve_rows(store: Store) -> Iterator[dict[str, Any]]:
    """One row for each epoch of each trial: training loss, validation loss, validation and test metric.

    Args:
        store: the trials.
    """
    for key, whose, curves in _trials(store):
        for epoch, values in enumerate(curves.tolist(), 1):
            yield {**whose, "epoch": epoch, **dict(zip(CURVES, finite(values), strict=True)), "key": key}


def finite(values: list[float]) -> list[float | None]:
    """JSON has no infinity: what diverged is null.

    Example:
        >>> finite([0.5, float("nan")])
        [0.5, None]
    """
    return [v if abs(v) < float("inf") else None for v in values]


def _trials(store: Store) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """(key, whose row it is, curves) of each trial."""
    names = {a["dataset"]: outline["name"] for outline in store.plans().values() for a in outline["arms"]}
    roles = roles_of(store)
    for key, spec, result, blob, _ in store.rows():
        told = json.loads(spec)
        whose = {"dataset": names.get(told["dataset"]), "arm": told.get("arm"), **roles.get(key, UNKNOWN).to_json()}
        yield key, {**whose, "seed": told.get("seed"), "trial": told.get("trial")}, result_of(result, blob).curves


def _figures(found: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name, value in found["figures"].items():
        yield {"kind": "figure", "quantity": name, "by": None, "at": None, "value": value}


def _curves(spec: str, found: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if not found["curves"]:
        return
    by = PROBES.get(spec.partition(":")[0]).by
    for name, values in found["curves"].items():
        for at, value in enumerate(values, 0 if by == "distance" else 1):
            yield {"kind": "curve", "quantity": name, "by": by, "at": at, "value": value}


def _ordered(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in PROBE_COLUMNS}


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, value in values.items():
        if name == "ci95":
            low, high = value or (None, None)
            out |= {f"{prefix}ci95_low": low, f"{prefix}ci95_high": high}
        elif isinstance(value, Mapping):
            out |= _flat(value, f"{prefix}{name}.")
        elif not isinstance(value, (list, tuple)) and not (name in NESTED and value is None):
            out[f"{prefix}{name}"] = value
    return out
