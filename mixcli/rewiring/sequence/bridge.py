"""Bridges: pairs across the borders of chunks or documents, where nothing passes otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from mixcli.rewiring.mask_pairs import additions, room
from mixcli.rewiring.sequence_base import MaskEdit, SequenceRewiring
from mixcli.spec import param

if TYPE_CHECKING:
    from mixcli.context import Context
    from mixcli.sequence import MaskSequence

__all__ = ["Bridge"]


@dataclass(frozen=True)
class Bridge(SequenceRewiring):
    """Let the first queries of a chunk read the last keys of the chunk before.

    At every border c the queries c … c + width - 1 read the keys c - width … c - 1, nearest first. In a chunked mask
    tokens on two sides of a border never hear of each other at any depth, even neighbours; with one pair a border, the
    last token of a chunk gathers it in one layer, the bridge takes it over in the next, and the chunk reads it from its
    first token in a third.

    Args:
        b: tokens of a chunk, borders at b, 2b, …; 0 to find them: places before which nothing is read by any later
            query in any layer.
        width: queries and keys on each side.

    Yields:
        Additions, border by border; the score is the distance of query and key.

    Cost: O(width²) edits a border; O(T²) to find the borders.

    Example:
        >>> from mixcli.generators.mask_spec import sequence_of
        >>> found = Bridge()(sequence_of("chunk:4,tokens=12,layers=3"))
        >>> [(edit.query, edit.key) for edit in found.edits]
        [(4, 3), (8, 7)]

    Source: edges at chunk borders are those of arXiv 2606.02680 (2026); finding the borders, and the width, are ours.
    """

    b: int = param(0, "tokens of a chunk, 0 to find the borders", ge=0)
    width: int = param(1, "queries and keys on each side of a border", ge=1)

    cost: ClassVar[str] = "O(T²) to find the borders"
    equation: ClassVar[str] = "M'[c + a, c - 1 - d] = 1 for borders c and a, d < width"
    cites: ClassVar[str] = "arXiv 2606.02680 (2026)"
    score: ClassVar[str] = "distance from query to key"

    def edits(self, tokens: MaskSequence, context: Context) -> Iterator[MaskEdit]:
        borders = list(range(self.b, tokens.tokens, self.b)) if self.b else _borders(tokens)
        wide = min(self.width, tokens.tokens)
        room(context, "bridge", len(borders) * wide**2, "take a smaller width")
        yield from additions(tokens, self._pairs(borders, tokens.tokens))

    def _pairs(self, borders: list[int], size: int) -> Iterator[tuple[int, int, float, str]]:
        for border in borders:
            ends = (border + self.width, border - 1 - self.width)
            found = [(q, k) for q in range(border, min(size, ends[0])) for k in range(border - 1, max(-1, ends[1]), -1)]
            for query, key in sorted(found, key=lambda pair: (pair[0] - pair[1], pair)):
                yield query, key, float(query - key), f"across the border at {border}"


def _borders(tokens: MaskSequence) -> list[int]:
    """Places c such that no query from c on reads a key before c, in no layer."""
    earliest = np.full(tokens.tokens, tokens.tokens)
    for layer in sorted({tokens.like(k) for k in range(tokens.depth)}):
        earliest = np.minimum(earliest, tokens.visible(layer).argmax(axis=1))
    ahead = np.minimum.accumulate(earliest[::-1])[::-1]
    return [c for c in range(1, tokens.tokens) if ahead[c] >= c]
