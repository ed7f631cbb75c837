"""Attention sinks: heads that put their weight on the first tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from mixcli.context import Context
from mixcli.errors import NotApplicable
from mixcli.measures.sequence_base import Level, SequenceMeasure, Values
from mixcli.numerics.head_sweep import shared_heads
from mixcli.numerics.token_columns import FIRST, ColumnSums, Support, column_sums, support
from mixcli.sequence import Attention, Mask, MaskSequence, TokenGraph
from mixcli.spec import param

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Sinks"]

RATES = (0.3, 0.8)
"""Thresholds whose rates are always given: that of Gu et al. 2025, and that of Barbero et al. 2025."""
LISTED = 5
"""Sink tokens that the details list."""


@dataclass(frozen=True)
class Sinks(SequenceMeasure):
    """How much of the attention one token takes on average: a sink where that is far above uniform attention.

    α_k = 1/(T - k) Σ_{i >= k} A[i, k],   Sink_k^ε = share of the heads with α_k > ε

    Query k itself is counted, which alone gives token 0 a 1 (`exclude_self` leaves it out). Uniform causal attention
    has α_0 = H_T / T, so the figure falls with the length of the text: read it beside `baseline`, never alone.

    Args:
        k: the token asked about.
        eps: a further threshold.
        exclude_self: leave query k out.
        first: s, for the mass on the first s tokens.

    Returns:
        Values: α_k by head; of a mask by layer, under head 0. Details: `baseline` (α_k of attention that is uniform
        over what may be read, mean over the layers: H_T / T for k = 0 if all is read), `rates` by threshold, `by_layer`
        (mean α_k of each), `tokens` (those of the first half that most heads sink into, with the share of heads that
        do; in a mask by structure alone), `first_mass` (mean mass of the queries behind them on the first s tokens, by
        layer) and `first_mass_mean` over the layers from the third on.

    Raises:
        NotApplicable: no query behind token k.

    Cost: one pass over the weights, shared with the other measures of heads.

    Example:
        >>> from mixcli.generators.mask_spec import sequence_of
        >>> found = Sinks()(sequence_of("causal:tokens=64,layers=1"))
        >>> round(float(found.data[0]), 7), round(found.details["baseline"], 7)
        (0.0741233, 0.0741233)

    Source: Gu et al., ICLR 2025, section 3.2 (α and rate, ε = 0.3); Xiao et al., ICLR 2024, section 3.1 (first tokens,
    from the third layer on).
    """

    k: int = param(0, "token asked about", ge=0)
    eps: float = param(0.3, "threshold above which a head sinks", gt=0, le=1)
    exclude_self: bool = param(False, "leave query k out of the mean")
    first: int = param(4, "first tokens whose mass is summed", ge=1, le=FIRST)

    level: ClassVar[Level] = "head"
    range: ClassVar[str] = "[0, 1]"
    cost: ClassVar[str] = "O(L H T²), one pass shared with entropy, heads and rank"
    equation: ClassVar[str] = "1/(T - k) Σ_{i >= k} A[i, k]"
    cites: ClassVar[str] = "Gu et al. 2025; Xiao et al. 2024"
    caveat: ClassVar[str] = "falls with the number of tokens even for uniform attention: compare with the baseline"

    def compute(self, tokens: TokenGraph, context: Context) -> Values:
        if tokens.tokens - self.k - self.exclude_self < 1:
            found = f"{tokens.tokens} tokens"
            raise NotApplicable(f"a query behind token {self.k}", found, "choose a smaller k", where=tokens.name)
        if isinstance(tokens, Attention):
            heads = shared_heads(tokens, context, "sinks")
            return self._values(tokens, heads.index, heads.layer, heads.sums, heads.supports)
        index = np.stack([np.arange(tokens.depth), np.zeros(tokens.depth, np.int64)], axis=1)
        layers = [context.once(_of_layer, tokens, tokens.like(layer)) for layer in range(tokens.depth)]
        return self._values(tokens, index, index[:, 0], [sums for sums, _ in layers], [seen for _, seen in layers])

    def _values(
        self,
        tokens: TokenGraph,
        index: NDArray[np.int64],
        layer: NDArray[np.int64],
        sums: list[ColumnSums],
        supports: list[Support],
    ) -> Values:
        every = np.array([one.mean(self.exclude_self) for one in sums])
        alpha = every[:, self.k]
        mass = np.array([one.first[self.first - 1] for one in sums]) / max(1, tokens.tokens - self.first)
        counts = np.bincount(layer)
        details = {
            "k": self.k,
            "baseline": float(np.mean([seen.uniform.mean(self.exclude_self)[self.k] for seen in supports])),
            "rates": {f"{eps:g}": float((alpha > eps).mean()) for eps in sorted({*RATES, self.eps})},
            "by_layer": (np.bincount(layer, weights=alpha) / counts).tolist(),
            "tokens": self._tokens(every[:, : max(1, tokens.tokens // 2)], tokens.labels),
            **self._first(np.bincount(layer, weights=mass) / counts, tokens),
        }
        return Values("head", alpha, index=index, details=details)

    def _tokens(self, every: NDArray[np.float64], labels: tuple[str, ...] | None) -> list[dict[str, Any]]:
        """The tokens that most heads sink into."""
        share, mean = (every > self.eps).mean(axis=0), every.mean(axis=0)
        order = np.argsort(-share, kind="stable")[:LISTED].tolist()
        names = {} if labels is None else {t: {"label": labels[t]} for t in order}
        return [
            {"token": t, **names.get(t, {}), "rate": float(share[t]), "mean": float(mean[t])}
            for t in order
            if share[t] > 0
        ]

    def _first(self, mass: NDArray[np.float64], tokens: TokenGraph) -> dict[str, Any]:
        if tokens.tokens <= self.first:
            return {"first_mass": None, "first_mass_reason": f"no query behind the first {self.first} tokens"}
        numbers = np.array(tokens.numbers if isinstance(tokens, Attention) else range(tokens.depth))
        late = mass[numbers >= 2]
        mean = {"first_mass_mean": float(late.mean())} if len(late) else {}
        return {"first_mass": mass.tolist(), **mean}


def _of_layer(tokens: MaskSequence, layer: int) -> tuple[ColumnSums, Support]:
    """Sums over the columns of a mask, and of uniform attention over it."""
    mask: Mask = tokens.layers[layer]
    seen = support(mask)
    if mask.weigh is None:
        return seen.uniform, seen
    return column_sums(mask.tokens, ((lo, mask.weights(lo, hi)) for lo, hi in mask.blocks())), seen
