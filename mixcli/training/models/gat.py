"""GAT."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from mixcli.errors import UsageError
from mixcli.spec import param
from mixcli.training.models.base import Convolutions

if TYPE_CHECKING:
    from mixcli.training.layers_arcs import GATLayer, GATv2Layer
    from mixcli.training.tasks.base import Task

__all__ = ["GAT"]


@dataclass(frozen=True)
class GAT(Convolutions):
    """Graph attention network: means over each node and its neighbours, weighted by learned attention.

    h ← ReLU(Σ_j α_ij W h_j + b), α_ij = softmax_j LeakyReLU(a·W h_i + c·W h_j) with slope 0.2, heads side by side; the
    last layer takes their mean. `version=2` attends by a·LeakyReLU(V h_i + W h_j). In a fully adjacent last layer of
    the variant "complete" a node attends to all nodes, by sorting in O(n log n) for version 1, over all pairs for
    version 2; for "mean" and "sum" attention is left out.

    Differs from the papers: ReLU between layers instead of ELU, and no dropout of attention weights.

    Source: Veličković et al., ICLR 2018; version 2: Brody, Alon & Yahav, ICLR 2022.
    """

    kept_by_node: ClassVar[float] = 7
    equation: ClassVar[str] = "h'_i = sum_j softmax_j(LeakyReLU(a.W h_i + c.W h_j)) W h_j + b"
    weighted: ClassVar[str] = "an edge of weight w attends like w parallel edges (ours)"
    cites: ClassVar[str] = "Veličković et al., ICLR 2018; Brody, Alon & Yahav, ICLR 2022 (version 2)"

    heads: int = param(4, "attention heads of each layer", ge=1)
    version: Literal["1", "2"] = param("1", "1: GAT, 2: GATv2")

    def layer(self, inputs: int, outputs: int, relations: int, generator: Any) -> GATLayer | GATv2Layer:
        """One convolution, its heads side by side."""
        if outputs % self.heads:
            found = f"hidden={outputs}, heads={self.heads}"
            raise UsageError("a width that the heads divide", found, "change one of them", where="gat")
        return self._made(inputs, outputs, True, generator)

    def last_layer(self, inputs: int, outputs: int, relations: int, generator: Any) -> GATLayer | GATv2Layer:
        """The last convolution, the mean of its heads."""
        return self._made(inputs, outputs, False, generator)

    def last_width(self, task: Task) -> int:
        """Every head is as wide as the result."""
        return self.heads * task.classes

    @property
    def kept_by_arc(self) -> float:
        """Messages, and for version 2 what goes into the logits."""
        return 4 if self.version == "1" else 6

    @property
    def all_pairs(self) -> bool:
        """Version 1 sorts instead."""
        return self.version == "2"

    def _made(self, inputs: int, outputs: int, join: bool, generator: Any) -> GATLayer | GATv2Layer:
        from mixcli.training.layers_arcs import GATLayer, GATv2Layer

        kind = GATLayer if self.version == "1" else GATv2Layer
        return kind(inputs, outputs, self.heads, join, generator)
