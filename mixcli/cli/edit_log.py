"""`--log`: every edit as a JSON line, and what it takes to make them again."""

import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from mixcli.rewiring.base import Rewired, Rewiring

__all__ = ["LogOption", "opened", "write_log"]

LogOption = Annotated[
    Path | None,
    typer.Option(
        "--log",
        metavar="FILE",
        help="Write every edit here, as JSON lines; replay:FILE makes them again, on the same graph or masks.",
    ),
]


def opened(stack: ExitStack, log: Path | None, force: bool) -> Any:
    """The file of a log, which appears when it is complete; None without one."""
    from mixcli.io.atomic import replacing

    return None if log is None else stack.enter_context(replacing(log, force))


def write_log(out: Any, result: "Rewired", index: int, method: "Rewiring") -> None:
    """Write what was done to the graph at a place of the stream, where there is a log."""
    if out is None:
        return
    from mixcli.report.record import jsonable
    from mixcli.rewiring.edit_log import log_rows

    weighs = method.will_weigh() and bool(result.edits or not result.interrupted)
    for row in log_rows(result, index, weighs):
        out.write((json.dumps(jsonable(row), ensure_ascii=False) + "\n").encode())
