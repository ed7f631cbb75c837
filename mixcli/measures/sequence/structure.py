"""Who reads whom: edges, density, and the degrees of queries and keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mixcli.context import Context
from mixcli.measures.sequence_base import Level, SequenceMeasure, Values
from mixcli.sequence import TokenGraph

__all__ = ["Structure"]


@dataclass(frozen=True)
class Structure(SequenceMeasure):
    """Share of the causal pairs (query, key) that are read: 1 for dense causal attention.

    density = |{(i, j): M[i, j]}| / (T (T + 1) / 2), the first layer's; all pairs T² where a query reads a later key.

    Example:
        >>> from mixcli.generators.mask_spec import sequence_of
        >>> Structure()(sequence_of("window:2,tokens=4,layers=1")).data
        0.7
    """

    level: ClassVar[Level] = "graph"
    range: ClassVar[str] = "[1/T, 1]"
    cost: ClassVar[str] = "O(L T²)"
    equation: ClassVar[str] = "|E| / (T (T + 1) / 2)"
    cites: ClassVar[str] = "by definition"

    def compute(self, tokens: TokenGraph, context: Context) -> Values:
        """Density, with counts in the details."""
        visible = tokens.visible(0)
        size = tokens.tokens
        pairs = size * (size + 1) // 2 if tokens.causal else size * size
        edges = int(np.count_nonzero(visible))
        return Values("graph", edges / pairs, details={"edges": edges, "causal": tokens.causal})
