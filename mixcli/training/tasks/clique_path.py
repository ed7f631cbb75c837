"""CliquePath."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mixcli.generators.graphs import lollipop
from mixcli.generators.sized import Sized
from mixcli.graph import Graph
from mixcli.spec import param
from mixcli.training.tasks.benchmark import Benchmark
from mixcli.training.tasks.fixed_transfer import CHOSEN_ON_TEST, FixedTransfer

__all__ = ["CliquePath"]


@dataclass(frozen=True)
class CliquePath(Benchmark):
    """A message comes from the end of a path into a clique: of n nodes half are the clique, half the path.

    The target is the end of the path, n - 1; the source is node 0 of the clique. For even n they are n/2 + 1 hops
    apart, as on a ring of n + 2. The task is `FixedTransfer`.

    Source: Di Giovanni et al., ICML 2023, section 5; also called a lollipop.
    """

    cites: ClassVar[str] = "Di Giovanni et al., ICML 2023, section 5"
    deviations: ClassVar[tuple[str, ...]] = (
        CHOSEN_ON_TEST,
        "their code emits the arcs of the clique twice, which weighs them double in sums",
    )

    n: int = param(10, "nodes, half of them in the clique", ge=4)
    classes: int = param(5, "messages", ge=2)

    @property
    def family(self) -> tuple[Sized[..., Graph], tuple[int, ...]]:
        """The lollipop."""
        return lollipop, (self.n // 2, self.n - self.n // 2)

    def pose(self, graph: Graph, name: str) -> FixedTransfer:
        """Node 0 asks for what node n - 1 holds."""
        return FixedTransfer.of(graph, 0, self.n - 1, self.classes, name)
