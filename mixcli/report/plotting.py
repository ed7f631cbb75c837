"""Figures from Python: `mixcli.plot` of graphs, masks, attention, rewirings, traces, comparisons and records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mixcli.errors import UsageError
from mixcli.report.choice import chosen, paired
from mixcli.report.shown import of_record, of_thing
from mixcli.report.subject import Shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mixcli.context import Context

__all__ = ["plot", "subject"]


def plot(*things: Any, figure: str = "", measure: str = "", until: str = "", context: Context | None = None) -> Figure:
    """One figure with its caption; a notebook shows it, `savefig` writes it.

    Args:
        things: graphs, mask sequences, attention, what `rewire`, `rewire_sequence`, `trace` or `compare` gave, or
            records; two graphs on the same nodes are taken as before and after.
        figure: spec such as "histogram:bins=20"; default what fits.
        measure: what is measured, or which column is shown.
        until: threshold of a curve, "spectral_gap>=0.1".
        context: seed, threads, limits.

    Returns:
        A matplotlib figure that belongs to nobody else.

    Raises:
        UsageError: no such figure, or something that cannot be shown.
        NotApplicable: the figure is of something else.

    Example:
        >>> from mixcli.generators.graphs import barbell
        >>> from mixcli.rewiring.base import rewire
        >>> made = plot(rewire(barbell(5), "sdrf:3"), figure="histogram:measure=balanced_forman")
        >>> [panel.get_xlabel() for panel in made.axes]
        ['balanced forman']
    """
    from mixcli.report.figures.base import picture

    shown = paired([subject(thing) for thing in things])
    return picture(chosen(shown, figure, measure=measure, until=until)(shown, context))


def subject(thing: Any) -> Shown:
    """What can be shown of something.

    Raises:
        UsageError: nothing.
    """
    if isinstance(thing, Shown):
        return thing
    if isinstance(thing, Mapping):
        return of_record(thing, "a record")
    if hasattr(thing, "looks"):  # a trace
        from mixcli.report.curve import record

        steps = thing.after.provenance
        return of_record(record(thing, 0, steps[-1].spec if steps else "", 1), thing.rewired.base.name)
    if hasattr(thing, "record"):  # a comparison
        return of_record(thing.record(), thing.name)
    if hasattr(thing, "base"):  # rewired
        after = thing.sequence if hasattr(thing, "sequence") else thing.graph
        shown = of_thing(after)
        return Shown(shown.kind, shown.name, after, before=thing.base, method=after.provenance[-1].spec)
    if hasattr(thing, "edges") or hasattr(thing, "tokens"):
        return of_thing(thing)
    known = "a graph, mask sequence, attention, rewiring, trace, comparison or record"
    raise UsageError(known, type(thing).__name__, "load it with mixcli.load")
