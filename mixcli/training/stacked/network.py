"""A network whose parameters have an axis of trials in front, put together from the networks of the trials."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import Tensor, nn

from mixcli.training.network import Network
from mixcli.training.sgc_network import SGCNetwork

if TYPE_CHECKING:
    from mixcli.training.models.base import Model
    from mixcli.training.tasks.base import Task

__all__ = ["LAYERS", "chosen", "stack", "stackable"]

Net = TypeVar("Net", bound=nn.Module)

LAYERS = {"GCNLayer", "GINLayer", "LinearLayer", "Norm", "RGCNLayer", "RGINLayer", "SAGELayer"}
"""What does the same to (trials, rows, channels) as to (rows, channels); networks with others are trained alone.

Batch normalisation between layers takes away the bias of the layer before it, whose gradient is then nothing but
rounding, or the weight decay of rounding, and Adam makes steps of that as large as any: alone and in a stack these
biases drift apart. Training does not see them; evaluation does, through running means that lag behind, so that there a
borderline item may change sides. (GIN's first map has no bias.)
"""


def stackable(model: Model, task: Task, relations: int) -> bool:
    """Whether a model's network is made of layers that can be stacked."""
    return _stackable(model, type(task), task.width, task.classes, task, relations)


def _stackable(model: Model, kind: type, width: int, classes: int, task: Task, relations: int) -> bool:
    key = (model, kind, width, classes, relations)
    if key not in _known():
        with torch.device("meta"):  # shapes only
            net = model.network(task, relations, None)
        _known()[key] = type(net) in (Network, SGCNetwork) and all(_fits(m) for m in net.modules())
    return _known()[key]


@cache
def _known() -> dict[object, bool]:
    return {}


def _fits(module: nn.Module) -> bool:
    own = [*module.parameters(recurse=False), *module.buffers(recurse=False)]
    return not own or type(module).__name__ in LAYERS


def stack(nets: Sequence[Net]) -> Net:
    """One network for several of the same shape.

    A parameter (d,) becomes (trials, 1, d), any other (trials, *shape): both then multiply, or are added to, values of
    shape (trials, rows, d).
    """
    out = copy.deepcopy(nets[0])
    for module, *others in zip(out.modules(), *(net.modules() for net in nets), strict=True):
        _replace(module, partial(_together, others))
    return out


def chosen(net: Net, trials: Tensor) -> Net:
    """The stacked network of some of the trials."""
    out = copy.deepcopy(net)
    for module in out.modules():
        _replace(module, partial(_some, module, trials))
    return out


def _together(modules: Sequence[nn.Module], name: str) -> Tensor:
    values = [_of(m, name) for m in modules]
    return torch.stack([v[None] if v.dim() == 1 else v for v in values])


def _some(module: nn.Module, trials: Tensor, name: str) -> Tensor:
    return _of(module, name)[trials]


def _replace(module: nn.Module, values: Callable[[str], Tensor]) -> None:
    for name in list(_names(module._parameters)):
        module._parameters[name] = nn.Parameter(values(name))
    for name in list(_names(module._buffers)):
        module._buffers[name] = values(name)


def _names(tensors: dict[str, nn.Parameter | None] | dict[str, Tensor | None]) -> Iterator[str]:
    return (name for name, value in tensors.items() if value is not None)


def _of(module: nn.Module, name: str) -> Tensor:
    value: Tensor = getattr(module, name)
    return value.detach()
