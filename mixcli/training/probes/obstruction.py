"""Whether sensitivity falls with effective resistance, commute time, or only with distance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from mixcli.graph import not_directed
from mixcli.spec import param
from mixcli.training.probes.base import Probe, Reading, Work, mean, slope
from mixcli.training.probes.geometry import resistances_to, volumes_of
from mixcli.training.probes.sensitivity import sensitivities
from mixcli.training.probes.targets import distances, targets

if TYPE_CHECKING:
    from mixcli.training.plan import Plan
    from mixcli.training.probes.trained import Trained

__all__ = ["Obstruction", "partial", "spearman"]

FEWEST = 4
"""Pairs of a graph below which there is no correlation to speak of."""

VARIES = "no graph in which S and what it is held against both vary"


@dataclass(frozen=True)
class Obstruction(Probe):
    """Rank correlation and slope of log S(v, u) against effective resistance, commute time and hop distance.

    Over the pairs v ≠ u of a graph with S > 0, connected on it. `partial` is the rank correlation with the resistance
    once the distance is given: what resistance tells beyond distance. Commute time is vol · R with the volume of the
    component, so within one connected graph its rank correlation is that of the resistance; the slopes differ. Pairs
    that are not reached are not in here (see `sensitivity`).

    Source: Di Giovanni et al., ICML 2023, theorem 5.5, and Black et al., ICML 2023, theorem 3.4, for why resistance.
    """

    equation: ClassVar[str] = (
        "Spearman(log S(v,u), R_uv), slope of log S over R; (r_SR - r_SD r_RD)/√((1-r_SD²)(1-r_RD²))"
    )
    cites: ClassVar[str] = "Di Giovanni et al., ICML 2023, section 5; Black et al., ICML 2023, theorem 3.4"
    cost: ClassVar[str] = "that of sensitivity, which is shared, and n³ for the resistances of each small graph, once"
    figures: ClassVar[Mapping[str, str]] = {
        "spearman_resistance": "rank correlation of S with the effective resistance",
        "spearman_commute": "the same with the commute time",
        "spearman_distance": "the same with the hop distance",
        "partial": "rank correlation of S with the resistance, given the distance",
        "slope_resistance": "slope of log S over the resistance",
        "slope_commute": "slope of log S over the commute time",
        "slope_distance": "slope of log S over the hop distance",
    }

    undefined: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(("spearman_resistance", "spearman_commute", "spearman_distance"), VARIES),
        **dict.fromkeys(("slope_resistance", "slope_commute", "slope_distance"), VARIES),
        "partial": "resistance and distance rank all pairs alike, as on trees",
    }

    graphs: int = param(32, "graphs to look at, most", ge=1)
    targets: int = param(8, "nodes v of each graph", ge=1)
    probes: int = param(8, "Gaussian directions for each node; 0 for as many unit vectors as there are outputs", ge=0)
    on: Literal["given", "rewired"] = param("given", "graph whose resistances and distances are taken")
    at: Literal["best", "start"] = param("best", "weights: of the best validation epoch, or before training")

    def __call__(self, trained: Trained) -> Reading:
        topology = trained.original if self.on == "given" else trained.topology
        if topology.directed:
            raise not_directed("obstruction")
        sample = trained.sample(self.graphs)
        found = trained.once(sensitivities, self.graphs, self.targets, 0, self.probes, self.at)
        hops = trained.once(distances, self.graphs, self.targets, self.on == "rewired")
        nodes = trained.once(targets, self.graphs, self.targets)
        rows = []
        for s, d, v, graph, n in zip(found, hops, nodes, sample.graph, sample.size, strict=True):
            resistance = resistances_to(topology, int(graph), v)[:, :n]
            volume = volumes_of(topology, int(graph), v)
            commute = np.where(np.isfinite(resistance), resistance, 0.0) * volume[:, None]  # pairs in one component
            rows.append(_of_graph(s, d, resistance, commute))
        figures = {name: mean(row.get(name) for row in rows) for name in self.figures}
        few = sum(not row for row in rows)
        return Reading(
            figures, reason=f"{few} of {len(rows)} graphs have too few pairs that are reached" if few else ""
        )

    def work(self, plan: Plan) -> Work:
        """As for `sensitivity`."""
        from mixcli.training.probes.cost import backward_passes

        return backward_passes(plan, self.graphs, self.targets, self.probes)


def _of_graph(
    s: NDArray[np.float64], hops: NDArray[np.float64], resistance: NDArray[np.float64], commute: NDArray[np.float64]
) -> dict[str, float | None]:
    pairs = (s > 0) & (hops > 0) & np.isfinite(hops)
    if pairs.sum() < FEWEST:
        return {}
    log, d, r, c = np.log(s[pairs]), hops[pairs], resistance[pairs], commute[pairs]
    if not np.ptp(d) and not np.ptp(r):
        return {}
    by_resistance, by_distance = spearman(log, r), spearman(log, d)
    return {
        "spearman_resistance": by_resistance, "spearman_commute": spearman(log, c), "spearman_distance": by_distance,
        "partial": partial(by_resistance, by_distance, spearman(r, d)), "slope_resistance": slope(r, log),
        "slope_commute": slope(c, log), "slope_distance": slope(d, log),
    }  # fmt: skip


def spearman(a: NDArray[np.float64], b: NDArray[np.float64]) -> float | None:
    """Rank correlation with mean ranks for ties (equal to 9 digits); None where one side does not vary.

    Example:
        >>> spearman(np.array([1.0, 2.0, 3.0]), np.array([9.0, 4.0, 1.0]))
        -1.0
    """
    x, y = (_ranks(values) for values in (a, b))
    x, y = x - x.mean(), y - y.mean()
    scale = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / scale if scale > 0 else None


def partial(xy: float | None, xz: float | None, yz: float | None) -> float | None:
    """Correlation of x and y given z from the three plain ones; with z that does not vary, the plain one.

    Example:
        >>> partial(0.5, 0.0, 0.0)
        0.5
    """
    if xy is None:
        return None
    if xz is None or yz is None:
        return xy
    left = (1 - xz * xz) * (1 - yz * yz)
    return max(-1.0, min(1.0, (xy - xz * yz) / left**0.5)) if left > 1e-12 else None


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    scale = float(np.abs(values).max(initial=0.0)) or 1.0
    _, place, count = np.unique(np.round(values / scale, 9), return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    ranks: NDArray[np.float64] = (last - (count - 1) / 2)[place.ravel()]
    return ranks
