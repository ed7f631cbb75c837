"""Node classification."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mixcli.errors import InputError, NotApplicable
from mixcli.graph import Graph
from mixcli.training.protocol import Protocol
from mixcli.training.tasks.base import Split, Task, class_numbers
from mixcli.training.tasks.features import digest, features, normalised, thinned
from mixcli.training.tasks.splits import SplitRule, ruled

if TYPE_CHECKING:
    import torch

    from mixcli.training.loaders import Loader
    from mixcli.training.topology import Topology

__all__ = ["NodeClassification"]

MASKS = ("train_mask", "val_mask", "test_mask")

SPLITS = SplitRule("stratified", 0.6, 0.2)


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
        rule: of the splits where none are given.
        drop_input: whether features are dropped out too.
    """

    kind: ClassVar[str] = "node_classification"
    hidden: ClassVar[int] = 16
    dropout: ClassVar[float] = 0.5
    protocol: ClassVar[Protocol] = Protocol(lr=0.01, weight_decay=5e-4, epochs=200, batch_size=0)

    name: str
    x: Any
    labels: NDArray[np.int64]
    classes: int
    masks: NDArray[np.bool_] | None = None
    layers: int = 2
    rule: SplitRule = SPLITS
    drop_input: bool = True

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
            return self.rule.split(self.labels, seed, trial)
        return Split(*(np.flatnonzero(m) for m in self.masks[:, :, trial % self.masks.shape[2]]))

    def split_number(self, trial: int) -> int:
        """The column of the given splits, where there are several."""
        return trial if self.masks is None or self.fixed else trial % self.masks.shape[2]

    @property
    def same_test(self) -> bool:
        """Whether there is one given split, or a rule that tests on the same nodes in every trial."""
        return self.fixed if self.masks is not None else self.rule.same_test

    def under(self, protocol: Protocol) -> NodeClassification:
        """This task with the splits that a protocol asks for, and its word on dropping features."""
        few = protocol.splits == "several" and self.masks is not None and self.masks.shape[2] == 1
        kept = protocol.splits == "default" or (protocol.splits == "several" and not few)
        drop = self.drop_input if protocol.drop_input is None else protocol.drop_input
        masks = self.masks if kept else None
        return dataclasses.replace(self, masks=masks, rule=ruled(protocol, self.rule), drop_input=drop)

    def loader(self, topology: Topology, relations: int, device: torch.device) -> Loader:
        """The whole graph, read out at some nodes."""
        from mixcli.training.loaders import NodeLoader

        return NodeLoader(self, topology, relations, device)

    def facts(self) -> dict[str, Any]:
        """Sizes and the rule of the split."""
        rule = str(self.rule)
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
