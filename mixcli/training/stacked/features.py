"""Sparse input features of several trials: the same entries for each, dropped out differently."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mixcli.training.block import SparseRows

__all__ = ["StackedRows"]


@dataclass(frozen=True)
class StackedRows:
    """(trials, rows, d) features as one block-diagonal sparse matrix.

    Args:
        rows: (trials · rows, trials · d), entries by trial.
        value: (trials, k) the same entries' values.
    """

    rows: SparseRows
    value: Tensor

    @classmethod
    def of(cls, x: SparseRows, trials: int, rows: int) -> StackedRows:
        """The same features for each trial.

        Args:
            x: features of one trial.
            trials: how many there are.
            rows: of each trial, at least those of x.
        """
        d, k = x.shape[1], len(x.value)
        number = torch.arange(trials, device=x.value.device)[:, None]
        row, column, order = (
            (part + number * by).flatten() for part, by in ((x.row, rows), (x.column, d), (x.order, k))
        )
        value = x.value.expand(trials, k)
        return cls(SparseRows((trials * rows, trials * d), row, column, value.reshape(-1), order), value)

    def replace(self, value: Tensor) -> StackedRows:
        """The same pattern with other values, (trials, k)."""
        return StackedRows(self.rows.replace(value.reshape(-1)), value)

    def __matmul__(self, weight: Tensor) -> Tensor:
        """(trials, rows, width) of weights (trials, d, width)."""
        out = self.rows @ weight.reshape(-1, weight.shape[-1])
        return out.view(len(weight), -1, weight.shape[-1])
