"""What a figure is, and what it is made of."""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from mixcli.errors import NotApplicable, UsageError
from mixcli.report.figures.style import captioned, house
from mixcli.report.subject import Shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mixcli.context import Context

__all__ = ["FORMATS", "Drawn", "Plot", "Shown", "encoded", "picture"]

FORMATS = ("svg", "png", "pdf")

DPI = 200
"""Dots to an inch of a PNG."""


class Drawn(NamedTuple):
    """A figure and what is to be said below it: what is shown, of how many, how exact, and from where."""

    figure: Figure
    caption: str


class Plot(ABC):
    """One kind of figure: a frozen dataclass of its parameters, plus what it can be drawn of.

    A subclass states the facts and implements `draw`, with matplotlib's objects alone.
    """

    sources: ClassVar[tuple[str, ...]]
    """Kinds of `Shown` that it is defined for."""
    axes: ClassVar[str]
    """What stands on the axes."""
    many: ClassVar[bool] = True
    """Whether it shows several things at once."""

    def __call__(self, things: Sequence[Shown], context: Context | None = None) -> Drawn:
        """Check that it applies and draw.

        Args:
            things: one or several of the kinds in `sources`.
            context: seed, threads, limits, of what is measured for the figure.

        Raises:
            NotApplicable: it shows something else, or nothing of these can be shown.
        """
        from mixcli.catalog import FIGURES
        from mixcli.context import Context

        name = FIGURES.name_of(type(self))
        if not things:
            raise UsageError("something to show", "nothing", "give a SOURCE or a record")
        for thing in things:
            if thing.kind not in self.sources:
                wanted = " or ".join(self.sources)
                others = ", ".join(n for n in FIGURES if thing.kind in FIGURES.get(n).sources)
                fix = f"of {thing.kind}: {others}"
                raise NotApplicable(f"{wanted} for the figure {name}", thing.kind, fix, where=thing.name)
        if len(things) > 1 and not self.many:
            raise NotApplicable(f"one source for the figure {name}", str(len(things)), "draw them one by one")
        with house():
            return self.draw(things, context or Context())

    @abstractmethod
    def draw(self, things: Sequence[Shown], context: Context) -> Drawn:
        """The figure; only called with things that it is defined for, inside our style."""


def picture(drawn: Drawn) -> Figure:
    """The figure with its caption below it."""
    with house():
        return captioned(drawn.figure, drawn.caption)


def encoded(figure: Figure, format: str = "svg") -> bytes:
    """A figure as a file; the same figure gives the same bytes.

    Args:
        figure: the figure.
        format: "svg" (text stays text), "png" or "pdf".

    Raises:
        UsageError: another format.
    """
    if format not in FORMATS:
        raise UsageError(f"one of {', '.join(FORMATS)}", format, "end the name after -o in one of them")
    # Without a date, the same figure gives the same bytes.
    metadata: dict[str, dict[str, Any]] = {
        "svg": {"Date": None, "Creator": "mixcli"},
        "png": {"Software": "mixcli"},
        "pdf": {"CreationDate": None, "Creator": "mixcli", "Producer": "mixcli"},
    }
    out = io.BytesIO()
    with house():
        figure.savefig(out, format=format, dpi=DPI, metadata=metadata[format])
    return out.getvalue()
