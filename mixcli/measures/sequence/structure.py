"""Who reads whom: density, centre nodes, and the degrees of queries and keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from mixcli.context import Context
from mixcli.measures.sequence_base import Level, SequenceMeasure, Values
from mixcli.measures.token_work import operators
from mixcli.numerics.token_graph import Centres, centres
from mixcli.sequence import TokenGraph

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Structure"]


@dataclass(frozen=True)
class Structure(SequenceMeasure):
    """Share of the pairs (query, key) that are read: 1 for dense causal attention.

    density = |{(i, j): M[i, j]}| / (T (T + 1) / 2), with T² below the bar where a query reads a later key; the mean
    over the layers. A centre node is read by every token, directly or through others; there is one exactly where all
    reading ends in one closed class of tokens. The radius is the least number of steps in which all of them read one
    same centre. With uniform weights, what all layers hold together tends to the centre as layers go on; without a
    centre nothing collapses as a whole.

    Returns:
        Values: the density. Details: `edges` (of the first layer) and, where layers differ, `density_by_layer`; of the
        layers together `closed_classes`, `centres` and `centre` (the first one), `radius`; `keys` a query reads and
        `readers` of a key (quantiles, first layer) and `readers_by_quarter` of the positions, with `warning` where late
        tokens of a causal mask have hardly any reader but themselves.

    Example:
        >>> from mixcli.generators.mask_spec import sequence_of
        >>> found = Structure()(sequence_of("window:2,tokens=4,layers=1"))
        >>> found.data, found.details["centre"], found.details["radius"]
        (0.7, 0, 3)

    Source: centre nodes, quasi-strong connectivity and radius: Wu, Ajorlou, Wu and Jadbabaie 2024; the profile of
    readers is ours.
    """

    level: ClassVar[Level] = "graph"
    range: ClassVar[str] = "[1/T, 1]"
    better: ClassVar = "higher"
    cost: ClassVar[str] = "O(L T²) where layers differ, O(T²) where they are alike"
    equation: ClassVar[str] = "|E| / (T (T + 1) / 2)"
    cites: ClassVar[str] = "by definition"
    weighted: ClassVar = "ignored"

    def compute(self, tokens: TokenGraph, context: Context) -> Values:
        """Density, with centres and degrees in the details."""
        layers, size = operators(tokens, context), tokens.tokens
        pairs = size * (size + 1) // 2 if tokens.causal else size * size
        degrees = {layer: layers.degrees(layer) for layer in layers.distinct}
        edges = [int(degrees[tokens.like(layer)][0].sum()) for layer in range(tokens.depth)]
        density = float(np.mean(edges)) / pairs
        found = centres(layers, context.limits.operations)
        details: dict[str, Any] = {"edges": edges[0], "causal": tokens.causal}
        if not layers.alike:
            details["density_by_layer"] = [count / pairs for count in edges]
        details |= _facts(found)
        read, readers = degrees[0]
        details |= {"keys": _quantiles(read), "readers": _quantiles(readers)}
        quarters = [float(part.mean()) for part in np.array_split(readers, 4) if len(part)]
        details["readers_by_quarter"] = quarters
        if tokens.causal and density < 0.5 and quarters[-1] < min(3.0, quarters[0] / 2) and read[-1] > 2:
            details["warning"] = (
                f"late tokens have {quarters[-1]:.1f} readers on average, themselves counted, early ones "
                f"{quarters[0]:.1f}: no expander for late tokens"
            )
        return Values("graph", density, details=details)


def _facts(found: Centres) -> dict[str, Any]:
    if found.classes > 1:
        return {"closed_classes": found.classes, "centres": 0, "centre": None, "radius": None}
    return {"closed_classes": 1, "centres": len(found.tokens), "centre": int(found.tokens[0]), "radius": found.radius}


def _quantiles(degrees: NDArray[np.int64]) -> dict[str, float]:
    words = ("min", "q05", "q50", "q95", "max")
    found = dict(zip(words, np.quantile(degrees, [0, 0.05, 0.5, 0.95, 1]).tolist(), strict=True))
    return {**found, "mean": float(degrees.mean())}
