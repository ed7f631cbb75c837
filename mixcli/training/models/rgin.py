"""R-GIN."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from mixcli.training.models.base import Convolutions

if TYPE_CHECKING:
    from mixcli.training.layers_plain import RGINLayer

__all__ = ["RGIN"]


@dataclass(frozen=True)
class RGIN(Convolutions):
    """Relational GIN: a linear map of the node itself, and one GIN for each relation.

    h ← ReLU(h W₀ + b₀ + Σ_r MLP_r(h + Σ over the senders of relation r)), each perceptron with batch normalisation.
    Relations are those of `rgcn`. One that an arm, or a layer, has no arcs of gives its perceptron of h alone, so that
    every arm has the same parameters.

    Source: Karhadkar, Banerjee & Montúfar, ICLR 2023, section 4 and released code; GIN by Xu et al., ICLR 2019.
    """

    relational: ClassVar[bool] = True
    kept_by_node: ClassVar[float] = 11
    equation: ClassVar[str] = "h' = h W0 + b0 + sum_r MLP_r(h + sum_{j of r} h_j)"
    weighted: ClassVar[str] = "weighted sums"
    cites: ClassVar[str] = "Karhadkar, Banerjee & Montúfar, ICLR 2023, section 4 and released code"

    def layer(self, inputs: int, outputs: int, relations: int, generator: Any) -> RGINLayer:
        """One convolution."""
        from mixcli.training.layers_plain import RGINLayer

        return RGINLayer(inputs, outputs, relations, generator)
