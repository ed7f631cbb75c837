"""Representational collapse: hidden states that low precision can no longer tell apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from mixcli.context import Context
from mixcli.errors import NotApplicable
from mixcli.measures.sequence_base import Level, SequenceMeasure, Values
from mixcli.numerics.collapse import Gap, gap, rounded
from mixcli.numerics.collapse_curve import collapse_curve, lengths_up_to
from mixcli.numerics.hidden_sweep import finite_state
from mixcli.numerics.random_decoder import RandomDecoder
from mixcli.numerics.token_states import mean_cosine
from mixcli.sequence import Attention, MaskSequence, TokenGraph
from mixcli.spec import param

__all__ = ["Collapse"]


@dataclass(frozen=True)
class Collapse(SequenceMeasure):
    """Share of the coordinates in which the read-out and the token before it are equal once rounded.

    |{c: fl(x_r[c]) = fl(x_{r-1}[c])}| / d,  x the last hidden state, fl rounding to the format

    1 is a read-out that a network of this precision cannot tell from its neighbour. The theorem behind it compares the
    last token of a text with that of the same text with one token repeated; here both tokens stand in one text (this
    reading is ours).

    Of a mask it is the theorem's own experiment, on a decoder with random weights and no positions: the share of the
    coordinates in which the last token of a a … a z is equal to that of the text with one a more, at the greatest
    length tried. `repeat` does the same with the model of an `hf:` source: z is the last token of its text, a the one
    before it, b the first.

    Args:
        cast: the format: bfloat16, half precision, or one of two 8-bit formats.
        state: hidden state to look at, counted from 0, the embedding; negative from the last.
        commas: in the experiment, another token at every so-manieth place.
        repeat: longest text of the experiment with the model of an `hf:` source; 0 leaves it out.

    Returns:
        Values: the share. Details of the experiment: `experiment` as `collapse_curve` gives it. Of hidden states:
        `states`, for each one: `equal` (format -> share, read-out and neighbour), `neighbours` (the share in `cast`,
        mean over all neighbouring tokens), `l1` and `linf` (distances of the pair), `cosine` (mean over all pairs of
        tokens), `relative` (mu / |X|_F) and `contraction` (its ratio to that of the state before: below 1 tokens
        become more alike).

    Raises:
        NotApplicable: no hidden states, no such state, no token before the read-out, a mask that is not causal or too
            short, or `repeat` without a model.
        InputError: hidden states that are not finite.

    Cost: O(L T d); the experiment O(L T²).

    Example:
        >>> import numpy as np
        >>> states = [np.array([[1.0, 2.0], [1.001, 3.0]])]
        >>> Collapse()(Attention.of([[np.eye(2)]], states=states)).data
        0.5
        >>> from mixcli.generators.mask_spec import sequence_of
        >>> found = Collapse()(sequence_of("causal:tokens=130,layers=3"))
        >>> found.details["experiment"]["collapsed_at"], found.data
        (128, 1.0)

    Source: after Barbero et al., NeurIPS 2024, theorem 4.2 and section 4 (precision).
    """

    cast: Literal["bf16", "fp16", "fp8_e4m3", "fp8_e5m2"] = param("bf16", "format the coordinates are rounded to")
    state: int = param(-1, "hidden state to look at, negative from the last")
    commas: int = param(0, "experiment: another token at every so-manieth place, 0 for none", ge=0)
    repeat: int = param(0, "longest text of the experiment with the model of hf:, 0 for none", ge=0)

    level: ClassVar[Level] = "graph"
    range: ClassVar[str] = "[0, 1]"
    better: ClassVar[Literal["higher", "lower"] | None] = "lower"
    cost: ClassVar[str] = "O(L T d); of masks, the experiment, O(L T²)"
    hidden: ClassVar[bool] = True
    caveat: ClassVar[str] = (
        "of hidden states it compares two tokens of one text; of masks, two texts under random weights"
    )
    equation: ClassVar[str] = "share of c with fl(x_r[c]) = fl(x_{r-1}[c])"
    cites: ClassVar[str] = "after Barbero et al. 2024"

    def compute(self, tokens: TokenGraph, context: Context) -> Values:
        if isinstance(tokens, MaskSequence):
            return self._experiment(tokens, context)
        attention = tokens
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
        repeated = {"experiment": self._with_model(attention)} if self.repeat else {}
        return Values("graph", value, details={"state": chosen, "read_out": place, "states": rows, **repeated})

    def _experiment(self, tokens: MaskSequence, context: Context) -> Values:
        """The experiment on the masks of texts of growing length, which are the corners of a causal mask."""
        lengths = lengths_up_to(tokens.tokens)
        if not tokens.causal or len(lengths) < 2:
            found = f"{tokens.tokens} tokens{'' if tokens.causal else ', later keys read'}"
            raise NotApplicable("a causal mask of at least 9 tokens", found, "choose another", where=tokens.name)
        context.limits.check("collapse", memory=24.0 * tokens.tokens**2, instead="use fewer tokens")
        decoder = RandomDecoder(tokens.depth, context.rng("collapse"))
        masks = [tokens.visible(layer) for layer in range(tokens.depth)]

        def last(text: np.ndarray) -> np.ndarray:
            n = len(text)
            return decoder.last(text, [mask[:n, :n] for mask in masks])

        curve = collapse_curve(last, lengths, (1, 2, 3), commas=self.commas, cast=self.cast)
        return Values("graph", curve["lengths"][-1]["equal"][self.cast], exact=False, details={"experiment": curve})

    def _with_model(self, attention: Attention) -> dict[str, Any]:
        """The experiment with the network behind an `hf:` source."""
        probe = getattr(attention.store, "probe", None)
        if probe is None:
            fix = "take it from hf:FOLDER, or leave repeat out"
            raise NotApplicable("a model for repeat", "weights from a file", fix, where=attention.name)
        first, *_, before, last = probe.ids
        curve = collapse_curve(probe, lengths_up_to(self.repeat), (before, last, first), commas=self.commas)
        return {k: v for k, v in curve.items() if v is not None}

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
