"""GIN."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from mixcli.training.models.base import Convolutions

if TYPE_CHECKING:
    from mixcli.training.layers import GINLayer

__all__ = ["GIN"]


@dataclass(frozen=True)
class GIN(Convolutions):
    """Graph isomorphism network: sums over neighbours, then a two-layer perceptron with batch normalisation.

    h ← ReLU(W₂ ReLU(BN(W₁ (h + A h))) + b₂), ε = 0. On a weighted graph the sum is weighted (ours; the paper has no
    weights).

    Source: Xu et al., ICLR 2019, equation 4.1.
    """

    equation: ClassVar[str] = "h' = W2 ReLU(BN(W1 (h + A h))) + b2"
    weighted: ClassVar[str] = "weighted sum"
    cites: ClassVar[str] = "Xu et al., ICLR 2019, equation 4.1"

    def layer(self, inputs: int, outputs: int, relations: int, generator: Any) -> GINLayer:
        """One convolution."""
        from mixcli.training.layers import GINLayer

        return GINLayer(inputs, outputs, generator)
