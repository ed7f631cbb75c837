"""In how many steps each token's state can be worked on before the read-out has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mixcli.context import Context
from mixcli.measures.sequence_base import Level, SequenceMeasure, Values
from mixcli.measures.token_work import operators
from mixcli.numerics.token_paths import longest
from mixcli.sequence import TokenGraph

__all__ = ["Runway"]


@dataclass(frozen=True)
class Runway(SequenceMeasure):
    """Most steps between different tokens on a way from each token to the read-out, at most one a layer.

    runway(j) = max |{l : i_l ≠ i_(l-1)}| over i_0 = j, …, i_L = r where i_l reads i_(l-1) in layer l or is it. Dense
    causal attention: min(r - j, L); a mask with gaps: its longest strict path, cut off at L. The last token has none:
    tokens appended behind it give it some. Where later tokens are read too, a way may go back and forth.

    Returns:
        Values: (T,) steps, -inf where no way leads to the read-out. Details: `longest`, `at_full_depth` (tokens whose
        runway uses every layer), `unreached`.

    Example:
        >>> from mixcli.generators.mask_spec import sequence_of
        >>> Runway()(sequence_of("causal:tokens=5,layers=3")).data.tolist()
        [3.0, 3.0, 2.0, 1.0, 0.0]
    """

    level: ClassVar[Level] = "token"
    unit: ClassVar[str] = "steps"
    range: ClassVar[str] = "[0, L], -∞ where there is no way"
    better: ClassVar = "higher"
    cost: ClassVar[str] = "O(L T²)"
    equation: ClassVar[str] = "max |{l : i_l ≠ i_(l-1)}| over i_0 = j, …, i_L = r"
    cites: ClassVar[str] = "ours"
    weighted: ClassVar = "ignored"

    def compute(self, tokens: TokenGraph, context: Context) -> Values:
        """The steps."""
        steps = longest(operators(tokens, context), tokens.read_out)
        details = {
            "longest": int(steps.max()),
            "at_full_depth": int(np.count_nonzero(steps == tokens.depth)),
            "unreached": int(np.count_nonzero(steps < 0)),
        }
        return Values("token", np.where(steps < 0, -np.inf, steps), details=details)
