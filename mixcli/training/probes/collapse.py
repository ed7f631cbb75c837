"""How far the representations of a graph's nodes have collapsed into one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from mixcli.spec import param
from mixcli.training.probes.base import Probe, Reading, averaged

if TYPE_CHECKING:
    from mixcli.training.probes.trained import Sample, Trained

__all__ = ["CollapseOfStates", "off_direction"]


@dataclass(frozen=True)
class CollapseOfStates(Probe):
    """What is left of the representations when all that nodes have in common is taken off, layer by layer.

    `uniform` is ‖H - 1 mean(H)‖/‖H‖, 0 where all nodes have become the same. `weighted` replaces 1 by D̃^½ 1, the
    direction to which repeated GCN averaging on the arm's graph converges: it is 0 at the true limit, where `uniform`
    is not.

    Source: Oono & Suzuki, ICLR 2020, section 3, for the distance from the limit; the quotient is ours.
    """

    equation: ClassVar[str] = "|H - p p'H| / |H| with p = 1/√n, and with p = D̃^½ 1/|D̃^½ 1|"
    cites: ClassVar[str] = "Oono & Suzuki, ICLR 2020"
    cost: ClassVar[str] = "one pass over the sample"
    figures: ClassVar[Mapping[str, str]] = {
        "uniform": "share of the last hidden layer that differs between nodes, in [0, 1]",
        "weighted": "the same against D̃^½ 1",
    }
    curves: ClassVar[Mapping[str, str]] = {"uniform": "against 1", "weighted": "against D̃^½ 1"}

    undefined: ClassVar[Mapping[str, str]] = dict.fromkeys(figures, "representations are 0")

    graphs: int = param(32, "graphs to look at, most", ge=1)

    def __call__(self, trained: Trained) -> Reading:
        sample, states = trained.sample(self.graphs), trained.states(self.graphs)[1:]
        last = trained.last_hidden
        curves = {}
        for name, p in (
            ("uniform", torch.ones_like(sample.after.strength)),
            ("weighted", sample.after.strength.sqrt()),
        ):
            left = np.array([off_direction(h, p, sample) for h in states])
            curves[name] = averaged(left.T.tolist())
        return Reading({name: curve[last] for name, curve in curves.items()}, curves)


def off_direction(h: Tensor, p: Tensor, sample: Sample) -> Any:
    """(copies,) ‖H - p p'H/‖p‖²‖/‖H‖ of each graph; NaN where H is 0.

    Args:
        h: (rows, d) by real row.
        p: (rows,) positive.
        sample: the graphs.
    """
    square = sample.sums(p * p)
    index, scale = sample.copy.cpu().numpy(), p.cpu().double().numpy()[:, None]
    values = h.detach().cpu().double().numpy()
    along = np.zeros((sample.copies, values.shape[1]))
    np.add.at(along, index, scale * values)
    rest = values - scale * (along / square[:, None])[index]
    whole, left = (np.bincount(index, (v * v).sum(1), minlength=sample.copies) for v in (values, rest))
    ratio = np.sqrt(np.divide(left, whole, out=np.full_like(left, np.nan), where=whole > 0))
    return np.minimum(ratio, 1.0)
