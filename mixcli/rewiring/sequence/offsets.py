"""Fixed offsets: every query reads the keys at given distances back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from mixcli.rewiring.mask_pairs import additions, room
from mixcli.rewiring.sequence_base import MaskEdit, SequenceRewiring
from mixcli.spec import param

if TYPE_CHECKING:
    from mixcli.context import Context
    from mixcli.sequence import MaskSequence

__all__ = ["Offsets"]


@dataclass(frozen=True)
class Offsets(SequenceRewiring):
    """Let every query read the keys at the given distances back, beside what it reads already.

    M'[i, j] = M[i, j] or i - j in distances. Distances that double reach every earlier key in about log2 T steps and
    look the same from every token; distances without such a ladder leave late tokens hard to reach.

    Args:
        distances: how far back, nearest need not be first; they are worked off in the order given.

    Yields:
        Additions, distance by distance, the last query first; the score is the distance.

    Raises:
        LimitExceeded: too many pairs would change.

    Cost: O(T) edits for each distance.

    Example:
        >>> from mixcli.generators.mask_spec import sequence_of
        >>> found = Offsets((2, 4))(sequence_of("window:2,tokens=6,layers=1"))
        >>> [(edit.query, edit.key) for edit in found.edits]
        [(5, 3), (4, 2), (3, 1), (2, 0), (5, 1), (4, 0)]

    Source: the ladder of doubling distances is that of LogSparse (Li et al., NeurIPS 2019); as a rewiring it is ours.
    """

    distances: tuple[int, ...] = param((1, 2, 4, 8), "distances back", ge=0)

    cost: ClassVar[str] = "O(T) a distance"
    equation: ClassVar[str] = "M' = M or i - j in {a, b, …}"
    cites: ClassVar[str] = "Li et al., NeurIPS 2019"
    score: ClassVar[str] = "distance from query to key"

    def edits(self, tokens: MaskSequence, context: Context) -> Iterator[MaskEdit]:
        size = tokens.tokens
        room(context, "offsets", len(self.distances) * size, "name fewer distances")
        pairs = (
            (query, query - back, float(back), f"{back} back")
            for back in self.distances
            for query in range(size - 1, back - 1, -1)
        )
        yield from additions(tokens, pairs)
