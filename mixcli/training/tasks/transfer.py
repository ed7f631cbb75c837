"""The transfer task: carry a message between two far nodes of an unlabelled graph."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mixcli.context import Context
from mixcli.errors import NotApplicable
from mixcli.graph import Graph, not_directed
from mixcli.training.protocol import Protocol
from mixcli.training.tasks.base import Split, Task, streams
from mixcli.training.tasks.far_pairs import REACH, far_pairs
from mixcli.training.tasks.features import digest

if TYPE_CHECKING:
    import torch

    from mixcli.training.loaders import Loader
    from mixcli.training.topology import Topology

__all__ = ["Transfer"]

MOST_PAIRS, FEWEST_PAIRS = 50, 15
EPOCH_ROWS, BATCH_ROWS = 30_000, 50_000
"""Node rows, summed over samples, that the number of pairs and the size of a batch are chosen for."""


@dataclass(frozen=True, eq=False)
class Transfer(Task):
    """Predict, at a source node, which of C = 5 messages a far target node holds.

    A sample is (pair, class). Features of its nodes have C channels: the target holds the one-hot of the class, the
    source zeros, every other node ones. The network is read out at the source. Pairs (source, target) are ordered, and
    drawn once per comparison from those far apart in effective resistance on the graph as given (`far_pairs`); the same
    pairs serve every arm. Split: pairs, with all C samples of each, at random 60/20/20 by trial, so a tested pair was
    never trained on, and guessing gives 1/C. Network: as many convolutions as the farthest pair is hops apart on the
    graph as given, so that the message can arrive before any rewiring; width 64, no dropout. Training: Adam 1e-3,
    batches of 32 samples (fewer beyond 1500 nodes), at most 100 epochs, stop after 30 without a better validation
    result.

    Source: the ring transfer of Di Giovanni et al., ICML 2023, section 5, with pairs by resistance instead of antipodes
    (ours), and with a validation set.

    Args:
        name: of the source.
        n: nodes of the graph.
        pairs: (k, 2) source and target.
        layers: hops between the farthest pair.
        distance: mean hops between source and target.
        resistance: mean effective resistance between them, None where hop distance stood in for it.
        classes: C.
    """

    kind: ClassVar[str] = "transfer"
    hidden: ClassVar[int] = 64
    dropout: ClassVar[float] = 0.0
    fixed: ClassVar[bool] = False
    name: str
    n: int
    pairs: NDArray[np.int64]
    layers: int
    distance: float
    resistance: float | None
    classes: int = 5

    @classmethod
    def of(cls, graph: Graph, name: str = "", context: Context | None = None) -> Transfer:
        """The task that a graph without labels poses.

        Raises:
            NotApplicable: the graph is directed, or has too few pairs of connected nodes.
        """
        context, name = context or Context(), name or graph.name
        if graph.directed:
            raise not_directed("the transfer task", name)
        count = int(np.clip(EPOCH_ROWS // (cls.classes * max(graph.n, 1)), FEWEST_PAIRS, MOST_PAIRS))
        _check_size(graph, context)
        found = far_pairs(graph, count, context)
        if len(found.pairs) < FEWEST_PAIRS:
            fix = "give a larger connected graph, or labels"
            some = f"{len(found.pairs)} pairs"
            raise NotApplicable(f"at least {FEWEST_PAIRS} pairs of connected nodes", some, fix, where=name)
        hops = found.hops
        resistance = None if found.resistance is None else float(found.resistance.mean())
        return cls(name, graph.n, found.pairs, int(hops.max()), float(hops.mean()), resistance)

    @property
    def width(self) -> int:
        """Number of input features: one channel per class."""
        return self.classes

    @property
    def protocol(self) -> Protocol:
        """Batches get smaller as the graph gets larger."""
        size = int(np.clip(BATCH_ROWS // max(1, self.n), self.classes, 32))
        return Protocol(lr=1e-3, epochs=100, patience=30, batch_size=size)

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        """(samples,) class; sample s is pair s // C with class s mod C."""
        return np.tile(np.arange(self.classes), len(self.pairs)).astype(np.int64)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of size, pairs and classes."""
        return digest(self.kind, self.n, self.pairs, self.classes)

    def split(self, seed: int, trial: int) -> Split:
        """60/20/20 of the pairs by the trial."""
        k = len(self.pairs)
        order = streams(seed, trial).rng("split").permutation(k)
        parts = np.split(order, [round(0.6 * k), round(0.8 * k)])
        return Split(*(_samples(np.sort(p), self.classes) for p in parts))

    def loader(self, topology: Topology, relations: int, device: torch.device) -> Loader:
        """Copies of the graph, one per sample, read out at the source."""
        from mixcli.training.loaders import TransferLoader

        return TransferLoader(self, topology, relations, device)

    def facts(self) -> dict[str, Any]:
        """Sizes and the rule of the split."""
        return {
            "kind": self.kind, "metric": self.metric, "nodes": self.n, "pairs": len(self.pairs),
            "classes": self.classes, "hops": {"mean": self.distance, "max": self.layers}, "resistance": self.resistance,
            "features": self.width, "split": "60/20/20 of the pairs, by trial",
        }  # fmt: skip


def _check_size(graph: Graph, context: Context) -> None:
    rows = max(BATCH_ROWS, Transfer.classes * graph.n)
    # The least that a network needs, as narrow as its input; the chosen one's need is checked before training.
    saved = 4 * Transfer.classes * 3 * REACH  # bytes per row: three arrays for each layer wait for the backward pass
    context.limits.check("the transfer task", memory=rows * saved, instead="compare on a part of the graph")


def _samples(pairs: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    return (pairs[:, None] * classes + np.arange(classes)).ravel()
