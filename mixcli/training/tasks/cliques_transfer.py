"""Transfer along a path of cliques."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mixcli.generators.long_range import path_of_cliques
from mixcli.generators.sized import Sized
from mixcli.graph import Graph
from mixcli.spec import param
from mixcli.training.tasks.benchmark import Benchmark
from mixcli.training.tasks.fixed_transfer import FixedTransfer

__all__ = ["CliquesTransfer"]


@dataclass(frozen=True)
class CliquesTransfer(Benchmark):
    """A message crosses a row of cliques joined by single edges, from the last node to the first.

    The two are 2 · cliques - 1 hops apart, with a bottleneck between every two cliques. The task is `FixedTransfer`.

    Source: ours; the graph is that of Karhadkar et al., ICLR 2023, in their NeighborsMatch experiment.
    """

    cites: ClassVar[str] = "graph: Karhadkar, Banerjee & Montúfar, ICLR 2023; task: ours"

    cliques: int = param(3, "cliques in the row", ge=2)
    k: int = param(10, "nodes of each", ge=3)
    classes: int = param(5, "messages", ge=2)

    @property
    def family(self) -> tuple[Sized[..., Graph], tuple[int, ...]]:
        """The path of cliques."""
        return path_of_cliques, (self.cliques, self.k)

    def pose(self, graph: Graph, name: str) -> FixedTransfer:
        """Node 0 asks for what the last node holds."""
        return FixedTransfer.of(graph, 0, graph.n - 1, self.classes, name)
