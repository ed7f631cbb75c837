"""What a decoder needs of a mask sequence: arrays that travel to other processes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixcli.sequence import REAL, MaskSequence

__all__ = ["MaskTopology", "mask_topology", "reaches"]


@dataclass(frozen=True, eq=False)
class MaskTopology:
    """The masks of a decoder's layers.

    Args:
        masks: the distinct masks: (T, T) bool, True where query i may read key j, or float32, the logarithm of its
            weight, -inf where it may not.
        used: for each layer its place in `masks`.
        read_out: the token whose output is looked at.
        roles: (T,) role of each token.
        digest: SHA-256 of all of this.
        source: the token whose content is asked for, the first real one.
        reaches: whether a walk of one key a layer leads from `source` to `read_out`.
        resistance: layered resistance between them, None where there is no walk.
    """

    masks: tuple[NDArray[Any], ...]
    used: tuple[int, ...]
    read_out: int
    roles: NDArray[np.int8]
    digest: str
    source: int
    reaches: bool
    resistance: float | None = None

    relation_count = 1

    @property
    def tokens(self) -> int:
        """T, sinks and pauses included."""
        return len(self.roles)

    @property
    def facts(self) -> dict[str, Any]:
        """What the mask alone says about the task, before anything is trained."""
        return {"reaches": self.reaches, "layered_resistance": self.resistance, "tokens": self.tokens}


def mask_topology(sequence: MaskSequence, resistance: float | None = None) -> MaskTopology:
    """The masks of a sequence as arrays.

    Args:
        sequence: the mask sequence; its first real token is the source.
        resistance: layered resistance between source and read-out, where it is known.

    Cost: O(L T²).

    Example:
        >>> from mixcli.generators.mask_spec import sequence_of
        >>> mask_topology(sequence_of("window:4,tokens=24,layers=3")).reaches
        False
    """
    firsts = sorted({sequence.like(layer) for layer in range(sequence.depth)})
    masks = tuple(_array(sequence, layer) for layer in firsts)
    used = tuple(firsts.index(sequence.like(layer)) for layer in range(sequence.depth))
    source = int(np.flatnonzero(sequence.roles == REAL)[0])
    found = bool(reaches(sequence, source)[sequence.read_out])
    return MaskTopology(masks, used, sequence.read_out, sequence.roles, sequence.fingerprint, source, found, resistance)


def reaches(sequence: MaskSequence, source: int) -> NDArray[np.bool_]:
    """(T,) which tokens hold something of a source after the last layer."""
    held = np.arange(sequence.tokens) == source
    for layer in range(sequence.depth):
        held = sequence.visible(layer)[:, held].any(axis=1)
    return held


def _array(sequence: MaskSequence, layer: int) -> NDArray[Any]:
    mask = sequence.layers[layer]
    if mask.weigh is None:
        return np.asarray(mask.array)
    with np.errstate(divide="ignore"):
        return np.log(mask.weights(0, mask.tokens)).astype(np.float32)
