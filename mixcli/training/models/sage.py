"""GraphSAGE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from mixcli.training.models.base import Convolutions

if TYPE_CHECKING:
    from mixcli.training.layers_plain import SAGELayer

__all__ = ["SAGE"]


@dataclass(frozen=True)
class SAGE(Convolutions):
    """GraphSAGE: one weight for the node itself and one for the mean over its neighbours.

    h ← ReLU(h W₀ + mean(h) W₁ + b). All neighbours are heard, none are sampled, and rows are not scaled to length 1. In
    a fully adjacent last layer of the variant "complete" the mean is over all other nodes.

    Source: Hamilton, Ying & Leskovec, NeurIPS 2017, algorithm 1 with the mean aggregator.
    """

    equation: ClassVar[str] = "h' = h W0 + mean(h) W1 + b"
    weighted: ClassVar[str] = "weighted mean"
    cites: ClassVar[str] = "Hamilton, Ying & Leskovec, NeurIPS 2017, algorithm 1"

    def layer(self, inputs: int, outputs: int, relations: int, generator: Any) -> SAGELayer:
        """One convolution."""
        from mixcli.training.layers_plain import SAGELayer

        return SAGELayer(inputs, outputs, generator)
