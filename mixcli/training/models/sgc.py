"""SGC."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from mixcli.spec import param
from mixcli.training.models.base import Model

if TYPE_CHECKING:
    from mixcli.training.sgc_network import SGCNetwork
    from mixcli.training.tasks.base import Task

__all__ = ["SGC"]


@dataclass(frozen=True)
class SGC(Model):
    """Simplified graph convolution: averages over neighbourhoods, then one linear map; nothing between is trained.

    scores = S^K X W + b, S = D̃^-½ (A + I) D̃^-½. What a rewiring does to it is done by the topology alone, not by
    training. Each of the K steps follows the layer plan like a layer.

    Source: Wu et al., ICML 2019, equation 8.
    """

    equation: ClassVar[str] = "scores = S^K X W + b, S = D̃^-1/2 (A + I) D̃^-1/2"
    weighted: ClassVar[str] = "weights enter A"
    cites: ClassVar[str] = "Wu et al., ICML 2019, equation 8"

    layers: int | None = param(None, "steps K; default as many as the task has layers", ge=1)
    dropout: float | None = param(0.0, "probability of dropping an input entry", ge=0, le=0.95)
    hidden: int | None = dataclasses.field(init=False, default=None)

    def network(self, task: Task, relations: int, generator: Any) -> SGCNetwork:
        """The network."""
        from mixcli.training.sgc_network import SGCNetwork

        if self.layers is None:
            raise ValueError("expected a completed model")
        return SGCNetwork(task.width, task.classes, self.layers, generator)
