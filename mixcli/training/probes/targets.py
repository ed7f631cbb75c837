"""The nodes that a trial looks from: the same before and after a rewiring."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mixcli.training.probes.geometry import hops_to

if TYPE_CHECKING:
    from mixcli.training.probes.trained import Trained

__all__ = ["distances", "targets"]


def targets(trained: Trained, graphs: int, count: int) -> list[NDArray[np.int64]]:
    """At most `count` nodes of each graph of a sample, sorted.

    Where each copy of a graph is read out at one node, as in the transfer task, that node; else nodes at random.

    Args:
        trained: the network.
        graphs: size of the sample.
        count: nodes of each graph.
    """
    sample = trained.sample(graphs)
    rows = sample.batch.rows
    if rows is not None and len(rows) == sample.copies and sample.copies > 1:
        read = (rows - sample.block.offset).cpu().numpy()
        return [np.array([v], dtype=np.int64) for v in read]
    rng = trained.random.rng("probe targets")
    return [np.sort(rng.permutation(int(n))[:count]).astype(np.int64) for n in sample.size]


def distances(trained: Trained, graphs: int, count: int, rewired: bool = False) -> list[NDArray[np.float64]]:
    """(targets, n) hops to each target of each graph, on the graph as given or on the arm's.

    Args:
        trained, graphs, count: as for `targets`.
        rewired: on the arm's graph.
    """
    sample = trained.sample(graphs)
    topology = trained.topology if rewired else trained.original
    chosen = trained.once(targets, graphs, count)
    pairs = zip(sample.graph, chosen, sample.size, strict=True)
    return [hops_to(topology, int(g), nodes)[:, :n] for g, nodes, n in pairs]
