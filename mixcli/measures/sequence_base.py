"""What a measure of a mask sequence or of attention is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Literal

from mixcli.catalog import SEQUENCE_MEASURES
from mixcli.context import Context
from mixcli.errors import NotApplicable
from mixcli.measures.base import Level, Values
from mixcli.sequence import KINDS, Attention, TokenGraph

__all__ = ["Level", "SequenceMeasure", "Values", "measure_sequence"]


class SequenceMeasure(ABC):
    """One way to look at tokens that read each other: a frozen dataclass of its parameters, plus these facts about it.

    A subclass states the facts, documents equation and source, and implements `compute`. Calling an instance checks
    that it applies and computes.
    """

    level: ClassVar[Level]
    unit: ClassVar[str] = "1"
    range: ClassVar[str]
    """Interval of possible values, e.g. "[0, 1]"."""
    better: ClassVar[Literal["higher", "lower"] | None] = None
    """Which way means "information from afar gets through more easily"; None where neither does."""
    cost: ClassVar[str]
    exact: ClassVar[bool] = True
    sources: ClassVar[tuple[str, ...]] = ("mask", "attention")
    """Which nouns it is defined for."""
    hidden: ClassVar[bool] = False
    """Whether it needs the hidden states of attention."""
    signed: ClassVar[bool] = False
    """Whether it is defined for weights below 0, such as those of differential attention."""
    headline: ClassVar[Literal["mean", "first", "last", "read_out"]] = "mean"
    """What stands for the values of all tokens where there is room for one: their mean, or that of one token."""
    caveat: ClassVar[str] = ""
    """What the number does not mean, in one sentence; told wherever the number is."""
    equation: ClassVar[str]
    cites: ClassVar[str]
    weighted: ClassVar[Literal["used", "ignored"]] = "used"
    accelerated: ClassVar[bool] = False

    def __call__(self, tokens: TokenGraph, context: Context | None = None) -> Values:
        """Check that the measure applies and compute it.

        Raises:
            NotApplicable: it is not defined for this kind of source, or needs hidden states that are not there.
            LimitExceeded: the predicted cost is over the limit.
        """
        name = SEQUENCE_MEASURES.name_of(type(self))
        if tokens.kind not in self.sources:
            expected, found = f"{KINDS[self.sources[0]]} for {name}", KINDS[tokens.kind]
            raise NotApplicable(expected, found, "leave it out", where=tokens.name)
        if self.hidden and isinstance(tokens, Attention) and not tokens.store.hidden_states:
            fix = "save hidden states beside the attention"
            raise NotApplicable(f"hidden states for {name}", "none", fix, where=tokens.name)
        if not self.signed and getattr(getattr(tokens, "store", None), "signed", False):
            fix = "measure the two maps of the difference apart"
            raise NotApplicable(f"weights of 0 and more for {name}", "some below 0", fix, where=tokens.name)
        return self.compute(tokens, context or Context())

    @abstractmethod
    def compute(self, tokens: TokenGraph, context: Context) -> Values:
        """The values; only called where the measure applies."""


def measure_sequence(tokens: TokenGraph, *specs: str, context: Context | None = None) -> dict[str, Values]:
    """Several measures of one mask sequence or attention; work they share is done once.

    Args:
        tokens: the mask sequence or attention.
        specs: spec strings, such as "reach" or "influence:residual=0.5", and names of groups.
        context: seed, threads, limits, progress.

    Returns:
        spec -> Values, in the order asked for, groups expanded.
    """
    context = context or Context()
    return {spec: SEQUENCE_MEASURES.make(spec)(tokens, context) for spec in SEQUENCE_MEASURES.expand(specs)}
