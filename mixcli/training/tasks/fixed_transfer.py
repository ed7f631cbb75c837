"""Transfer between two given nodes of one graph."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mixcli.errors import NotApplicable
from mixcli.graph import Graph
from mixcli.training.protocol import Protocol
from mixcli.training.tasks.base import Split, Task
from mixcli.training.tasks.features import digest

if TYPE_CHECKING:
    import torch

    from mixcli.training.loaders import Loader
    from mixcli.training.topology import Topology

__all__ = ["CHOSEN_ON_TEST", "FixedTransfer", "hops_between"]

CHOSEN_ON_TEST = "their epoch is chosen by test accuracy, and their schedule follows it; here both leave it alone"


@dataclass(frozen=True, eq=False)
class FixedTransfer(Task):
    """Predict, at one node, which of C messages another node holds.

    Features have C channels: the target holds the one-hot of the message, the source zeros, every other node ones. The
    network is read out at the source. There are C different inputs, one for each message, and no others: trials train
    on them, choose the epoch by them and are tested on them, and differ by initialisation. What is tested is whether
    the message can be carried at all; where the target is out of reach all C inputs look alike at the source, and
    exactly 1/C of them are guessed. Network: as many layers as the two are hops apart; width 64, no dropout. Training:
    Adam 2e-3, 500 steps on all C inputs at once: a step on some of them would follow which classes it happened to hold,
    a far stronger signal than what comes from afar.

    Args:
        name: of the source.
        n: nodes of the graph.
        pairs: (1, 2) source and target.
        layers: hops between them.
        classes: C.
    """

    kind: ClassVar[str] = "transfer"
    hidden: ClassVar[int] = 64
    dropout: ClassVar[float] = 0.0
    fixed: ClassVar[bool] = True
    protocol: ClassVar[Protocol] = Protocol(lr=2e-3, epochs=500, batch_size=0)
    name: str
    n: int
    pairs: NDArray[np.int64]
    layers: int
    classes: int = 5

    @classmethod
    def of(cls, graph: Graph, source: int, target: int, classes: int = 5, name: str = "") -> FixedTransfer:
        """The task of carrying a message from `target` to `source`, which asks for it.

        Raises:
            NotApplicable: there is no way from one to the other.
        """
        pair = np.array([[source, target]])
        return cls(name or graph.name, graph.n, pair, hops_between(graph, target, source), classes)

    @property
    def width(self) -> int:
        """Number of input features: one channel per message."""
        return self.classes

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        """(C,) the message of each input."""
        return np.arange(self.classes)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of size, pair and messages."""
        return digest("fixed transfer", self.n, self.pairs, self.classes)

    def split(self, seed: int, trial: int) -> Split:
        """All inputs everywhere."""
        return Split(self.labels, self.labels, self.labels)

    def loader(self, topology: Topology, relations: int, device: torch.device) -> Loader:
        """Copies of the graph, one per input, read out at the source."""
        from mixcli.training.loaders import TransferLoader

        return TransferLoader(self, topology, relations, device)

    def facts(self) -> dict[str, Any]:
        """Sizes and the rule of the split."""
        source, target = self.pairs[0].tolist()
        return {
            "kind": self.kind, "metric": self.metric, "nodes": self.n, "source": source, "target": target,
            "classes": self.classes, "chance": 1 / self.classes, "hops": {"mean": self.layers, "max": self.layers},
            "features": self.width, "split": "the same inputs, one per class, to train, choose and test on",
        }  # fmt: skip


def hops_between(graph: Graph, sender: int, receiver: int) -> int:
    """Hops that a message takes from one node to another.

    Raises:
        NotApplicable: there is no way.
    """
    from scipy.sparse.csgraph import dijkstra

    hops = dijkstra(graph.adjacency, unweighted=True, indices=sender)[receiver]
    if not np.isfinite(hops):
        found = f"nodes {receiver} and {sender} in different components"
        raise NotApplicable("a way for the message", found, "compare on a connected graph", where=graph.name)
    return max(1, int(hops))
