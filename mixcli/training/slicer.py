"""Cutting batches out of an arm's topology by index arithmetic."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mixcli.training.block import Block, Matrix
from mixcli.training.topology import Arcs, Topology

__all__ = ["Slicer"]


class Slicer:
    """Cuts batches out of an arm's topology.

    Args:
        topology: the arm's arcs.
        relations: relations that the network knows; 1 takes all arcs as one, more than the arm has adds empty ones.
        device: where the batches live.
    """

    def __init__(self, topology: Topology, relations: int, device: torch.device) -> None:
        self._topology, self._relational, self._device = topology, relations > 1, device
        self._start = torch.from_numpy(topology.start).to(device)
        self._node = None if topology.node is None else torch.from_numpy(topology.node).to(device)
        self._nodes = 0 if topology.node is None else int(topology.node.max())
        self._tables: dict[tuple[int, ...], list[tuple[_Table, _Table | None]]] = {}

    def block(self, graphs: Tensor) -> Block:
        """A batch of some graphs, repeats allowed.

        Args:
            graphs: (copies,) graph numbers.
        """
        first = self._start[graphs]
        size = self._start[graphs + 1] - first
        offset = size.cumsum(0) - size
        graph = torch.arange(len(graphs), device=graphs.device).repeat_interleave(size)
        node = torch.arange(len(graph), device=graphs.device) - (offset - first)[graph]
        real = None
        if self._node is not None:
            node = self._node[node]
            real = node < self._nodes
            size = torch.zeros_like(size).index_add(0, graph, real.to(size.dtype))
        matrices = self._matrices((), graphs, offset - first, len(graph))
        block = Block(matrices, graph, offset, size, node, self._topology.last, real)
        if self._topology.laid:
            block.layers = self._layers(block, graphs, offset - first)
        return block

    def _layers(
        self, block: Block, graphs: Tensor, shift: Tensor, host: NDArray[np.int64] | None = None
    ) -> Callable[[int, int], Block]:
        """What each layer mixes over, made when one first asks for it."""
        made: dict[tuple[int, ...], Block] = {(): block}

        def of_layer(layer: int, of: int) -> Block:
            used = self._topology.used(layer, of)
            if used not in made:
                made[used] = block.over(self._matrices(used, graphs, shift, len(block.node), host))
            return made[used]

        return of_layer

    def _matrices(
        self,
        used: tuple[int, ...],
        graphs: Tensor,
        shift: Tensor,
        rows: int,
        host: NDArray[np.int64] | None = None,
    ) -> list[Matrix]:
        """The adjacency of some graphs in a layer that uses some overlays.

        Args:
            used: numbers of the overlays.
            graphs: (copies,) graph numbers.
            shift: (copies,) by how much each graph's rows are renumbered.
            rows: of the batch.
            host: the graph numbers once more, where they are known outside the device, which then need not be waited
                for.
        """
        if used not in self._tables:
            arcs = self._topology.tables(used, self._relational)
            back = self._topology.directed
            self._tables[used] = [
                (_Table(a, self._device), _Table(a.reversed(), self._device) if back else None) for a in arcs
            ]
        return [
            Matrix(rows, *forth.cut(graphs, shift, host), None if back is None else back.cut(graphs, shift, host))
            for forth, back in self._tables[used]
        ]


class _Table:
    def __init__(self, arcs: Arcs, device: torch.device) -> None:
        self.count = np.diff(arcs.start)
        self.start = torch.from_numpy(arcs.start).to(device)
        self.receiver = torch.from_numpy(arcs.receiver).to(device)
        self.sender = torch.from_numpy(arcs.sender).to(device)
        self.weight = None if arcs.weight is None else torch.from_numpy(arcs.weight).to(device)

    def cut(
        self, graphs: Tensor, shift: Tensor, host: NDArray[np.int64] | None
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """The arcs of some graphs, renumbered by adding each graph's shift."""
        first = self.start[graphs]
        count = self.start[graphs + 1] - first
        total = None if host is None else int(self.count[host].sum())
        graph = torch.arange(len(graphs), device=graphs.device).repeat_interleave(count, output_size=total)
        arc = torch.arange(len(graph), device=graphs.device) - (count.cumsum(0) - count - first)[graph]
        by = shift[graph]
        return self.receiver[arc] + by, self.sender[arc] + by, None if self.weight is None else self.weight[arc]
