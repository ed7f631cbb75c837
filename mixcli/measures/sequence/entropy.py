"""How many keys the heads spread their attention over."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

import numpy as np

from mixcli.context import Context
from mixcli.errors import NotApplicable
from mixcli.measures.sequence_base import Level, SequenceMeasure, Values
from mixcli.numerics.head_sweep import HeadTable, shared_heads
from mixcli.sequence import Attention, TokenGraph
from mixcli.spec import param

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Entropy"]

COLLAPSED, DISPERSED = 0.05, 0.95
"""Normalised entropy below which a head reads one key, and above which it tells keys hardly apart."""
LISTED = 20
"""Heads that a list in the details names."""


@dataclass(frozen=True)
class Entropy(SequenceMeasure):
    """Spread of attention: 0 where every query reads one key, 1 where all keys are read alike.

    H_i = -Σ_j A_ij log A_ij,   normalized: mean of H_i / log s_i over the queries with s_i > 1 keys

    s_i counts the keys that the mask allows (those that any head taken of the layer reads), not those this head reads.

    Args:
        kind: "normalized"; "raw", the mean of H_i in nats; "perplexity", the mean of e^H_i, in keys.
        weight: α, for the length up to which a head can give one key so much.

    Returns:
        Values: one number a head. Details: `by_layer` (their means), `entropy` and `perplexity` (means of each layer),
        `collapsed` and `dispersed` (normalised below 0.05, above 0.95: how many heads, and the first of them);
        `sharpness`: `slope` (of log of the largest weight against log s_i, median over the heads; 0 stays sharp on
        longer texts, -1 is averaging), `band` (δ = largest log max_j A_ij - log min_j A_ij, median), `log10_length`
        (of n = e^δ / α, beyond which no key of the median head can get a weight α).

    Raises:
        NotApplicable: fewer than two tokens, or negative weights.

    Cost: one pass over the weights, shared with the other measures of heads.

    Example:
        >>> import numpy as np
        >>> even, one = np.tri(4) / np.arange(1, 5)[:, None], np.eye(4)
        >>> Entropy()(Attention.of([[even, one]])).data.round(12).tolist()
        [1.0, 0.0]

    Source: Zhai et al., ICML 2023 (entropy collapse); Veličković et al. 2024, theorem 2.2 (band and length).
    """

    kind: Literal["normalized", "raw", "perplexity"] = param(
        "normalized", "normalised by log of the keys, nats, or e^H"
    )
    weight: float = param(0.5, "weight that a head shall be able to give one key", gt=0, le=1)

    level: ClassVar[Level] = "head"
    range: ClassVar[str] = "[0, 1]; raw [0, log T]; perplexity [1, T]"
    cost: ClassVar[str] = "O(L H T²), one pass shared with sinks, heads and rank"
    sources: ClassVar[tuple[str, ...]] = ("attention",)
    equation: ClassVar[str] = "mean_i H_i / log s_i, H_i = -Σ_j A_ij log A_ij"
    cites: ClassVar[str] = "Zhai et al. 2023; Veličković et al. 2024 (sharpness)"

    def compute(self, tokens: TokenGraph, context: Context) -> Values:
        attention = cast("Attention", tokens)
        heads = shared_heads(attention, context, "entropy")
        if heads["negative"].any():
            name = heads.names[int(np.flatnonzero(heads["negative"])[0])]
            raise NotApplicable(
                "weights >= 0 for entropy", f"negative ones in {name}", "leave it out", where=tokens.name
            )
        field = {"normalized": "normalized", "raw": "entropy", "perplexity": "perplexity"}[self.kind]
        data = heads[field]
        share = heads["normalized"]
        details = {
            "by_layer": heads.by_layer(data),
            "entropy": heads.by_layer(heads["entropy"]),
            "perplexity": heads.by_layer(heads["perplexity"]),
            "collapsed": _flagged(heads, share < COLLAPSED),
            "dispersed": _flagged(heads, share > DISPERSED),
            "sharpness": self._sharpness(heads),
        }
        return Values("head", data, index=heads.index, details=details)

    def _sharpness(self, heads: HeadTable) -> dict[str, Any]:
        band, slope = float(np.median(heads["band"])), heads["slope"]
        found: dict[str, Any] = {"band": band, "log10_length": (band - math.log(self.weight)) / math.log(10)}
        if np.isfinite(slope).all():
            return {**found, "slope": float(np.median(slope))}
        return {**found, "slope": None, "slope_reason": "all queries may read as many keys"}


def _flagged(heads: HeadTable, which: NDArray[np.bool_]) -> dict[str, Any]:
    """How many heads, and the names of the first."""
    places = np.flatnonzero(which)
    return {"count": len(places), "heads": [heads.names[k] for k in places[:LISTED]]}
