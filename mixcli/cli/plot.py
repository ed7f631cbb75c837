"""`mixcli plot`: one figure of sources, records, values or stored results."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from mixcli.cli.options import ATTENTION, Sources, shared
from mixcli.cli.shell import Shell, pipe_errors
from mixcli.cli.subjects import RewireOption, subjects
from mixcli.errors import InputError, UsageError

if TYPE_CHECKING:
    from mixcli.report.figures.base import Drawn

EPILOG = """\b
Examples:
  mixcli plot karate.gml -o karate.svg
  mixcli plot karate.gml --method sdrf:iterations=20 -m balanced_forman -o curvature.png
  mixcli plot before.gml after.gml --figure drawing -o drawing.pdf
  mixcli trace karate.gml --method fosr --budget 40 | mixcli plot -o gap.svg
  mixcli analyze karate.gml -m ollivier --values - | mixcli plot -o ollivier.svg
  mixcli plot results.db --figure curves -o curves.svg
  mixcli plot mask:window:8,tokens=64,layers=4 -m influence -o influence.svg
"""

FORMATS = ("svg", "png", "pdf")


@shared(
    "output", "force", "seed", "threads", "from_", "directed", "unweighted", "data_root", "mask_convention",
    "max_memory", "fail_fast", *ATTENTION,
)  # fmt: skip
def plot(
    shell: Shell,
    sources: Sources = None,
    figure: Annotated[
        str,
        typer.Option(
            "--figure", metavar="NAME[:params]", help="Figure; `mixcli methods` lists them. Default: what fits."
        ),
    ] = "",
    measure: Annotated[
        str, typer.Option("--measure", "-m", metavar="MEASURE", help="What is measured, or which column is shown.")
    ] = "",
    method: RewireOption = "",
    until: Annotated[
        str, typer.Option("--until", metavar="CONDITION", help='Threshold of a curve, "spectral_gap>=0.1".')
    ] = "",
    to: Annotated[str | None, typer.Option("--to", metavar="svg|png|pdf", help="Form; default: suffix of -o.")] = None,
) -> None:
    """Draw one figure of sources or records: histogram, curve, drawing, heat map, comparison."""
    form = _form(shell, to)
    if figure:
        from mixcli.catalog import FIGURES

        FIGURES.make(figure)  # a mistyped name must not cost a reading first
    things = list(subjects(shell, sources, method))
    if not things:
        if shell.exit_code:
            return
        raise InputError("something to show", "nothing", "give a SOURCE or a record")
    from mixcli.report.choice import chosen, paired

    things = paired(things)
    drawn = chosen(things, figure, measure=measure, until=until)(things, shell.context())
    _write(shell, drawn, form)


def _form(shell: Shell, to: str | None) -> str:
    """What is written: as asked, else by the suffix, else SVG into a pipe."""
    suffix = shell.output.suffix.lstrip(".").lower() if shell.output is not None else ""
    form = to or suffix or "svg"
    if form not in FORMATS:
        raise UsageError(", ".join(FORMATS), form, "end the name after -o in one of them, or give --to")
    if shell.output is None and (sys.stdout is None or sys.stdout.isatty()):
        raise UsageError("a file or a pipe for a figure", "a terminal", f"pass -o figure.{form}")
    return form


def _write(shell: Shell, drawn: "Drawn", form: str) -> None:
    from mixcli.report.figures.base import encoded, picture

    data = encoded(picture(drawn), form)
    if shell.output is not None:
        from mixcli.io.atomic import replacing

        with replacing(shell.output, shell.force) as out:
            out.write(data)
        return
    with pipe_errors():
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
