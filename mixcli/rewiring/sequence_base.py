"""What a mask rewiring is: tokens it puts in, a stream of edits, and the sequence that comes of them."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

from mixcli.catalog import SEQUENCE_REWIRINGS
from mixcli.context import Context
from mixcli.errors import NotApplicable
from mixcli.provenance import Step
from mixcli.rewiring.budget import check_budget, planned, without_end
from mixcli.rewiring.mask_edits import MaskEdit, apply_mask_edits
from mixcli.sequence import KINDS, MaskSequence, TokenGraph
from mixcli.spec import spec_of

__all__ = ["MaskEdit", "RewiredSequence", "SequenceRewiring", "apply_mask_edits", "apply_sequence", "rewire_sequence"]


class SequenceRewiring(ABC):
    """One way to change who reads whom: a frozen dataclass of its parameters, plus these facts about it.

    It works in two steps. `prepare` gives the sequence that edits are made to: by default the one there is; a method
    that puts tokens in, or combines attention maps, does so there. `edits` then yields pairs (query, key) one at a
    time, each valid on the masks as changed by those before it; only masks have edits. A parameter named `iterations`
    is what a budget replaces; a budget counts edits, and what `prepare` does is not part of it.
    """

    sources: ClassVar[tuple[str, ...]] = ("mask",)
    """Which nouns it is defined for: "mask", "attention"."""
    seeded: ClassVar[bool] = False
    """Whether the result depends on the seed."""
    causal: ClassVar[bool] = True
    """Whether what was causal stays so."""
    cost: ClassVar[str]
    equation: ClassVar[str]
    cites: ClassVar[str]
    score: ClassVar[str]
    """What the score of an edit means."""
    published: ClassVar[dict[str, str]] = {}
    """Where it was used -> settings that were published for it, as a spec string."""
    published_in: ClassVar[str] = ""
    """Where `published` comes from."""
    deviations: ClassVar[tuple[str, ...]] = ()
    """In what published code or text departs from what is done here by default."""

    def __call__(
        self, tokens: TokenGraph, context: Context | None = None, budget: int | None = None
    ) -> RewiredSequence:
        """Rewire a sequence; see `apply_sequence`."""
        return apply_sequence(self, tokens, context=context, budget=budget)

    def prepare(self, tokens: TokenGraph, context: Context) -> TokenGraph:
        """The sequence that edits are made to: by default the one there is."""
        return tokens

    @abstractmethod
    def edits(self, tokens: MaskSequence, context: Context) -> Iterator[MaskEdit]:
        """The edits of what `prepare` gave, in order; never asked of attention.

        Random choices come from `context.rng(...)` keyed by the method and `tokens.fingerprint`.
        """

    def at(self, index: int) -> SequenceRewiring:
        """The method for the masks at a place of a stream; only one that reads what was done before depends on it."""
        return self

    def notes(self, before: TokenGraph, after: TokenGraph, context: Context) -> dict[str, Any]:
        """What provenance should say of the method beside its spec, JSON-ready; asked after the edits."""
        return {}


@dataclass(frozen=True)
class RewiredSequence:
    """A sequence before and after.

    Args:
        base: the sequence before.
        sequence: the sequence after; it may have tokens more, whose `roles` say what they are.
        edits: what was done to its masks, in order, in its own numbering of tokens.
        interrupted: True if Ctrl-C cut it short; the result is then what the edits so far give.
    """

    base: TokenGraph
    sequence: TokenGraph
    edits: tuple[MaskEdit, ...] = ()
    interrupted: bool = False
    added: int = field(init=False)
    removed: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "added", sum(e.op == "add" for e in self.edits))
        object.__setattr__(self, "removed", sum(e.op == "remove" for e in self.edits))


def rewire_sequence(
    tokens: TokenGraph, spec: str, *, context: Context | None = None, budget: int | None = None
) -> RewiredSequence:
    """Rewire a mask sequence or attention by a method's spec string.

    Args:
        tokens: the mask sequence or attention.
        spec: such as "greedy_resistance:8".
        context: seed, threads, limits, progress.
        budget: stop after this many edits, whatever the method's own number.

    Example:
        >>> from mixcli.generators.mask_spec import sequence_of
        >>> rewire_sequence(sequence_of("window:4,tokens=12,layers=3"), "greedy_resistance:2").added
        2
    """
    return apply_sequence(SEQUENCE_REWIRINGS.make(spec), tokens, context=context, budget=budget)


def apply_sequence(
    method: SequenceRewiring,
    tokens: TokenGraph,
    *,
    context: Context | None = None,
    budget: int | None = None,
    log: Callable[[MaskEdit], None] | None = None,
    stop: Callable[[MaskEdit], bool] | None = None,
) -> RewiredSequence:
    """Prepare a sequence and run a method's edits on it; Ctrl-C keeps the edits that have been made so far.

    Args:
        method: the rewiring.
        tokens: the mask sequence or attention.
        context: seed, threads, limits, progress.
        budget: stop after this many edits. A smaller budget gives a prefix of a larger one's edits.
        log: called with each edit as it is made.
        stop: asked after each edit whether it was the last one.

    Returns:
        The sequence before and after, with every edit and a step of provenance.

    Raises:
        NotApplicable: the method is not defined for this kind of source.
        UsageError: the budget is negative.
    """
    context = context or Context()
    _check(method, tokens, budget)
    ready = method.prepare(tokens, context)
    done: list[MaskEdit] = []
    interrupted = False
    if isinstance(ready, MaskSequence):
        total = planned(method, budget)
        try:
            for edit in itertools.islice(without_end(method, budget).edits(ready, context), budget):
                done.append(edit)
                if log is not None:
                    log(edit)
                context.progress("rewire", len(done), total)
                if stop is not None and stop(edit):
                    break
        except KeyboardInterrupt:
            interrupted = True
    after = cast("TokenGraph", apply_mask_edits(ready, done)) if isinstance(ready, MaskSequence) and done else ready
    if method.causal and tokens.causal and done and not after.causal:
        raise RuntimeError(f"{SEQUENCE_REWIRINGS.name_of(type(method))} let a query read a later key")
    notes: dict[str, Any] = {"edits": len(done), **({"budget": budget} if budget is not None else {})}
    notes |= method.notes(tokens, after, context)
    spec = spec_of(SEQUENCE_REWIRINGS.name_of(type(method)), method)
    step = Step("rewire", spec, seed=context.seed if method.seeded else None, notes=notes)
    name = f"{tokens.name} + {spec}" if tokens.name and after is not tokens else tokens.name
    after = after.replace(name=name, provenance=(*after.provenance, step))
    return RewiredSequence(tokens, after, tuple(done), interrupted)


def _check(method: SequenceRewiring, tokens: TokenGraph, budget: int | None) -> None:
    if tokens.kind not in method.sources:
        name = SEQUENCE_REWIRINGS.name_of(type(method))
        fix = "rewire the mask, not what a network made of it"
        if tokens.kind == "mask":
            fix = "it takes what a network has saved: .safetensors, .npz, .npy or .pt"
        raise NotApplicable(f"{KINDS[method.sources[0]]} for {name}", KINDS[tokens.kind], fix, where=tokens.name)
    check_budget(budget)
