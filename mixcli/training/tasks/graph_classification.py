"""Graph classification."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mixcli.errors import NotApplicable
from mixcli.graph import Graph
from mixcli.training.protocol import Protocol
from mixcli.training.tasks.base import Split, Task, class_numbers
from mixcli.training.tasks.features import digest, features, ones
from mixcli.training.tasks.splits import SplitRule, ruled

if TYPE_CHECKING:
    import torch

    from mixcli.training.loaders import Loader
    from mixcli.training.topology import Topology

__all__ = ["GraphClassification"]

SPLITS = SplitRule("stratified", 0.8, 0.1)


@dataclass(frozen=True, eq=False)
class GraphClassification(Task):
    """Predict the class of each of many graphs (graph payload `y`).

    Split: random 80/10/10 by trial, stratified by class. Features: node payload `x`, or the constant 1 where there is
    none. Network: five convolutions, that is four hidden ones of width 64 and one to the class scores, ReLU and dropout
    0.5 after each hidden one; a graph's score is the mean of its nodes' scores. Training: Adam 1e-3, batches of 64,
    step size a tenth after 10 epochs without a lower training loss, at most 200 epochs, stop after 50 without a better
    validation result.

    These are the settings of Karhadkar et al. (ICLR 2023) except: their splits are neither stratified nor seeded, they
    have no limit of epochs and wait 100 of them, and they report the last epoch.

    Args:
        name: of the source.
        x: (all nodes, width) features.
        start: (graphs + 1,) where each graph's nodes begin.
        labels: (graphs,) classes.
        classes: how many there are.
        rule: of the splits.
        drop_input: whether features are dropped out too.
    """

    kind: ClassVar[str] = "graph_classification"
    hidden: ClassVar[int] = 64
    dropout: ClassVar[float] = 0.5
    protocol: ClassVar[Protocol] = Protocol(lr=1e-3, epochs=200, patience=50, batch_size=64, scheduler="plateau")

    name: str
    x: NDArray[np.float32]
    start: NDArray[np.int64]
    labels: NDArray[Any]
    classes: int
    layers: int = 5
    rule: SplitRule = SPLITS
    drop_input: bool = False
    fixed: ClassVar[bool] = False

    @classmethod
    def of(cls, graphs: Sequence[Graph], name: str = "") -> GraphClassification:
        """The task that a data set of labelled graphs poses.

        Raises:
            NotApplicable: labels are missing, real-valued, too few or all the same.
            InputError: features are missing for some graphs, or not finite.
        """
        without = next((g for g in graphs if "y" not in g.graph), None)
        if without is not None:
            raise NotApplicable("a class label y for every graph", "a graph without", where=without.name or name)
        y = np.stack([np.asarray(g.graph["y"]).reshape(-1) for g in graphs if np.size(g.graph["y"])] or [[]])
        if len(y) < len(graphs):
            raise NotApplicable("a class label y for every graph", "an empty one", where=name)
        labels, classes = class_numbers(y, "graph", name)
        if (labels < 0).any():
            raise NotApplicable("a class number >= 0 for every graph", "a negative one", "number them 0, 1, …")
        x = features(graphs)
        start = np.concatenate([[0], np.cumsum([g.n for g in graphs])]).astype(np.int64)
        if (np.diff(start) == 0).any():
            raise NotApplicable("graphs with nodes", "an empty graph", "leave it out", where=name)
        return cls(name, ones(int(start[-1])) if x is None else x, start, labels, classes)

    @property
    def width(self) -> int:
        """Number of input features."""
        return int(self.x.shape[1])

    @cached_property
    def digest(self) -> str:
        """SHA-256 of features and labels."""
        return digest(self.kind, self.x, self.start, self.labels)

    def split(self, seed: int, trial: int) -> Split:
        """80/10/10 by the trial, stratified by class, where the protocol says nothing else."""
        return self.rule.split(self.labels, seed, trial)

    @property
    def same_test(self) -> bool:
        """Whether the rule tests on the same graphs in every trial."""
        return self.rule.same_test

    def under(self, protocol: Protocol) -> GraphClassification:
        """This task with the splits that a protocol asks for."""
        return dataclasses.replace(
            self, rule=ruled(protocol, self.rule), drop_input=protocol.drop_input or self.drop_input
        )

    def loader(self, topology: Topology, relations: int, device: torch.device) -> Loader:
        """Batches of whole graphs."""
        from mixcli.training.loaders import GraphLoader

        return GraphLoader(self, topology, relations, device)

    def facts(self) -> dict[str, Any]:
        """Sizes and the rule of the split."""
        return {
            "kind": self.kind, "metric": self.metric, "graphs": len(self.labels), "classes": self.classes,
            "features": self.width, "split": str(self.rule),
        }  # fmt: skip
