"""Options that several commands share, defined once; `shared` adds them to a command's signature."""

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

__all__ = ["ATTENTION", "Sources", "shared"]

ATTENTION = ("heads", "layers", "query", "merge", "row_sum", "sample", "tokens", "hidden", "text", "hidden_states")
"""Options of commands that take attention."""

Sources = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[SOURCE]...",
        help="Path, '-' for standard input (or a pipe), zoo:barbell:k=5, mask:window:16, hf:FOLDER, pyg:CLASS/NAME.",
        show_default=False,
    ),
]


class _Shared:
    """The shared options: name, type, how it is written, and its default."""

    format: Annotated[
        str | None,
        typer.Option("--format", metavar="table|json|jsonl|csv", help="Form of the result.", show_default=False),
    ] = None
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write here, not to standard output.")
    ] = None
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Start of every random choice.", min=0)] = 0
    threads: Annotated[
        int, typer.Option("--threads", metavar="N", help="Threads to use; 0 for all there are.", min=0)
    ] = 0
    device: Annotated[
        str,
        typer.Option(
            "--device",
            metavar="auto|cpu|cuda|mps",
            help="Where networks are trained, and large resistances computed; cuda:1 for one of several.",
        ),
    ] = "auto"
    from_: Annotated[
        str | None, typer.Option("--from", metavar="FORMAT", help="Format of the input, where it cannot be told.")
    ] = None
    directed: Annotated[
        bool | None,
        typer.Option("--directed/--undirected", help="Keep or forget directions; default: as the file says."),
    ] = None
    unweighted: Annotated[bool, typer.Option("--unweighted", help="Leave edge weights unread.")] = False
    data_root: Annotated[
        Path | None,
        typer.Option("--data-root", metavar="DIR", envvar="MIXCLI_DATA", help="Folder of the pyg: datasets."),
    ] = None
    mask_convention: Annotated[
        str | None,
        typer.Option(
            "--mask-convention", metavar="attend|block", help="What True means in a mask file, where it is not plain."
        ),
    ] = None
    heads: Annotated[
        str | None,
        typer.Option("--heads", metavar="L.H,...", help="Attention heads to take: 0.3,5.*,*.0; ranges as 0-3."),
    ] = None
    layers: Annotated[
        str | None, typer.Option("--layers", metavar="L,...", help="Layers of attention to take: 0-5,7.")
    ] = None
    query: Annotated[
        str | None,
        typer.Option(
            "--query", metavar="last|I|A:B", help="Token whose output is looked at; a range: one result each."
        ),
    ] = None
    merge: Annotated[
        str, typer.Option("--merge", metavar="mean|max", help="How the heads of a layer become one matrix.")
    ] = "mean"
    row_sum: Annotated[
        str,
        typer.Option(
            "--row-sum",
            metavar="sink|renorm|error",
            help="Attention rows of less than 1: give the rest to a virtual token, scale them up, or refuse.",
        ),
    ] = "sink"
    sample: Annotated[
        int | None, typer.Option("--sample", metavar="N", help="Which sample of a batch of attention.", min=0)
    ] = None
    tokens: Annotated[
        Path | None, typer.Option("--tokens", metavar="FILE", help="JSON list of the tokens, as text or ids.")
    ] = None
    hidden: Annotated[
        Path | None,
        typer.Option("--hidden", metavar="FILE", help="Hidden states, where they are in a file of their own."),
    ] = None
    text: Annotated[Path | None, typer.Option("--text", metavar="FILE", help="What the model of hf:PATH reads.")] = None
    hidden_states: Annotated[bool, typer.Option("--hidden-states", help="Take the hidden states of hf:PATH too.")] = (
        False
    )
    max_memory: Annotated[
        str | None, typer.Option("--max-memory", metavar="SIZE", help="Refuse what would need more, e.g. 4G.")
    ] = None
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no notes.")] = False
    verbose: Annotated[
        int, typer.Option("--verbose", "-v", count=True, metavar="", show_default=False, help="A traceback for a bug.")
    ] = 0
    color: Annotated[
        str, typer.Option("--color", metavar="auto|always|never", help="Colour; NO_COLOR is respected.")
    ] = "auto"
    fail_fast: Annotated[bool, typer.Option("--fail-fast", help="Stop at the first source that fails.")] = False
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done and stop.")] = False
    no_timing: Annotated[
        bool, typer.Option("--no-timing", help="Leave times out, so that equal runs give equal bytes.")
    ] = False


def shared(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add shared options to a command and hand them over as one `Shell`, its first argument.

    Args:
        names: fields of `_Shared`; the reporting options (quiet, verbose, color) always come along.
    """
    hints = get_type_hints(_Shared, include_extras=True)
    wanted = [*names, "quiet", "verbose", "color"]
    extra = [
        inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY, default=getattr(_Shared, n), annotation=hints[n])
        for n in wanted
    ]

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]

        @functools.wraps(command)
        def run(**arguments: Any) -> None:
            from mixcli.cli.guard import guarded
            from mixcli.cli.shell import Shell

            shell = Shell(**{n: arguments.pop(n) for n in wanted})
            guarded(shell, functools.partial(command, shell, **arguments))

        own = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own]
        parameters = [*own, *extra]
        del run.__wrapped__
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in parameters}
        return run

    return decorate
