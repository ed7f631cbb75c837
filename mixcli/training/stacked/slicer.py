"""Cutting the batches of all trials of a stack out of one table, as one block-diagonal block."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from mixcli.training.block import Block
from mixcli.training.slicer import Slicer
from mixcli.training.topology import Topology

__all__ = ["StackedSlicer"]


class StackedSlicer(Slicer):
    """Cuts batches out of the arcs of several arms.

    Args:
        topology: the arms side by side.
        relations: relations that the network knows; 1 takes all arcs as one.
        device: where the batches live.
        node: (rows,) row of the features behind each row of the topology, `void` for a virtual node.
        void: the row of the features that holds zeros, after all others.
    """

    def __init__(
        self, topology: Topology, relations: int, device: torch.device, node: NDArray[np.int64], void: int
    ) -> None:
        super().__init__(topology, relations, device)
        self._start_here = topology.start
        self._feature, self._void = torch.from_numpy(node).to(device), void
        self._some_virtual = bool((node == void).any())

    def trials(self, graphs: NDArray[np.int64]) -> Block:
        """A batch of as many graphs for each trial, its rows filled up to those of the largest trial.

        The rows that fill up count as virtual nodes of the trial's last graph, without arcs: they get no say in batch
        statistics and readouts.

        Args:
            graphs: (trials, copies) graph numbers.
        """
        trials, copies = graphs.shape
        sizes = (self._start_here[graphs + 1] - self._start_here[graphs]).sum(axis=1)
        rows, all_rows = int(sizes.max()), int(sizes.sum())  # known here, so the device need not be waited for
        host = graphs.reshape(-1)
        g = torch.from_numpy(host).to(self._device)
        count = trials * copies
        number = torch.arange(max(count, all_rows), device=self._device)
        first = self._start[g]
        size = self._start[g + 1] - first
        by_trial = size.view(trials, copies)
        offset = (by_trial.cumsum(1) - by_trial + rows * number[:trials, None]).reshape(-1)
        copy = number[:count].repeat_interleave(size, output_size=all_rows)
        before = size.cumsum(0) - size
        row = number[:all_rows] + (offset - before)[copy]
        feature = self._feature[number[:all_rows] + (first - before)[copy]]
        last = number[:trials] * copies + copies - 1
        graph = last.repeat_interleave(rows, output_size=trials * rows).index_copy(0, row, copy)
        node = torch.full((trials * rows,), self._void, device=self._device).index_copy(0, row, feature)
        real = (node < self._void).to(torch.get_default_dtype())
        if self._some_virtual:
            size = torch.zeros_like(size).index_add(0, graph, (node < self._void).to(size.dtype))
        shift = offset - first
        matrices = self._matrices((), g, shift, trials * rows, host)
        real = real.view(trials, rows, 1)
        block = Block(matrices, graph, offset, size, node, self._topology.last, real, trials)
        block.filled = row
        if self._topology.laid:
            block.layers = self._layers(block, g, shift, host)
        return block
