"""After how many layers all tokens hold nearly the same mix."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from mixcli.context import Context
from mixcli.measures.sequence_base import Level, SequenceMeasure, Values
from mixcli.measures.token_work import operators
from mixcli.numerics.contraction import absorbing, dobrushin, forgetting, products
from mixcli.numerics.token_graph import centres
from mixcli.numerics.token_operators import Operators
from mixcli.sequence import TokenGraph
from mixcli.spec import param

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Mixing"]

MOST = 100_000
"""Layers after which the search for the mixing depth ends."""


@dataclass(frozen=True)
class Mixing(SequenceMeasure):
    """Layers until any two tokens hold mixes that differ by at most a quarter in total variation.

    min {l : tau(P_l) <= 1/4}, P_l = B_l … B_1, B = (1 - lam) A + lam I, tau(P) = max_{i, k} TV(P_i, P_k), Dobrushin's
    coefficient: the range of every column of the hidden states contracts by it, and tau(P Q) <= tau(P) tau(Q). A
    mask's layers are repeated in their order where they do not suffice; a network's are not. In anything causal token 0
    reads itself only, so that tau(P) = 1 - min_i P[i, 0] exactly: to mix is to forget into the first token.

    Args:
        threshold: tau at which the mix counts as done.
        residual: lam, the share of itself that a token keeps.

    Returns:
        Values: the layers; infinite where two closed classes of tokens never hear of each other. Details: `curve`, tau
        after 1, 2, … layers of the source, and `tau` after the last; `by_layer`, tau of each layer alone where they
        differ; `sink`, the token that all forget into, where there is one, and `last_to_sink`, the token with least
        weight on it after the last layer.

    Cost: O(T²) a layer where some token reads only itself, else O(T³).

    Example:
        >>> from mixcli.generators.mask_spec import sequence_of
        >>> found = Mixing()(sequence_of("causal:tokens=256,layers=2"))
        >>> found.data, found.details["curve"][0] == 1 - 1 / 256
        (9.0, True)

    Source: Dobrushin 1956; 1/4 as in Levin and Peres 2017, section 4.5; the exact value with a sink is ours.
    """

    threshold: float = param(0.25, "tau at which the mix counts as done", gt=0, le=1)
    residual: float = param(0.0, "share of itself a token keeps in a layer", ge=0, le=1)

    level: ClassVar[Level] = "graph"
    unit: ClassVar[str] = "layers"
    range: ClassVar[str] = "[1, ∞]"
    better: ClassVar = "lower"
    cost: ClassVar[str] = "O(T²) a layer where causal, else O(T³) a layer"
    equation: ClassVar[str] = "min {l : max_{i, k} TV(P_l[i], P_l[k]) <= 1/4}"
    cites: ClassVar[str] = "Dobrushin 1956; Levin and Peres 2017, section 4.5"
    caveat: ClassVar[str] = "Fast mixing of a causal source means forgetting into token 0, not more exchange of tokens."

    def compute(self, tokens: TokenGraph, context: Context) -> Values:
        """The layers, with tau by depth in the details."""
        layers = operators(tokens, context)
        sink = absorbing(layers)
        found = self._general(tokens, layers, context) if sink is None else self._towards(tokens, layers, sink, context)
        value, details = found
        if value is None and centres(layers, 0).classes > 1:
            details = {key: fact for key, fact in details.items() if key not in ("sink", "last_to_sink")}
            reason = "tokens fall into closed classes that never hear of each other"
            return Values("graph", math.inf, reason=reason, details=details)
        if value is None:
            return Values("graph", None, reason=self._not_yet(tokens, details), details=details)
        return Values("graph", float(value), details=details)

    def _towards(
        self, tokens: TokenGraph, layers: Operators, sink: int, context: Context
    ) -> tuple[int | None, dict[str, Any]]:
        """Depth and curve by products with a vector, where a token reads nothing but itself."""
        curve: list[float] = []
        alone: list[float] = []
        value, away = None, np.zeros(0)
        start, keep = (np.arange(tokens.tokens) != sink).astype(float), self.residual
        most = self._most(tokens, layers, context)
        for depth, (tau, rest) in enumerate(forgetting(layers, sink, self.residual), 1):
            if depth <= tokens.depth:
                curve.append(tau)
                if not layers.alike:
                    alone.append(float((keep * start + (1 - keep) * layers.right(depth - 1, start)).max()))
                away = rest
            if value is None and tau <= self.threshold:
                value = depth
            if depth >= tokens.depth and (value is not None or depth >= most):
                break
            context.progress("mixing", depth, 0)
        facts: dict[str, Any] = {"tau": curve[-1], "curve": curve, "sink": sink, "last_to_sink": int(away.argmax())}
        return value, facts | ({"by_layer": alone} if alone else {})

    def _most(self, tokens: TokenGraph, layers: Operators, context: Context) -> int:
        """Layers to look at: the network's own, or as many of a mask's repeated as the limits allow."""
        if tokens.kind == "attention" or self.residual == 1.0 or centres(layers, 0).classes > 1:
            return tokens.depth
        return max(tokens.depth, min(MOST, int(context.limits.operations / 4 / layers.work)))

    def _general(self, tokens: TokenGraph, layers: Operators, context: Context) -> tuple[int | None, dict[str, Any]]:
        """Depth and curve by products of matrices."""
        size = tokens.tokens
        context.limits.check(
            "products of matrices for mixing",
            memory=8.0 * size**2 * 24,
            operations=0.15 * (tokens.depth + 12) * float(size) ** 3,
            instead="take fewer tokens, or a causal source",
        )
        curve, last = [], np.zeros(0)
        for last in products(layers, self.residual):
            curve.append(dobrushin(last))
            context.progress("mixing", len(curve), tokens.depth)
        facts: dict[str, Any] = {"tau": curve[-1], "curve": curve}
        if not layers.alike:
            keep, one = self.residual, np.eye(size)
            facts["by_layer"] = [
                dobrushin(keep * one + (1 - keep) * layers.matrix(layer)) for layer in range(tokens.depth)
            ]
        value = next((depth for depth, tau in enumerate(curve, 1) if tau <= self.threshold), None)
        repeat = value is None and tokens.kind == "mask" and self.residual < 1.0 and centres(layers, 0).classes == 1
        return (self._repeated(layers, last) if repeat else value), facts

    def _repeated(self, layers: Operators, cycle: NDArray[np.float64]) -> int | None:
        """Depth beyond the source's: tau never rises with depth, so powers of the whole cycle bracket it."""
        powers = [cycle]
        while dobrushin(powers[-1]) > self.threshold:
            if 2 ** len(powers) * layers.depth > MOST:
                return None
            powers.append(powers[-1] @ powers[-1])
        done, product = 0, np.eye(layers.size)
        for place in reversed(range(len(powers) - 1)):
            ahead = powers[place] @ product
            if dobrushin(ahead) > self.threshold:
                done, product = done + 2**place * layers.depth, ahead
        for layer in range(layers.depth):
            done += 1
            product = self.residual * product + (1 - self.residual) * (layers.matrix(layer) @ product)
            if dobrushin(product) <= self.threshold:
                break
        return done

    def _not_yet(self, tokens: TokenGraph, details: dict[str, Any]) -> str:
        if tokens.kind == "attention":
            return f"tau is {details['tau']:.3g} after all {tokens.depth} layers, above {self.threshold:g}"
        return f"tau stays above {self.threshold:g} for as many layers as were looked at"
