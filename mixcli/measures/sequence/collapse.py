"""Representational collapse: hidden states that low precision can no longer tell apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, cast

import numpy as np

from mixcli.context import Context
from mixcli.errors import NotApplicable
from mixcli.measures.sequence_base import Level, SequenceMeasure, Values
from mixcli.numerics.collapse import Gap, gap, rounded
from mixcli.numerics.hidden_sweep import finite_state
from mixcli.numerics.token_states import mean_cosine
from mixcli.sequence import Attention, TokenGraph
from mixcli.spec import param

__all__ = ["Collapse"]


@dataclass(frozen=True)
class Collapse(SequenceMeasure):
    """Share of the coordinates in which the read-out and the token before it are equal once rounded.

    |{c: fl(x_r[c]) = fl(x_{r-1}[c])}| / d,  x the last hidden state, fl rounding to the format

    1 is a read-out that a network of this precision cannot tell from its neighbour. The theorem behind it compares the
    last token of a text with that of the same text with one token repeated, which takes two runs of a model
    (`mixcli.numerics.collapse.gap` on both); here both tokens stand in one text (this reading is ours).

    Args:
        cast: the format: bfloat16, half precision, or one of two 8-bit formats.
        state: hidden state to look at, counted from 0, the embedding; negative from the last.

    Returns:
        Values: the share. Details: `states`, for each hidden state: `equal` (format -> share, read-out and neighbour),
        `neighbours` (the share in `cast`, mean over all neighbouring tokens), `l1` and `linf` (distances of the pair),
        `cosine` (mean over all pairs of tokens), `relative` (mu / |X|_F) and `contraction` (its ratio to that of the
        state before: below 1 tokens become more alike).

    Raises:
        NotApplicable: no hidden states, no such state, or no token before the read-out.
        InputError: hidden states that are not finite.

    Cost: O(L T d).

    Example:
        >>> import numpy as np
        >>> states = [np.array([[1.0, 2.0], [1.001, 3.0]])]
        >>> Collapse()(Attention.of([[np.eye(2)]], states=states)).data
        0.5

    Source: after Barbero et al., NeurIPS 2024, theorem 4.2 and section 4 (precision).
    """

    cast: Literal["bf16", "fp16", "fp8_e4m3", "fp8_e5m2"] = param("bf16", "format the coordinates are rounded to")
    state: int = param(-1, "hidden state to look at, negative from the last")

    level: ClassVar[Level] = "graph"
    range: ClassVar[str] = "[0, 1]"
    better: ClassVar[Literal["higher", "lower"] | None] = "lower"
    cost: ClassVar[str] = "O(L T d)"
    sources: ClassVar[tuple[str, ...]] = ("attention",)
    hidden: ClassVar[bool] = True
    caveat: ClassVar[str] = "compares two tokens of one text; the theorem compares two texts of different length"
    equation: ClassVar[str] = "share of c with fl(x_r[c]) = fl(x_{r-1}[c])"
    cites: ClassVar[str] = "after Barbero et al. 2024"

    def compute(self, tokens: TokenGraph, context: Context) -> Values:
        attention = cast("Attention", tokens)
        count, front = attention.store.hidden_states, attention.tokens - len(attention.store.hidden(0))
        place = attention.read_out - front  # a virtual token in front has no hidden state
        chosen = self.state + count if self.state < 0 else self.state
        if not 0 <= chosen < count:
            raise NotApplicable(f"hidden state {self.state}", f"{count} of them", "choose one", where=tokens.name)
        if place == 0:
            fix = "choose a later read-out"
            raise NotApplicable("a token before the read-out", "token 0 as read-out", fix, where=tokens.name)
        rows: list[dict[str, Any]] = []
        for k in context.track("hidden states", range(count), count):
            rows.append(self._row(finite_state(attention, k), place, rows[-1]["relative"] if rows else None))
        value = rows[chosen]["equal"][self.cast]
        return Values("graph", value, details={"state": chosen, "read_out": place, "states": rows})

    def _row(self, x: np.ndarray, place: int, before: float | None) -> dict[str, Any]:
        """What is known of one state; `before` is `relative` of the one in front."""
        pair: Gap = gap(x[place], x[place - 1])
        near = rounded(x, self.cast)
        norm, mu = float(np.linalg.norm(x)), float(np.linalg.norm(x - x.mean(axis=0)))
        relative = mu / norm if norm else 0.0
        return {
            "equal": pair.equal,
            "neighbours": float((near[1:] == near[:-1]).mean()),
            "l1": pair.l1,
            "linf": pair.linf,
            "cosine": mean_cosine(x),
            "relative": relative,
            "contraction": relative / before if before else None,
        }
