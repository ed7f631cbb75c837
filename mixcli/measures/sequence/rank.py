"""Rank collapse: how few directions attention, and the hidden states it makes, have left."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np

from mixcli.context import Context
from mixcli.measures.sequence_base import Level, SequenceMeasure, Values
from mixcli.numerics.head_figures import EIG
from mixcli.numerics.head_sweep import HeadTable, shared_heads
from mixcli.numerics.hidden_sweep import of_states, sweep_operations
from mixcli.sequence import Attention, TokenGraph

__all__ = ["Rank"]


@dataclass(frozen=True)
class Rank(SequenceMeasure):
    """Stable rank of each head; with hidden states, also how alike the tokens become from layer to layer.

    |A|_F² / σ₁(A)²;   mu(X) = |X - 11ᵀX/T|_F

    A head of stable rank 1 sends the same to all tokens. mu grows with the residual stream, so it is mu / |X|_F that
    tells whether tokens become alike; in exact arithmetic neither must fall in every layer.

    Returns:
        Values: stable rank by head; `residual` is the largest relative one of the σ₁². Details: `by_layer` (means),
        `spectrum`: of the heads of each layer the mean share of |λ| in ten bins of [0, 1], the mean share below 0.1 and
        the mean second largest |λ| (for a causal head |λ| are its diagonal: they see self-attention alone, nothing of
        the topology; heads that read later keys: up to 128 tokens). `hidden`, a row for each state: `mu`, `relative`
        (mu / |X|_F), `stable_rank`, `centred_stable_rank` and `effective_rank` (of X - 11ᵀX/T), `cosine` (mean over
        pairs), `first_cosine` (of token 0 with the others), `residual` (of Dong et al. at the median, an upper bound)
        and `residual_lower`, `dirichlet` (Σ |x_i - x_j|² over all pairs, T mu²).

    Raises:
        NotApplicable: fewer than two tokens.

    Cost: one pass over the weights, shared with the other measures of heads, and ten products of matrix and vector a
    head; the singular values of every hidden state.

    Example:
        >>> import numpy as np
        >>> Rank()(Attention.of([[np.eye(4), np.eye(4)[[0, 0, 0, 0]]]])).data.round(9).tolist()
        [4.0, 1.0]

    Source: Dong et al., ICML 2021 (rank collapse, residual); Roy and Vetterli 2007 (effective rank); Rudelson and
    Vershynin 2007 (stable rank).
    """

    level: ClassVar[Level] = "head"
    range: ClassVar[str] = "[1, T]"
    cost: ClassVar[str] = (
        "O(L H T²), one pass shared with sinks, entropy and heads; O(L T d min(T, d)) for hidden states"
    )
    sources: ClassVar[tuple[str, ...]] = ("attention",)
    caveat: ClassVar[str] = "|λ| of a causal head are its self-attention weights and say nothing of its topology"
    equation: ClassVar[str] = "|A|_F² / σ₁(A)²"
    cites: ClassVar[str] = "Dong et al. 2021; Roy and Vetterli 2007; Rudelson and Vershynin 2007"

    def compute(self, tokens: TokenGraph, context: Context) -> Values:
        attention = cast("Attention", tokens)
        heads = shared_heads(attention, context, "rank")
        top = heads["sigma"] ** 2
        data = np.where(top > 0, heads["frobenius"] / np.where(top > 0, top, 1.0), 0.0)
        details = {"by_layer": heads.by_layer(data), "spectrum": _spectrum(heads), **_hidden(attention, context)}
        return Values("head", data, index=heads.index, residual=float(heads["residual"].max()), details=details)


def _spectrum(heads: HeadTable) -> dict[str, Any]:
    if np.isnan(heads["small"]).any():
        return {"moduli": None, "reason": f"heads read later keys, and there are more than {EIG} tokens"}
    bins = [heads.by_layer(column) for column in heads["moduli"].T]
    return {
        "moduli": [list(row) for row in zip(*bins, strict=True)],
        "below_0.1": heads.by_layer(heads["small"]),
        "second": heads.by_layer(heads["second"]),
    }


def _hidden(attention: Attention, context: Context) -> dict[str, Any]:
    if not attention.store.hidden_states:
        return {"hidden": None, "hidden_reason": "no hidden states in the source"}
    if not context.limits.allows(operations=sweep_operations(attention)):
        return {"hidden": None, "hidden_reason": "singular values of the hidden states would take too long"}
    rows = []
    for state in context.once(of_states, attention):
        row = dataclasses.asdict(state)
        both = row.pop("residual")
        row |= {"residual": both["value"], "residual_lower": both["lower"]}
        rows.append(row)
    return {"hidden": rows}
