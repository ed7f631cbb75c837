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
        fields = {f.name for f in dataclasses.fields(self)} & {"layers", "hidden", "dropout"}  # type: ignore[arg-type]
        unsaid = {k: getattr(task, k) for k in fields if getattr(self, k) is None}
        return dataclasses.replace(self, **unsaid)  # type: ignore[type-var]


@dataclass(frozen=True)
class Convolutions(Model):
    """A model that stacks one kind of layer with ReLU and dropout between; a subclass says which."""

    layers: int | None = param(None, "convolutions, the last of which gives the class scores; default by task", ge=1)
    hidden: int | None = param(None, "width of the hidden layers; default by task", ge=1)
    dropout: float | None = param(None, "probability of dropping a hidden entry; default by task", ge=0, le=0.95)

    layers_of: Literal["mixcli", "pyg"] = param(
        "mixcli", "pyg: torch_geometric's own modules from the same initial weights, the slower reference"
    )

    @abstractmethod
    def layer(self, inputs: int, outputs: int, relations: int, generator: Any) -> Any:
        """One convolution, a torch module called with (features, batch)."""

    def network(self, task: Task, relations: int, generator: Any) -> Network:
        """The layers in a row, from the task's features to its classes."""
        from mixcli.training.network import Network

        if self.layers is None or self.hidden is None:
            raise ValueError("expected a completed model")
        widths = [task.width, *[self.hidden] * (self.layers - 1), task.classes]
        layers = [self.layer(a, b, relations, generator) for a, b in itertools.pairwise(widths)]
        if self.layers_of == "pyg":
            from mixcli.training.pyg_layers import PyGLayer

            layers = [PyGLayer(layer) for layer in layers]
        return Network(layers, task.drop_input)
