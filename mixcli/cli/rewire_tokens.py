"""What `mixcli rewire` does to mask sequences and attention: rewired one by one, told, logged and written."""

import itertools
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mixcli.catalog import FORMATS
from mixcli.cli.budget import Budget, check_looks
from mixcli.cli.edit_log import opened, write_mask_log
from mixcli.cli.interrupts import Interrupts
from mixcli.cli.rewirings import AskedRewiring, Things
from mixcli.cli.shell import Shell, plural
from mixcli.cli.told import ending
from mixcli.cli.told_tokens import TokensTold, would_change
from mixcli.cli.writing import no_terminal, write
from mixcli.errors import Interrupted, NotApplicable, UsageError

if TYPE_CHECKING:
    from mixcli.rewiring.sequence_base import RewiredSequence, SequenceRewiring
    from mixcli.sequence import TokenGraph

__all__ = ["TokensJob"]


class TokensJob:
    """What to do to each mask sequence or attention of a stream.

    Args:
        shell: the shared options.
        asked: the rewiring.
        budget: edits for each sequence.
        until: condition to stop at, or None.
        every: edits between two looks at it.
        only_graphs: options that were given and mean something of graphs only.

    Raises:
        NotApplicable: there are such options.
        UsageError: the condition is none of tokens.
    """

    def __init__(
        self, shell: Shell, asked: AskedRewiring, budget: Budget, until: str | None, every: int, only_graphs: list[str]
    ) -> None:
        self.shell, self.asked, self.budget, self.every = shell, asked, budget, every
        self.method = asked.tokens
        self.context = shell.context()
        if only_graphs:
            found = "a rewiring of tokens"
            raise NotApplicable(f"graphs for {', '.join(only_graphs)}", found, "leave the option out")
        check_looks(until, every)
        self.condition: Any = None
        if until is not None:
            from mixcli.catalog import SEQUENCE_MEASURES
            from mixcli.tracing.until import Condition

            self.condition = Condition.parse(until, SEQUENCE_MEASURES)

    def run(self, things: Things, to: str | None, log: Path | None) -> None:
        """Rewire, tell and write."""
        from mixcli.io.atomic import writable

        if to is not None and to != "safetensors":
            FORMATS.target(to)  # a mistyped name must not cost a reading first
        if (read := next(things, None)) is not None:
            self._check_format(read[2], to)
            things = itertools.chain([read], things)
        if self.shell.output is not None and not self.shell.dry_run:
            writable(self.shell.output, self.shell.force)
        with ExitStack() as stack, Interrupts() as interrupts:
            edits = None if self.shell.dry_run else opened(stack, log, self.shell.force)
            results = self._results(things, edits, interrupts)
            first = next(results, None)
            if first is None:
                return
            if self.shell.dry_run:
                for result in itertools.chain([first], results):
                    self.shell.note(f"{result.base.name}: {would_change(result)}")
                return
            chosen = self._format(first.base, to)
            after = (result.sequence for result in itertools.chain([first], results))
            left_out = write(self.shell, after, chosen, self.shell.force)
        if left_out:
            self.shell.note(f"left out: {'; '.join(left_out)}")

    def _results(self, things: Things, edits: Any, interrupts: Interrupts) -> "Iterator[RewiredSequence]":
        told, index = TokensTold(self.shell, self.context), -1
        try:
            while True:
                with interrupts.working():
                    found = next(things, None)
                if found is None:
                    break
                source, _, thing = found
                with self.shell.surviving():
                    if not hasattr(thing, "kind"):
                        raise self.asked.not_for(source, thing)
                    index += 1
                    method = self.method.at(index)
                    with interrupts.working():
                        result, ended = self._one(method, thing)
                    if not self.shell.dry_run:
                        told.one(result, method, self._wanted(thing), ended)
                    write_mask_log(edits, result, index)
                    yield result
                    if result.interrupted:
                        kept = plural(len(result.edits), "edit")
                        self.shell.note(f"interrupted in {thing.name}: kept its first {kept}; later ones are left out")
                        self.shell.exit_code = Interrupted.exit_code
                        return
                self.context.forget()
        except KeyboardInterrupt:
            if not told.sequences:
                raise
            self.shell.note(f"interrupted after {plural(told.sequences, 'sequence')}: later ones are left out")
            self.shell.exit_code = Interrupted.exit_code
        told.all(self.condition)

    def _one(self, method: "SequenceRewiring", tokens: "TokenGraph") -> "tuple[RewiredSequence, str]":
        """A sequence rewired, and how a condition ended it."""
        from mixcli.rewiring.sequence_base import apply_sequence

        wanted = self._wanted(tokens)
        if self.condition is None:
            return apply_sequence(method, tokens, context=self.context, budget=wanted), ""
        from mixcli.tracing.tokens import rewire_sequence_until

        found = rewire_sequence_until(
            method, tokens, self.condition, every=self.every, budget=wanted, context=self.context
        )
        return found.rewired, ending(self.condition, found)

    def _wanted(self, tokens: "TokenGraph") -> int | None:
        return self.budget.of_pairs(tokens)

    def _check_format(self, tokens: Any, to: str | None) -> None:
        """Refuse a format that cannot hold what there is, before the work.

        Raises:
            UsageError: there is such a format.
        """
        if not hasattr(tokens, "kind") or self.shell.dry_run or (to is None and self.shell.output is None):
            return
        from mixcli.io import attention_write, stream

        target = self.shell.output if self.shell.output is not None else sys.stdout.buffer
        if tokens.kind == "attention":
            attention_write.format_of(target, to)
        else:
            stream.target_format(target, to).leaves_out(tokens)

    def _format(self, first: "TokenGraph", to: str | None) -> str | None:
        """Format of the result: as asked, by the suffix of -o (None), else as it came, or one that holds it."""
        if to is not None or self.shell.output is not None:
            return to
        if first.kind == "attention":
            if sys.stdout.isatty():
                raise UsageError("a file or a pipe for attention", "a terminal", "pass -o FILE.safetensors")
            return "safetensors"
        came = first.origin.spec if first.origin is not None and first.origin.op == "read" else "jsonl"
        name = came if came in ("jsonl", "npz", "pt", "npy") else "jsonl"
        no_terminal(name)
        return name
