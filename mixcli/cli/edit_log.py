"""`--log`: every edit as a JSON line, and what it takes to make them again."""

import json
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from mixcli.rewiring.base import Rewired, Rewiring
    from mixcli.rewiring.sequence_base import RewiredSequence

__all__ = ["LogOption", "opened", "write_log", "write_mask_log"]

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
    from mixcli.rewiring.edit_log import log_rows

    weighs = method.will_weigh() and bool(result.edits or not result.interrupted)
    _write(out, log_rows(result, index, weighs))


def write_mask_log(out: Any, result: "RewiredSequence", index: int) -> None:
    """Write what was done to the sequence at a place of the stream, where there is a log."""
    if out is None:
        return
    from mixcli.rewiring.mask_log import mask_log_rows

    _write(out, mask_log_rows(result, index))


def _write(out: Any, rows: Iterable[dict[str, Any]]) -> None:
    from mixcli.report.record import jsonable

    for row in rows:
        out.write((json.dumps(jsonable(row), ensure_ascii=False) + "\n").encode())
