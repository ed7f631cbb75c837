"""What trained networks do with their graph, layer by layer or distance by distance, before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from mixcli.context import Context
from mixcli.errors import NotApplicable, UsageError
from mixcli.report.fields import label, mapping, mappings, number, numbers, text
from mixcli.report.figures.base import Drawn, Plot, Shown
from mixcli.report.figures.style import COLORS, DASHES, MARKERS, blank, named
from mixcli.spec import param

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PANELS = 6
SHOWN = ("sensitivity", "influence", "energy", "rayleigh", "effective_rank", "mad", "obstruction")
"""Curves that are shown first."""


@dataclass(frozen=True)
class Probes(Plot):
    """Probes of the trained networks, a line an arm: Dirichlet energy and rank by layer, sensitivity by distance.

    Args:
        probe: one of those in the record; default all, at most six curves of them.

    Example:
        >>> curve = {"mean": [1.0, 0.5], "error": [0.1, 0.1], "trials": [3, 3]}
        >>> told = {"rank": {"by": "layer", "from": 1, "trials": 3, "curves": {"effective_rank": curve}}}
        >>> drawn = Probes()([Shown("comparison", "MUTAG", {"arms": [{"name": "none", "probes": told}]})])
        >>> drawn.figure.axes[0].get_ylabel()
        'effective rank'
    """

    probe: str = param("", "probe that is shown; default all")

    sources: ClassVar[tuple[str, ...]] = ("comparison",)
    axes: ClassVar[str] = "x: layer or original distance; y: the figure of the probe"
    many: ClassVar[bool] = False

    def draw(self, things: Sequence[Shown], context: Context) -> Drawn:
        """A panel a curve."""
        thing = things[0]
        arms = [arm for arm in mappings(thing.data, "arms") if mapping(arm, "probes")]
        if not arms:
            raise NotApplicable("probes of trained networks", "none", "compare with --probe all", where=thing.name)
        wanted = self._curves(arms)
        columns = min(2, len(wanted))
        rows = -(-len(wanted) // columns)
        figure, panels = blank(3.7 * columns + 0.2, 2.6 * rows + 0.4, rows, columns)
        for panel, (spec, name) in zip(panels, wanted, strict=False):
            _panel(panel, arms, spec, name)
        for panel in panels[len(wanted) :]:
            panel.set_visible(False)
        handles, names = panels[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside upper left", ncols=3 if columns > 1 else 2)
        trials = int(number(arms[0], "probes", wanted[0][0], "trials") or 0)
        which = ", ".join(dict.fromkeys(label(spec) for spec, _ in wanted))
        return Drawn(
            figure,
            f"Probes of the networks trained on {label(thing.name)} ({which}): means over {trials} trials, bands are ± "
            "one standard error over trials, which tells of their spread, not of new data. Distances are those of the "
            "graph as given.",
        )

    def _curves(self, arms: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
        every = dict.fromkeys(
            (spec, name)
            for arm in arms
            for spec, told in mapping(arm, "probes").items()
            for name in mapping(told, "curves")
        )
        specs = list(dict.fromkeys(spec for arm in arms for spec in mapping(arm, "probes")))
        found = [c for c in every if not self.probe or c[0] == self.probe or c[0].partition(":")[0] == self.probe]
        if not found and self.probe and not any(s.partition(":")[0] == self.probe.partition(":")[0] for s in specs):
            raise UsageError(f"one of {', '.join(map(label, specs))}", repr(self.probe), "name one", where="probe")
        if not found:
            fix = "mixcli compare shows its figures as a table"
            raise NotApplicable("a probe with values by layer or distance", "none", fix)
        first = [c for c in found if c[1] in SHOWN]
        return [*first, *(c for c in found if c not in first)][:PANELS] if self.probe or not first else first[:PANELS]


def _panel(panel: Axes, arms: Sequence[dict[str, Any]], spec: str, name: str) -> None:
    by = "layer"
    for k, arm in enumerate(arms):
        told = mapping(arm, "probes", spec)
        curve = mapping(told, "curves", name)
        by = text(told, "by") or by
        y, error = (_array(numbers(curve, key)) for key in ("mean", "error"))
        x = np.arange(len(y)) + int(number(told, "from") or 0)
        look: dict[str, Any] = {"color": COLORS[k % 8], "linestyle": DASHES[k % 8]}
        panel.plot(x, y, marker=MARKERS[k % 8], markersize=3.2, label=named(label(text(arm, "name"), 26)), **look)
        if len(error) == len(y):
            panel.fill_between(x, y - error, y + error, color=COLORS[k % 8], alpha=0.15, linewidth=0)
    panel.set_xlabel("distance (hops)" if by == "distance" else label(by))
    panel.set_ylabel(label(name).replace("_", " "))
    panel.xaxis.get_major_locator().set_params(integer=True)
    panel.grid(axis="y")


def _array(values: Sequence[float | None]) -> np.ndarray:
    return np.array([np.nan if v is None else v for v in values], dtype=np.float64)
