"""What analysis records say of values by edge, node, token or head: their spread, source by source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from mixcli.context import Context
from mixcli.errors import NotApplicable
from mixcli.report.fields import at, label, mapping, number, text
from mixcli.report.figures.base import Drawn, Plot, Shown
from mixcli.report.figures.measured import axis_label, facts_of, parse_name
from mixcli.report.figures.style import AFTER, FAINT, INK, NEGATIVE, blank
from mixcli.spec import param

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PANELS = 12
MOST = 40
"""Sources that have a line each."""


@dataclass(frozen=True)
class Summary(Plot):
    """What records keep of values by element: a line from the least to the largest, a bar over the middle 90 %.

    The mark in the bar is the median, the dot the mean. What lies below zero is tinted.

    Args:
        measure: which one; default all that have values by element.

    Example:
        >>> spread = {"min": -1, "q05": 0, "q50": 1, "q95": 2, "max": 3, "mean": 1, "count": 9}
        >>> record = {"measures": {"forman": {"level": "edge", "summary": spread, "exact": True}}}
        >>> Summary()([Shown("analysis", "g", record)]).caption
        'Spread of forman of g (9 edges): min, quantiles 5, 50, 95 %, max; the dot is the mean. Exact.'
    """

    measure: str = param("", "measure that is shown; default all with values by element")

    sources: ClassVar[tuple[str, ...]] = ("analysis",)
    axes: ClassVar[str] = "x: the measure with its unit; y: sources"

    def draw(self, things: Sequence[Shown], context: Context) -> Drawn:
        """A panel a measure."""
        if len(things) > MOST:
            raise NotApplicable(f"at most {MOST} sources", str(len(things)), "use --figure histogram")
        names = self._names(things)
        if not names:
            fix = "measure edges, nodes or tokens, or use --figure histogram of several sources"
            raise NotApplicable("a measure with values by element", self.measure or "none", fix, where=things[0].name)
        left, names = len(names) - PANELS, names[:PANELS]
        each = 0.75 + 0.26 * len(things)
        figure, panels = blank(6.6, each * len(names) + 0.2, len(names))
        for panel, name in zip(panels, names, strict=True):
            _panel(panel, name, things)
        exact = all(at(t.data, "measures", n, "exact") is True for t in things for n in names if _spread(t, n))
        how = "Exact." if exact else "Some are estimates; the record has their errors."
        counts = [_count(t, names[0]) for t in things] if len(names) == 1 else []
        of = ", ".join(f"{label(t.name)}{f' ({counts[k]})' if counts else ''}" for k, t in enumerate(things[:5]))
        more = f" and {len(things) - 5} more" if len(things) > 5 else ""
        what = ", ".join(axis_label(n, "") for n in names)
        cut = f" {left} more measures stand in the record." if left > 0 else ""
        said = f"Spread of {what} of {of}{more}: min, quantiles 5, 50, 95 %, max; the dot is the mean. {how}{cut}"
        return Drawn(figure, said)

    def _names(self, things: Sequence[Shown]) -> list[str]:
        every = dict.fromkeys(n for t in things for n in mapping(t.data, "measures") if _spread(t, n))
        wanted = self.measure
        return [n for n in every if not wanted or n == wanted or parse_name(n) == parse_name(wanted)]


def _spread(thing: Shown, name: str) -> dict[str, float]:
    found = mapping(thing.data, "measures", name, "summary")
    read = {key: number(found, key) for key in ("min", "q05", "q50", "q95", "max", "mean")}
    return (
        {k: v for k, v in read.items() if v is not None} if read["min"] is not None and read["max"] is not None else {}
    )


def _count(thing: Shown, name: str) -> str:
    entry = mapping(thing.data, "measures", name)
    count, infinite = number(entry, "summary", "count"), number(entry, "summary", "infinite")
    words = f"{int(count or 0)} {label(text(entry, 'level'))}{'s' * (count != 1)}"
    return words + (f", {int(infinite)} infinite" if infinite else "")


def _panel(panel: Axes, name: str, things: Sequence[Shown]) -> None:
    rows: list[tuple[int, dict[str, Any]]] = [(k, s) for k, t in enumerate(things) if (s := _spread(t, name))]
    for y, s in rows:
        panel.plot([s["min"], s["max"]], [y, y], color=FAINT, linewidth=1.2, zorder=2)
        panel.plot([s["min"], s["max"]], [y, y], "|", color=FAINT, markersize=7, zorder=2)
        if "q05" in s and "q95" in s:
            panel.barh(y, s["q95"] - s["q05"], 0.42, s["q05"], color=AFTER, alpha=0.55, zorder=3)
        if "q50" in s:
            panel.plot([s["q50"]], [y], "|", color=INK, markersize=11, markeredgewidth=2, zorder=4)
        if "mean" in s:
            panel.plot([s["mean"]], [y], "o", color=INK, markersize=3.5, zorder=5)
    low = min(s["min"] for _, s in rows)
    if low < 0:
        panel.axvspan(low, 0, color=NEGATIVE, alpha=0.07, linewidth=0, zorder=0)
        panel.axvline(0, color=FAINT, linewidth=0.9, zorder=1)
    facts = mapping(things[rows[0][0]].data, "measures", name)
    panel.set_xlabel(axis_label(name, text(facts, "unit") or facts_of(name)["unit"]))
    panel.set_yticks(range(len(things)), [label(t.name, 24) for t in things] if len(things) > 1 else [""])
    panel.set_ylim(len(things) - 0.4, -0.6)
    panel.grid(axis="x")
    panel.margins(x=0.03)
    panel.spines["left"].set_visible(False)
    panel.tick_params(left=False)
