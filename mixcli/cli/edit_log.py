"""`--log`: every edit as a JSON line, with the place of its graph and the names of its ends."""

import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from mixcli.graph import Graph
    from mixcli.rewiring.base import Edit

__all__ = ["LogOption", "logger", "opened"]

LogOption = Annotated[
    Path | None,
    typer.Option("--log", metavar="FILE", help="Write every edit here, as JSON lines; replay:FILE makes them again."),
]


def opened(stack: ExitStack, log: Path | None, force: bool) -> Any:
    """The file of a log, which appears when it is complete; None without one."""
    from mixcli.io.atomic import replacing

    return None if log is None else stack.enter_context(replacing(log, force))


def logger(out: Any, index: int, graph: "Graph") -> "Callable[[Edit], None] | None":
    """Writes an edit with the place of its graph in the stream, and the names of its ends where they have any.

    Args:
        out: the open log, or None.
        index: place of the graph.
        graph: the graph.
    """
    if out is None:
        return None

    def write(edit: "Edit") -> None:
        from mixcli.report.record import jsonable

        row: dict[str, Any] = {
            "step": edit.step, "op": edit.op, "u": edit.u, "v": edit.v, "score": edit.score, "reason": edit.reason,
            "graph": index,
        }  # fmt: skip
        if graph.labels is not None:
            row |= {"u_label": graph.labels[edit.u], "v_label": graph.labels[edit.v]}
        out.write((json.dumps(jsonable(row), ensure_ascii=False) + "\n").encode())

    return write
