"""What a model is: the parameters of a network, and the kind of layer it stacks."""

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

__all__ = ["Model", "network"]


@dataclass(frozen=True)
class Model(ABC):
    """A frozen dataclass of a network's shape, plus these facts about it; a subclass adds one kind of layer.

    A field left at None takes the default of the task (`Task.layers`, `hidden`, `dropout`).
    """

    layers: int | None = param(None, "convolutions, the last of which gives the class scores; default by task", ge=1)
    hidden: int | None = param(None, "width of the hidden layers; default by task", ge=1)
    dropout: float | None = param(None, "probability of dropping a hidden entry; default by task", ge=0, le=0.95)

    layers_of: Literal["mixcli", "pyg"] = param(
        "mixcli", "pyg: torch_geometric's own modules from the same initial weights, the slower reference"
    )

    relational: ClassVar[bool] = False
    """Whether it tells original edges from added ones."""
    equation: ClassVar[str]
    cites: ClassVar[str]

    @abstractmethod
    def layer(self, inputs: int, outputs: int, relations: int, generator: Any) -> Any:
        """One convolution, a torch module called with (features, batch)."""

    def completed(self, task: Task) -> Model:
        """This model with the task's defaults where nothing was said."""
        said = {k: getattr(self, k) for k in ("layers", "hidden", "dropout")}
        return dataclasses.replace(self, **{k: getattr(task, k) if v is None else v for k, v in said.items()})


def network(model: Model, task: Task, relations: int, generator: Any) -> Network:
    """The network that a model describes for a task.

    Args:
        model: completed with the task's defaults.
        task: gives the width of input and output.
        relations: of a relational model, the same for every arm so that all have the same parameters.
        generator: the torch generator that draws the initial weights.
    """
    from mixcli.training.network import Network

    if model.layers is None or model.hidden is None:
        raise ValueError("expected a completed model")
    widths = [task.width, *[model.hidden] * (model.layers - 1), task.classes]
    layers = [model.layer(a, b, relations, generator) for a, b in itertools.pairwise(widths)]
    if model.layers_of == "pyg":
        from mixcli.training.pyg_layers import PyGLayer

        layers = [PyGLayer(layer) for layer in layers]
    return Network(layers, task.drop_input)
