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
    from rich.console import Group
    from rich.markup import escape
    from rich.table import Table
    from rich.text import Text

    knees, base = trace.knees, trace.rewired.base
    title = Text(f"{base.name}: {_size(base)}", style="bold")
    caption = [Text(f"◂ {KNEE}", style="dim italic")] if knees else []
    table = Table(header_style="bold")
    for name in ("edits", "+", "−", *(c.name for c in trace.columns)):
        table.add_column(escape(name), justify="right", no_wrap=True)
    for look in trace.looks:
        cells = []
        for column in trace.columns:
            value = look.values[column.name]
            text = "–" if value is None else number(value)
            cells.append(text + (" ◂" if knees.get(column.name) == look.edits else "  "))
        table.add_row(str(look.edits), str(look.added), str(look.removed), *cells)
    # Lines of their own: as its title and caption they would be broken to the width of a narrow table.
    return rendered(Group(title, table, *caption), color=color, wide=True)


def _size(base: Any) -> str:
    if hasattr(base, "tokens"):
        return f"{base.tokens} tokens, {base.depth} layers, {base.layers[0].edges} pairs in the first"
    return f"{base.n} nodes, {base.m} edges"
