"""Whether gradients arrive at the first layer: at the start, after an epoch, and at the best one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch

from mixcli.spec import param
from mixcli.training.probes.base import Probe, Reading
from mixcli.training.probes.states import layer_states

if TYPE_CHECKING:
    from mixcli.training.objective import Objective
    from mixcli.training.probes.trained import Trained

__all__ = ["Gradients"]

MOMENTS = {"start": "start", "first": "first epoch", "best": "best"}


@dataclass(frozen=True)
class Gradients(Probe):
    """Norm of the training loss's gradient at each layer, and how many hidden units are dead.

    ‖dL/dW_l‖_F over all parameters of layer l, and ‖dL/dH_l‖_F of its output, on a fixed batch of training units,
    before training, after one epoch, and with the best weights, dropout off. `ratio` is that of the first layer to the
    last: far below 1 before training, gradients vanish, and a network that does not learn says nothing about its graph.
    A unit is dead where its output is 0 on every row of the batch.

    Source: Micheli & Tortorella, 2023, for the confusion of vanishing gradients with over-squashing.
    """

    equation: ClassVar[str] = "|dL/dW_l|_F for each layer l; ratio = |dL/dW_1|_F / |dL/dW_L|_F"
    cites: ClassVar[str] = "by definition; on why, Micheli & Tortorella, LoG 2023"
    cost: ClassVar[str] = "three passes forth and back over one batch"
    figures: ClassVar[Mapping[str, str]] = {
        "ratio_start": "gradient of the first layer over that of the last, before training",
        "ratio_first": "the same after one epoch", "ratio_best": "the same with the best weights",
        "dead_start": "share of hidden units that are 0 throughout, before training",
        "dead_first": "the same after one epoch", "dead_best": "the same with the best weights",
    }  # fmt: skip
    curves: ClassVar[Mapping[str, str]] = {
        **{f"weight_{m}": f"|dL/dW_l|, {text}" for m, text in MOMENTS.items()},
        **{f"state_{m}": f"|dL/dH_l|, {text}" for m, text in MOMENTS.items()},
    }

    undefined: ClassVar[Mapping[str, str]] = {
        **{f"ratio_{m}": "no gradient at the last layer" for m in MOMENTS},
        **{f"dead_{m}": "no hidden layers" for m in MOMENTS},
    }

    units: int = param(64, "training units in the batch, most", ge=1)

    def __call__(self, trained: Trained) -> Reading:
        train = trained.split.train
        chosen = np.sort(trained.random.rng("probe units").permutation(train)[: self.units])
        batch: Any = trained.loader.batch(chosen)
        figures: dict[str, float | None] = {}
        curves: dict[str, list[float | None]] = {}
        for short, moment in MOMENTS.items():
            with trained.at(moment):
                weights, states, dead = _gradients(trained.net, batch, trained.fit.objective)
            curves[f"weight_{short}"], curves[f"state_{short}"] = weights, states
            figures[f"ratio_{short}"] = weights[0] / weights[-1] if weights[-1] else None
            figures[f"dead_{short}"] = dead
        return Reading(figures, curves)


def _gradients(net: Any, batch: Any, objective: Objective) -> tuple[list[Any], list[Any], float | None]:
    """Norms of dL/dW_l and dL/dH_l by layer, and the share of dead hidden units."""
    taken: list[Any] = []
    hook = net.register_forward_hook(lambda _, args, out: taken.append(out))
    try:
        states = layer_states(net, batch.x, batch.block)[1:]
    finally:
        hook.remove()
    loss = objective.loss(batch.scores(taken[0]), batch.y)
    layers = [list(layer.parameters()) for layer in net.layers]
    flat = [p for parameters in layers for p in parameters]
    found = list(torch.autograd.grad(loss, [*flat, *states], allow_unused=True, materialize_grads=True))
    weights = []
    for parameters in layers:
        squares = [float(found.pop(0).square().sum()) for _ in parameters]
        weights.append(sum(squares) ** 0.5)
    norms = [float(g.norm()) for g in found]
    hidden = [(h.detach() == 0).flatten(0, -2).all(0) for h in states[:-1]]
    dead = float(torch.cat(hidden).double().mean()) if hidden else None
    return weights, norms, dead
