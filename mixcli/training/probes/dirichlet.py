"""Dirichlet energy and Rayleigh quotient of the representations, layer by layer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from mixcli.graph import not_directed
from mixcli.spec import param
from mixcli.training.probes.base import Probe, Reading, averaged, mean, slope

if TYPE_CHECKING:
    from mixcli.training.probes.trained import Arcs, Sample, Trained

__all__ = ["DirichletEnergy", "energies"]


@dataclass(frozen=True)
class DirichletEnergy(Probe):
    """Dirichlet energy and Rayleigh quotient per layer, on the graph as given and on the rewired one.

    E(H) = ½ Σ over arcs (u, v) of ‖h_u/√d̃_u - h_v/√d̃_v‖² = tr(H' L̃ H) with d̃ = d + 1, and R(H) = E(H)/‖H‖². A quotient
    that falls exponentially from layer to layer is over-smoothing; `slope` is that of log R over the layers. Two graphs
    are two metrics, so both are given: on the graph as given arms compare like with like. Layers whose H is 0 are left
    out.

    Source: Cai & Wang, "A note on over-smoothing", 2020, definition 3.1; the quotient di Giovanni et al., TMLR 2023.

    Example:
        >>> DirichletEnergy().graphs
        32
    """

    equation: ClassVar[str] = "E = ½ Σ_arcs |h_u/√(d_u+1) - h_v/√(d_v+1)|², R = E/|H|²"
    cites: ClassVar[str] = "Cai & Wang, ICML GRL+ workshop 2020, definition 3.1; di Giovanni et al., TMLR 2023"
    cost: ClassVar[str] = "one pass over the sample, and arcs × width of each layer"
    figures: ClassVar[Mapping[str, str]] = {
        "rayleigh": "Rayleigh quotient of the last layer on the graph as given, in [0, 2)",
        "rayleigh_rewired": "the same on the arm's graph",
        "slope": "slope of log R over the layers, on the graph as given",
        "slope_rewired": "the same on the arm's graph",
    }
    curves: ClassVar[Mapping[str, str]] = {
        "energy": "E on the graph as given", "energy_rewired": "E on the arm's graph",
        "rayleigh": "R on the graph as given", "rayleigh_rewired": "R on the arm's graph",
    }  # fmt: skip

    undefined: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(("rayleigh", "rayleigh_rewired"), "representations are 0"),
        **dict.fromkeys(("slope", "slope_rewired"), "fewer than two layers with energy"),
    }

    graphs: int = param(32, "graphs to look at, most", ge=1)

    def __call__(self, trained: Trained) -> Reading:
        if trained.original.directed or trained.topology.directed:
            raise not_directed("dirichlet")
        sample, states = trained.sample(self.graphs), trained.states(self.graphs)[1:]
        figures: dict[str, float | None] = {}
        curves: dict[str, list[float | None]] = {}
        for name, arcs in (("", sample.before), ("_rewired", sample.after)):
            energy = np.array([energies(h, sample, arcs) for h in states])
            norm = np.array([sample.sums(h.square().sum(1)) for h in states])
            quotient = np.divide(energy, norm, out=np.full_like(energy, np.nan), where=norm > 0)
            curves[f"energy{name}"] = averaged(energy.T.tolist())
            curves[f"rayleigh{name}"] = averaged(quotient.T.tolist())
            figures[f"rayleigh{name}"] = curves[f"rayleigh{name}"][-1]
            figures[f"slope{name}"] = mean(_slope(column) for column in quotient.T)
        return Reading(figures, curves)


def energies(h: Any, sample: Sample, arcs: Arcs) -> Any:
    """(copies,) Dirichlet energy of each graph.

    Args:
        h: (rows, d) by real row.
        sample: the graphs.
        arcs: on which the energy is taken, both directions of every edge.
    """
    scaled = h / arcs.strength.sqrt()[:, None]
    gap = (scaled[arcs.row] - scaled[arcs.column]).square().sum(1)
    return sample.sums(gap * arcs.weight, of=arcs.row) / 2


def _slope(quotients: Any) -> float | None:
    logs = [math.log(q) if q > 0 else None for q in quotients.tolist()]
    return slope(range(len(logs)), logs)
