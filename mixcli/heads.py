"""Where attention weights lie: in memory, or on disk and read a head at a time."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["HeadStore", "Heads", "head_name"]


def head_name(layer: int, head: int) -> str:
    """What a head is called wherever one is named.

    Example:
        >>> head_name(0, 3)
        'L0H3'
    """
    return f"L{layer}H{head}"


class HeadStore(Protocol):
    """Where attention weights lie: in memory or on disk, one head at a time."""

    @property
    def tokens(self) -> int:
        """T."""
        ...

    @property
    def heads(self) -> tuple[int, ...]:
        """Number of heads of each layer."""
        ...

    @property
    def digest(self) -> str:
        """SHA-256 of the bytes, or of the arrays where there are no bytes."""
        ...

    def head(self, layer: int, head: int) -> NDArray[Any]:
        """(T, T) weights of one head in the precision they are stored in."""
        ...

    def hidden(self, state: int) -> NDArray[Any]:
        """(T, d) hidden state: 0 is the embedding, k what layer k - 1 gives; a virtual token in front has no row."""
        ...

    @property
    def hidden_states(self) -> int:
        """Number of hidden states: 0 where there are none."""
        ...


@dataclass(frozen=True, eq=False)
class Heads:
    """Attention weights in memory.

    Args:
        weights: (H, T, T) of each layer.
        states: (T, d) hidden states, layers + 1 of them, or none.
    """

    weights: tuple[NDArray[Any], ...]
    states: tuple[NDArray[Any], ...] = ()

    @property
    def tokens(self) -> int:
        """T."""
        return int(self.weights[0].shape[-1])

    @property
    def heads(self) -> tuple[int, ...]:
        """Number of heads of each layer."""
        return tuple(len(layer) for layer in self.weights)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the weights and states."""
        digest = hashlib.sha256()
        for array in (*self.weights, *self.states):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def head(self, layer: int, head: int) -> NDArray[Any]:
        """(T, T) weights of one head."""
        return self.weights[layer][head]

    def hidden(self, state: int) -> NDArray[Any]:
        """(T, d) one hidden state."""
        return self.states[state]

    @property
    def hidden_states(self) -> int:
        """Number of hidden states."""
        return len(self.states)
