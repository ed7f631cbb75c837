"""Jacobian sensitivity against hop distance: how far a trained network really looks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from mixcli.spec import param
from mixcli.training.controls import mixes
from mixcli.training.probes.base import Probe, Reading, Work, averaged, mean, slope
from mixcli.training.probes.jacobian import block_norms
from mixcli.training.probes.targets import distances, targets

if TYPE_CHECKING:
    from mixcli.training.plan import Plan
    from mixcli.training.probes.trained import Trained

__all__ = ["JacobianSensitivity", "sensitivities"]


def sensitivities(
    trained: Trained, graphs: int, count: int, layer: int, probes: int, moment: str
) -> list[NDArray[np.float64]]:
    """For each sampled graph (targets, n) ‖∂h_v/∂x_u‖_F, with the weights of a moment.

    Args:
        trained: the network.
        graphs, count: the sample and its targets.
        layer, probes: as for `block_norms`.
        moment: "best" or "start".
    """
    with trained.at(moment):
        return block_norms(trained, graphs, trained.once(targets, graphs, count), layer, probes)


@dataclass(frozen=True)
class JacobianSensitivity(Probe):
    """Sensitivity of nodes to the features of others, by their distance on the graph as given.

    S(v, u) = ‖∂h_v/∂x_u‖_F, I(v, u) = S(v, u)/Σ_w S(v, w). The curve is the mean of S over the pairs at each distance
    that are reached at all (S > 0); the share that is not is a curve of its own, because a pair beyond reach
    (under-reaching) and a pair with a faint signal (over-squashing) are two things. Distances are always those of the
    graph as given, since a rewiring makes its own shorter. The influence range is Σ_u I(v, u) d(v, u) over the nodes
    that v is connected with on the graph as given; `across` is the share of influence from elsewhere. A node and itself
    are a connected pair.

    Exact where the output is at most `probes` wide; else by Gaussian probes, unbiased for S².

    Source: Topping et al., ICLR 2022, for the Jacobian; the range and the separation are ours.
    """

    equation: ClassVar[str] = "S(v,u) = |dh_v/dx_u|_F; range = mean_v Σ_u S(v,u)/Σ_w S(v,w) · hops(u,v)"
    cites: ClassVar[str] = "Topping et al., ICLR 2022, section 2; Xu et al., ICML 2018, definition 3.1"
    cost: ClassVar[str] = "a pass forth and back over graphs × targets × min(width, probes) copies"
    figures: ClassVar[Mapping[str, str]] = {
        "range": "expected hops, on the graph as given, of what a node is influenced by",
        "decay": "slope of log S over the distance, from 1 hop on",
        "unreached": "share of connected pairs with S = 0",
        "out_of_reach": "share of connected pairs farther apart on the arm's graph than there are layers",
        "across": "share of the influence that comes from where the graph as given has no path",
    }
    curves: ClassVar[Mapping[str, str]] = {
        "sensitivity": "mean S of the pairs that are reached", "influence": "mean I where v hears anything",
        "unreached": "share of the pairs with S = 0",
    }  # fmt: skip
    by: ClassVar[Literal["layer", "distance"]] = "distance"

    undefined: ClassVar[Mapping[str, str]] = {
        "range": "no node hears anything", "across": "no node hears anything",
        "decay": "fewer than two distances, from 1 hop on, from which anything is heard",
        "out_of_reach": "layers do not go by the graph's edges alone",
    }  # fmt: skip

    graphs: int = param(32, "graphs to look at, most", ge=1)
    targets: int = param(8, "nodes v of each graph", ge=1)
    probes: int = param(8, "Gaussian directions for each node; 0 for as many unit vectors as there are outputs", ge=0)
    layer: int = param(0, "layer whose output is looked at; 0 for the last", ge=0)
    at: Literal["best", "start"] = param("best", "weights: of the best validation epoch, or before training")

    def __call__(self, trained: Trained) -> Reading:
        self._check(trained)
        found = trained.once(sensitivities, self.graphs, self.targets, self.layer, self.probes, self.at)
        hops = trained.once(distances, self.graphs, self.targets)
        rewired = trained.once(distances, self.graphs, self.targets, True)
        rows = [_of_graph(s, d) for s, d in zip(found, hops, strict=True)]
        curves = {name: averaged([row[name] for row in rows]) for name in self.curves}
        logs = [math.log(v) if v else None for v in curves["sensitivity"][1:]]
        layers = self.layer or trained.hops
        plain = mixes(trained.model) and not trained.topology.laid and trained.topology.last is None
        beyond = [_share(b > layers, np.isfinite(d)) for b, d in zip(rewired, hops, strict=True)] if plain else []
        figures = {
            "range": mean(row["range"] for row in rows),
            "decay": slope(range(len(logs)), logs),
            "unreached": mean(_share(s == 0, np.isfinite(d)) for s, d in zip(found, hops, strict=True)),
            "out_of_reach": mean(beyond),
            "across": mean(row["across"] for row in rows),
        }
        return Reading(figures, curves)

    def _check(self, trained: Trained) -> None:
        from mixcli.errors import UsageError

        if self.layer > trained.layers:
            raise UsageError(f"a layer up to {trained.layers}", str(self.layer), where="sensitivity")

    def work(self, plan: Plan) -> Work:
        """Copies of the largest graphs, forth and back."""
        from mixcli.training.probes.cost import backward_passes

        return backward_passes(plan, self.graphs, self.targets, self.probes, hidden=bool(self.layer))


def _of_graph(s: NDArray[np.float64], hops: NDArray[np.float64]) -> dict[str, Any]:
    """Curves of one graph, and the means over its targets."""
    total = s.sum(1, keepdims=True)
    influence = np.divide(s, total, out=np.zeros_like(s), where=total > 0)
    known = np.isfinite(hops)
    heard = total[:, 0] > 0
    near = np.where(known, influence, 0.0)
    inside = near.sum(1)
    reach = np.divide((near * np.where(known, hops, 0.0)).sum(1), inside, out=np.zeros(len(s)), where=inside > 0)
    out: dict[str, Any] = {
        "range": mean(reach[inside > 0].tolist()),
        "across": mean(np.where(known, 0.0, influence).sum(1)[heard].tolist()),
    }
    shells = [hops == r for r in range(int(hops[known].max(initial=0)) + 1)]
    reached = [s[m & (s > 0)] for m in shells]
    out["sensitivity"] = [float(v.mean()) if len(v) else None for v in reached]
    shares = [influence[m & heard[:, None]] for m in shells]
    out["influence"] = [float(v.mean()) if len(v) else None for v in shares]
    out["unreached"] = [float((s[m] == 0).mean()) if m.any() else None for m in shells]
    return out


def _share(what: NDArray[np.bool_], among: NDArray[np.bool_]) -> float | None:
    count = int(among.sum())
    return float((what & among).sum() / count) if count else None
