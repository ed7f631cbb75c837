"""How much of the read-out's mix comes from each token: attention rollout, and the over-squashing bound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from mixcli.context import Context
from mixcli.errors import UsageError
from mixcli.measures.sequence_base import Level, SequenceMeasure, Values
from mixcli.measures.token_work import operators, profile, residual_shares
from mixcli.numerics.token_paths import influence_row
from mixcli.sequence import TokenGraph
from mixcli.spec import param

__all__ = ["Influence"]


@dataclass(frozen=True)
class Influence(SequenceMeasure):
    """Share of each token in the read-out after all layers, as attention and residual stream alone would mix them.

    e_r' B_L … B_1 with B_l = (1 - lam_l) A_l + lam_l I, one vector from the last layer down. lam = 1/2 is attention
    rollout. The bound on over-squashing of decoders, ‖∂y_r/∂v_j‖ <= K (A_L + I) … (A_1 + I)[r, j] with all norms'
    beta = 1, is the same row times 2^L: `scale=bound` gives it, without the K of the network.

    Args:
        residual: lam_l, the share of itself that a token keeps; `auto` measures it from hidden states as the mean of
            ‖x_i‖ / (‖x_i‖ + ‖x'_i - x_i‖), the update being that of the whole layer (ours).
        scale: `share` sums to 1; `bound` is the product of A_l + I, for residual 0.5 only.

    Returns:
        Values: (T,) the row of the read-out. Details: `first` (of the text) and `last` (the read-out's own), `argmin`,
        `argmax`, `thirds` of the positions, `recency` (the last third), `u` (mean of the first entry and the last over
        mean of the middle third; large: the middle is lost), `residual` by layer where measured, `log2_bound`: L where
        lam is 1/2.

    Example:
        >>> from mixcli.generators.mask_spec import sequence_of
        >>> found = Influence(residual=0.0)(sequence_of("causal:tokens=4,layers=2"))
        >>> [round(x, 4) for x in found.data.tolist()]
        [0.5208, 0.2708, 0.1458, 0.0625]

    Source: Abnar and Zuidema 2020 (rollout); Barbero et al. 2024, theorem 5.1 (the bound).
    """

    residual: float | Literal["none", "auto"] = param(0.5, "share a token keeps of itself in a layer", ge=0, le=1)
    scale: Literal["share", "bound"] = param("share", "bound: the over-squashing bound without its constant")

    level: ClassVar[Level] = "token"
    headline: ClassVar = "first"
    range: ClassVar[str] = "[0, 1]; bound: [0, 2^L]"
    better: ClassVar = "higher"
    cost: ClassVar[str] = "O(L T²), one vector"
    equation: ClassVar[str] = "e_r' ∏_l ((1 - lam_l) A_l + lam_l I)"
    cites: ClassVar[str] = "Abnar and Zuidema 2020; Barbero et al. 2024, thm 5.1"
    caveat: ClassVar[str] = (
        "What attention alone passes on: a proxy, values and MLPs may weaken or strengthen any of it."
    )

    def __post_init__(self) -> None:
        if self.scale == "bound" and self.residual != 0.5:
            raise UsageError("residual=0.5 with scale=bound", f"residual={self.residual}", "leave one of them out")

    def compute(self, tokens: TokenGraph, context: Context) -> Values:
        """The row of the read-out."""
        shares = residual_shares(tokens, self.residual)
        row = influence_row(operators(tokens, context), tokens.read_out, shares)
        details: dict[str, Any] = profile(tokens, row)
        if self.residual == "auto":
            details["residual"] = list(shares)
        if self.residual == 0.5:
            details["log2_bound"] = tokens.depth
        if self.scale == "bound":
            row = row * 2.0**tokens.depth
            details |= {end: details[end] * 2.0**tokens.depth for end in ("first", "last")}
        return Values("token", row, details=details)
