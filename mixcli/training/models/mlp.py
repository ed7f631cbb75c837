"""Multilayer perceptron."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from mixcli.training.models.base import Convolutions

if TYPE_CHECKING:
    from mixcli.training.layers_plain import LinearLayer

__all__ = ["MLP"]


@dataclass(frozen=True)
class MLP(Convolutions):
    """Multilayer perceptron on each node alone: the control that no edge, old or new, can help.

    h ← ReLU(h W + b). It hears nothing, whatever the layer plan; a graph's score is still the mean over its nodes.

    Source: as a baseline for graph networks, Errica et al., ICLR 2020.
    """

    equation: ClassVar[str] = "h' = h W + b"
    weighted: ClassVar[str] = "no edges are used"
    directed: ClassVar[str] = "no edges are used"
    cites: ClassVar[str] = "Errica et al., ICLR 2020, as a baseline"

    def layer(self, inputs: int, outputs: int, relations: int, generator: Any) -> LinearLayer:
        """One layer."""
        from mixcli.training.layers_plain import LinearLayer

        return LinearLayer(inputs, outputs, generator)
