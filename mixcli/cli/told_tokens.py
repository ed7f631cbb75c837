"""What `mixcli rewire` says of masks and attention: before → after, and why it ended."""

from typing import TYPE_CHECKING, Any, cast

from mixcli.cli.shell import Shell, plural
from mixcli.cli.told import MANY

if TYPE_CHECKING:
    from mixcli.context import Context
    from mixcli.rewiring.sequence_base import RewiredSequence, SequenceRewiring
    from mixcli.sequence import Attention, MaskSequence

__all__ = ["TokensTold", "would_change"]

MEASURED = 2048
"""Most tokens for which resistance, reach and influence are told; beyond it could take longer than the rewiring."""


class TokensTold:
    """Before → after on standard error: in full for the first sequences, one sum for the rest.

    Args:
        shell: where to say it.
        context: of what is measured.
    """

    def __init__(self, shell: Shell, context: "Context") -> None:
        self.shell, self.context = shell, context
        self.sequences = self.added = self.removed = self.reached = self.tokens = 0

    def one(self, result: "RewiredSequence", method: "SequenceRewiring", wanted: int | None, ended: str = "") -> None:
        """Tell of one sequence: `wanted` is the budget, `ended` how a condition ended it."""
        from mixcli.sequence import MaskSequence

        self.sequences += 1
        self.added += result.added
        self.removed += result.removed
        self.tokens += result.sequence.tokens - result.base.tokens
        self.reached += bool(result.sequence.provenance[-1].notes.get("reached"))
        if self.sequences > MANY or self.shell.quiet:
            return
        base, after = result.base, result.sequence
        if isinstance(base, MaskSequence) and isinstance(after, MaskSequence):
            for line in self._masks(base, after, result, ended or _end(result, method, wanted)):
                self.shell.note(line)
        else:
            lam = ", ".join(f"{value:.4g}" for value in after.provenance[-1].notes.get("lam", ()))
            heads = [len(cast("Attention", tokens).index) for tokens in (base, after)]
            changed = f"{heads[0]} → {heads[1]} heads" if heads[0] != heads[1] else plural(heads[0], "head")
            said = f"lam {lam} by layer; weights may be below 0, rows sum to 1 - lam"
            self.shell.note(f"{base.name or 'attention'}: {changed}, {said}")

    def all(self, condition: Any) -> None:
        """The sum, where not every sequence was told of."""
        if self.sequences > MANY:
            changed = f"+{self.tokens} tokens" if self.tokens else f"+{self.added} −{self.removed} pairs"
            line = f"{self.sequences} sequences in all: {changed}"
            self.shell.note(line + (f"; {condition} reached in {self.reached}" if condition is not None else ""))

    def _masks(self, base: "MaskSequence", after: "MaskSequence", result: "RewiredSequence", end: str) -> list[str]:
        from mixcli.sequence import PAUSE

        head = f"{base.name or 'masks'}: "
        if after.tokens != base.tokens:
            head += f"{base.tokens} → {after.tokens} tokens, "
        head += f"{_pairs(base)} → {_pairs(after)} pairs a layer"
        head += f" (+{result.added} −{result.removed})" if result.edits else ""
        small = after.tokens <= MEASURED
        numbers = [self._numbers(s) if small else {} for s in (base, after)]
        for key, value in numbers[0].items():
            if not isinstance(value, tuple):
                head += f", {key} {value} → {numbers[1][key]}"
        lines = [head + (f"; {end}" if end else "")]
        pauses = after.tokens != base.tokens and int(after.roles[after.read_out]) == PAUSE
        for place in ("first token", "last token")[: 1 + pauses]:
            if place in numbers[0]:
                resistance, plain, kept = map(_step, numbers[0][place], numbers[1][place])
                lines.append(
                    f"  {place} to read-out: layered resistance {resistance}, influence {plain} "
                    f"({kept} with residual 0.5)"
                )
        return lines

    def _numbers(self, tokens: "MaskSequence") -> dict[str, Any]:
        """What is told of a sequence: density, reach, and of the first and the last real token how they get through."""
        import numpy as np

        from mixcli.errors import MixcliError
        from mixcli.measures.sequence_base import measure_sequence

        specs = ("structure", "reach", "resistance_layered", "influence:residual=none", "influence")
        try:
            density, reach, *found = measure_sequence(tokens, *specs, context=self.context).values()
        except MixcliError:  # over a limit: what takes too long to tell is not told
            return {}
        real = np.flatnonzero(tokens.roles == 0)
        out: dict[str, Any] = {"density": _number(density.data)}
        out["pairs reached"] = _number(reach.details.get("share", 1.0))
        out["layers to reach all"] = "never" if reach.data == float("inf") else _number(reach.data)
        for place, word in ((real[0], "first token"), (real[-1], "last token")):
            out[word] = tuple(float(np.asarray(values.data)[place]) for values in found)
        return out


def would_change(result: "RewiredSequence") -> str:
    """What a dry run says."""
    before, after = result.base.tokens, result.sequence.tokens
    if after != before:
        role = "pause" if after - 1 == result.sequence.read_out and not result.sequence.roles[0] else "sink"
        return f"would put in {plural(after - before, f'{role} token')}"
    if result.base.kind == "attention":
        return "would subtract one map of attention from another"
    if not result.edits:
        return "would change nothing"
    return f"would add {plural(result.added, 'pair')} and remove {plural(result.removed, 'pair')}"


def _step(old: float, new: float) -> str:
    return f"{_number(old)} → {_number(new)}"


def _number(value: Any) -> str:
    return "undefined" if value is None else f"{value:.4g}"


def _pairs(tokens: "MaskSequence") -> str:
    """Pairs of a layer; from … to where layers differ."""
    counts = sorted({tokens.layers[tokens.like(layer)].edges for layer in range(tokens.depth)})
    return str(counts[0]) if len(counts) == 1 else f"{counts[0]}…{counts[-1]}"


def _end(result: "RewiredSequence", method: "SequenceRewiring", wanted: int | None) -> str:
    """Why it ended before what was asked for, where it did."""
    from mixcli.rewiring.budget import planned

    made = len(result.edits)
    if result.interrupted:
        return ""
    prepared = result.sequence.tokens != result.base.tokens
    if prepared:
        return "" if wanted is None else "tokens are no edits, which no budget bounds"
    most = planned(method, wanted)
    if made < most:
        return f"stopped after {made} of {most} edits, with nothing left to change"
    return "" if made else "nothing to change"
