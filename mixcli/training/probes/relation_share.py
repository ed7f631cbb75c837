"""How much of the message the added edges carry, and what the network is worth without them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch

from mixcli.spec import param
from mixcli.training.probes.base import Probe, Reading, averaged
from mixcli.training.probes.states import layer_calls
from mixcli.training.slicer import Slicer
from mixcli.training.topology import Arcs, Topology

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.training.loaders import Loader
    from mixcli.training.probes.trained import Trained

__all__ = ["RelationShare", "without_added"]


@dataclass(frozen=True)
class RelationShare(Probe):
    """Share of each layer's output that added edges carry, and the test metric when they are masked.

    With layer l fed what it is fed in the whole network, once over all edges (h) and once over those of the graph as
    given alone (h₀): share_l = ‖h - h₀‖/‖h‖. In a relational network that is exactly the part of the added relations;
    in others, masking also changes the normalisation of what is left. Masked are all arcs that the graph as given
    lacks, and what a layer plan lays over it; edges that a rewiring took away stay away. A network that does no
    worse when its added edges are masked does not use them.

    Source: ours.
    """

    equation: ClassVar[str] = "|f_l(H; all edges) - f_l(H; edges as given)|_F / |f_l(H; all edges)|_F"
    cites: ClassVar[str] = "ours"
    cost: ClassVar[str] = "one pass over the sample, and two over the test units"
    figures: ClassVar[Mapping[str, str]] = {
        "share": "share of the output that added edges carry, mean over layers, in [0, …)",
        "metric": "test metric with the best weights",
        "metric_masked": "the same with added edges masked",
        "lost": "how much worse the metric is with added edges masked",
    }
    curves: ClassVar[Mapping[str, str]] = {"share": "share of the output that added edges carry"}

    undefined: ClassVar[Mapping[str, str]] = {"share": "layers give 0"}

    graphs: int = param(32, "graphs to look at, most", ge=1)

    def __call__(self, trained: Trained) -> Reading:
        masked = without_added(trained.topology, trained.original)
        shares = self._shares(trained, masked)
        curve = averaged(shares.T.tolist())
        known = [v for v in curve if v is not None]
        loader = trained.task.loader(masked, trained.relations, trained.loader.device)
        whole, without = (_metric(trained, one) for one in (trained.loader, loader))
        figures = {
            "share": float(np.mean(known)) if known else None, "metric": whole, "metric_masked": without,
            "lost": trained.fit.sign * (whole - without),
        }  # fmt: skip
        return Reading(figures, {"share": curve})

    def _shares(self, trained: Trained, masked: Topology) -> NDArray[np.float64]:
        """(layers, copies)."""
        sample = trained.sample(self.graphs)
        graph = torch.from_numpy(sample.graph).to(trained.loader.device)
        block = Slicer(masked, trained.relations, trained.loader.device).block(graph)
        out = []
        with torch.no_grad():
            calls, _ = layer_calls(trained.net, sample.x, sample.block)
            for k, (layer, args) in enumerate(calls):
                mix = block if layer is trained.net else block.at(k + 1, len(calls))
                whole = layer(*args)[sample.real]
                rest = layer(args[0], mix, *args[2:])[sample.real]
                part, all_of = (np.sqrt(sample.sums(h.square().sum(1))) for h in (whole - rest, whole))
                out.append(np.divide(part, all_of, out=np.full_like(part, np.nan), where=all_of > 0))
        return np.array(out)


def without_added(topology: Topology, original: Topology) -> Topology:
    """A topology without the arcs that the original lacks, and without a layer plan; its rows stay.

    Args:
        topology: of an arm.
        original: of the graphs as given, with the same nodes.
    """
    n = int(max(original.start[-1], topology.start[-1])) + 1
    known = _keys(original.union, original, n)
    relations = tuple(_kept(arcs, np.isin(_keys(arcs, topology, n), known)) for arcs in topology.relations)
    union = _kept(topology.union, np.isin(_keys(topology.union, topology, n), known))
    return dataclasses.replace(topology, union=union, relations=relations, laid=(), last=None)


def _keys(arcs: Arcs, topology: Topology, n: int) -> NDArray[np.int64]:
    """A number below n² for each arc, the same whether or not there are rows for virtual nodes."""
    ends = arcs.receiver, arcs.sender
    receiver, sender = ends if topology.node is None else (topology.node[end] for end in ends)
    return receiver * n + sender


def _kept(arcs: Arcs, keep: NDArray[np.bool_]) -> Arcs:
    graph_start = np.concatenate([[0], np.cumsum(keep)])[arcs.start].astype(np.int64)
    weight = None if arcs.weight is None else arcs.weight[keep]
    return Arcs(arcs.receiver[keep], arcs.sender[keep], graph_start, weight)


def _metric(trained: Trained, loader: Loader) -> float:
    """The task's metric over the test units."""
    with torch.no_grad():
        batches = list(loader.batches(trained.split.test, loader.chunk()))
        scores = torch.cat([b.scores(trained.net(b.x, b.block)) for b in batches])
        y = torch.cat([b.y for b in batches])
        return float(trained.fit.objective.total(scores, y)) / len(y)
