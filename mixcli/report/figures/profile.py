"""A measure token by token: which of them get through to the read-out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from mixcli.context import Context
from mixcli.errors import NotApplicable
from mixcli.report.fields import label
from mixcli.report.figures.base import Drawn, Plot, Shown
from mixcli.report.figures.measured import Series, axis_label, before_after, sentence, series_of, several, trust
from mixcli.report.figures.style import COLORS, DASHES, FAINT, MARKERS, NEGATIVE, blank, named, plain_log
from mixcli.spec import param

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DEFAULT = ("influence", "resistance_restart", "runway")
MOST = 6
"""Sources that can be told apart in a panel."""
MARKED = 64
"""Tokens up to which each is marked."""


@dataclass(frozen=True)
class Profile(Plot):
    """A measure token by token: influence on the read-out, resistance to it, runway; a panel a measure.

    Tokens that do not get through at all have no point but a mark at the edge of the panel.

    Args:
        measure: of tokens; default influence, resistance_restart and runway.
        log: logarithmic values.

    Example:
        >>> from mixcli.generators.mask_spec import sequence_of
        >>> mask = sequence_of("window:2,tokens=6,layers=2")
        >>> drawn = Profile(measure="runway")([Shown("mask", "window", mask)])
        >>> print(drawn.caption)
        Runway (steps) of the 6 tokens of window, read out at token 5, exact. Crosses: 3 tokens without a finite value.
    """

    measure: str = param("", "measure of tokens; default influence, resistance_restart and runway")
    log: bool = param(False, "logarithmic values")

    sources: ClassVar[tuple[str, ...]] = ("mask", "attention", "values")
    axes: ClassVar[str] = "x: place of the token; y: the measure with its unit"

    def draw(self, things: Sequence[Shown], context: Context) -> Drawn:
        """A panel a measure."""
        if len(things) > MOST:
            raise NotApplicable(f"at most {MOST} sources in a profile", str(len(things)), "draw fewer at a time")
        groups = self._groups(things, context)
        figure, panels = blank(6.6, 2.2 * len(groups) + 0.6, len(groups), sharex=True)
        told = [self._panel(panel, own) for panel, own in zip(panels, groups, strict=True)]
        panels[-1].set_xlabel("token")
        if len(groups[0]) > 1:
            panels[0].legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3, borderaxespad=0.2)
        tokens = things[0].data
        count = len(groups[0][0].values)
        names = ", ".join(dict.fromkeys(s.source or s.label for s in groups[0]))
        read = f", read out at token {tokens.read_out}" if hasattr(tokens, "read_out") else ""
        what = ", ".join(axis_label(own[0].measure, own[0].unit) for own in groups)
        how = trust([s for own in groups for s in own])
        missing = " ".join(filter(None, told))
        states = " " + " and ".join(s.label for s in groups[0]) + "." if groups[0][0].source else ""
        of = f"{count} token{'s' * (count != 1)} of {names}{read}{f', {how}' * bool(how)}"
        return Drawn(figure, f"{sentence(what)} of the {of}.{states} {missing}".strip())

    def _groups(self, things: Sequence[Shown], context: Context) -> list[list[Series]]:
        groups: dict[str, list[Series]] = {}
        for thing in things:
            for one in self._series(thing, context):
                groups.setdefault(one.measure, []).append(one)
        return list(groups.values())

    def _series(self, thing: Shown, context: Context) -> list[Series]:
        if thing.kind == "values":
            return series_of(thing, self.measure, ("token",))
        specs = [self.measure] if self.measure else list(DEFAULT)
        asked = bool(self.measure)
        after = several(thing.data, specs, context, label(thing.name), ("token",), asked)
        if thing.before is None:
            return after
        first, second = before_after(thing)
        before = several(thing.before, [s.measure for s in after], context, first, ("token",), asked)
        return [replace(s, source=label(thing.name)) for s in before] + [
            replace(s, label=second, source=label(thing.name)) for s in after
        ]

    def _panel(self, panel: Axes, series: Sequence[Series]) -> str:
        missing = 0
        for k, one in enumerate(series):
            x, finite = np.arange(len(one.values)), np.isfinite(one.values)
            y = np.where(finite & ((one.values > 0) | (not self.log)), one.values, np.nan)
            look: dict[str, Any] = {"color": COLORS[k], "linestyle": DASHES[k], "label": named(one.label)}
            panel.plot(x, y, marker=MARKERS[k] if len(x) <= MARKED else "", markersize=3.2, **look)
            lost = x[np.isnan(y)]
            missing += len(lost)
            panel.plot(
                lost, np.full(len(lost), 0.985 - 0.045 * k), "x", transform=panel.get_xaxis_transform(),
                color=NEGATIVE if len(series) == 1 else COLORS[k], markersize=4,
            )  # fmt: skip
            if one.errors is not None:
                panel.fill_between(x, y - one.errors, y + one.errors, color=COLORS[k], alpha=0.2, linewidth=0)
        if not self.log and all((s.finite >= 0).all() for s in series):
            panel.set_ylim(bottom=0)
        if self.log:
            panel.set_yscale("log")
            plain_log(panel.yaxis)
        panel.margins(x=0.02)
        low, high = panel.get_ylim()
        if missing and not self.log:
            panel.set_ylim(low, high + 0.08 * (high - low))
        panel.set_ylabel(axis_label(series[0].measure, series[0].unit))
        panel.grid(axis="y")
        panel.xaxis.get_major_locator().set_params(integer=True)
        panel.spines["bottom"].set_color(FAINT)
        return _missing(series[0], missing, self.log)


def _missing(one: Series, count: int, log: bool) -> str:
    if not count:
        return ""
    what = "a finite value" if not log else "a finite value above 0"
    return f"Crosses: {count} token{'s' * (count != 1)} without {what}."
