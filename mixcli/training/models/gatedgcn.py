"""GatedGCN."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from mixcli.spec import param
from mixcli.training.models.base import Convolutions

if TYPE_CHECKING:
    from mixcli.training.layers_arcs import GatedGCNLayer

__all__ = ["GatedGCN"]


@dataclass(frozen=True)
class GatedGCN(Convolutions):
    """Gated graph convolutions: each neighbour's message passes a gate that both ends open, channel by channel.

    h ← h + ReLU(BN(h U + Σ_j η_ij ⊙ h_j W + b)), η_ij = σ(h_i A + h_j B + c). `gates=normalised` divides the gates of a
    node by their sum + 1e-6. In a fully adjacent last layer of the variant "complete" a node hears all others through
    gates, in O(n²); for "mean" and "sum" without them.

    Differs from Dwivedi et al.: no features of edges are carried from layer to layer, since a layer plan may change the
    edges between layers; no embedding before the first layer.

    Source: Bresson & Laurent, arXiv 1711.07553, 2017; residual and batch norm: Dwivedi et al., JMLR 2023.
    """

    kept_by_node: ClassVar[float] = 9
    equation: ClassVar[str] = "h'_i = h_i U + sum_j sigmoid(h_i A + h_j B + c) * (h_j W) + b"
    weighted: ClassVar[str] = "an edge of weight w counts as w parallel edges (ours)"
    cites: ClassVar[str] = "Bresson & Laurent, arXiv 1711.07553, 2017; Dwivedi et al., JMLR 2023"

    residual: bool = param(True, "whether each hidden layer after the first adds its input to its output")
    norm: Literal["none", "batch", "layer"] = param("batch", "normalisation after each hidden layer, before ReLU")
    gates: Literal["sum", "normalised"] = param("sum", "normalised: the gates of a node sum to 1 in each channel")

    def layer(self, inputs: int, outputs: int, relations: int, generator: Any) -> GatedGCNLayer:
        """One convolution."""
        from mixcli.training.layers_arcs import GatedGCNLayer

        return GatedGCNLayer(inputs, outputs, self.gates == "normalised", generator)

    @property
    def kept_by_arc(self) -> float:
        """Gates, messages, and their product."""
        return 4

    @property
    def all_pairs(self) -> bool:
        """Gates differ from pair to pair."""
        return True
