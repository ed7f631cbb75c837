"""Matching: find, among marked nodes, the one that the root asks for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mixcli.training.protocol import Protocol
from mixcli.training.tasks.base import Split, Task, stratified, streams
from mixcli.training.tasks.features import digest

if TYPE_CHECKING:
    import torch

    from mixcli.training.matching_loader import MatchingLoader
    from mixcli.training.topology import Topology

__all__ = ["Matching"]


@dataclass(frozen=True, eq=False)
class Matching(Task):
    """Predict, at the root, what stands beside the key that the root holds.

    A sample is (permutation p, key q), of K marked nodes. With `values`, marked node i holds the one-hot of key i and
    that of value p_i, the root that of key q, and p_q is to be predicted. Without, marked node i holds the one-hot of
    label p_i, the root that of label p_q, all others that of "no label", and every node its own number as a one-hot; q
    is to be predicted, which is the number of the node that matches. Guessing gives 1/K.

    Split: samples at random 80/10/10 by trial, stratified by class; permutations are shared. Network: as many layers as
    the root is hops from the farthest marked node; width 64, no dropout. Training: Adam 1e-3, batches of 64, at most
    200 epochs, stop after 30 without a better validation result.

    Args:
        name: of the source.
        n: nodes of the graph.
        root: number of the root.
        marked: (K,) numbers of the marked nodes.
        orders: (P, K) the permutations p.
        values: see above.
        layers: hops.
        classes: K.
    """

    kind: ClassVar[str] = "matching"
    hidden: ClassVar[int] = 64
    dropout: ClassVar[float] = 0.0
    fixed: ClassVar[bool] = False
    protocol: ClassVar[Protocol] = Protocol(lr=1e-3, epochs=200, patience=30, batch_size=64)
    name: str
    n: int
    root: int
    marked: NDArray[np.int64]
    orders: NDArray[np.int64]
    values: bool
    layers: int
    classes: int

    @property
    def width(self) -> int:
        """Number of input features."""
        return 2 * self.classes if self.values else self.classes + 1 + self.n

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        """(samples,) class; sample s is permutation s // K with key s mod K."""
        key = np.tile(np.arange(self.classes), len(self.orders))
        return self.orders.ravel().astype(np.int64) if self.values else key

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all that the samples depend on."""
        return digest(self.kind, self.n, self.root, self.marked, self.orders, int(self.values))

    def split(self, seed: int, trial: int) -> Split:
        """80/10/10 by the trial, stratified by class."""
        return stratified(self.labels, 0.8, 0.1, streams(seed, trial).rng("split"))

    @cached_property
    def common(self) -> NDArray[np.float32]:
        """(n, width) what every sample holds."""
        k = self.classes
        x = np.zeros((self.n, self.width), dtype=np.float32)
        if self.values:
            x[self.marked, np.arange(k)] = 1
            return x
        x[np.arange(self.n), k + 1 + np.arange(self.n)] = 1
        x[:, k] = 1
        x[self.holders, k] = 0
        return x

    @property
    def holders(self) -> NDArray[np.int64]:
        """(K + 1,) the marked nodes, then the root."""
        return np.append(self.marked, self.root)

    def held(self, units: NDArray[np.int64]) -> NDArray[np.int64]:
        """(k, K + 1) the channel in which each holder has a one, beside what all samples have."""
        order, key = self.orders[units // self.classes], (units % self.classes)[:, None]
        asked = key if self.values else np.take_along_axis(order, key, axis=1)
        return np.concatenate([order + self.classes * self.values, asked], axis=1)

    def features(self, units: NDArray[np.int64]) -> NDArray[np.float32]:
        """(k, n, width) of some samples."""
        x = np.repeat(self.common[None], len(units), axis=0)
        x[np.arange(len(units))[:, None], self.holders, self.held(units)] = 1
        return x

    def loader(self, topology: Topology, relations: int, device: torch.device) -> MatchingLoader:
        """Copies of the graph, one per sample, read out at the root."""
        from mixcli.training.matching_loader import MatchingLoader

        return MatchingLoader(self, topology, relations, device)

    def facts(self) -> dict[str, Any]:
        """Sizes and the rule of the split."""
        return {
            "kind": self.kind, "metric": self.metric, "nodes": self.n, "samples": len(self.labels),
            "classes": self.classes, "chance": 1 / self.classes, "hops": {"mean": self.layers, "max": self.layers},
            "features": self.width, "split": "80/10/10 of the samples, stratified by class, by trial",
        }  # fmt: skip
