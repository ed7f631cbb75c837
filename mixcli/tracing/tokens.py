"""The budget curve of a mask rewiring, and mask rewiring until a condition holds."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from mixcli.catalog import SEQUENCE_MEASURES, SEQUENCE_REWIRINGS
from mixcli.context import Context
from mixcli.errors import NotApplicable
from mixcli.rewiring.mask_edits import apply_mask_edits
from mixcli.rewiring.sequence_base import SequenceRewiring, apply_sequence
from mixcli.sequence import MaskSequence
from mixcli.tracing.columns import Column
from mixcli.tracing.curve import Rows, Trace, check_every
from mixcli.tracing.until import Outcome, Watch

if TYPE_CHECKING:
    from mixcli.rewiring.mask_edits import MaskEdit
    from mixcli.rewiring.sequence_base import RewiredSequence
    from mixcli.sequence import TokenGraph
    from mixcli.tracing.until import Condition

__all__ = ["rewire_sequence_until", "trace_sequence"]


class _Now:
    """Reads columns off a mask sequence while it is edited; every look measures anew.

    Args:
        tokens: the sequence at the start.
        columns: what to read.
        context: seed, threads, limits.
    """

    def __init__(self, tokens: MaskSequence, columns: Sequence[Column], context: Context) -> None:
        self.tokens, self.columns = tokens, columns
        self.context = dataclasses.replace(context, progress=lambda what, done, total: None, _memo={})
        self.edits: list[MaskEdit] = []
        self._applied = 0

    def edit(self, edit: MaskEdit) -> None:
        """Take note of an edit."""
        self.edits.append(edit)

    def look(self) -> dict[str, tuple[float | None, str]]:
        """Column name -> the number now, or None and why."""
        fresh = self.edits[self._applied :]
        if fresh:
            self.tokens, self._applied = apply_mask_edits(self.tokens, fresh), len(self.edits)
        self.context.forget()
        return {c.name: c.read(c.measure(self.tokens, self.context), self.tokens) for c in self.columns}


def trace_sequence(
    method: SequenceRewiring | str,
    tokens: TokenGraph,
    measures: Sequence[str | Column],
    *,
    every: int = 1,
    budget: int | None = None,
    context: Context | None = None,
) -> Trace:
    """Measures of a mask sequence before a rewiring, after every K edits and at its end.

    Args:
        method: the rewiring, or its spec string; one that edits pairs.
        tokens: the mask sequence.
        measures: measure specs, each with `.` and a part where wanted ("resistance_layered.mean").
        every: K.
        budget: stop after this many edits, whatever the method's own number.
        context: seed, threads, limits, progress.

    Raises:
        NotApplicable: the method puts tokens in, or the source is attention.

    Cost: the rewiring, and a measurement each K edits.

    Example:
        >>> from mixcli.generators.mask_spec import sequence_of
        >>> found = trace_sequence("greedy_resistance:2", sequence_of("window:4,tokens=12,layers=3"), ["structure"])
        >>> [(look.edits, round(look.values["structure"], 4)) for look in found.looks]
        [(0, 0.5385), (1, 0.5513), (2, 0.5641)]
    """
    context = context or Context()
    rewiring, masks = _editing(method, tokens, context, every)
    columns = tuple(m if isinstance(m, Column) else Column.parse(m, SEQUENCE_MEASURES) for m in measures)
    rows = Rows(_Now(masks, columns, context), every)
    done = apply_sequence(rewiring, masks, context=context, budget=budget, log=rows.edit)
    return Trace(columns, rows.all(len(done.edits), done.interrupted), done)


def rewire_sequence_until(
    method: SequenceRewiring | str,
    tokens: TokenGraph,
    condition: Condition,
    *,
    every: int = 1,
    budget: int | None = None,
    context: Context | None = None,
    log: Callable[[MaskEdit], None] | None = None,
) -> Outcome[RewiredSequence]:
    """Edit masks until a condition holds: stops at the first edit after which it does, none if it does already.

    Args:
        method: the rewiring, or its spec string; its own number of edits plays no role.
        tokens: the mask sequence.
        condition: what to reach.
        every: look after every this many edits only.
        budget: give up after this many edits; none: after as many as a layer has pairs.
        context: seed, threads, limits, progress.
        log: called with each edit as it is made.

    Returns:
        The sequence, and whether the condition was reached; provenance says so too.

    Example:
        >>> from mixcli.generators.mask_spec import sequence_of
        >>> from mixcli.tracing.until import Condition
        >>> wanted = Condition.parse("resistance_layered<=3", SEQUENCE_MEASURES)
        >>> found = rewire_sequence_until("greedy_resistance", sequence_of("window:4,tokens=12,layers=3"), wanted)
        >>> found.reached, found.rewired.added
        (True, 1)
    """
    context = context or Context()
    rewiring, masks = _editing(method, tokens, context, every)
    watch = Watch(_Now(masks, [condition.column], context), condition, every)
    limit = 0 if watch.holds else masks.layers[0].edges if budget is None else budget
    done = apply_sequence(rewiring, masks, context=context, budget=limit, log=log, stop=watch.stop)
    after = done.sequence.replace(provenance=watch.end(done.sequence.provenance, done.interrupted))
    return Outcome(dataclasses.replace(done, sequence=after), watch.holds, watch.value)


def _editing(
    method: SequenceRewiring | str, tokens: TokenGraph, context: Context, every: int
) -> tuple[SequenceRewiring, MaskSequence]:  # fmt: skip
    """The method and the masks, if it edits them one pair after the other."""
    check_every(every)
    rewiring: SequenceRewiring = SEQUENCE_REWIRINGS.make(method) if isinstance(method, str) else method
    name = SEQUENCE_REWIRINGS.name_of(type(rewiring))
    fix = "choose a method that edits pairs: global, offsets, bridge, expander, greedy_resistance"
    if not isinstance(tokens, MaskSequence):
        raise NotApplicable("a mask sequence, to look at edit by edit", "attention weights", fix, where=tokens.name)
    if rewiring.prepare(tokens, context) is not tokens:
        raise NotApplicable("edits to look at one by one", f"{name}, which puts tokens in at once", fix)
    return rewiring, tokens
