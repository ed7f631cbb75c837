"""NeighborsMatch on a path of cliques."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mixcli.generators.long_range import path_of_cliques
from mixcli.generators.sized import Sized
from mixcli.graph import Graph
from mixcli.spec import param
from mixcli.training.tasks.benchmark import Benchmark
from mixcli.training.tasks.matching import Matching
from mixcli.training.tasks.neighbors_match import orders

__all__ = ["CliquesMatch"]


@dataclass(frozen=True)
class CliquesMatch(Benchmark):
    """The last node of a path of cliques looks for the node of the first clique that holds the same label.

    All nodes of the first clique but its last hold a label each, all different; the root holds one of them. The task is
    `Matching` without values.

    Source: Karhadkar, Banerjee & Montúfar, ICLR 2023, and released code.
    """

    cites: ClassVar[str] = "Karhadkar, Banerjee & Montúfar, ICLR 2023"
    deviations: ClassVar[tuple[str, ...]] = (
        "they report, and stop on, the accuracy on the training samples; here test accuracy at the best validation",
        "at most 4,000 samples instead of 10,000 (samples=10000 for theirs)",
        "each permutation comes with all its keys, instead of one drawn at random",
    )

    cliques: int = param(3, "cliques in the row", ge=2)
    k: int = param(10, "nodes of each", ge=3)
    samples: int = param(4000, "most samples", ge=20)

    @property
    def family(self) -> tuple[Sized[..., Graph], tuple[int, ...]]:
        """The path of cliques."""
        return path_of_cliques, (self.cliques, self.k)

    def pose(self, graph: Graph, name: str) -> Matching:
        """The root is the last node."""
        marked, hops = np.arange(self.k - 1), 2 * self.cliques - 1
        order = orders(len(marked), self.samples)
        return Matching(name, graph.n, graph.n - 1, marked, order, False, hops, len(marked))
