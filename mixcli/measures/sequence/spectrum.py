"""Eigenvalues of each layer's attention, and what they leave out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from mixcli.context import Context
from mixcli.measures.sequence_base import Level, SequenceMeasure, Values
from mixcli.measures.token_work import operators
from mixcli.numerics.token_spectrum import LayerSpectrum, layer_spectrum
from mixcli.sequence import TokenGraph
from mixcli.spec import param

__all__ = ["Spectrum"]


@dataclass(frozen=True)
class Spectrum(SequenceMeasure):
    """Spectral gap 1 - |λ_2| of the attention matrix of a layer, the smallest over the layers.

    λ_1 = 1, λ_2, … in falling modulus. The eigenvalues of anything causal are the weights A_ii with which tokens read
    themselves: they see nothing of who reads whom else, and with uniform weights the gap of every causal mask whose
    token 1 reads itself and token 0 is 1/2 at most. Compare masks by `mixing` and `reach` instead.

    Args:
        bins: bins of the histogram of |λ| over [0, 1].

    Returns:
        Values: the gap. Details, of the layer with the smallest gap: `moduli` (the first ten), `histogram` (shares),
        `below_tenth` (share of |λ| < 0.1), `sigma_1` and `sigma_2` (most that states, and differences of states, can
        grow in a layer), `departure` from normality, `kemeny` (of the walk that follows the reading); `by_layer`
        (gap, sigma_1, sigma_2, departure) where layers differ.

    Example:
        >>> from mixcli.generators.mask_spec import sequence_of
        >>> found = Spectrum()(sequence_of("causal:tokens=64,layers=1"))
        >>> found.data, round(found.details["sigma_1"], 3), round(found.details["kemeny"], 6)
        (0.5, 1.598, 67.728266)

    Source: Levin and Peres 2017, chapter 12; departure from normality: Henrici 1962.
    """

    bins: int = param(10, "bins of the histogram of moduli", ge=1)

    level: ClassVar[Level] = "graph"
    range: ClassVar[str] = "[0, 1]"
    cost: ClassVar[str] = "O(T²) where causal, else O(C³) for C tokens that read each other; T³ up to 512 tokens"
    equation: ClassVar[str] = "1 - |λ_2|"
    cites: ClassVar[str] = "Levin and Peres 2017, chapter 12; Henrici 1962"
    caveat: ClassVar[str] = (
        "Eigenvalues of a causal source are its diagonal: they tell how tokens read themselves, nothing of the mask; "
        "never rank masks by this gap."
    )

    def compute(self, tokens: TokenGraph, context: Context) -> Values:
        """The smallest gap, with histogram and singular values in the details."""
        layers = operators(tokens, context)
        if not tokens.causal:
            context.limits.check(
                "all eigenvalues of each layer",
                memory=40.0 * tokens.tokens**2,
                operations=5.0 * len(layers.distinct) * float(tokens.tokens) ** 3,
                instead="take fewer tokens",
            )
        found: dict[int, LayerSpectrum] = {}
        for layer in layers.distinct:
            found[layer] = layer_spectrum(layers, layer)
            context.progress("spectrum", len(found), len(layers.distinct))
        worst = min(found, key=lambda layer: found[layer].gap)
        details = self._details(found[worst])
        if not layers.alike:
            details["layer"] = worst
            details["by_layer"] = [_brief(found[tokens.like(layer)]) for layer in range(tokens.depth)]
        return Values("graph", found[worst].gap, details=details)

    def _details(self, one: LayerSpectrum) -> dict[str, Any]:
        moduli = one.moduli
        counts, edges = np.histogram(moduli.clip(0.0, 1.0), self.bins, (0.0, 1.0))
        return {
            "moduli": moduli[:10].tolist(),
            "below_tenth": float((moduli < 0.1).mean()),
            "bin_edges": edges.tolist(),
            "histogram": (counts / len(moduli)).tolist(),
            **{key: value for key, value in _brief(one).items() if key != "gap"},
            "kemeny": one.kemeny,
            "triangular": one.triangular,
        }


def _brief(one: LayerSpectrum) -> dict[str, float]:
    return {"gap": one.gap, "sigma_1": one.sigma_1, "sigma_2": one.sigma_2, "departure": one.departure}
