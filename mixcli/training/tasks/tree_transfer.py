"""TreeTransfer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mixcli.generators.graphs import tree
from mixcli.generators.sized import Sized
from mixcli.graph import Graph
from mixcli.spec import param
from mixcli.training.tasks.benchmark import Benchmark
from mixcli.training.tasks.fixed_transfer import CHOSEN_ON_TEST, FixedTransfer

__all__ = ["TreeTransfer"]


@dataclass(frozen=True)
class TreeTransfer(Benchmark):
    """A message comes from the last leaf of a balanced tree to its root.

    They are as many hops apart as the tree is deep, and the other leaves drown it out. The task is `FixedTransfer`.

    Source: Di Giovanni et al., ICML 2023, section 5 and released code.
    """

    cites: ClassVar[str] = "Di Giovanni et al., ICML 2023, section 5"
    deviations: ClassVar[tuple[str, ...]] = (CHOSEN_ON_TEST,)

    depth: int = param(4, "levels below the root", ge=1, le=16)
    arity: int = param(2, "children of each inner node", ge=2, le=64)
    classes: int = param(5, "messages", ge=2)

    @property
    def family(self) -> tuple[Sized[..., Graph], tuple[int, ...]]:
        """The tree."""
        return tree, (self.arity, self.depth)

    def pose(self, graph: Graph, name: str) -> FixedTransfer:
        """The root asks for what the last leaf holds."""
        return FixedTransfer.of(graph, 0, graph.n - 1, self.classes, name)
