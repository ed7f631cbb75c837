"""`mixcli report`: a self-contained page on records, stored results or sources."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mixcli.cli.asked import AskedMeasures
from mixcli.cli.options import ATTENTION, shared
from mixcli.cli.shell import Shell, plural
from mixcli.cli.subjects import RewireOption, subjects
from mixcli.errors import InputError, UsageError

if TYPE_CHECKING:
    from mixcli.report.section import Section

EPILOG = """\b
Examples:
  mixcli report results.db -o report.html
  mixcli report karate.gml --method sdrf:iterations=20 -o karate.html
  mixcli analyze karate.gml | mixcli report -o karate.html
  mixcli report karate.jsonl trace.json results.db --title "Karate club" -o report.html
  mixcli report mask:window:8,tokens=64,layers=4 --method sink:1,8 -o masks.html
"""


@shared(
    "output", "force", "seed", "threads", "from_", "directed", "unweighted", "data_root", "mask_convention",
    "max_memory", "fail_fast", *ATTENTION,
)  # fmt: skip
def report(
    shell: Shell,
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RECORD or RESULTS.db or SOURCE]...",
            help="What analyze, trace, compare or --values wrote, '-' for a pipe; or sources, which are measured.",
            show_default=False,
        ),
    ] = None,
    measure: Annotated[
        list[str] | None,
        typer.Option("--measure", "-m", metavar="MEASURE", help="What is measured of sources; default as analyze."),
    ] = None,
    method: RewireOption = "",
    title: Annotated[str, typer.Option("--title", metavar="TEXT", help="Title of the page.")] = "",
) -> None:
    """Write one HTML page: what was measured, what rewiring did, what a comparison says, with figures."""
    _check_output(shell)
    asked = AskedMeasures(measure)
    things = list(subjects(shell, sources, method))
    if not things:
        if shell.exit_code:
            return
        raise InputError("something to report on", "nothing", "give a record, a results database or a SOURCE")
    from mixcli.report.page import page, sections

    found = sections(things, shell.context(), lambda kind: _methods(asked, kind))
    shell.emit([page(found, title)])
    _told(shell, found)


def _methods(asked: AskedMeasures, kind: str) -> dict[str, Any]:
    return asked.of(kind)


def _check_output(shell: Shell) -> None:
    if shell.output is not None and shell.output.suffix.lower() not in (".html", ".htm"):
        raise UsageError("a name that ends in .html", str(shell.output), "mixcli plot writes figures", where="-o")
    if shell.output is None and (sys.stdout is None or sys.stdout.isatty()):
        raise UsageError("a file or a pipe for a page", "a terminal", "pass -o report.html")


def _told(shell: Shell, found: "list[Section]") -> None:
    if shell.output is not None:
        figures = sum(len(section.pictures) for section in found)
        shell.note(f"{shell.output}: {plural(len(found), 'section')}, {plural(figures, 'figure')}")
