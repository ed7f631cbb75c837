"""What a model is: the parameters of a network, and what it stacks."""

from __future__ import annotations

import dataclasses
import itertools
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from mixcli.spec import param

if TYPE_CHECKING:
    from mixcli.training.network import Network
    from mixcli.training.tasks.base import Task

__all__ = ["Convolutions", "Model"]


class Model(ABC):
    """A frozen dataclass of a network's shape, plus these facts about it.

    A field that is None takes the default of the task (`Task.layers`, `hidden`, `dropout`).
    """

    dropout: float | None
    hidden: int | None

    reads: ClassVar[str] = "graph"
    """What it mixes over: a "graph", or the tokens of a "mask"."""
    relational: ClassVar[bool] = False
    """Whether it tells original edges from added ones."""
    equation: ClassVar[str]
    directed: ClassVar[str] = "an arc carries from its tail to its head only"
    """What one-way edges do."""
    weighted: ClassVar[str] = ""
    """What edge weights do."""
    cites: ClassVar[str]

    @abstractmethod
    def network(self, task: Task, relations: int, generator: Any) -> Any:
        """The network for a task.

        Args:
            task: gives the width of input and output.
            relations: of a relational model, the same for every arm so that all have the same parameters.
            generator: the torch generator that draws the initial weights.
        """

    def completed(self, task: Task) -> Model:
        """This model with the task's defaults where nothing was said."""
        said = {f.name for f in dataclasses.fields(self) if f.init}  # type: ignore[arg-type]
        fields = said & {"layers", "hidden", "dropout"}
        unsaid = {k: getattr(task, k) for k in fields if getattr(self, k) is None}
        return dataclasses.replace(self, **unsaid)  # type: ignore[type-var]


@dataclass(frozen=True)
class Convolutions(Model):
    """A model that stacks one kind of layer with ReLU and dropout between; a subclass says which.

    With norms and residuals a layer between the first and the last is x + ReLU(norm(layer(x))); the first one has no
    residual, since it changes the width, and the last one neither norm nor residual.
    """

    kept_by_node: ClassVar[float] = 7
    """Arrays as wide as a layer that each node keeps of each layer for the backward pass, found by measuring."""
    layers: int | None = param(None, "convolutions, the last of which gives the class scores; default by task", ge=1)
    hidden: int | None = param(None, "width of the hidden layers; default by task", ge=1)
    dropout: float | None = param(None, "probability of dropping a hidden entry; default by task", ge=0, le=0.95)

    layers_of: Literal["mixcli", "pyg"] = param(
        "mixcli", "pyg: torch_geometric's own modules from the same initial weights, the slower reference"
    )

    residual: bool = param(False, "whether each hidden layer after the first adds its input to its output")
    norm: Literal["none", "batch", "layer"] = param("none", "normalisation after each hidden layer, before ReLU")

    @property
    def kept_by_arc(self) -> float:
        """Arrays as wide as a layer that each arc keeps of each layer, beside the arc itself."""
        return 0

    @abstractmethod
    def layer(self, inputs: int, outputs: int, relations: int, generator: Any) -> Any:
        """One convolution, a torch module called with (features, batch)."""

    def last_layer(self, inputs: int, outputs: int, relations: int, generator: Any) -> Any:
        """The convolution that gives the class scores, where it is not like the others."""
        return self.layer(inputs, outputs, relations, generator)

    def last_width(self, task: Task) -> int:
        """Width of the values in the last layer."""
        return task.classes

    @property
    def all_pairs(self) -> bool:
        """Whether a complete last layer goes through all pairs of nodes."""
        return False

    def network(self, task: Task, relations: int, generator: Any) -> Network:
        """The layers in a row, from the task's features to its classes."""
        from mixcli.training.network import Network

        if self.layers is None or self.hidden is None:
            raise ValueError("expected a completed model")
        widths = [task.width, *[self.hidden] * (self.layers - 1), task.classes]
        pairs = list(itertools.pairwise(widths))
        layers = [self.layer(a, b, relations, generator) for a, b in pairs[:-1]]
        layers.append(self.last_layer(*pairs[-1], relations, generator))
        if self.layers_of == "pyg":
            from mixcli.training.pyg_layers import PyGLayer

            layers = [PyGLayer(layer) for layer in layers]
        if self.norm == "none":
            return Network(layers, task.drop_input, residual=self.residual)
        from mixcli.training.norms import Norm

        norms = [Norm(self.norm, width) for width in widths[1:-1]]
        return Network(layers, task.drop_input, norms=norms, residual=self.residual)
