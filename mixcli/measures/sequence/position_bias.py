"""Where in the text attention alone puts the weight: first, last, or between."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from mixcli.context import Context
from mixcli.measures.sequence_base import Level, SequenceMeasure, Values
from mixcli.measures.token_work import operators, profile, residual_shares
from mixcli.numerics.token_operators import Operators
from mixcli.numerics.token_paths import first_share, influence_row
from mixcli.sequence import TokenGraph
from mixcli.spec import param

__all__ = ["PositionBias"]


@dataclass(frozen=True)
class PositionBias(SequenceMeasure):
    """How much more the first and the last token count than those in the middle: U of the read-out's influence row.

    U = ((p_0 + p_r) / 2) / mean of p over the middle third, p the row of the read-out in ∏ (1 - lam_l) A_l + lam_l I.

    Args:
        residual: lam_l, the share of itself that a token keeps; `none`, or `auto` measured from hidden states.

    Returns:
        Values: U; infinite where the middle third has no influence at all. Details: `thirds`, `recency`, `argmin`,
        `argmax`, `peak_distance` (from the read-out to the largest entry); `first_share_by_depth`, the first token's
        share in the read-out after 1, 2, … layers; `cross_mass` of the read-out, its weight on tokens that are neither
        the first nor itself (over-mixing: a sink cuts it), with mean and maximum over all tokens where causal;
        `real_mass`, its weight on other tokens of the text; for weights that fall by a factor e^-m from one key to the
        one before, `slope` m and `turning_point` (L - e^m) / (e^m - 1), the distance at which influence peaks with
        lam = 0: first tokens win where it lies beyond the text.

    Example:
        >>> from mixcli.generators.mask_spec import sequence_of
        >>> found = PositionBias()(sequence_of("causal:tokens=64,layers=12"))
        >>> round(found.data), found.details["argmin"]
        (442, 62)

    Source: position bias of products of masks: Wu, Wang, Jegelka and Jadbabaie 2025; over-mixing: Barbero et al. 2025;
    U and the turning point are ours.
    """

    residual: float | Literal["none", "auto"] = param(0.5, "share a token keeps of itself in a layer", ge=0, le=1)

    level: ClassVar[Level] = "graph"
    range: ClassVar[str] = "[0, ∞]"
    cost: ClassVar[str] = "O(L T²)"
    equation: ClassVar[str] = (
        "((p_0 + p_r) / 2) / mean p over the middle third, p = e_r' ∏_l ((1 - lam_l) A_l + lam_l I)"
    )
    cites: ClassVar[str] = "Wu, Wang, Jegelka and Jadbabaie 2025; Barbero et al. 2025"
    caveat: ClassVar[str] = "A profile of attention alone: a mask by itself neither loses the middle nor finds it."

    def compute(self, tokens: TokenGraph, context: Context) -> Values:
        """U, with the profile in the details."""
        layers, shares = operators(tokens, context), residual_shares(tokens, self.residual)
        row = influence_row(layers, tokens.read_out, shares)
        details: dict[str, Any] = profile(tokens, row)
        curve, own = first_share(layers, 0, shares)
        details["peak_distance"] = abs(tokens.read_out - details["argmax"])
        details["first_share_by_depth"] = curve[:, tokens.read_out].tolist()
        others = np.ones(tokens.tokens, dtype=bool)
        others[[0, tokens.read_out]] = False
        details["cross_mass"] = float(row[others].sum())
        if tokens.causal:
            mass = np.maximum(1 - curve[-1] - own, 0.0)
            mass[0] = 0.0
            details |= {"cross_mass_mean": float(mass.mean()), "cross_mass_max": float(mass.max())}
        real = tokens.roles == 0
        real[tokens.read_out] = False
        details["real_mass"] = float(row[real].sum())
        details |= _turning(layers, tokens)
        u = details.pop("u")
        if u is None:
            reason = "the middle third has no influence on the read-out at this depth"
            return Values("graph", math.inf, reason=reason, details=details)
        return Values("graph", u, details=details)


def _turning(layers: Operators, tokens: TokenGraph) -> dict[str, float]:
    """Slope and turning point where the last query's weights fall by one factor from key to key."""
    last = np.zeros(tokens.tokens)
    last[-1] = 1.0
    row = layers.left(0, last)
    if not (layers.alike and tokens.causal and tokens.tokens > 2 and (row > 0).all()):
        return {}
    steps = np.diff(np.log(row))
    slope = float(steps[-1])
    if slope <= 1e-9 or np.abs(steps - slope).max() > 1e-6 * max(slope, 1.0):
        return {}
    return {"slope": slope, "turning_point": (tokens.depth - math.exp(slope)) / math.expm1(slope)}
