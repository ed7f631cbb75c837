"""GCN."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from mixcli.training.models.base import Convolutions

if TYPE_CHECKING:
    from mixcli.training.layers import GCNLayer

__all__ = ["GCN"]


@dataclass(frozen=True)
class GCN(Convolutions):
    """Graph convolutional network: degree-normalised averages over each node and its neighbours.

    h ← ReLU(D̃^-½ (A + I) D̃^-½ h W + b), D̃ the degrees of A + I; edge weights enter A. Added edges are edges like any.

    Source: Kipf & Welling, ICLR 2017, equation 2.
    """

    equation: ClassVar[str] = "h' = D̃^-1/2 (A + I) D̃^-1/2 h W + b"
    weighted: ClassVar[str] = "weights enter A"
    cites: ClassVar[str] = "Kipf & Welling, ICLR 2017, equation 2"

    def layer(self, inputs: int, outputs: int, relations: int, generator: Any) -> GCNLayer:
        """One convolution."""
        from mixcli.training.layers import GCNLayer

        return GCNLayer(inputs, outputs, generator)
