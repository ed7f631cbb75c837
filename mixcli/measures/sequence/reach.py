"""How many layers it takes until every token has heard of every other one it may."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from mixcli.context import Context
from mixcli.measures.sequence_base import Level, SequenceMeasure, Values
from mixcli.measures.token_work import operators
from mixcli.numerics.token_graph import hops_from
from mixcli.numerics.token_reach import pairs_reached
from mixcli.sequence import TokenGraph

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Reach"]


@dataclass(frozen=True)
class Reach(SequenceMeasure):
    """Layers until every visible pair is reached; no position further away can influence a token before that.

    A pair (query i, key j ≠ i) is visible where j comes earlier, whether the mask lets i read j at once or not; pairs
    with a later key, in what is not causal, count where they are reached at all. A pair is reached after l layers where
    a walk i ← … ← j takes at most one step in each of the layers l, l - 1, …, 1, tokens keeping what they hold (the
    residual stream). Where the source's layers do not suffice they are repeated in their order. Infinite where some
    visible pair is never reached.

    Returns:
        Values: the layers. Details: `curve` (share of the visible pairs reached after 1, 2, … layers), `share` within
        the source's depth, `pairs_never_reached`, `layers_until_no_more`; of the read-out `read_out_share` (tokens it
        may read and does within the depth) and `read_out_layers`: for each token the layers, from the last one back,
        that it takes to be read, None where it never is.

    Example:
        >>> from mixcli.generators.mask_spec import sequence_of
        >>> found = Reach()(sequence_of("window:3,tokens=8,layers=2"))
        >>> found.data, found.details["read_out_layers"]
        (4.0, [4, 3, 3, 2, 2, 1, 1, 0])

    Source: under-reaching after Barceló et al. 2020, on the directed graphs of the layers.
    """

    level: ClassVar[Level] = "graph"
    unit: ClassVar[str] = "layers"
    range: ClassVar[str] = "[0, ∞]"
    better: ClassVar = "lower"
    cost: ClassVar[str] = "O(T²) where one layer reaches all, else O(T E / 64), a layer where layers differ"
    equation: ClassVar[str] = "min {l : R_l[i, j] for all visible i, j}, R_l = (M_l ∨ I) R_{l-1}"
    cites: ClassVar[str] = "Barceló et al. 2020 (under-reaching)"
    weighted: ClassVar = "ignored"

    def compute(self, tokens: TokenGraph, context: Context) -> Values:
        """The layers, with curve and the read-out's view in the details."""
        if tokens.tokens == 1:
            return Values("graph", 0.0, details={"pairs": 0})
        layers = operators(tokens, context)
        found = pairs_reached(layers, context)
        curve, over, visible = found.curve, found.over, found.visible
        share = curve[min(tokens.depth, len(curve)) - 1] / visible
        details: dict[str, Any] = {
            "share": share,
            "pairs": visible,
            "pairs_never_reached": visible - curve[-1] if over else None,
            "layers_until_no_more": len(curve) if over else None,
            "curve": [count / visible for count in curve],
            **_view(tokens, hops_from(layers, tokens.read_out)),
        }
        if curve[-1] == visible:
            return Values("graph", float(len(curve)), details=details)
        if over:
            reason = f"{visible - curve[-1]} of {visible} visible pairs are never reached, at any depth"
            return Values("graph", math.inf, reason=reason, details=details)
        return Values("graph", None, reason=f"more than {len(curve)} layers", details=details)


def _view(tokens: TokenGraph, hops: NDArray[np.int64]) -> dict[str, Any]:
    """What the read-out sees: of the tokens that it may read, itself left out."""
    allowed = tokens.read_out if tokens.causal else tokens.tokens - 1
    near = int(np.count_nonzero((hops > 0) & (hops <= tokens.depth)))
    return {
        "read_out_share": near / allowed if allowed else 1.0,
        "read_out_layers": [int(h) if h >= 0 else None for h in hops],
    }
