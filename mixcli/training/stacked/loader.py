"""Batches of all trials of a stack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mixcli.training.block import Block, SparseRows
from mixcli.training.loaders import EVALUATED_ROWS
from mixcli.training.stacked.features import StackedRows
from mixcli.training.stacked.job import StackJob
from mixcli.training.stacked.slicer import StackedSlicer
from mixcli.training.stacked.topology import side_by_side

__all__ = ["StackedBatch", "StackedLoader"]

EVALUATED_ON_DEVICE = 4_000_000
"""Node rows evaluated at once on an accelerator."""


@dataclass(frozen=True)
class StackedBatch:
    """As many units for each trial.

    Args:
        x: (trials, rows, d) features.
        block: how rows mix.
        y: (trials, units) classes, or (trials, units, targets).
        rows: (trials · units,) the row each unit is read out at, or None for the mean over its graph.
    """

    x: Tensor | StackedRows
    block: Block
    y: Tensor
    rows: Tensor | None

    def scores(self, h: Tensor) -> Tensor:
        """(trials, units, classes) out of the network's scores per row."""
        flat = self.block.average(h) if self.rows is None else h.reshape(-1, h.shape[-1])[self.rows]
        return flat.view(*self.y.shape[:2], -1)


class StackedLoader:
    """Makes batches of trials that can be stacked (`StackJob.kind`), each over the arcs and features of its own arm.

    Args:
        jobs: the trials.
        device: where the batches live.
    """

    def __init__(self, jobs: Sequence[StackJob], device: torch.device) -> None:
        self.device = device
        self.task = jobs[0].task
        topologies = {id(j.topology): j.topology for j in jobs}
        tasks = {id(j.task): j.task for j in jobs}
        pairs = list({(id(j.topology), id(j.task)): None for j in jobs})
        self._arm = np.array([pairs.index((id(j.topology), id(j.task))) for j in jobs])
        self._graphs = len(jobs[0].topology.start) - 1
        self._rows = int(jobs[0].topology.start[-1])
        first, self._x = self._features(list(tasks.values()))
        begin = dict(zip(tasks, first, strict=False))
        node = [_behind(topologies[t], begin[x], first[-1]) for t, x in pairs]
        relations = jobs[0].relations if jobs[0].model.relational else 1
        self._slicer = StackedSlicer(
            side_by_side([topologies[t] for t, _ in pairs]), relations, device, np.concatenate(node), first[-1]
        )
        self._y = self._tensor(self.task.labels)
        self._pairs = self._tensor(getattr(self.task, "pairs", np.zeros((0, 2), np.int64)))
        if self.task.kind == "matching":
            task: Any = self.task
            self._holders, self._held = self._tensor(task.holders), self._tensor(task.held(np.arange(len(self._y))))
        self._whole: tuple[Block, Tensor | StackedRows] | None = None

    def keep(self, trials: NDArray[np.int64]) -> None:
        """Go on with some of the trials only."""
        self._arm, self._whole = self._arm[trials], None

    def batch(self, units: NDArray[np.int64]) -> StackedBatch:
        """The batch of some units, (trials, units)."""
        make = {"node_classification": self._nodes, "transfer": self._transfer, "matching": self._matching}
        return make.get(self.task.kind, self._of_graphs)(units)

    def chunk(self, units: NDArray[np.int64]) -> int:
        """Units to evaluate at once."""
        if self.task.kind == "node_classification":
            return units.shape[1]
        rows = self._rows / self._graphs  # one graph for tasks whose units are copies of it
        # On an accelerator as many rows of each trial as `memory_of` counts on, up to as many as keep it busy.
        limit = EVALUATED_ROWS if self.device.type == "cpu" else min(EVALUATED_ON_DEVICE, EVALUATED_ROWS * len(units))
        return max(1, int(limit / (len(units) * rows)))

    def _of_graphs(self, units: NDArray[np.int64]) -> StackedBatch:
        block = self._slicer.trials(units + self._graphs * self._arm[:, None])
        return StackedBatch(self._at(block), block, self._y[self._tensor(units)], None)

    def _nodes(self, units: NDArray[np.int64]) -> StackedBatch:
        if self._whole is None:
            block = self._slicer.trials(self._arm[:, None])
            self._whole = block, self._at(block)
        block, x = self._whole
        rows = self._tensor(units)
        return StackedBatch(x, block, self._y[rows], (rows + block.offset[:, None]).reshape(-1))

    def _transfer(self, units: NDArray[np.int64]) -> StackedBatch:
        classes = self.task.classes
        samples = self._tensor(units)
        y = samples % classes
        block = self._copies(units)
        ends = self._pairs[samples // classes].reshape(-1, 2) + block.offset[:, None]
        source, target = ends.T
        x = block.real.reshape(-1, 1).repeat(1, classes)  # type: ignore[union-attr]
        x[source] = 0
        x[target] = torch.nn.functional.one_hot(y.reshape(-1), classes).to(x.dtype)
        return StackedBatch(x.view(len(units), -1, classes), block, y, source)

    def _matching(self, units: NDArray[np.int64]) -> StackedBatch:
        samples = self._tensor(units)
        block = self._copies(units)
        x = self._at(block)
        row = block.offset[:, None] + self._holders
        x.view(-1, x.shape[-1])[row, self._held[samples].flatten(0, 1)] = 1  # type: ignore[union-attr]
        return StackedBatch(x, block, self._y[samples], row[:, -1])

    def _copies(self, units: NDArray[np.int64]) -> Block:
        """The graph of each trial's arm, once for each of its units."""
        return self._slicer.trials(np.repeat(self._arm[:, None], units.shape[1], axis=1))

    def _at(self, block: Block) -> Tensor | StackedRows:
        if isinstance(self._x, SparseRows):
            return StackedRows.of(self._x, block.trials, len(block.node) // block.trials)
        return self._x[block.node].view(block.trials, -1, self._x.shape[1])

    def _features(self, tasks: Sequence[Any]) -> tuple[list[int], Any]:
        """Where each task's rows begin, the row of zeros after all of them, and the features."""
        kind = tasks[0].kind
        if kind in ("transfer", "matching"):
            held = tasks[0].common if kind == "matching" else np.zeros((tasks[0].n, 0), np.float32)
            return [0] * len(tasks) + [tasks[0].n], self._with_zeros(held)
        if not isinstance(tasks[0].x, np.ndarray):  # the same for all
            return [0] * len(tasks) + [tasks[0].x.shape[0]], self._sparse(tasks[0].x)
        begin = [0, *np.cumsum([len(t.x) for t in tasks]).tolist()]
        return begin, self._with_zeros(*(t.x for t in tasks))

    def _with_zeros(self, *x: NDArray[np.float32]) -> Tensor:
        """Features below each other, and a row of zeros at the end."""
        rows = np.concatenate([*x, np.zeros((1, x[0].shape[1]), np.float32)])
        return self._tensor(rows).to(torch.get_default_dtype())

    def _sparse(self, x: Any) -> SparseRows:
        row = np.repeat(np.arange(x.shape[0]), np.diff(x.indptr))
        order = np.argsort(x.indices, kind="stable")
        parts = (row, x.indices.astype(np.int64), x.data, order)
        return SparseRows(tuple(x.shape), *(self._tensor(p) for p in parts))

    def _tensor(self, array: NDArray[Any]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self.device)


def _behind(topology: Any, begin: int, void: int) -> NDArray[np.int64]:
    """(rows,) row of the features behind each row of an arm, `void` for its virtual nodes."""
    if topology.node is None:
        return np.arange(begin, begin + int(topology.start[-1]))
    return np.where(topology.node == topology.node.max(), void, topology.node + begin)
