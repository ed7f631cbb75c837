"""Batches of samples of a matching task."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from mixcli.training.loaders import EVALUATED_ROWS, Batch, Loader
from mixcli.training.slicer import Slicer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.training.tasks.matching import Matching
    from mixcli.training.topology import Topology

__all__ = ["MatchingLoader"]


class MatchingLoader(Loader):
    """Units are samples, each with its own copy of the graph, read out at the root."""

    def __init__(self, task: Matching, topology: Topology, relations: int, device: torch.device) -> None:
        self.device, self._task = device, task
        self._rows = int(topology.start[-1])
        self._slicer = Slicer(topology, relations, device)

    def batch(self, units: NDArray[np.int64]) -> Batch:
        """Some samples."""
        block = self._slicer.block(torch.zeros(len(units), dtype=torch.int64, device=self.device))
        given = self._tensor(self._task.features(units))
        x = given.new_zeros(len(units), self._rows, given.shape[2])
        x[:, : given.shape[1]] = given  # virtual nodes come after a graph's own
        return Batch(x.flatten(0, 1), block, self._tensor(self._task.labels[units]), block.offset + self._task.root)

    def chunk(self) -> int:
        """As many copies as have about 200 000 nodes."""
        return max(1, EVALUATED_ROWS // self._rows)
