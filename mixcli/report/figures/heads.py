"""All heads of a network at a glance: layer by layer, head by head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from mixcli.context import Context
from mixcli.report.fields import label
from mixcli.report.figures.base import Drawn, Plot, Shown
from mixcli.report.figures.measured import Series, axis_label, sentence, series_of, several, trust
from mixcli.report.figures.style import SEQUENTIAL, blank, colorbar, short
from mixcli.spec import param

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

DEFAULT = {"attention": ("sinks", "entropy"), "mask": ("sinks",)}
WRITTEN = 12
"""Heads up to which numbers are written into the cells."""


@dataclass(frozen=True)
class HeadGrid(Plot):
    """A measure of every attention head as a grid of layers and heads: share of the first token, entropy.

    Args:
        measure: of heads; default sinks and entropy.

    Example:
        >>> import numpy as np
        >>> from mixcli.sequence import Attention
        >>> even, one = np.tri(4) / np.arange(1, 5)[:, None], np.eye(4)
        >>> drawn = HeadGrid(measure="entropy")([Shown("attention", "two", Attention.of([[even, one]]))])
        >>> drawn.caption
        'Entropy of the 2 heads of two, exact: 0 (L0H1) to 1 (L0H0).'
    """

    measure: str = param("", "measure of heads; default sinks and entropy")

    sources: ClassVar[tuple[str, ...]] = ("attention", "mask", "values")
    axes: ClassVar[str] = "x: head; y: layer; colour: the measure with its unit"
    many: ClassVar[bool] = False

    def draw(self, things: Sequence[Shown], context: Context) -> Drawn:
        """A grid a measure, side by side."""
        thing = things[0]
        if thing.kind == "values":
            series = series_of(thing, self.measure, ("head",))
        else:
            specs = [self.measure] if self.measure else list(DEFAULT[thing.kind])
            series = several(thing.data, specs, context, label(thing.name), ("head",), bool(self.measure))
        layers, heads = (len(np.unique(series[0].index[:, k])) for k in (0, 1))
        wide = float(np.clip(0.42 * heads + 1.6, 2.7, 6.0))
        tall = float(np.clip(0.34 * layers + 1.0, 1.9, 8.0))
        side = 2 * wide <= 7.4 or len(series) == 1
        size = (wide * len(series), tall) if side else (wide, tall * len(series))
        figure, panels = blank(*size, *((1, len(series)) if side else (len(series), 1)))
        for panel, one in zip(panels, series, strict=True):
            _grid(figure, panel, one)
        return Drawn(figure, " ".join(_told(one, thing) for one in series))


def matrix(one: Series) -> tuple[NDArray[np.float64], list[int], list[int]]:
    """Values by layer and head, NaN where a layer has no such head; and the numbers of layers and heads."""
    layers, heads = (np.unique(one.index[:, k]) for k in (0, 1))
    out = np.full((len(layers), len(heads)), np.nan)
    out[np.searchsorted(layers, one.index[:, 0]), np.searchsorted(heads, one.index[:, 1])] = one.values
    return np.where(np.isfinite(out), out, np.nan), layers.tolist(), heads.tolist()


def _grid(figure: Figure, panel: Axes, one: Series) -> None:
    values, layers, heads = matrix(one)
    high = float(np.nanmax(values)) if np.isfinite(values).any() else 1.0
    low = min(0.0, float(np.nanmin(values))) if np.isfinite(values).any() else 0.0
    image = panel.imshow(
        np.ma.masked_invalid(values), cmap=SEQUENTIAL, vmin=low, vmax=max(high, low + 1e-12), interpolation="nearest",
        aspect="auto",
    )  # fmt: skip
    panel.set(xlabel="head", ylabel="layer")
    for axis, numbers in ((panel.xaxis, heads), (panel.yaxis, layers)):
        step = -(-len(numbers) // 12)
        axis.set_ticks(range(0, len(numbers), step), [str(k) for k in numbers[::step]])
    panel.spines[:].set_visible(False)
    if len(heads) <= WRITTEN and len(layers) <= WRITTEN:
        for (y, x), value in np.ndenumerate(values):
            dark = high > low and (value - low) / (high - low) > 0.55
            if np.isfinite(value):
                panel.text(x, y, f"{value:.2g}", ha="center", va="center", size=7, color="white" if dark else "#222222")
    colorbar(figure, image, panel, axis_label(one.measure, one.unit))


def _told(one: Series, thing: Shown) -> str:
    count, how = len(one.values), trust([one])
    about = f"{sentence(axis_label(one.measure, one.unit))} of the {count} head{'s' * (count != 1)}"
    about += f" of {label(thing.name)}" + (f", {how}" if how else "")
    at = np.where(np.isfinite(one.values), one.values, np.nan)
    if not np.isfinite(at).any():
        return f"{about}: no finite value."
    ends = [int(np.nanargmin(at)), int(np.nanargmax(at))]
    low, high = (f"{short(float(at[k]))} (L{one.index[k][0]}H{one.index[k][1]})" for k in ends)
    return f"{about}: {low} to {high}."
