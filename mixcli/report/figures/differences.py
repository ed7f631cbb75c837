"""Did it help: the difference of every arm to the baseline, trial by trial, with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from mixcli.context import Context
from mixcli.errors import NotApplicable
from mixcli.report.fields import label, listed, mappings, number, numbers, text
from mixcli.report.figures.base import Drawn, Plot, Shown
from mixcli.report.figures.style import AFTER, FAINT, INK, blank
from mixcli.spec import param

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PANELS = 24
LEVEL = 0.05
DOTS = 200
"""Trials whose dots are drawn."""


@dataclass(frozen=True)
class Differences(Plot):
    """A line an arm: mean paired difference to the baseline with its 95 % interval, trials as dots, and zero.

    Filled marks are differences that are significant at 5 % after Holm's adjustment over the arms, hollow ones are not.
    Controls stand apart, below. The interval is the one of the record, corrected where splits overlap.

    Args:
        trials: whether each trial has a dot.

    Example:
        >>> gain = {"mean": 0.1, "ci95": [0.05, 0.15], "p_adjusted": 0.01, "wins": 2, "ties": 0, "losses": 0}
        >>> arms = [{"name": "none", "difference": None}, {"name": "fosr", "difference": gain}]
        >>> record = {"arms": arms, "baseline": "none", "metric": "accuracy", "trials": 2}
        >>> drawn = Differences()([Shown("comparison", "MUTAG", record)])
        >>> drawn.caption.endswith("Filled: significant at 5 % after Holm's adjustment; hollow: not.")
        True
    """

    trials: bool = param(True, "whether each trial has a dot")

    sources: ClassVar[tuple[str, ...]] = ("comparison",)
    axes: ClassVar[str] = "x: difference of the metric to the baseline, in points where it is a share; y: arms"

    def draw(self, things: Sequence[Shown], context: Context) -> Drawn:
        """A panel a comparison."""
        if len(things) > PANELS:
            raise NotApplicable(f"at most {PANELS} comparisons", str(len(things)), "mixcli report shows all")
        rows = [compared(thing.data) for thing in things]
        if not any(rows):
            fix = "compare with a rewiring: --arm sdrf"
            raise NotApplicable("an arm to compare with the baseline", "none", fix, where=things[0].name)
        things = [t for t, own in zip(things, rows, strict=True) if own]
        rows = [own for own in rows if own]
        columns = 1 if len(things) < 4 else 2
        down = -(-len(things) // columns)
        tall = max(len(own) + 0.8 * _apart(own) for own in rows)
        figure, panels = blank(7.0 if columns == 1 else 10.5, (0.85 + 0.36 * tall) * down, down, columns)
        for panel, thing, own in zip(panels, things, rows, strict=False):
            self._panel(panel, thing, own, several=len(things) > 1)
        for panel in panels[len(things) :]:
            panel.set_visible(False)
        return Drawn(figure, _caption(things))

    def _panel(self, panel: Axes, thing: Shown, arms: Sequence[Mapping[str, Any]], several: bool) -> None:
        scale, unit = scaled(thing.data)
        places = _places(arms)
        base = next((a for a in mappings(thing.data, "arms") if text(a, "name") == text(thing.data, "baseline")), {})
        panel.axvline(0, color=INK, linewidth=1.0, zorder=1)
        for y, arm in zip(places, arms, strict=True):
            color = FAINT if arm.get("control") else AFTER
            if self.trials:
                dots = scale * np.array(paired_values(thing.data, arm, base))
                shift = 0.26 + 0.05 * ((np.arange(len(dots)) * 0.6180339887) % 1)
                panel.plot(dots, y + shift, "o", color=color, alpha=0.4, markersize=3.4, zorder=2, markeredgewidth=0)
            _interval(panel, y, arm, scale, color)
            panel.text(1.015, y, _beside(arm), transform=panel.get_yaxis_transform(), va="center", size=7.5)
        panel.set_yticks(places, [label(text(a, "name"), 32) for a in arms])
        panel.set_ylim(max(places) + 0.75, min(places) - 0.6)
        panel.set_xlabel(f"difference in {label(text(thing.data, 'metric'))}{unit}")
        if several:
            panel.set_title(f"{label(thing.name, 30)}, {label(text(thing.data, 'model').partition(':')[0])}")
        if _apart(arms) > 0:
            first = next(y for y, arm in zip(places, arms, strict=True) if arm.get("control"))
            panel.axhline(first - 0.85, color=FAINT, linewidth=0.8, linestyle=(0, (2, 2)))
            panel.text(
                0.995, first - 0.8, "controls", transform=panel.get_yaxis_transform(), ha="right", va="top", size=7.5,
                color="#666666",
            )  # fmt: skip
        panel.grid(axis="x")
        panel.spines["left"].set_visible(False)
        panel.tick_params(axis="y", left=False)


def compared(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The arms that have a mean difference, controls last."""
    arms = [arm for arm in mappings(record, "arms") if number(arm, "difference", "mean") is not None]
    return [a for a in arms if not a.get("control")] + [a for a in arms if a.get("control")]


def scaled(record: Mapping[str, Any]) -> tuple[float, str]:
    """What metrics are multiplied by, and the unit that they then have."""
    if record.get("percent", True):
        return 100.0, " (points)"
    return 1.0, " (lower is better)" if record.get("better") == "lower" else ""


def paired_values(record: Mapping[str, Any], arm: Mapping[str, Any], base: Mapping[str, Any]) -> list[float]:
    """Arm minus baseline, for each trial that both have."""
    key = text(record, "protocol", "report") or "best"
    own, other = ({number(v, "trial"): number(v, key) for v in mappings(one, "values")} for one in (arm, base))
    return [v - b for t, v in own.items() if v is not None and (b := other.get(t)) is not None][:DOTS]


def significant(arm: Mapping[str, Any]) -> bool:
    """Whether the adjusted p is below 5 %."""
    p = number(arm, "difference", "p_adjusted")
    return p is not None and p < LEVEL


def _apart(arms: Sequence[Mapping[str, Any]]) -> int:
    """1 where arms and controls stand in one panel."""
    return int(len({bool(a.get("control")) for a in arms}) > 1)


def _places(arms: Sequence[Mapping[str, Any]]) -> list[float]:
    asked = sum(not a.get("control") for a in arms)
    return [k + (0.8 if asked and k >= asked else 0.0) for k in range(len(arms))]


def _interval(panel: Axes, y: float, arm: Mapping[str, Any], scale: float, color: str) -> None:
    mean = number(arm, "difference", "mean") or 0.0
    ends = [e for e in numbers(arm, "difference", "ci95") if e is not None]
    if len(ends) == 2:
        panel.plot(scale * np.array(ends), [y, y], color=color, linewidth=2.0, solid_capstyle="butt", zorder=3)
    panel.plot(
        [scale * mean], [y], "o" if not arm.get("control") else "D", markersize=6, markeredgecolor=color, zorder=4,
        markerfacecolor=color if significant(arm) else "white", markeredgewidth=1.6,
    )  # fmt: skip


def _beside(arm: Mapping[str, Any]) -> str:
    """p and the count of wins, ties and losses."""
    p = number(arm, "difference", "p_adjusted")
    counts = [number(arm, "difference", key) for key in ("wins", "ties", "losses")]
    won = "/".join(str(int(c)) for c in counts if c is not None)
    return ", ".join(filter(None, ("" if p is None else "p < 0.001" if p < 0.001 else f"p = {p:.3f}", won)))


def _caption(things: Sequence[Shown]) -> str:
    record = things[0].data
    keys = ("wins", "ties", "losses")
    arms = [arm for thing in things for arm in compared(thing.data)]
    trials = sorted({int(sum(number(arm, "difference", k) or 0 for k in keys)) for arm in arms})
    of = ", ".join(dict.fromkeys(f"{label(t.name)} with {label(text(t.data, 'model'))}" for t in things[:4]))
    more = f" and {len(things) - 4} more" if len(things) > 4 else ""
    base = ", ".join(dict.fromkeys(label(text(t.data, "baseline"), 30) for t in things))
    span = str(trials[0]) if len(trials) == 1 else f"{trials[0]} to {trials[-1]}"
    tests = {text(arm, "difference", "test") for arm in arms}
    how = " corrected for overlapping splits (Nadeau and Bengio)" if "corrected t" in tests else ""
    bare = any(len(listed(arm, "difference", "ci95")) != 2 for arm in arms)
    how += " (none where all trials differ by the same amount, or only one is there)" * bare
    where = "" if record.get("percent", True) else f" in {label(text(record, 'metric'))}"
    return (
        f"{of}{more}: mean paired difference{where} to {base} over {span} trials, with its 95 % interval{how}; dots "
        "are trials; right: p after Holm's adjustment, wins/ties/losses. Filled: significant at 5 % after Holm's "
        "adjustment; hollow: not."
    )
