"""How the values of a measure are spread, before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from mixcli.context import Context
from mixcli.errors import NotApplicable
from mixcli.report.fields import label, number
from mixcli.report.figures.base import Drawn, Plot, Shown
from mixcli.report.figures.measured import (
    Series,
    axis_label,
    before_after,
    facts_of,
    measured,
    sentence,
    series_of,
    trust,
)
from mixcli.report.figures.style import AFTER, BEFORE, COLORS, FAINT, NEGATIVE, blank, named, short
from mixcli.spec import param

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

LEVELS = ("edge", "node", "pair", "token", "head")
DEFAULT = {"graph": "balanced_forman", "mask": "influence", "attention": "sinks"}
OVERLAID = 3
"""Sources that are drawn over each other; more are counted together."""
QUANTILES = (0.05, 0.5, 0.95)


@dataclass(frozen=True)
class Histogram(Plot):
    """How many edges, nodes, tokens or heads have which value of a measure; before and after share their bins.

    What lies below zero is set off, since a negative curvature marks a bottleneck; ticks below the axis are the
    quantiles 5, 50 and 95 %. Of analysis records, the value of each source is counted.

    Args:
        measure: the measure; default balanced_forman of graphs, influence of masks, sinks of attention, and what a
            table of values or records holds.
        bins: how many; 0 for the square root of the number of values, 10 to 40.
        log: logarithmic counts.

    Example:
        >>> from mixcli.generators.graphs import barbell
        >>> drawn = Histogram(bins=4)([Shown("graph", "barbell", barbell(5))])
        >>> print(drawn.caption[:48])
        Balanced forman of 21 edges of barbell, exact. 1
    """

    measure: str = param("", "what is measured; default by kind of source")
    bins: int = param(0, "number of bins; 0: square root of the number of values, 10 to 40", ge=0, le=1000)
    log: bool = param(False, "logarithmic counts")

    sources: ClassVar[tuple[str, ...]] = ("graph", "mask", "attention", "values", "analysis")
    axes: ClassVar[str] = "x: the measure with its unit; y: how many edges, nodes, tokens, heads or sources have it"

    def draw(self, things: Sequence[Shown], context: Context) -> Drawn:
        """One panel a measure."""
        groups = self._groups(things, context)
        figure, panels = blank(6.6, 3.0 * len(groups), len(groups))
        told = []
        for panel, own in zip(panels, groups, strict=True):
            told.append(self._panel(panel, own))
        return Drawn(figure, " ".join(told))

    def _groups(self, things: Sequence[Shown], context: Context) -> list[list[Series]]:
        """The series of each panel."""
        if all(thing.kind == "analysis" for thing in things):
            return [[s] for s in over_sources(things, self.measure)]
        by_measure: dict[str, list[Series]] = {}
        for thing in things:
            for one in self._series(thing, context):
                by_measure.setdefault(one.measure, []).append(one)
        return [_pooled(own) for own in by_measure.values()]

    def _series(self, thing: Shown, context: Context) -> list[Series]:
        if thing.kind == "values":
            return series_of(thing, self.measure, LEVELS)
        if thing.kind == "analysis":
            raise NotApplicable("records alone", "records among sources", "draw them apart", where=thing.name)
        spec = self.measure or DEFAULT[thing.kind]
        after = measured(thing.data, spec, context, label(thing.name), LEVELS)
        if thing.before is None:
            return [after]
        before, now = before_after(thing)
        return [replace(measured(thing.before, spec, context, before, LEVELS), source=after.label, before=True),
                replace(after, label=now, source=after.label)]  # fmt: skip

    def _panel(self, panel: Axes, series: Sequence[Series]) -> str:
        every = np.concatenate([s.finite for s in series])
        first = series[0]
        if not len(every):
            raise NotApplicable(f"finite values of {first.measure}", "none", "take another measure", where=first.label)
        edges = shared_bins(every, self.bins)
        for k, one in enumerate(series):
            _bars(panel, one, edges, k, len(series))
        if every.min() < 0:
            panel.axvspan(min(float(edges[0]), 0.0), 0, color=NEGATIVE, alpha=0.07, linewidth=0, label="below zero")
            panel.axvline(0, color=FAINT, linewidth=0.9)
        for k, one in enumerate(series):
            _ticks(panel, one, _color(k, len(series)), 0.022 * k)
        panel.set_xlabel(axis_label(first.measure, first.unit))
        panel.set_ylabel(f"{first.level}s")
        panel.yaxis.get_major_locator().set_params(integer=True)
        panel.grid(axis="y")
        if self.log:
            panel.set_yscale("log")
        if len(series) > 1 or every.min() < 0:
            panel.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=4, borderaxespad=0)
        return _caption(series)


def shared_bins(values: NDArray[np.float64], wanted: int) -> NDArray[np.float64]:
    """Edges of equally wide bins, one of them at 0 where values lie on both sides, so that no bin holds both signs.

    Example:
        >>> shared_bins(np.array([-1.0, 3.0]), 4).tolist()
        [-1.0, 0.0, 1.0, 2.0, 3.0]
    """
    low, high = float(values.min()), float(values.max())
    count = wanted or int(np.clip(np.sqrt(len(values)), 10, 40))
    if high - low <= 1e-9 * max(abs(low), abs(high), 1e-300):
        half = 0.05 * abs(low) or 0.5
        return np.linspace(low - half, low + half, (min(count, 11) | 1) + 1)
    width = (high - low) / count
    if not low < 0 < high:
        return np.linspace(low, high, count + 1)
    below = min(max(1, round(-low / width)), max(1, count - 1))
    width = max(-low / below, high / max(1, count - below))
    sides = [max(1, int(np.ceil(end / width - 1e-9))) for end in (-low, high)]
    edges = width * np.arange(-sides[0], sides[1] + 1)
    edges[0], edges[-1] = min(edges[0], low), max(edges[-1], high)  # rounding must not leave an end outside
    return edges


def _color(k: int, count: int) -> str:
    return AFTER if count == 1 else (BEFORE, AFTER)[k] if count == 2 else COLORS[k]


def _bars(panel: Axes, one: Series, edges: NDArray[np.float64], k: int, count: int) -> None:
    """Counts of one series: filled where it is alone or before, an outline where it lies over another."""
    heights, _ = np.histogram(one.finite, edges)
    color, negative = _color(k, count), edges[1:] <= 1e-12
    if k == 0:
        alpha = 1.0 if count == 1 else 0.45
        bars = panel.bar(
            edges[:-1], heights, np.diff(edges), align="edge", color=color, alpha=alpha, edgecolor="white",
            linewidth=0.6,
        )  # fmt: skip
        if count > 1:
            panel.fill(np.nan, np.nan, color=color, alpha=alpha, label=named(one.label))
        for bar, below in zip(bars, negative, strict=True):
            if below and count == 1:
                bar.set(facecolor=NEGATIVE, hatch="////", edgecolor="white")
        return
    panel.stairs(heights, edges, color=color, linewidth=1.8, linestyle="-" if k == 1 else "--", label=named(one.label))


def _ticks(panel: Axes, one: Series, color: str, shift: float) -> None:
    """Quantiles as short lines that stand on the axis."""
    for share, value in zip(QUANTILES, np.quantile(one.finite, QUANTILES), strict=True):
        tall = 0.07 if share == 0.5 else 0.04
        panel.axvline(float(value), shift, shift + tall, color="black" if shift == 0 else color, linewidth=1.6)


def _caption(series: Sequence[Series]) -> str:
    first = series[0]
    of = ", ".join(f"{len(s.values)} {s.level}{'s' * (len(s.values) != 1)}{_whose(s)}" for s in series)
    of += f" ({first.source})" if first.source and first.source not in first.label else ""
    how = trust(series)
    parts = [f"{sentence(axis_label(first.measure, first.unit))} of {of}" + (f", {how}" if how else "") + "."]
    for one in series:
        x = one.finite
        who = f"{one.label}: " if len(series) > 1 else ""
        low, mid, high = np.quantile(x, QUANTILES)
        below = int((x < 0).sum())
        minus = f"{below} of {len(x)} below zero; " if (x < 0).any() else ""
        told = f"quantiles 5, 50, 95 %: {short(low)}, {short(mid)}, {short(high)} (lines on the axis)."
        parts.append(sentence(f"{who}{minus}{told}"))
        if len(x) < len(one.values):
            parts.append(f"{len(one.values) - len(x)} without a finite value are left out.")
    return " ".join(parts)


def _whose(one: Series) -> str:
    if not one.label:
        return ""
    return f" {one.label}" if one.source else f" of {one.label}"


def _pooled(series: list[Series]) -> list[Series]:
    """The series as they are, or of all their values where there are too many to tell apart: before, and after."""
    if len(series) <= OVERLAID and not (len(series) > 2 and series[0].source):
        return series
    if not series[0].source:
        return [_together(series, f"{len(series)} sources")]
    halves = [[s for s in series if s.before is old] for old in (True, False)]
    return [
        replace(_together(own, "before" if own[0].before else own[0].label), source=f"{len(own)} sources")
        for own in halves
        if own
    ]


def _together(series: Sequence[Series], called: str) -> Series:
    """One series of all values."""
    errors = [s.error for s in series if s.error is not None]
    exact = False if any(s.exact is False for s in series) else series[0].exact
    return replace(
        series[0], label=called, values=np.concatenate([s.values for s in series]),
        index=np.concatenate([s.index for s in series]), errors=None, exact=exact, error=max(errors, default=None),
    )  # fmt: skip


def over_sources(things: Sequence[Shown], wanted: str) -> list[Series]:
    """The value of each source by analysis records, measure by measure: of the whole, or the mean over elements."""
    from mixcli.report.figures.measured import parse_name

    names = list(dict.fromkeys(key for thing in things for key in thing.data.get("measures") or {}))
    chosen = [key for key in names if not wanted or key == wanted or parse_name(key) == parse_name(wanted)]
    out = []
    for key in chosen:
        read = [(number(thing.data, "measures", key, "value"), number(thing.data, "measures", key, "summary", "mean"))
                for thing in things]  # fmt: skip
        whole = any(value is not None for value, _ in read)
        values = np.array([np.nan if (v := pair[0] if whole else pair[1]) is None else v for pair in read])
        if not np.isfinite(values).any():
            continue
        facts = facts_of(key, str(things[0].data.get("kind", "")))
        exact = all((thing.data.get("measures", {}).get(key) or {}).get("exact") is True for thing in things)
        name = key if whole else f"mean {key}"
        out.append(Series("", name, "source", values, np.arange(len(values)), facts["unit"], exact))
    if not out:
        raise NotApplicable("a measure with a value for each source", wanted or "none", "name one with -m")
    return out
