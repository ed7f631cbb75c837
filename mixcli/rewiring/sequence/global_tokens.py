"""Global tokens: some tokens of the text read everything, and everything reads them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from mixcli.rewiring.mask_pairs import additions, room
from mixcli.rewiring.sequence_base import MaskEdit, SequenceRewiring
from mixcli.spec import param

if TYPE_CHECKING:
    from mixcli.context import Context
    from mixcli.sequence import MaskSequence

__all__ = ["GlobalTokens"]


@dataclass(frozen=True)
class GlobalTokens(SequenceRewiring):
    """Let g tokens of the text read every key, and every query read them; where it is causal, earlier keys only.

    The first g tokens, as published, or every ⌈T / g⌉-th with `place=even`: under a causal mask the first ones can
    pass on themselves only, while one at the end of a stretch gathers it in one layer and hands it out in the next.

    Args:
        g: global tokens.
        place: "first", or "even": the last tokens of g stretches of equal length.

    Yields:
        Additions, token by token, the reading of a token before its being read, near pairs first; the score is the
        distance of query and key.

    Raises:
        LimitExceeded: too many pairs would change.

    Cost: O(g T) edits.

    Example:
        >>> from mixcli.generators.mask_spec import sequence_of
        >>> found = GlobalTokens(2, place="even")(sequence_of("window:2,tokens=6,layers=1")).sequence
        >>> found.visible(0)[[2, 5]].astype(int).tolist()
        [[1, 1, 1, 0, 0, 0], [1, 1, 1, 1, 1, 1]]

    Source: Beltagy et al., "Longformer", 2020, section 3.1; Zaheer et al., "Big Bird", NeurIPS 2020 (both ways;
    `place=even` is ours).
    """

    g: int = param(1, "global tokens", ge=0)
    place: Literal["first", "even"] = param("first", "which tokens: the first, or the last of g equal stretches")

    cost: ClassVar[str] = "O(g T)"
    equation: ClassVar[str] = "M'[t, j] = M'[i, t] = 1 for global t and, where causal, j <= t <= i"
    cites: ClassVar[str] = "Beltagy et al. 2020, section 3.1; Zaheer et al., NeurIPS 2020"
    score: ClassVar[str] = "distance of query and key"

    def edits(self, tokens: MaskSequence, context: Context) -> Iterator[MaskEdit]:
        size = tokens.tokens
        room(context, "global", 2 * min(self.g, size) * size, "take fewer global tokens")
        yield from additions(tokens, self._pairs(size, tokens.causal))

    def _pairs(self, size: int, causal: bool) -> Iterator[tuple[int, int, float, str]]:
        count = min(self.g, size)
        chosen = range(count) if self.place == "first" else [(k + 1) * size // count - 1 for k in range(count)]
        for token in chosen:
            far = sorted((other for other in range(size) if other != token), key=lambda other: abs(other - token))
            for other in far:
                if other < token or not causal:
                    yield token, other, float(abs(token - other)), f"global token {token} reads"
            for other in far:
                if other > token or not causal:
                    yield other, token, float(abs(token - other)), f"reads global token {token}"
