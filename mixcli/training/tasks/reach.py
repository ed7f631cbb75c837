"""The reach task: can the read-out know what the first token was?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mixcli.errors import NotApplicable
from mixcli.sequence import REAL, MaskSequence
from mixcli.training.protocol import Protocol
from mixcli.training.tasks.base import Split, Task, streams
from mixcli.training.tasks.features import digest

if TYPE_CHECKING:
    import torch

    from mixcli.training.mask_topology import MaskTopology
    from mixcli.training.sequence_loader import SequenceLoader

__all__ = ["Reach"]

TRAIN, VAL, TEST = 4000, 512, 1024
"""Sequences of a trial."""


@dataclass(frozen=True, eq=False)
class Reach(Task):
    """Output, at the read-out, the symbol of the first real token; the tokens between are noise.

    A sequence holds C = 4 symbols, drawn uniformly and independently, with a marker in place of its last real token;
    the loss is on the read-out alone, so guessing gives 1/C. A mask that does not let the first token reach the
    read-out within its layers leaves nothing but guessing, whatever is trained; one that does makes the task possible,
    not easy. Every trial draws its own 4000 sequences to train on, 512 to choose the epoch by and 1024 to test on,
    the same for every arm. Training: Adam 3e-3, batches of 64, 4 epochs (252 steps); width 48.

    Args:
        name: of the source.
        tokens: real tokens.
        layers: of the mask sequence.
        classes: C.

    Source: ours; the collapse and reach arguments are those of Barbero et al., NeurIPS 2024.
    """

    kind: ClassVar[str] = "reach"
    hidden: ClassVar[int] = 48
    dropout: ClassVar[float] = 0.0
    fixed: ClassVar[bool] = True
    """Trials share no sequence, so that nothing has to be corrected for."""
    name: str
    tokens: int
    layers: int
    classes: int = 4

    @classmethod
    def of(cls, sequence: MaskSequence, name: str = "") -> Reach:
        """The task over the real tokens of a mask sequence.

        Raises:
            NotApplicable: fewer than two real tokens.
        """
        real = int(np.count_nonzero(sequence.roles == REAL))
        if real < 2:
            raise NotApplicable("at least two tokens for the reach task", str(real), "give tokens=24, say", where=name)
        return cls(name or sequence.name, real, sequence.depth)

    @property
    def width(self) -> int:
        """Kinds of token: the symbols and the marker."""
        return self.classes + 1

    @property
    def protocol(self) -> Protocol:
        """Settings that teach dense causal attention the task in seconds."""
        return Protocol(lr=3e-3, epochs=4, batch_size=64)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all that the sequences depend on."""
        return digest(self.kind, self.tokens, self.classes, TRAIN, VAL, TEST)

    def split(self, seed: int, trial: int) -> Split:
        """Numbers of the sequences of a trial; what a sequence holds depends on its number alone."""
        first = int(streams(seed, trial).rng("sequences").integers(2**40)) * 2**16
        return Split(*np.split(first + np.arange(TRAIN + VAL + TEST), [TRAIN, TRAIN + VAL]))

    def symbols(self, units: NDArray[np.int64]) -> NDArray[np.int64]:
        """(k, tokens) the sequences with these numbers."""
        place = np.arange(self.tokens, dtype=np.uint64)
        with np.errstate(over="ignore"):
            counter = np.asarray(units).astype(np.uint64)[:, None] * np.uint64(self.tokens) + place
            found = (_mixed(counter) >> np.uint64(33)) % np.uint64(self.classes)
        out = found.astype(np.int64)
        out[:, -1] = self.classes
        return out

    def loader(self, topology: MaskTopology, relations: int, device: torch.device) -> SequenceLoader:
        """Batches of sequences with the arm's sinks and pauses in them."""
        from mixcli.training.sequence_loader import SequenceLoader

        return SequenceLoader(self, topology, device)

    def facts(self) -> dict[str, Any]:
        """Sizes and the rule of the split."""
        return {
            "kind": self.kind, "metric": self.metric, "tokens": self.tokens, "layers": self.layers,
            "classes": self.classes, "chance": 1 / self.classes,
            "split": f"{TRAIN}/{VAL}/{TEST} sequences, drawn anew for each trial",
        }  # fmt: skip


def _mixed(counter: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Numbers without a pattern out of consecutive ones (SplitMix64; Steele, Lea & Flood, OOPSLA 2014)."""
    z = counter * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
