"""CrossedRing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mixcli.generators.long_range import crossed_ring
from mixcli.generators.sized import Sized
from mixcli.graph import Graph
from mixcli.spec import param
from mixcli.training.tasks.benchmark import Benchmark
from mixcli.training.tasks.fixed_transfer import CHOSEN_ON_TEST, FixedTransfer

__all__ = ["CrossedRing"]


@dataclass(frozen=True)
class CrossedRing(Benchmark):
    """A message crosses a ring with rungs and crosses between its two halves, from node ⌊n/2⌋ to node 0.

    Node i of one half is also joined to the nodes n - 1 - i and n + 1 - i of the other: more ways than on the ring,
    none of them shorter. The task is `FixedTransfer`.

    Source: Di Giovanni et al., ICML 2023, section 5; edges as in their released code.
    """

    cites: ClassVar[str] = "Di Giovanni et al., ICML 2023, section 5"
    deviations: ClassVar[tuple[str, ...]] = (CHOSEN_ON_TEST,)

    n: int = param(10, "nodes of the ring", ge=4)
    classes: int = param(5, "messages", ge=2)

    @property
    def family(self) -> tuple[Sized[..., Graph], tuple[int, ...]]:
        """The ring with crosses."""
        return crossed_ring, (self.n,)

    def pose(self, graph: Graph, name: str) -> FixedTransfer:
        """Node 0 asks for what node ⌊n/2⌋ holds."""
        return FixedTransfer.of(graph, 0, self.n // 2, self.classes, name)
