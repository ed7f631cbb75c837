"""Pause tokens: behind the text, to compute in before the answer is read out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from mixcli.errors import LimitExceeded, MixcliError, NotApplicable
from mixcli.rewiring.mask_growth import grown, grown_sequence
from mixcli.rewiring.sequence_base import MaskEdit, SequenceRewiring
from mixcli.sequence import PAUSE, MaskSequence
from mixcli.spec import param

if TYPE_CHECKING:
    from mixcli.context import Context
    from mixcli.mask import Mask, Rule
    from mixcli.sequence import TokenGraph

__all__ = ["Pause"]


@dataclass(frozen=True)
class Pause(SequenceRewiring):
    """Append k pause tokens; the read-out moves to the last of them.

    Pause T + a reads what the layer's mask family gives a query at that place, or every token up to itself with
    `reads=all`; no token before it reads it. Real tokens read each other as before.

    Under uniform causal attention of L layers the last real token has binom(k + L - 1, L - 1) walks to the read-out
    instead of 1, and a layered resistance of 2 / (k + 1) instead of 2 at L = 2. Where a token keeps part of itself in
    every layer, its share in the read-out falls at k = 1, since the read-out is no longer itself.

    Args:
        k: pause tokens.
        reads: "family", or "all".

    Yields:
        Nothing: the tokens and what they read come at once; their role is `PAUSE`.

    Raises:
        NotApplicable: reads=family, and a layer's mask is an array, edited, or of a family whose length is fixed.

    Cost: O(1); masks stay rules.

    Example:
        >>> from mixcli.generators.mask_spec import sequence_of
        >>> found = Pause(2)(sequence_of("causal:tokens=3,layers=2")).sequence
        >>> found.tokens, found.read_out, found.roles.tolist()
        (5, 4, [0, 0, 0, 2, 2])
        >>> found.visible(0)[2].tolist()
        [True, True, True, False, False]

    Source: Goyal et al., "Think before you speak", ICLR 2024: pauses appended to the prompt, the answer after the last;
    the closed forms are ours.
    """

    k: int = param(1, "pause tokens", ge=0)
    reads: Literal["family", "all"] = param("family", "what a pause reads: as its family says, or all up to itself")

    cost: ClassVar[str] = "O(1)"
    equation: ClassVar[str] = "M'[T + a, j] as the family gives query T + a; M'[i, T + a] = 0 for i < T; r = T + k - 1"
    cites: ClassVar[str] = "Goyal et al., ICLR 2024"
    score: ClassVar[str] = "there are no edits"

    def prepare(self, tokens: TokenGraph, context: Context) -> TokenGraph:
        if not isinstance(tokens, MaskSequence) or self.k == 0:
            return tokens
        size = tokens.tokens

        def grow(mask: Mask) -> Mask:
            if self.reads == "all":
                return grown(mask, 0, self.k, lambda i, j: (i >= size) & (j <= i), name=_name(mask, self.k))
            family = _family(mask, size + self.k, tokens.name)
            rule: Rule = lambda i, j: (i >= size) & (j <= i) & family.rule(i, j)  # noqa: E731
            return grown(mask, 0, self.k, rule, family.weigh, _name(mask, self.k))

        return grown_sequence(tokens, 0, self.k, PAUSE, size + self.k - 1, grow)

    def edits(self, tokens: MaskSequence, context: Context) -> Iterator[MaskEdit]:
        return iter(())

    def notes(self, before: TokenGraph, after: TokenGraph, context: Context) -> dict[str, Any]:
        return {"pauses": self.k}


def _family(mask: Mask, tokens: int, where: str) -> Mask:
    """The mask of the same family over more tokens."""
    from mixcli.generators.mask_spec import mask_of_layer

    try:
        if mask.name and mask_of_layer(mask.name, mask.tokens).digest == mask.digest:
            made = mask_of_layer(mask.name, tokens)
            made.rows(tokens - 1, tokens)
            return made
    except LimitExceeded:
        raise
    except MixcliError:
        pass  # a name that makes no mask, or none of this length, is no family
    found = f"{mask.name or 'an array'}, which has no next row"
    raise NotApplicable("masks of a family, for what a pause reads", found, "say pause:K,reads=all", where=where)


def _name(mask: Mask, k: int) -> str:
    return f"{mask.name or 'mask'} and {k} paused"
