"""A network whose parameters have an axis of trials in front, put together from the networks of the trials."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from mixcli.training.models.base import Model
    from mixcli.training.tasks.base import Task

__all__ = ["LAYERS", "chosen", "stack", "unstackable"]

NETWORKS = {"Network", "SGCNetwork"}
"""Networks that pass on whatever their layers take."""

Net = TypeVar("Net", bound=nn.Module)

LAYERS = {
    "GATLayer", "GATv2Layer", "GatedGCNLayer", "GCNLayer", "GINLayer", "LinearLayer", "Norm", "RGCNLayer", "RGINLayer",
    "SAGELayer",
}  # fmt: skip
"""What does the same to (trials, rows, channels) as to (rows, channels); networks with others are trained alone.

Batch normalisation between layers takes away the bias of the layer before it, whose gradient is then nothing but
rounding, or the weight decay of rounding, and Adam makes steps of that as large as any: alone and in a stack these
biases drift apart. Training does not see them; evaluation does, through running means that lag behind, so that there a
borderline item may change sides. (GIN's first map has no bias.)
"""


def unstackable(model: Model, task: Task, relations: int) -> str:
    """Why a model's network cannot be stacked, empty where it can.

    Args:
        model: completed with the task's defaults.
        task: gives the width of input and output.
        relations: of a relational model.
    """
    key = (model, type(task), task.width, task.classes, relations)
    if key not in _known():
        with torch.device("meta"):  # shapes only
            net = model.network(task, relations, None)
        kind = type(net).__name__
        known = kind in NETWORKS
        _known()[key] = frozenset(type(m).__name__ for m in net.modules() if _own(m)) if known else frozenset({kind})
    names = _known()[key]
    others = sorted(names - LAYERS)
    return f"no stacked form of {', '.join(others)}" if others else ""


@cache
def _known() -> dict[object, frozenset[str]]:
    """Names of a network's parts that have weights, or of the network itself where it has no stacked form."""
    return {}


def _own(module: nn.Module) -> bool:
    return any(True for _ in (*module.parameters(recurse=False), *module.buffers(recurse=False)))


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
