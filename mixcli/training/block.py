"""Message passing over a batch: a block-diagonal adjacency as sparse CSR matrices, one per relation.

Every aggregation of the layers is a plain sum A h with diagonal scalings outside it, so one kernel serves them all. An
undirected graph's matrix is symmetric and serves its own backward pass.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from mixcli.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Block", "FullyAdjacent", "Matrix", "SparseRows"]


class _Product(torch.autograd.Function):
    """A @ h, with the transpose that the backward pass needs given beforehand."""

    @staticmethod
    def forward(ctx: Any, forth: Any, back: Any, h: Tensor) -> Tensor:
        ctx.back = back
        return _multiply(forth, h)

    @staticmethod
    def backward(ctx: Any, *grad: Tensor) -> tuple[None, None, Tensor]:
        return None, None, _multiply(ctx.back, grad[0].contiguous())


class Matrix:
    """A sparse (n, n) matrix given by its entries, sorted by row.

    Args:
        n: rows.
        row: (k,) row of each entry, ascending.
        column: (k,) column of each entry.
        value: (k,) or None for ones.
        transpose: the entries of the transpose in the same form; None where it equals the matrix.
    """

    def __init__(
        self, n: int, row: Tensor, column: Tensor, value: Tensor | None, transpose: tuple[Any, ...] | None = None
    ) -> None:
        self.entries = row, column, value
        value = torch.ones(len(row), device=row.device) if value is None else value
        self.row_sum = torch.zeros(n, device=row.device, dtype=value.dtype).index_add(0, row, value)[:, None]
        self._forth = _entries(n, n, row, column, value)
        self._back = self._forth
        if transpose is not None:
            row, column, back = transpose
            self._back = _entries(n, n, row, column, torch.ones(len(row), device=row.device) if back is None else back)

    def __matmul__(self, h: Tensor) -> Tensor:
        if h.dim() == 2:
            return _Product.apply(self._forth, self._back, h)
        return _Product.apply(self._forth, self._back, h.reshape(-1, h.shape[-1])).view(h.shape)


@dataclass(frozen=True)
class SparseRows:
    """Sparse input features (n, d), with their transpose for the gradient of the weight they meet.

    Args:
        shape: (n, d).
        row: (k,) row of each entry, ascending.
        column: (k,) column of each entry.
        value: (k,).
        order: permutation that sorts the entries by column.
    """

    shape: tuple[int, int]
    row: Tensor
    column: Tensor
    value: Tensor
    order: Tensor

    def __matmul__(self, weight: Tensor) -> Tensor:
        n, d = self.shape
        back = _entries(d, n, self.column[self.order], self.row[self.order], self.value[self.order])
        return _Product.apply(_entries(n, d, self.row, self.column, self.value), back, weight)

    def replace(self, value: Tensor) -> SparseRows:
        """The same pattern with other values."""
        return SparseRows(self.shape, self.row, self.column, value, self.order)


class Block:
    """A batch of graph copies, and the three ways in which layers mix over it.

    Values are (rows, d); of a batch of several trials, as many rows for each, (trials, rows / trials, d).

    Args:
        matrices: adjacency by relation, rows receive.
        graph: (rows,) which copy each row belongs to.
        offset: (copies,) first row of each copy.
        size: (copies,) nodes of each copy, virtual ones aside.
        node: (rows,) node behind each row, numbered through all graphs of the arm, their total for a virtual one.
        last: how the last layer mixes.
        real: (rows,) False for virtual nodes, None where there are none; of several trials (trials, rows / trials, 1),
            1 or 0, the rows that fill up a trial counting as virtual nodes.
        trials: how many there are, 0 for a batch of one.

    Of several trials `filled` holds the numbers of the rows that are of a graph, not there to fill up a trial; None
    where all are.
    """

    def __init__(
        self, matrices: list[Matrix], graph: Tensor, offset: Tensor, size: Tensor, node: Tensor, last: str | None,
        real: Tensor | None = None, trials: int = 0,
    ) -> None:  # fmt: skip
        self.matrices, self.graph, self.offset, self.size, self.node, self.last = (
            matrices, graph, offset, size, node, last,
        )  # fmt: skip
        self.real, self.trials = real, trials
        self.filled: Tensor | None = None
        self.layers: Callable[[int, int], Block] | None = None
        self._gcn = self.by_row((matrices[0].row_sum + 1).rsqrt())
        sums = [m.row_sum for m in matrices]
        self._mean = [self.by_row(torch.where(s > 0, 1 / s, torch.zeros_like(s))) for s in sums]

    def by_row(self, values: Tensor) -> Tensor:
        """One number for each row, in the shape that multiplies values."""
        return values.view(self.trials, -1, 1) if self.trials else values.view(-1, 1)

    def gcn(self, h: Tensor) -> Tensor:
        """D̃^-½ (A + I) D̃^-½ h with D̃ the in-degrees of A + I."""
        h = h * self._gcn
        return (self.matrices[0] @ h + h) * self._gcn

    def gin(self, h: Tensor) -> Tensor:
        """(A + I) h."""
        return self.matrices[0] @ h + h

    def mean(self, h: Tensor, relation: int) -> Tensor:
        """Weighted mean over the senders of one relation, 0 where a node has none."""
        return (self.matrices[relation] @ h) * self._mean[relation]

    @cached_property
    def looped(self) -> tuple[Tensor, Tensor, Tensor | None]:
        """Receivers, senders and weights of all arcs, and of one of weight 1 from every row to itself."""
        receiver, sender, weight = self.matrices[0].entries
        loops = torch.arange(len(self.node), device=receiver.device)
        if weight is not None:
            weight = torch.cat([weight, weight.new_ones(len(loops))])
        return torch.cat([receiver, loops]), torch.cat([sender, loops]), weight

    @property
    def relations(self) -> int:
        """Relations of the arcs in this batch."""
        return len(self.matrices)

    def total(self, h: Tensor) -> Tensor:
        """(copies, d) sum of the rows of each copy, virtual nodes left out."""
        h = h.reshape(-1, h.shape[-1])
        if self.real is not None:
            h = h * self.real.reshape(-1, 1)
        return torch.zeros(len(self.size), h.shape[1], device=h.device, dtype=h.dtype).index_add(0, self.graph, h)

    def average(self, h: Tensor) -> Tensor:
        """(copies, d) mean of the rows of each copy, virtual nodes left out."""
        return self.total(h) / self.size[:, None]

    def over(self, matrices: list[Matrix]) -> Block:
        """The same rows over other arcs."""
        out = Block(matrices, self.graph, self.offset, self.size, self.node, self.last, self.real, self.trials)
        out.filled = self.filled
        return out

    @property
    def sends(self) -> Tensor | None:
        """(rows,) False for virtual nodes and rows that fill up a trial, None where there are none."""
        return self.real if self.real is None or not self.trials else self.real.flatten() > 0

    def at(self, layer: int, of: int) -> Block | FullyAdjacent:
        """What layer number `layer` (from 1) of `of` layers mixes over, by the layer plan."""
        block = self if self.layers is None else self.layers(layer, of)
        return block.last_layer() if layer == of else block

    def last_layer(self) -> Block | FullyAdjacent:
        """What the last layer mixes over, by the layer plan."""
        return self if self.last is None else FullyAdjacent(self, self.last)


class FullyAdjacent:
    """A last layer in which every node hears every node of its graph, in O(n) and without n² arcs.

    With S = Σ_v h_v over a node's own graph of n nodes, virtual ones left out:

    - "complete": the layer's own rule on the complete graph: GCN S/n, GIN S, mean over the others (S - h)/(n - 1);
    - "mean": S/n, whatever the layer;
    - "sum": S, whatever the layer.

    GCN and GIN mix over this instead of the arcs. R-GCN mixes over the arcs as before and hears the whole graph through
    one more relation (number `relations` of the block).

    Source: Alon & Yahav, ICLR 2021, for the complete last layer; Karhadkar et al., ICLR 2023, for the relational one.
    """

    def __init__(self, block: Block, variant: str) -> None:
        if variant not in ("complete", "mean", "sum"):
            raise InputError("a last layer of complete, mean or sum", repr(variant), "correct the layer plan")
        self.block, self.variant, self.real = block, variant, block.real
        self.relations = block.relations + 1
        self._size = block.by_row(block.size[block.graph])

    def gcn(self, h: Tensor) -> Tensor:
        """The graph's mean, or its sum for the variant of that name."""
        total = self._total(h)
        return total if self.variant == "sum" else total / self._size

    def gin(self, h: Tensor) -> Tensor:
        """The graph's sum, or its mean for the variant of that name."""
        total = self._total(h)
        return total / self._size if self.variant == "mean" else total

    def mean(self, h: Tensor, relation: int) -> Tensor:
        """Over the arcs for their relations, over the whole graph for the one after them, 0 for any other."""
        if relation < self.block.relations:
            return self.block.mean(h, relation)
        if relation > self.block.relations:
            return torch.zeros_like(h)
        if self.variant == "complete":
            return (self._total(h) - h) / (self._size - 1).clamp(min=1)
        return self.gcn(h)

    def _total(self, h: Tensor) -> Tensor:
        return self.block.total(h)[self.block.graph].view(h.shape)


def _entries(n: int, d: int, row: Tensor, column: Tensor, value: Tensor) -> Any:
    """A sparse matrix in the form that this device multiplies fastest."""
    if not _has_csr(row.device.type):
        return n, row, column, value
    # A search, since counting the entries of each row would wait for a CUDA device.
    crow = torch.searchsorted(row, torch.arange(n + 1, device=row.device), out_int32=True)
    return torch.sparse_csr_tensor(crow, column.int(), value, (n, d))


def _multiply(matrix: Any, h: Tensor) -> Tensor:
    if isinstance(matrix, tuple):
        n, row, column, value = matrix
        out = torch.zeros(n, h.shape[1], device=h.device, dtype=h.dtype)
        return out.index_add(0, row, h[column] * value[:, None])
    return matrix @ h


@cache
def _has_csr(device: str) -> bool:
    """Whether this build of torch multiplies CSR matrices on a device (MPS and some processors' builds do not)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "CSR is in beta state", once per process
        try:
            crow = torch.tensor([0, 1], dtype=torch.int32, device=device)
            one = torch.sparse_csr_tensor(crow, crow[:1], torch.ones(1, device=device), (1, 1))
            return float((one @ torch.ones(1, 1, device=device)).item()) == 1.0
        except (RuntimeError, NotImplementedError):
            return False
