"""The shell around a command: where text goes, how errors end, who sees progress."""

import contextlib
import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import typer

from mixcli.cli.bar import Bar
from mixcli.cli.notes import Notes, words
from mixcli.cli.options import ATTENTION
from mixcli.errors import Interrupted, MixcliError, NotApplicable, PipeClosed, UsageError

if TYPE_CHECKING:
    from mixcli.context import Context
    from mixcli.graph import Graph
    from mixcli.limits import Limits
    from mixcli.sequence import TokenGraph

__all__ = ["Shell", "different", "pipe_errors", "plural", "table_csv"]


class Shell:
    """What a command may do to the outside world, given the shared options."""

    format: str | None = None
    output: Path | None = None
    force = False
    seed = 0
    threads = 0
    device = "auto"
    from_: str | None = None
    directed: bool | None = None
    unweighted = False
    data_root: Path | None = None
    mask_convention: str | None = None
    heads: str | None = None
    layers: str | None = None
    query: str | None = None
    merge = "mean"
    row_sum = "sink"
    sample: int | None = None
    tokens: Path | None = None
    hidden: Path | None = None
    text: Path | None = None
    hidden_states = False
    max_memory: str | None = None
    quiet = False
    verbose = 0
    color = "auto"
    fail_fast = False
    dry_run = False
    no_timing = False

    def __init__(self, **options: Any) -> None:
        self.__dict__.update(options)
        if self.output is not None and str(self.output) == "-":
            self.output = None  # the usual way to say "standard output"
        self.exit_code = 0
        self._bar = Bar(enabled=not self.quiet and sys.stderr is not None and sys.stderr.isatty())
        self._check("--format", self.format, ("table", "json", "jsonl", "csv"))
        self._check("--color", self.color, ("auto", "always", "never"))
        self._check("--merge", self.merge, ("mean", "max"))
        self._check("--row-sum", self.row_sum, ("sink", "renorm", "error"))
        self._check("--mask-convention", self.mask_convention, ("attend", "block"))
        one_of_several = self.device.startswith("cuda:") and self.device[5:].isdigit()
        self._check("--device", "cuda" if one_of_several else self.device, ("auto", "cpu", "cuda", "mps"))
        self._logging()

    @staticmethod
    def _check(option: str, value: str | None, choices: tuple[str, ...]) -> None:
        if value is not None and value not in choices:
            raise typer.BadParameter(f"expected one of {', '.join(choices)}, found {value}", param_hint=option)

    def _logging(self) -> None:
        handler = Notes(self.line)
        level = logging.WARNING if self.quiet else logging.DEBUG if self.verbose > 1 else logging.INFO
        logger = logging.getLogger("mixcli")
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(level)

    def context(self) -> "Context":
        """The surroundings of every computation of this run."""
        from mixcli.context import Context

        return Context(self.seed, self.threads, self.device, self.limits, self._bar)

    @property
    def limits(self) -> "Limits":
        """What this run may use."""
        from mixcli.limits import Limits, parse_bytes

        return Limits(memory=parse_bytes(self.max_memory)) if self.max_memory else Limits()

    def processor_only(self, what: str) -> None:
        """Refuse an accelerator that nothing in this command would use: an option must not be ignored in silence."""
        if self.device not in ("auto", "cpu"):
            raise NotApplicable(f"{what} to run on cpu", self.device, "leave --device out; compare trains on it")

    def accelerator(self, what: str, used: bool) -> None:
        """Refuse an accelerator that nothing would use, or that this machine does not have."""
        if not used:
            self.processor_only(what)
        elif self.device not in ("auto", "cpu"):
            from mixcli.numerics.device import resolve

            resolve(self.device)

    def graphs(
        self,
        things: "Iterator[tuple[str, int, Graph | TokenGraph]]",
        refusal: "Callable[[str, TokenGraph], MixcliError]",
    ) -> "Iterator[tuple[str, int, Graph]]":
        """The graphs among things; one line for each that is none.

        Args:
            things: what `things` gives.
            refusal: what is said of a mask sequence or attention of a source.
        """
        from mixcli.graph import Graph

        for source, index, thing in things:
            with self.surviving():
                if not isinstance(thing, Graph):
                    raise refusal(source, thing)
                yield source, index, thing

    def things(
        self, sources: list[str] | None, stdin: BinaryIO | None = None, **options_of_masks: Any
    ) -> "Iterator[tuple[str, int, Graph | TokenGraph]]":
        """(source, index in it, graph, mask sequence or attention) of all sources; one line for each that fails.

        Args:
            sources: as on the command line.
            stdin: what "-" reads, where its beginning has been looked at.
            options_of_masks: `mask_tokens` and `mask_layers` of mask specs that do not say.
        """
        from mixcli import sources as reader
        from mixcli.io.attention_options import AttentionOptions

        heads: Any = {name: getattr(self, name) for name in ATTENTION}
        options = reader.SourceOptions(
            self.from_, self.directed, not self.unweighted, self.data_root, attention=AttentionOptions(**heads),
            mask_convention=cast("Any", self.mask_convention), limits=self.limits, **options_of_masks,
        )  # fmt: skip
        for source in sources or [self.piped()]:
            with self.surviving():
                for index, thing in enumerate(reader.load_any(source, stdin=stdin, options=options)):
                    self._say_notes(thing, index)
                    yield source, index, thing

    def piped(self) -> str:
        """The source that stands for standard input, where something is piped in and nothing else is named."""
        if sys.stdin is None or sys.stdin.isatty():
            raise UsageError("a SOURCE", "none, and nothing is piped in", "give a file, zoo:…, pyg:… or mask:…")
        return "-"

    def _say_notes(self, thing: "Graph | TokenGraph", index: int) -> None:
        notes = thing.origin.notes if thing.origin is not None else {}
        if index == 0 and notes:
            self.note(f"{thing.name}: " + ", ".join(words(k, v) for k, v in notes.items()))

    @contextlib.contextmanager
    def surviving(self) -> Iterator[None]:
        """Turn an error inside into one line and a non-zero exit at the end, unless --fail-fast."""
        try:
            yield
        except (Interrupted, PipeClosed):
            raise
        except MixcliError as error:
            if self.fail_fast:
                raise
            self.fail(error)

    def fail(self, error: MixcliError) -> None:
        """Report an error and remember its exit code; the first one counts."""
        self.line(f"mixcli: {error}")
        self.exit_code = self.exit_code or error.exit_code

    def note(self, text: str) -> None:
        """A remark for the user on standard error, unless --quiet."""
        if not self.quiet:
            self.line(text)

    def line(self, text: str) -> None:
        """A line on standard error, above the progress bar where there is one."""
        self._bar.pause()
        if sys.stderr is not None:  # closed with 2>&-
            sys.stderr.write(text + "\n")

    @property
    def bar(self) -> Callable[[str, int, int], None]:
        """The progress callback."""
        return self._bar

    def measuring(self, title: str) -> contextlib.AbstractContextManager[None]:
        """Show what is reported inside as the progress of one measure."""
        return self._bar.measuring(title)

    def close(self) -> None:
        """Take the progress bar away."""
        self._bar.stop()

    def form(self, default: str | None = None) -> str:
        """Form of the result: --format, else table on a terminal and JSON lines elsewhere."""
        if self.format:
            return self.format
        suffix = self.output.suffix.lstrip(".") if self.output else ""
        if suffix in ("json", "jsonl", "csv"):
            return suffix
        terminal = self.output is None and sys.stdout is not None and sys.stdout.isatty()
        return default or ("table" if terminal else "jsonl")

    def emit(self, chunks: Iterable[str]) -> None:
        """Write text to --output (atomically) or to standard output, flushing after each chunk."""
        if self.output is not None:
            from mixcli.io.atomic import replacing

            with replacing(self.output, self.force) as out:
                for chunk in chunks:
                    out.write(chunk.encode())
            return
        if sys.stdout is None:
            raise UsageError("an open standard output", "a closed one", "pass -o FILE")
        with pipe_errors():
            shown = sys.stdout.isatty()
            for chunk in chunks:
                if shown:
                    self._bar.pause()
                sys.stdout.write(chunk)
                sys.stdout.flush()


def different(option: str, path: Path | None, other: str, second: Path | None) -> None:
    """Refuse two options that name the same file: the later one would replace the earlier."""
    if path is not None and second is not None and path.resolve() == second.resolve():
        raise UsageError("two different files", f"{path} for {option} and for {other}", "give each its own name")


def plural(count: int, word: str) -> str:
    """`1 edge`, `2 edges`."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def table_csv(rows: list[dict[str, str]]) -> list[str]:
    """Rows with the same keys as CSV."""
    import csv
    import io

    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return [buffer.getvalue()]


@contextlib.contextmanager
def pipe_errors() -> Iterator[None]:
    """Turn a closed standard output into PipeClosed, and keep Python from stumbling over it again at exit."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise PipeClosed("an open pipe", "a closed one") from None
