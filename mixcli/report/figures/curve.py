"""A measure along the edits of rewirings: what each of them buys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from mixcli.context import Context
from mixcli.errors import NotApplicable, UsageError
from mixcli.report.fields import label, listed, mapping, number, text
from mixcli.report.figures.base import Drawn, Plot, Shown
from mixcli.report.figures.measured import axis_label, facts_of, sentence
from mixcli.report.figures.style import COLORS, DASHES, MARKERS, NEGATIVE, blank, named, short
from mixcli.spec import param

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

COUNTS = ("edits", "step", "added", "removed", "reason")
MOST = 8
"""Curves that can be told apart in a panel."""
MARKED = 40
"""Points up to which each is marked."""


@dataclass(frozen=True)
class BudgetCurve(Plot):
    """A measure against the number of edits, a panel a measure, a line a rewiring; knees are ringed.

    Beyond eight curves, each rewiring has the median over its sources and the band that holds the middle half of them.

    Args:
        measure: the column; default all of them.
        until: a condition whose bound is drawn as a threshold, with the first look at which it holds.

    Example:
        >>> rows = [{"edits": k, "step": k, "added": k, "removed": 0, "spectral_gap": 0.1 * k} for k in range(4)]
        >>> record = {"rows": rows, "measures": {"spectral_gap": {}}, "source": {"name": "g"}}
        >>> BudgetCurve(until="spectral_gap>=0.15")([Shown("trace", "g", record, method="fosr")]).caption
        'Spectral gap after each edit of fosr on g (4 looks). spectral_gap>=0.15 reached: fosr at edit 2.'
    """

    measure: str = param("", "column that is drawn; default all")
    until: str = param("", "condition such as spectral_gap>=0.1 whose bound is drawn")

    sources: ClassVar[tuple[str, ...]] = ("trace",)
    axes: ClassVar[str] = "x: edits made; y: the measure with its unit"

    def draw(self, things: Sequence[Shown], context: Context) -> Drawn:
        """A panel a column, one below the other."""
        names = self._columns(things)
        if len(things) > MOST:
            return self._many(names, things)
        figure, panels = blank(6.6, 2.7 * len(names) + 0.3, len(names), sharex=True)
        names_of = [_called(thing, things) for thing in things]
        told = []
        for panel, name in zip(panels, names, strict=True):
            told.append(self._panel(panel, name, things, names_of))
        panels[-1].set_xlabel("edits")
        if len(things) > 1:
            panels[0].legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3, borderaxespad=0.2)
        return Drawn(figure, f"{_caption(names, things, names_of)} {' '.join(filter(None, told))}".strip())

    def _many(self, names: Sequence[str], things: Sequence[Shown]) -> Drawn:
        """Median and middle half over the sources of each rewiring."""
        methods = list(dict.fromkeys(thing.method for thing in things))
        if len(methods) > MOST:
            raise NotApplicable(f"at most {MOST} rewirings", str(len(methods)), "draw fewer at a time")
        figure, panels = blank(6.6, 2.7 * len(names) + 0.3, len(names), sharex=True)
        for panel, name in zip(panels, names, strict=True):
            for k, method in enumerate(methods):
                x, (low, middle, high) = over_sources([t for t in things if t.method == method], name)
                panel.plot(x, middle, color=COLORS[k], linestyle=DASHES[k], label=named(label(method, 30)))
                panel.fill_between(x, low, high, color=COLORS[k], alpha=0.15, linewidth=0)
            _dressed(panel, name, things)
            self._threshold(panel, name, [], [])
        panels[-1].set_xlabel("edits")
        panels[0].legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3, borderaxespad=0.2)
        what = sentence(", ".join(axis_label(name, "") for name in names))
        over = f"median over {len(things)} sources and the middle half of them, as far as half of them go"
        return Drawn(figure, f"{what} by edits: {over}.")

    def _columns(self, things: Sequence[Shown]) -> list[str]:
        names = list(dict.fromkeys(key for t in things for key in mapping(t.data, "measures")))
        if not self.measure:
            if not names:
                raise NotApplicable("a measure along the edits", "none", "give -m to mixcli trace")
            return names
        wanted = [n for n in names if n == self.measure or n.partition(".")[0] == self.measure]
        if not wanted:
            raise UsageError(
                f"one of {', '.join(map(label, names))}", repr(self.measure), "name one", where="--measure"
            )
        return wanted

    def _panel(self, panel: Axes, name: str, things: Sequence[Shown], called: Sequence[str]) -> str:
        for k, (thing, who) in enumerate(zip(things, called, strict=True)):
            x, y = points(thing, name)
            panel.plot(
                x, y, color=COLORS[k], linestyle=DASHES[k], label=named(who), markersize=3.6,
                marker=MARKERS[k] if len(x) <= MARKED else "",
            )  # fmt: skip
            knee = number(thing.data, "measures", name, "knee")
            at = np.flatnonzero(x == knee) if knee is not None else []
            if len(at):
                panel.plot(
                    x[at[:1]], y[at[:1]], "o", markersize=10, markerfacecolor="none", markeredgecolor=COLORS[k],
                    markeredgewidth=1.4,
                )  # fmt: skip
        _dressed(panel, name, things)
        return self._threshold(panel, name, things, called)

    def _threshold(self, panel: Axes, name: str, things: Sequence[Shown], called: Sequence[str]) -> str:
        if not self.until:
            return ""
        column, sign, bound = _condition(self.until)
        if column not in (name, name.partition(".")[0]):
            return ""
        panel.axhline(bound, color=NEGATIVE, linewidth=1.1, linestyle=(0, (4, 3)))
        panel.annotate(
            f"{sign} {short(bound)}", (1, bound), xycoords=("axes fraction", "data"), xytext=(-2, 3),
            textcoords="offset points", ha="right", color=NEGATIVE, fontsize=8,
        )  # fmt: skip
        first = []
        for thing, who in zip(things, called, strict=True):
            x, y = points(thing, name)
            holds = np.flatnonzero({">=": y >= bound, "<=": y <= bound, ">": y > bound, "<": y < bound}[sign])
            first.append(f"{who} at edit {int(x[holds[0]])}" if len(holds) else f"{who} never")
        return f"{label(self.until)} reached: {', '.join(first)}." if first else ""


def _dressed(panel: Axes, name: str, things: Sequence[Shown]) -> None:
    """Name, unit and grid of a panel."""
    facts = mapping(things[0].data, "measures", name)
    unit = text(facts, "unit") or facts_of(name, text(things[0].data, "kind"))["unit"]
    panel.set_ylabel(axis_label(name, unit))
    panel.grid(axis="y")
    panel.xaxis.get_major_locator().set_params(integer=True)


def over_sources(things: Sequence[Shown], name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(k,) edits and (3, k) quartiles over the sources that were looked at there, while they are half of all."""
    found: dict[float, list[float]] = {}
    for thing in things:
        for edits, value in zip(*points(thing, name), strict=True):
            if np.isfinite(value):
                found.setdefault(float(edits), []).append(float(value))
    x = [edits for edits in sorted(found) if 2 * len(found[edits]) >= len(things)]
    quartiles = [np.quantile(found[edits], [0.25, 0.5, 0.75]) for edits in x]
    return np.array(x), np.array(quartiles).reshape(-1, 3).T


def points(thing: Shown, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(edits, values) of the looks at which the measure is defined, NaN where it is not."""
    rows = [row for row in listed(thing.data, "rows") if number(row, "edits") is not None]
    nan = float("nan")
    pairs = [(number(row, "edits"), v if (v := number(row, name)) is not None else nan) for row in rows]
    data = np.array(pairs, dtype=np.float64).reshape(-1, 2)
    return data[:, 0], data[:, 1]


def _condition(written: str) -> tuple[str, str, float]:
    from mixcli.catalog import MEASURES, SEQUENCE_MEASURES
    from mixcli.spec import parse
    from mixcli.tracing.until import Condition

    name = parse(written.partition(">")[0].partition("<")[0].partition(".")[0] or "?").name
    found = Condition.parse(written, SEQUENCE_MEASURES if name not in MEASURES else MEASURES)
    return found.column.name, found.sign, found.bound


def _called(thing: Shown, things: Sequence[Shown]) -> str:
    """By the rewiring, by the source, or by both: as much as tells the curves apart."""
    methods, names = {t.method for t in things}, {t.name for t in things}
    parts = [label(thing.method, 30)] * (len(methods) > 1 or len(names) == 1) + [label(thing.name, 30)] * (
        len(names) > 1
    )
    called = ", ".join(filter(None, parts)) or label(thing.name, 30)
    twice = [t for t in things if (t.method, t.name) == (thing.method, thing.name)]
    return called if len(twice) == 1 else f"{called} ({twice.index(thing) + 1})"


def _caption(names: Sequence[str], things: Sequence[Shown], called: Sequence[str]) -> str:
    what = ", ".join(axis_label(name, "") for name in names)
    every = {number(t.data, "every") for t in things}
    step = "each edit" if every <= {None, 1.0} else f"every {int(max(e or 1 for e in every))} edits"
    looks = [len(points(t, names[0])[0]) for t in things]
    where = ", ".join(dict.fromkeys(label(t.name) for t in things))
    who = ", ".join(dict.fromkeys(called if len(things) > 1 else [label(things[0].method) or "a rewiring"]))
    knees = any(number(t.data, "measures", n, "knee") is not None for t in things for n in names)
    ring = " Ringed: the knee, after which more edits buy little (farthest above the straight line)." * knees
    gaps = sum(int(np.isnan(points(t, n)[1]).sum()) for t in things for n in names)
    left = f" Gaps: {gaps} without a finite value." if gaps else ""
    looked = "looks" if max(looks) != 1 else "look"
    return f"{sentence(what)} after {step} of {who} on {where} ({', '.join(map(str, looks))} {looked}).{ring}{left}"
