"""Batches of sequences as the tensors a decoder is called with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from mixcli.sequence import REAL
from mixcli.training.decoder import Masks, SequenceBatch
from mixcli.training.loaders import Loader

if TYPE_CHECKING:
    from mixcli.training.mask_topology import MaskTopology
    from mixcli.training.tasks.reach import Reach

__all__ = ["SequenceLoader"]

EVALUATED_ENTRIES = 2**24
"""Pairs of tokens, summed over sequences, evaluated at once."""


class SequenceLoader(Loader):
    """Units are sequences, read out at one token."""

    def __init__(self, task: Reach, topology: MaskTopology, device: torch.device) -> None:
        self.device = device
        self._task, self._masks = task, Masks(topology, device)
        self._real = np.flatnonzero(topology.roles == REAL)
        self._tokens = topology.tokens

    def batch(self, units: NDArray[np.int64]) -> SequenceBatch:  # type: ignore[override]
        """Some sequences."""
        symbols = self._task.symbols(units)
        x = np.zeros((len(units), self._tokens), dtype=np.int64)
        x[:, self._real] = symbols
        return SequenceBatch(self._tensor(x), self._masks, self._tensor(symbols[:, 0]))

    def chunk(self) -> int:
        """As many sequences as have about 16 million pairs of tokens."""
        return max(1, EVALUATED_ENTRIES // self._tokens**2)
