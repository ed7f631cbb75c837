"""`--budget` and `--until`: where a rewiring ends."""

from typing import TYPE_CHECKING, Annotated, cast

import typer

from mixcli.catalog import REWIRINGS
from mixcli.errors import NotApplicable, UsageError

if TYPE_CHECKING:
    from mixcli.graph import Graph
    from mixcli.rewiring.base import Rewiring
    from mixcli.sequence import MaskSequence, TokenGraph

__all__ = ["Budget", "BudgetOption", "EveryOption", "UntilOption", "check_looks", "needs_edits"]

BudgetOption = Annotated[
    str | None,
    typer.Option(
        "--budget",
        metavar="N|N%",
        help="Make N edits, or N % of the edges (of the pairs of a mask), whatever the method's iterations.",
    ),
]

UntilOption = Annotated[
    str | None,
    typer.Option(
        "--until",
        metavar="CONDITION",
        help="Stop at the first edit after which it holds: spectral_gap>=0.1, balanced_forman.min>=-1; of masks "
        "resistance_layered<=1, which is of the first token. Without --budget it gives up after as many edits as there "
        "are edges, or pairs in a layer.",
    ),
]
EveryOption = Annotated[
    int, typer.Option("--every", metavar="K", help="Measure after every K edits, not after each.", min=1)
]


class Budget:
    """A number of edits, or a share of each graph's edges or each mask's pairs.

    Args:
        text: what the user gave, or None.
    """

    def __init__(self, text: str | None) -> None:
        self.count: int | None = None
        self.share: float | None = None
        if text is None:
            return
        try:
            if text.endswith("%"):
                self.share = float(text[:-1]) / 100
            else:
                self.count = int(text)
            if not 0 <= (self.share or self.count or 0) < float("inf"):
                raise ValueError
        except ValueError:
            raise UsageError("a count like 40 or a share like 5%", repr(text), where="--budget") from None

    def of(self, graph: "Graph") -> int | None:
        """Edits for a graph, or None where the method decides."""
        return self.count if self.share is None else round(self.share * graph.m)

    def of_pairs(self, tokens: "TokenGraph") -> int | None:
        """Edits for a mask sequence, a share being one of the pairs of a layer; None where the method decides."""
        if self.share is None or tokens.kind != "mask":
            return self.count
        pairs = sum(mask.edges for mask in cast("MaskSequence", tokens).layers)
        return round(self.share * pairs / tokens.depth)


def check_looks(until: str | None, every: int) -> None:
    """Refuse `--every` where there is no condition to look at.

    Raises:
        UsageError: there is none.
    """
    if every > 1 and until is None:
        raise UsageError("--until CONDITION beside --every", "none", "add a condition; trace takes --every alone")


def needs_edits(method: "Rewiring", what: str) -> None:
    """Refuse to measure along the edits of a method that makes none.

    Raises:
        NotApplicable: the method gives a layer plan.
    """
    if not method.constrained:
        name = REWIRINGS.name_of(type(method))
        raise NotApplicable(f"a method that edits edges, for {what}", f"{name}, a layer plan", "choose another method")
