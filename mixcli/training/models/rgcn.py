"""R-GCN."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from mixcli.training.models.base import Convolutions

if TYPE_CHECKING:
    from mixcli.training.layers import RGCNLayer

__all__ = ["RGCN"]


@dataclass(frozen=True)
class RGCN(Convolutions):
    """Relational GCN: one weight for the node itself and one for the mean over each relation.

    h ← ReLU(h W₀ + Σ_r mean_r(h) W_r + b). Relation 0 holds the original edges, relation 1 those a rewiring added;
    each overlay of a layer plan is one more, over which layers that do not use it hear nothing. Every arm gets as many
    relations as the arm with most, so that all arms have the same number of parameters.

    Source: Schlichtkrull et al., ESWC 2018, equation 2; for rewiring, Karhadkar et al., ICLR 2023, section 4.
    """

    relational: ClassVar[bool] = True
    equation: ClassVar[str] = "h' = h W0 + sum_r mean_r(h) W_r + b"
    weighted: ClassVar[str] = "weighted means"
    cites: ClassVar[str] = "Schlichtkrull et al., ESWC 2018, equation 2"

    def layer(self, inputs: int, outputs: int, relations: int, generator: Any) -> RGCNLayer:
        """One convolution."""
        from mixcli.training.layers import RGCNLayer

        return RGCNLayer(inputs, outputs, relations, generator)
