"""NeighborsMatch on a tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mixcli.context import Context
from mixcli.generators.graphs import tree
from mixcli.generators.sized import Sized
from mixcli.graph import Graph, from_arcs
from mixcli.limits import Limits
from mixcli.spec import param
from mixcli.training.tasks.benchmark import Benchmark
from mixcli.training.tasks.matching import Matching

__all__ = ["NeighborsMatch"]


@dataclass(frozen=True)
class NeighborsMatch(Benchmark):
    """The root of a binary tree looks up its key among the leaves, each of which holds a key and a value.

    2^depth leaves, so that as many vectors have to pass the two edges of the root. The task is `Matching`.

    Source: Alon & Yahav, ICLR 2021, section 4.1 and released code.
    """

    cites: ClassVar[str] = "Alon & Yahav, ICLR 2021, section 4.1"
    deviations: ClassVar[tuple[str, ...]] = (
        "they report, and stop on, the accuracy on the training samples; here test accuracy at the best validation",
        "edges are undirected so that rewirings apply; directed=true has theirs, from child to parent",
        "at most 4,000 samples instead of 32,000 (samples=32000 for theirs)",
        "as many layers as the tree is deep instead of one more (layers=… of the model)",
    )

    depth: int = param(2, "levels below the root", ge=1, le=8)
    samples: int = param(4000, "most samples", ge=20)
    directed: bool = param(False, "whether arcs lead from child to parent only")

    @property
    def family(self) -> tuple[Sized[..., Graph], tuple[int, ...]]:
        """The tree."""
        return tree, (2, self.depth)

    def graph(self, limits: Limits | None = None) -> Graph:
        """The tree, its arcs directed where it is asked for."""
        made = super().graph(limits)
        if not self.directed:
            return made
        return from_arcs(made.n, made.edges[:, ::-1], directed=True, name="tree")

    def pose(self, graph: Graph, name: str) -> Matching:
        """The root is node 0, the leaves are the last nodes."""
        leaves = np.arange(2**self.depth - 1, 2 ** (self.depth + 1) - 1)
        k = len(leaves)
        return Matching(name, graph.n, 0, leaves, orders(k, self.samples), True, self.depth, k)


def orders(k: int, samples: int) -> np.ndarray:
    """(P, k) different permutations, as many as there are up to samples // k, at most 1000."""
    rng = Context().rng("matching", k)
    most = min(1000, max(1, samples // k))
    drawn = np.stack([rng.permutation(k) for _ in range(4 * most)])
    _, first = np.unique(drawn, axis=0, return_index=True)
    return drawn[np.sort(first)][:most].astype(np.int64)
