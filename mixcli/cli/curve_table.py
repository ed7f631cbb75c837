"""A trace as a table for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixcli.report.table import number, rendered

if TYPE_CHECKING:
    from mixcli.tracing.curve import Trace

__all__ = ["curve_table"]

KNEE = "knee: farthest above the straight line from the start to the best value (Satopää et al. 2011)"


def curve_table(trace: Trace, *, color: str = "auto") -> str:
    """A line a look; the knee of each measure is marked.

    Args:
        trace: the trace.
        color: "auto", "always" or "never".
    """
    from rich.markup import escape
    from rich.table import Table

    knees, base = trace.knees, trace.rewired.base
    title = f"{base.name}: {_size(base)}"
    table = Table(
        title=escape(title), title_justify="left", title_style="bold", header_style="bold", caption_justify="left",
        caption=f"◂ {KNEE}" if knees else None,
    )  # fmt: skip
    for name in ("edits", "+", "−", *(c.name for c in trace.columns)):
        table.add_column(escape(name), justify="right", no_wrap=True)
    for look in trace.looks:
        cells = []
        for column in trace.columns:
            value = look.values[column.name]
            text = "–" if value is None else number(value)
            cells.append(text + (" ◂" if knees.get(column.name) == look.edits else "  "))
        table.add_row(str(look.edits), str(look.added), str(look.removed), *cells)
    return rendered(table, color=color, wide=True)


def _size(base: Any) -> str:
    if hasattr(base, "tokens"):
        return f"{base.tokens} tokens, {base.depth} layers, {base.layers[0].edges} pairs in the first"
    return f"{base.n} nodes, {base.m} edges"
