"""The values that a figure shows, measured or read, with all that a caption must say of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mixcli.catalog import MEASURES, SEQUENCE_MEASURES
from mixcli.errors import LimitExceeded, NotApplicable, UsageError
from mixcli.report.fields import label
from mixcli.spec import parse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.context import Context
    from mixcli.report.figures.base import Shown

__all__ = ["Series", "axis_label", "before_after", "facts_of", "measured", "sentence", "series_of", "several", "trust"]


ROUNDING = 1e-12
"""Share of the largest value, or of 1, that is taken for rounding."""


@dataclass(frozen=True, eq=False)
class Series:
    """Values by edge, node, token, head, or source.

    Args:
        label: what they are of.
        measure: its name in the catalog, with parameters.
        level: what they are by.
        values: (k,) numbers, NaN or infinite where there is none.
        index: (k,) or (k, 2) what each stands for.
        unit: of the values.
        exact: True, False for an estimate, None where the source does not say.
        error: largest standard error of an estimate, or None.
        errors: (k,) standard errors, or None.
        residual: of a solve, or None.
        better: "higher", "lower" or None.
        source: what was rewired, where the label says before or after.
        before: whether these are the values before.
    """

    label: str
    measure: str
    level: str
    values: NDArray[np.float64]
    index: NDArray[np.int64]
    unit: str = ""
    exact: bool | None = None
    error: float | None = None
    errors: NDArray[np.float64] | None = None
    residual: float | None = None
    better: str | None = None
    source: str = ""
    before: bool = False

    @property
    def shown(self) -> NDArray[np.float64]:
        """(k,) the values, NaN where there is none or it is infinite, and 0 where rounding alone is not 0."""
        x = np.where(np.isfinite(self.values), self.values, np.nan)
        most = float(np.nanmax(np.abs(x))) if np.isfinite(x).any() else 0.0
        return np.where(np.abs(x) <= ROUNDING * min(1.0, most), 0.0, x)

    @property
    def finite(self) -> NDArray[np.float64]:
        """Those of them that are numbers."""
        return self.shown[np.isfinite(self.values)]


def measured(thing: Any, spec: str, context: Context, called: str = "", levels: Sequence[str] = ()) -> Series:
    """Values of a graph, mask sequence or attention by element.

    Args:
        thing: what to measure.
        spec: of the measure.
        context: seed, threads, limits.
        called: label of the series.
        levels: that can be shown.

    Raises:
        NotApplicable: it is not defined there, or has one value for the whole.
    """
    catalog = SEQUENCE_MEASURES if hasattr(thing, "tokens") else MEASURES
    measure = catalog.make(spec)
    if levels and measure.level not in levels:
        have = ", ".join(n for n in catalog if catalog.get(n).level in levels)
        raise NotApplicable(f"a measure by {' or '.join(levels)}", f"{spec} by {measure.level}", f"one of {have}")
    found = measure(thing, context)
    if found.data is None:
        raise NotApplicable(f"values of {spec}", "none", found.reason or "take another measure", where=thing.name)
    data = np.asarray(found.data, dtype=np.float64)
    index = found.index
    if index is None:
        index = thing.edges if found.level == "edge" else np.arange(len(data))
    errors = found.error if isinstance(found.error, np.ndarray) else None
    error = None if found.error is None or not np.size(found.error) else float(np.max(found.error))
    parsed = parse(spec)
    name = str(parsed).replace(parsed.name, catalog.canonical(parsed.name), 1)
    return Series(
        called or thing.name, name, found.level, data, np.asarray(index), measure.unit, found.exact, error, errors,
        found.residual, measure.better,
    )  # fmt: skip


def several(
    thing: Any, specs: Sequence[str], context: Context, called: str, levels: Sequence[str], asked: bool
) -> list[Series]:
    """Values of several measures; of those that nobody asked for, the ones that can be had.

    Args:
        thing, context, called, levels: as for `measured`.
        specs: of the measures.
        asked: whether they were asked for by name.

    Raises:
        NotApplicable, LimitExceeded: one that was asked for cannot be had, or none can.
    """
    out: list[Series] = []
    for place, spec in enumerate(specs):
        try:
            out.append(measured(thing, spec, context, called, levels))
        except (NotApplicable, LimitExceeded):
            if asked or (not out and place == len(specs) - 1):
                raise
    return out


def before_after(thing: Shown) -> tuple[str, str]:
    """What to call the two states of something rewired: by the rewiring, or by their names where these differ."""
    first, second = label(thing.before.name), label(thing.name)
    after = f"after {label(thing.method)}" if thing.method else "after"
    return ("before", after) if first == second else (first, second)


def series_of(thing: Shown, spec: str, levels: Sequence[str]) -> list[Series]:
    """The columns of a table of values.

    Args:
        thing: the table.
        spec: which of them; all if empty.
        levels: that can be shown.
    """
    table = thing.data
    if table.level not in levels:
        raise NotApplicable(
            f"values by {' or '.join(levels)}", f"by {table.level}", "take another figure", where=thing.name
        )
    chosen = [key for key in table.columns if not spec or key == spec or parse_name(key) == parse_name(spec)]
    if not chosen:
        raise UsageError(
            "one of " + ", ".join(map(label, table.columns)), repr(spec), "name one with -m", where=thing.name
        )
    out = []
    for key in chosen:
        facts, errors = facts_of(key), table.errors.get(key)
        error = None if errors is None or not np.isfinite(errors).any() else float(np.nanmax(errors))
        exact = None if errors is None else False
        out.append(
            Series(
                thing.name, label(key), table.level, table.columns[key], table.index, facts["unit"], exact, error,
                errors, better=facts["better"],
            )
        )  # fmt: skip
    return out


def parse_name(key: str) -> str:
    """The measure in a key such as `augmented_forman(cycles=4)`, `spectral_gap.mean` or a spec."""
    name = key.partition("(")[0].partition(":")[0].partition(".")[0].strip().lower()
    for catalog in (MEASURES, SEQUENCE_MEASURES):
        if name in catalog.table or name in catalog.aliases:
            return catalog.canonical(name)
    return name


def facts_of(key: str, kind: str = "") -> dict[str, Any]:
    """Unit, level and better of the measure behind the key of a record or a table, where it is one of ours."""
    name = parse_name(key)
    catalogs = (SEQUENCE_MEASURES, MEASURES) if kind in ("mask", "attention") else (MEASURES, SEQUENCE_MEASURES)
    found = next((c.get(name) for c in catalogs if name in c.table), None)
    if found is None:
        return {"unit": "", "level": "", "better": None}
    return {"unit": found.unit, "level": found.level, "better": found.better}


def axis_label(measure: str, unit: str) -> str:
    """The measure by name, and its unit unless it is a pure number.

    Example:
        >>> axis_label("commute_time", "steps"), axis_label("balanced_forman", "1")
        ('commute time (steps)', 'balanced forman')
    """
    words = label(measure).replace("_", " ")
    return f"{words} ({label(unit)})" if unit not in ("", "1") else words


def sentence(words: str) -> str:
    """The words with a capital in front."""
    return words[:1].upper() + words[1:]


def trust(series: Sequence[Series]) -> str:
    """Whether the values are exact, in words; empty where the source does not say."""
    known = {s.exact for s in series}
    if False in known:
        errors = [s.error for s in series if s.error is not None]
        bars = f", standard errors up to {max(errors):.2g}" if errors else ""
        return f"estimated{bars}"
    return "exact" if known == {True} else ""
