"""Mean cosine distance between representations of neighbours, and of near against far nodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from torch import Tensor

from mixcli.spec import param
from mixcli.training.probes.base import Probe, Reading, averaged
from mixcli.training.probes.targets import distances, targets

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.training.probes.trained import Trained

__all__ = ["MeanAverageDistance", "cosine_distances"]

NEAR, FAR = 2, 4
"""MADGap compares pairs more than FAR hops apart with pairs at most NEAR apart."""


@dataclass(frozen=True)
class MeanAverageDistance(Probe):
    """Mean of 1 - cos(h_u, h_v) over the edges of the graph as given, layer by layer, and how much more it is far off.

    Rows that are 0 are left out. Representations after ReLU live in a cone, where cosines exaggerate collapse, so
    `centred` does the same with each graph's mean taken off. `gap` is the mean over pairs more than 4 hops apart less
    that over pairs at most 2 apart, from the sampled nodes to all others; graphs without such pairs have none.

    Source: Chen et al., AAAI 2020, equations 1–4; the centred version is ours.
    """

    equation: ClassVar[str] = "mean over edges of 1 - cos(h_u, h_v); gap = mean(hops > 4) - mean(hops <= 2)"
    cites: ClassVar[str] = "Chen et al., AAAI 2020, equations 1-4"
    cost: ClassVar[str] = "one pass over the sample, targets × n × width for each graph and layer"
    figures: ClassVar[Mapping[str, str]] = {
        "mad": "mean cosine distance of neighbours in the last hidden layer, in [0, 2]",
        "centred": "the same after centring",
        "gap": "far pairs less near pairs, in the last hidden layer",
    }
    curves: ClassVar[Mapping[str, str]] = {"mad": "MAD", "centred": "MAD after centring", "gap": "MADGap"}

    undefined: ClassVar[Mapping[str, str]] = {
        "mad": "no two neighbours with representations other than 0",
        "centred": "no two neighbours with representations other than the mean",
        "gap": f"no nodes more than {FAR} hops apart",
    }

    graphs: int = param(32, "graphs to look at, most", ge=1)
    targets: int = param(8, "nodes of each graph that the gap is taken from", ge=1)

    def __call__(self, trained: Trained) -> Reading:
        sample, states = trained.sample(self.graphs), trained.states(self.graphs)[1:]
        hops = trained.once(distances, self.graphs, self.targets)
        nodes = trained.once(targets, self.graphs, self.targets)
        row, column = (side.cpu().numpy() for side in (sample.before.row, sample.before.column))
        ends = [(row[m] - o, column[m] - o) for o, m in self._edges(sample, row)]
        curves: dict[str, list[list[float | None]]] = {"mad": [], "centred": [], "gap": []}
        for c in range(sample.copies):
            parts = [h.narrow(0, int(sample.first[c]), int(sample.size[c])) for h in states]
            unit = [_units(part) for part in parts]
            centred = [_units(part - part.mean(0)) for part in parts]
            curves["mad"].append([cosine_distances(u, *ends[c]) for u in unit])
            curves["centred"].append([cosine_distances(u, *ends[c]) for u in centred])
            curves["gap"].append([_gap(u, nodes[c], hops[c]) for u in unit])
        last = trained.last_hidden
        found = {name: averaged(rows) for name, rows in curves.items()}
        return Reading({name: curve[last] for name, curve in found.items()}, found)

    @staticmethod
    def _edges(sample: Any, row: NDArray[np.int64]) -> list[tuple[int, slice]]:
        """For each graph its first row and where its arcs are."""
        stops = np.concatenate([sample.first, [int(sample.size.sum())]])
        at = np.searchsorted(row, stops)
        return [(int(o), slice(a, b)) for o, a, b in zip(sample.first, at[:-1], at[1:], strict=True)]


def cosine_distances(unit: NDArray[np.float64], u: Any, v: Any) -> float | None:
    """Mean of 1 - cos over pairs (u, v) of rows of length 1; rows of NaN are left out, None where nothing is left."""
    values = 1 - (unit[u] * unit[v]).sum(1)
    values = values[~np.isnan(values)]
    return float(values.mean()) if len(values) else None


def _units(h: Tensor) -> NDArray[np.float64]:
    """Rows of length 1, NaN for rows of 0."""
    values = h.detach().cpu().double().numpy()
    length = np.linalg.norm(values, axis=1, keepdims=True)
    return np.divide(values, length, out=np.full_like(values, np.nan), where=length > 1e-12)


def _gap(unit: NDArray[np.float64], nodes: NDArray[np.int64], hops: NDArray[np.float64]) -> float | None:
    target, other = np.nonzero((hops > FAR) & np.isfinite(hops))
    far = cosine_distances(unit, nodes[target], other)
    target, other = np.nonzero((hops <= NEAR) & (hops > 0))
    near = cosine_distances(unit, nodes[target], other)
    return None if far is None or near is None else far - near
