"""Restart resistance: how unlikely the read-out's walk back is to come by a token."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from mixcli.measures.mean_operator import mean_chain, mean_rows
from mixcli.measures.sequence_base import Level, SequenceMeasure, Values
from mixcli.measures.token_summary import token_details
from mixcli.numerics.absorbing import Visits, descending_visits
from mixcli.numerics.closing import visits_before_closing
from mixcli.sequence import Attention, TokenGraph

if TYPE_CHECKING:
    from mixcli.context import Context

__all__ = ["RestartResistance", "walk_back"]


@dataclass(frozen=True)
class RestartResistance(SequenceMeasure):
    """Restart resistance of every token to the read-out: 1 over the chance that the walk back visits it (ours).

    A walker at query i goes on to key j with probability A[i, j], and starts anew at the read-out r when it has got to
    token 0. That chain returns, so commute times exist, and

        R(j -> r) = commute(j, r) / E[cycle] = 1 / P(the walk from r visits j before it starts anew),   R(r -> r) = 0.

    Under uniform causal attention R(j -> r) = j + 1: earlier tokens are nearer to the read-out. The commute time in
    steps is the value times `cycle` of the details.

    Stated rules: layers that differ are averaged (every step of the walk takes a layer at random), heads are merged
    first. A walk ends in whatever closed class of tokens it enters: token 0 of a causal mask, the prefix of a prefix
    mask (one value for all of it), the first token of its own document in packed ones. Tokens that it never visits have
    infinite resistance, those of other documents among them. Where the read-out lies in a closed class itself, as in
    full attention, the walk is the ordinary one, with the return to the read-out for its cycle.

    Returns:
        Values of level "token"; the residual is by how much the solve misses its equation.

    Raises:
        LimitExceeded: queries read later keys, and four (T, T) arrays are over the limit.

    Cost: T² / 2 for causal tokens, without a (T, T) array where layers have masks; else T³.

    Example:
        >>> from mixcli.generators.mask_spec import sequence_of
        >>> RestartResistance()(sequence_of("causal:tokens=5")).data.round(12).tolist()
        [1.0, 2.0, 3.0, 4.0, 0.0]

    Source: ours, put together from standard facts on Markov chains (commute time over mean return time is 1 over the
    probability of a visit in one cycle: Aldous & Fill 2002, ch. 2).
    """

    level: ClassVar[Level] = "token"
    range: ClassVar[str] = "[1, inf], 0 at the read-out"
    better: ClassVar = "lower"
    cost: ClassVar[str] = "T² / 2 (causal), T³ (otherwise)"
    caveat: ClassVar[str] = "infinite depth: cannot see pauses or layers"
    equation: ClassVar[str] = "commute(j, r) / E[cycle] = 1 / P_r(visit j before starting anew)"
    cites: ClassVar[str] = "ours"

    def compute(self, tokens: TokenGraph, context: Context) -> Values:
        """One triangular solve, or one dense inverse."""
        found = walk_back(tokens, context)
        with np.errstate(divide="ignore"):
            values = 1.0 / found.probability
        values[tokens.read_out] = 0.0
        details = {**token_details(tokens, values), "cycle": found.cycle}
        return Values("token", values, residual=found.residual, reason=details.get("reason", ""), details=details)


def walk_back(tokens: TokenGraph, context: Context) -> Visits:
    """What the walk back from the read-out visits; by rows where queries read earlier keys only.

    Example:
        >>> from mixcli.context import Context
        >>> from mixcli.generators.mask_spec import sequence_of
        >>> round(walk_back(sequence_of("causal:tokens=64"), Context()).cycle, 6)
        6.728266
    """
    size = tokens.tokens
    if tokens.causal:
        if isinstance(tokens, Attention):
            chain = mean_chain(tokens, context)
            return descending_visits(lambda lo, hi: chain[lo:hi], size, tokens.read_out)
        return descending_visits(partial(mean_rows, tokens), size, tokens.read_out)
    instead = "take fewer tokens, or a causal mask, which needs no such array"
    context.limits.check("restart resistance", memory=32.0 * size**2, operations=2.0 * size**3, instead=instead)
    return visits_before_closing(mean_chain(tokens, context), tokens.read_out)
