"""Layered resistance: the electrical resistance of a stack of layers between a token and the read-out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from mixcli.measures.sequence_base import Level, SequenceMeasure, Values
from mixcli.measures.token_summary import token_details
from mixcli.numerics.layered import COLUMNS, Layered, layered_resistance, predicted
from mixcli.sequence import TokenGraph
from mixcli.spec import param

if TYPE_CHECKING:
    from mixcli.context import Context

__all__ = ["LayeredResistance", "layered_of"]


@dataclass(frozen=True)
class LayeredResistance(SequenceMeasure):
    """Electrical resistance of every token at the input to the read-out at the output of all layers (ours).

    Node (l, i) is what token i holds after l layers, and every pair (query, key) of a layer a conductor between
    (l + 1, query) and (l, key):

        R_L(j) = b' Lap^+ b,   b = e_(0,j) - e_(L,r),

    on the nodes that lie on a directed walk from (0, j) to (L, r). Infinite exactly where there is no such walk
    (under-reaching), else at most L; more pairs never raise it. It sees both layers and pauses: under causal attention
    it is 2 / (r - j + 1) at L = 2, and L for the last token.

    Stated rules: every pair of a mask conducts 1 whatever its weight; of attention every pair that some head reads at
    all. With `conductance=weight` the attention of the layer conducts, merged over its heads.

    Args:
        conductance: "pair", or "weight".

    Returns:
        Values of level "token", the read-out's own included. The residual is that of the potentials; resistances are
        off by about its square.

    Raises:
        LimitExceeded: the predicted work, or the arrays for a batch of sources, are over the limit; or weights span
            too many orders of magnitude.

    Cost: some 20 products with the masks for each token; 0.1 s at 256 tokens and 6 layers, 1 s at 1,024.

    Example:
        >>> from mixcli.generators.mask_spec import sequence_of
        >>> LayeredResistance()(sequence_of("causal:tokens=5,layers=2")).data.round(6).tolist()
        [0.4, 0.5, 0.666667, 1.0, 2.0]

    Source: ours; that it falls with added pairs is Rayleigh's law (Doyle & Snell 1984, section 1.4).
    """

    conductance: Literal["pair", "weight"] = param("pair", "what conducts: every pair alike, or its attention")

    level: ClassVar[Level] = "token"
    headline: ClassVar = "first"
    range: ClassVar[str] = "(0, L] or inf; any > 0 with weights"
    better: ClassVar = "lower"
    weighted: ClassVar = "ignored"
    cost: ClassVar[str] = "about 20 products with the masks per token"
    caveat: ClassVar[str] = "it ranks masks, not tokens by how well a trained network reads them; only inf is certain"
    equation: ClassVar[str] = "R_L(j) = b' Lap^+ b between (0, j) and (L, r) on the nodes of directed walks"
    cites: ClassVar[str] = "ours"

    def compute(self, tokens: TokenGraph, context: Context) -> Values:
        """All sources side by side, in batches."""
        found = layered_of(tokens, context, self.conductance)
        details = {**token_details(tokens, found.resistance, own=True), "layers": tokens.depth}
        reason = details.get("reason", "")
        return Values("token", found.resistance, residual=found.residual, reason=reason, details=details)


def layered_of(tokens: TokenGraph, context: Context, conductance: str = "pair") -> Layered:
    """Layered resistances of a mask sequence or attention, within the limits.

    Example:
        >>> from mixcli.context import Context
        >>> from mixcli.generators.mask_spec import sequence_of
        >>> layered_of(sequence_of("causal:tokens=5,layers=2"), Context()).iterations
        0
    """
    size, depth = tokens.tokens, tokens.depth
    like = [tokens.like(layer) for layer in range(depth)]
    bytes_per_pair = 2 if conductance == "pair" else 8
    memory = 8.0 * (7 * depth + 10) * min(COLUMNS, size) * size + bytes_per_pair * len(set(like)) * size**2
    instead = "use resistance_restart, or fewer tokens"
    context.limits.check("resistance_layered", memory=memory, operations=10.0 * depth * size**2, instead=instead)
    kind = tokens.visible if conductance == "pair" else tokens.operator
    distinct = {layer: kind(layer) for layer in sorted(set(like))}
    masks = [distinct[layer] for layer in like]
    context.limits.check("resistance_layered", operations=predicted(masks, like), instead=instead)

    def report(done: int, total: int) -> None:
        context.progress("resistance_layered", done, total)

    return layered_resistance(masks, like, tokens.read_out, report)
