"""How many walks through the layers lead from each token to the read-out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from mixcli.context import Context
from mixcli.measures.sequence_base import Level, SequenceMeasure, Values
from mixcli.measures.token_work import operators
from mixcli.numerics.token_paths import walks
from mixcli.sequence import TokenGraph

__all__ = ["Paths"]


@dataclass(frozen=True)
class Paths(SequenceMeasure):
    """log10 of the number of walks from each token to the read-out, one step of the mask a layer.

    N(j) = (M_L … M_1)[r, j], the masks as zeros and ones: a token waits where the mask lets it read itself. Dense
    causal attention: N(j) = binom(r - j + L - 1, L - 1), binom(r + L, L) in all, and a single walk from the last token.

    Returns:
        Values: (T,) logarithms, -inf where there is no walk. Details: `log10_total`, and while they fit 63 bits the
        exact `total` and `counts`; `unreached`, the tokens without a walk.

    Example:
        >>> from mixcli.generators.mask_spec import sequence_of
        >>> Paths()(sequence_of("causal:tokens=4,layers=3")).details["counts"]
        [10, 6, 3, 1]

    Source: by definition; the closed form is the number of weakly falling sequences.
    """

    level: ClassVar[Level] = "token"
    headline: ClassVar = "first"
    unit: ClassVar[str] = "log10 walks"
    range: ClassVar[str] = "[0, ∞), -∞ where there is none"
    better: ClassVar = "higher"
    cost: ClassVar[str] = "O(L T²)"
    equation: ClassVar[str] = "log10 (M_L … M_1)[r, j]"
    cites: ClassVar[str] = "by definition"
    weighted: ClassVar = "ignored"

    def compute(self, tokens: TokenGraph, context: Context) -> Values:
        """The logarithms, with exact counts in the details where they fit."""
        found = walks(operators(tokens, context), tokens.read_out)
        details: dict[str, Any] = {
            "log10_total": found.log10_total,
            "unreached": int(np.count_nonzero(np.isneginf(found.log10))),
        }
        if found.counts is not None:
            details |= {"total": int(found.counts.sum()), "counts": found.counts.tolist()}
        return Values("token", found.log10, details=details)
