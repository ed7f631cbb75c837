"""Batches of units (graphs, nodes, samples) as the tensors a network is called with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mixcli.training.block import Block, SparseRows
from mixcli.training.slicer import Slicer

if TYPE_CHECKING:
    from mixcli.training.tasks.fixed_transfer import FixedTransfer
    from mixcli.training.tasks.graph_classification import GraphClassification
    from mixcli.training.tasks.node_classification import NodeClassification
    from mixcli.training.tasks.transfer import Transfer
    from mixcli.training.topology import Topology

__all__ = ["Batch", "GraphLoader", "Loader", "NodeLoader", "TransferLoader"]

EVALUATED_ROWS = 200_000
"""Node rows evaluated at once."""


@dataclass(frozen=True)
class Batch:
    """Some units.

    Args:
        x: features by row.
        block: how rows mix.
        y: (units,) classes.
        rows: (units,) the row each unit is read out at, or None for the mean over its graph.
    """

    x: Tensor | SparseRows
    block: Block
    y: Tensor
    rows: Tensor | None

    def scores(self, h: Tensor) -> Tensor:
        """(units, classes) out of the network's scores per row."""
        return self.block.average(h) if self.rows is None else h[self.rows]


class Loader(ABC):
    """Makes batches of one task over the arcs of one arm."""

    device: torch.device

    @abstractmethod
    def batch(self, units: NDArray[np.int64]) -> Batch:
        """The batch of some units."""

    @abstractmethod
    def chunk(self) -> int:
        """Units to evaluate at once, 0 for all."""

    def batches(self, units: NDArray[np.int64], size: int) -> Iterator[Batch]:
        """Batches of `size` units in the order given; 0 for one batch of all."""
        for first in range(0, len(units), size or len(units)):
            yield self.batch(units[first : first + (size or len(units))])

    def _tensor(self, array: NDArray[Any]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self.device)


class GraphLoader(Loader):
    """Units are graphs, scored by the mean over their nodes."""

    def __init__(self, task: GraphClassification, topology: Topology, relations: int, device: torch.device) -> None:
        self.device = device
        self._x, self._y = self._tensor(_with_virtual(task.x, min(1, topology.virtual))), self._tensor(task.labels)
        self._slicer = Slicer(topology, relations, device)
        self._chunk = max(1, EVALUATED_ROWS * len(task.labels) // max(1, int(topology.start[-1])))

    def batch(self, units: NDArray[np.int64]) -> Batch:
        """Some graphs."""
        graphs = self._tensor(units)
        block = self._slicer.block(graphs)
        return Batch(self._x[block.node], block, self._y[graphs], None)

    def chunk(self) -> int:
        """As many graphs as have about 200 000 nodes."""
        return self._chunk


class NodeLoader(Loader):
    """Units are nodes of the one graph, which is always passed through as a whole."""

    def __init__(self, task: NodeClassification, topology: Topology, relations: int, device: torch.device) -> None:
        self.device = device
        x = _with_virtual(task.x, topology.virtual)
        self._x = self._tensor(x) if isinstance(x, np.ndarray) else self._sparse(x)
        self._y = self._tensor(task.labels)
        self._block = Slicer(topology, relations, device).block(torch.zeros(1, dtype=torch.int64, device=device))

    def batch(self, units: NDArray[np.int64]) -> Batch:
        """The graph, read out at some nodes."""
        rows = self._tensor(units)
        return Batch(self._x, self._block, self._y[rows], rows)

    def chunk(self) -> int:
        """All: one pass serves every node."""
        return 0

    def _sparse(self, x: Any) -> SparseRows:
        row = np.repeat(np.arange(x.shape[0]), np.diff(x.indptr))
        order = np.argsort(x.indices, kind="stable")
        parts = (row, x.indices.astype(np.int64), x.data, order)
        return SparseRows(tuple(x.shape), *(self._tensor(p) for p in parts))


class TransferLoader(Loader):
    """Units are samples (pair, class), each with its own copy of the graph, read out at the pair's source."""

    def __init__(
        self, task: Transfer | FixedTransfer, topology: Topology, relations: int, device: torch.device
    ) -> None:
        self.device = device
        self._classes, self._rows = task.classes, int(topology.start[-1])
        self._pairs = self._tensor(task.pairs)
        self._slicer = Slicer(topology, relations, device)

    def batch(self, units: NDArray[np.int64]) -> Batch:
        """Some samples."""
        samples = self._tensor(units)
        pair, y = samples // self._classes, samples % self._classes
        block = self._slicer.block(torch.zeros_like(samples))
        source, target = (block.offset[:, None] + self._pairs[pair]).T
        x = torch.ones(len(block.node), self._classes, device=self.device)
        if block.real is not None:
            x[~block.real] = 0
        x[source] = 0
        x[target] = torch.nn.functional.one_hot(y, self._classes).to(x.dtype)
        return Batch(x, block, y, source)

    def chunk(self) -> int:
        """As many copies as have about 200 000 nodes."""
        return max(1, EVALUATED_ROWS // self._rows)


def _with_virtual(x: Any, rows: int) -> Any:
    """Features with zeros for virtual nodes after those of the nodes."""
    if not rows:
        return x
    if isinstance(x, np.ndarray):
        return np.concatenate([x, np.zeros((rows, x.shape[1]), x.dtype)])
    padded = x.copy()
    padded.resize(x.shape[0] + rows, x.shape[1])
    return padded
