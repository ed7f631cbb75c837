"""Node classification."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mixcli.errors import InputError, NotApplicable
from mixcli.graph import Graph
from mixcli.training.protocol import Protocol
from mixcli.training.tasks.base import Split, Task, class_numbers, stratified, streams
from mixcli.training.tasks.features import digest, features, normalised, thinned

if TYPE_CHECKING:
    import torch

    from mixcli.training.loaders import Loader
    from mixcli.training.topology import Topology

__all__ = ["NodeClassification"]

MASKS = ("train_mask", "val_mask", "test_mask")


@dataclass(frozen=True, eq=False)
class NodeClassification(Task):
    """Predict the class of the nodes of one graph (node payload `y`), all nodes and arcs being seen in training.

    Split: the masks `train_mask`, `val_mask`, `test_mask` where the graph has them, of shape (n,) the same in every
    trial, of shape (n, k) column `trial mod k`; otherwise random 60/20/20 by trial, stratified by class. Features: node
    payload `x`, rows divided by their sum where all are >= 0; without `x` two columns, 1 and log(1 + degree in the
    graph as given), the same for every arm. Network: two convolutions with 16 hidden units, dropout 0.5 on input and
    hidden. Training: Adam 0.01, weight decay 5e-4 on the first layer, 200 epochs over all training nodes at once, no
    early stop.

    Source: Kipf & Welling, ICLR 2017, section 5.2 (which stops early after 10 epochs; the test value here is the one at
    the best validation value, and the last one is stored too).

    Args:
        name: of the source.
        x: (n, width) features, sparse where that pays.
        labels: (n,) classes, -1 for nodes without.
        classes: how many there are.
        masks: (3, n, k) the given splits, or None.
    """

    kind: ClassVar[str] = "node_classification"
    hidden: ClassVar[int] = 16
    dropout: ClassVar[float] = 0.5
    drop_input: ClassVar[bool] = True
    protocol: ClassVar[Protocol] = Protocol(lr=0.01, weight_decay=5e-4, epochs=200, batch_size=0)

    name: str
    x: Any
    labels: NDArray[np.int64]
    classes: int
    masks: NDArray[np.bool_] | None = None
    layers: int = 2

    @classmethod
    def of(cls, graph: Graph, name: str = "") -> NodeClassification:
        """The task that a graph with labelled nodes poses.

        Raises:
            NotApplicable: labels are real-valued, too few or all the same.
            InputError: features are not finite, or masks do not fit together.
        """
        name = name or graph.name
        labels, classes = class_numbers(graph.node["y"], "node", name)
        x = features([graph])
        if x is None:
            x = np.stack([np.ones(graph.n), np.log1p(graph.degree)], axis=1).astype(np.float32)
        else:
            x = normalised(x)
        return cls(name, thinned(x), labels, classes, _masks(graph, labels, name))

    @property
    def width(self) -> int:
        """Number of input features."""
        return int(self.x.shape[1])

    @property
    def fixed(self) -> bool:
        """Whether there is one given split."""
        return self.masks is not None and self.masks.shape[2] == 1

    @cached_property
    def digest(self) -> str:
        """SHA-256 of features, labels and masks."""
        return digest(self.kind, self.x, self.labels, self.masks)

    def split(self, seed: int, trial: int) -> Split:
        """The given split, its column `trial mod k`, or 60/20/20 by the trial, stratified by class."""
        if self.masks is None:
            return stratified(self.labels, 0.6, 0.2, streams(seed, trial).rng("split"))
        return Split(*(np.flatnonzero(m) for m in self.masks[:, :, trial % self.masks.shape[2]]))

    def loader(self, topology: Topology, relations: int, device: torch.device) -> Loader:
        """The whole graph, read out at some nodes."""
        from mixcli.training.loaders import NodeLoader

        return NodeLoader(self, topology, relations, device)

    def facts(self) -> dict[str, Any]:
        """Sizes and the rule of the split."""
        rule = "60/20/20 stratified by class, by trial"
        if self.masks is not None:
            rule = "as given" if self.fixed else f"as given, {self.masks.shape[2]} in turn"
        return {
            "kind": self.kind, "metric": self.metric, "nodes": len(self.labels), "classes": self.classes,
            "labelled": int((self.labels >= 0).sum()), "features": self.width, "split": rule,
        }  # fmt: skip


def _masks(graph: Graph, labels: NDArray[np.int64], name: str) -> NDArray[np.bool_] | None:
    having = [m for m in MASKS if m in graph.node]
    if not having:
        return None
    if len(having) < len(MASKS):
        fix = "give all three, or none for random splits"
        raise InputError(", ".join(MASKS), ", ".join(having), fix, where=name)
    given = [np.asarray(graph.node[m]).astype(bool).reshape(graph.n, -1) for m in MASKS]
    columns = {m.shape[1] for m in given} - {1}
    if len(columns) > 1:
        raise InputError("masks with the same number of splits", str(sorted(columns)), where=name)
    k = columns.pop() if columns else 1
    masks = np.stack([np.broadcast_to(m, (graph.n, k)) for m in given])
    masks &= (labels >= 0)[None, :, None]
    if (masks.sum(axis=0) > 1).any():
        raise InputError("masks without common nodes", "a node in two of them", "correct the masks", where=name)
    if not masks.any(axis=1).all():
        raise NotApplicable("labelled nodes in every mask", "an empty mask", "correct the masks", where=name)
    return masks
