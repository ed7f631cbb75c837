"""Decoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from mixcli.errors import UsageError
from mixcli.spec import param
from mixcli.training.models.base import Model

if TYPE_CHECKING:
    from mixcli.training.decoder import DecoderNetwork
    from mixcli.training.tasks.base import Task

__all__ = ["Decoder"]


@dataclass(frozen=True)
class Decoder(Model):
    """Decoder-only transformer over a mask sequence: one pre-norm block for each of its layers.

    x ← x + Attention(LN(x)), x ← x + W₂ GELU(W₁ LN(x)) with W₁ four times as wide; learned positions; class scores at
    the read-out. How many layers there are the mask sequence says.

    Example:
        >>> Decoder(heads=2).hidden is None
        True

    Source: Vaswani et al., NeurIPS 2017, with the normalisation before each part (Xiong et al., ICML 2020).
    """

    reads: ClassVar[str] = "mask"
    equation: ClassVar[str] = "x + MHA(LN(x)), then x + W₂ GELU(W₁ LN(x))"
    cites: ClassVar[str] = "Vaswani et al., NeurIPS 2017; Xiong et al., ICML 2020 (pre-norm)"

    hidden: int | None = param(None, "width; default by task", ge=1)
    heads: int = param(4, "heads of each block", ge=1)
    dropout: float | None = param(None, "probability of dropping an entry of what a block adds", ge=0, le=0.95)
    positions: bool = param(True, "learned positions; false for a decoder without them")

    def network(self, task: Task, relations: int, generator: Any) -> DecoderNetwork:
        """The network, as deep as the task's masks."""
        from mixcli.training.decoder import DecoderNetwork

        if self.hidden is None:
            raise ValueError("expected a completed model")
        if self.hidden % self.heads:
            raise UsageError(
                "a width that the heads divide", f"hidden={self.hidden}, heads={self.heads}", where="decoder"
            )
        return DecoderNetwork(
            task.width, getattr(task, "tokens", 1), task.classes, width=self.hidden, heads=self.heads,
            depth=task.layers, generator=generator, positions=self.positions,
        )  # fmt: skip
