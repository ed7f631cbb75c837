"""Graph transformer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from mixcli.errors import UsageError
from mixcli.spec import param
from mixcli.training.models.base import Model

if TYPE_CHECKING:
    from mixcli.training.tasks.base import Task
    from mixcli.training.transformer import TransformerNetwork

__all__ = ["Transformer"]


@dataclass(frozen=True)
class Transformer(Model):
    """Transformer over the nodes of a graph: message passing on its complete graph, or along its edges.

    x ← x + Attention(LN(x)), x ← x + W₂ GELU(W₁ LN(x)). Over the complete graph it cannot tell how nodes are joined
    unless its input says so: give positional encodings (`--pe`). Over edges (`over=edges`) it hears along edges and
    itself, and a rewiring changes what it hears.

    Example:
        >>> Transformer(over="edges").heads
        4

    Source: Vaswani et al., NeurIPS 2017; on graphs Dwivedi & Bresson, arXiv 2012.09699, with the norm before each part.
    """

    equation: ClassVar[str] = "x + MHA(LN(x)), then x + W₂ GELU(W₁ LN(x))"
    weighted: ClassVar[str] = "ignored"
    cites: ClassVar[str] = "Vaswani et al., NeurIPS 2017; Dwivedi & Bresson, arXiv 2012.09699, 2020"

    layers: int | None = param(None, "blocks; default by task", ge=1)
    hidden: int | None = param(None, "width; default by task", ge=1)
    dropout: float | None = param(None, "probability of dropping an entry of what a block adds", ge=0, le=0.95)
    heads: int = param(4, "heads of each block", ge=1)
    over: Literal["complete", "edges"] = param("complete", "what a node hears: all nodes of its graph, or neighbours")

    def network(self, task: Task, relations: int, generator: Any) -> TransformerNetwork:
        """The network."""
        from mixcli.training.transformer import TransformerNetwork

        if self.hidden is None or self.layers is None:
            raise ValueError("expected a completed model")
        if self.hidden % self.heads:
            found = f"hidden={self.hidden}, heads={self.heads}"
            raise UsageError("a width that the heads divide", found, "change one of them", where="transformer")
        return TransformerNetwork(
            task.width, task.classes, width=self.hidden, heads=self.heads, depth=self.layers,
            complete=self.over == "complete", generator=generator,
        )  # fmt: skip
