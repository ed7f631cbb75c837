"""How all figures look: colours that tell apart in grey and for the colour-blind, plain text, no state kept."""

from __future__ import annotations

import textwrap
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import matplotlib
import matplotlib.style
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "AFTER", "BEFORE", "COLORS", "DASHES", "DIVERGING", "FAINT", "GOOD", "INK", "MARKERS", "NEGATIVE", "SEQUENTIAL",
    "blank", "captioned", "colorbar", "house", "named", "plain_log", "short",
]  # fmt: skip

INK = "#222222"
FAINT = "#8c8c8c"
BEFORE = "#7a7a7a"
AFTER = "#0b62a4"
NEGATIVE = "#b5400b"
GOOD = "#00695c"

COLORS = ("#0b62a4", "#d9730d", "#00896b", "#9b2c66", "#5a4fcf", "#8a6d00", "#3aa0d8", "#444444")
"""Series, in the order of use; dashes and markers change with them, so that no colour is needed to tell them apart."""
DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)), (0, (3, 1)), "-", (0, (5, 2)), "-")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "d")

DIVERGING = LinearSegmentedColormap.from_list("stuck", ["#8f2f04", "#e08a4f", "#d4d4d4", "#5f9fd0", "#083d70"])
"""Below zero reddish, above bluish, zero a grey that is seen on white."""
SEQUENTIAL = LinearSegmentedColormap.from_list("more", ["#f2f4f7", "#b8d0e4", "#6b9fc9", "#2a6ca6", "#0a2f57"])
"""From light to dark, so that it prints."""

RULES: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "mixcli",
    "svg.id": None,
    "pdf.fonttype": 42,
    "text.parse_math": False,
    "text.usetex": False,
    "axes.formatter.use_mathtext": False,
    "axes.formatter.useoffset": False,
    "axes.unicode_minus": True,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"],
    "font.size": 9.0,
    "axes.titlesize": 9.5,
    "axes.labelsize": 9.0,
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
    "legend.fontsize": 8.0,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.titlelocation": "left",
    "axes.axisbelow": True,
    "grid.color": "#e3e3e3",
    "grid.linewidth": 0.7,
    "lines.linewidth": 1.6,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "savefig.bbox": None,
    "image.composite_image": False,
}

CAPTION_SIZE = 7.5
CHARACTERS = 17.5
"""Characters of a caption to an inch."""
LINE = 0.155
"""Inches of a line of a caption."""


@contextmanager
def house() -> Iterator[None]:
    """Matplotlib's own defaults and our rules inside, whatever the user's are, which are back afterwards."""
    known = {key: value for key, value in RULES.items() if key in matplotlib.rcParamsDefault}
    with matplotlib.style.context(["default", known]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def blank(width: float, height: float, rows: int = 1, columns: int = 1, **grid: Any) -> tuple[Figure, list[Axes]]:
    """An empty figure with panels, laid out so that nothing overlaps.

    Args:
        width, height: inches.
        rows, columns: of panels.
        grid: as for `Figure.subplots`.

    Returns:
        The figure, and the panels row by row.
    """
    figure = Figure(figsize=(width, height), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False, **grid)
    return figure, list(panels.ravel())


def captioned(figure: Figure, caption: str) -> Figure:
    """The figure with its caption set below, made as much taller as that takes."""
    width, height = figure.get_size_inches()
    lines = textwrap.wrap(caption, max(20, int(width * CHARACTERS)))
    room = LINE * len(lines) + 0.12
    total = height + room
    figure.set_size_inches(width, total)
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.set(rect=(0, room / total, 1, height / total))
    figure.text(
        0.012, 0.05 / total, "\n".join(lines), size=CAPTION_SIZE, color="#444444", va="bottom", linespacing=1.25
    )
    return figure


def colorbar(figure: Figure, shown: Any, panels: Sequence[Axes] | Axes, words: str) -> Any:
    """A colour scale beside its panels."""
    bar = figure.colorbar(shown, ax=panels, shrink=0.85, aspect=24, pad=0.02)
    bar.set_label(words)
    bar.outline.set_visible(False)
    return bar


def short(value: float) -> str:
    """Four significant digits.

    Example:
        >>> short(0.07260058), short(12.0)
        ('0.0726', '12')
    """
    return f"{value:.4g}".replace("-", "−")


def named(words: str) -> str:
    """A name for the legend, which would leave out empty ones and those that begin with an underscore."""
    return f" {words}" if words.startswith("_") else words or "–"


def plain_log(axis: Any) -> None:
    """Numbers of a logarithmic axis as people write them."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())
