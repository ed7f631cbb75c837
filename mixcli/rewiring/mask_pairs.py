"""Pairs (query, key) that a rewiring wants in every layer, as edits: those that some layer lacks, each once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from mixcli.rewiring.mask_edits import MaskEdit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.context import Context
    from mixcli.sequence import MaskSequence

    Wanted = tuple[int, int, float, str]
    """Query, key, score, reason."""

__all__ = ["additions", "lacking", "room"]

EDIT_BYTES = 400
"""Memory that an edit takes, about."""
EDIT_WORK = 4000
"""Elementary operations that an edit takes, about."""


def lacking(tokens: MaskSequence) -> NDArray[np.bool_]:
    """(T, T) True for the pairs that some layer lacks.

    Example:
        >>> from mixcli.generators.mask_spec import sequence_of
        >>> lacking(sequence_of("window:2,tokens=3,layers=1"))[2].tolist()
        [True, False, False]
    """
    out = np.zeros((tokens.tokens, tokens.tokens), dtype=bool)
    for layer in sorted({tokens.like(k) for k in range(tokens.depth)}):
        out |= ~tokens.visible(layer)
    return out


def additions(tokens: MaskSequence, pairs: Iterable[Wanted]) -> Iterator[MaskEdit]:
    """Edits that put pairs into every layer, in the order given; what all layers read already is passed over.

    Args:
        tokens: the sequence.
        pairs: query, key, score and reason of each.
    """
    left, step = lacking(tokens), 0
    for query, key, score, reason in pairs:
        if left[query, key]:
            left[query, key] = False
            yield MaskEdit("add", None, query, key, score, step, reason)
            step += 1


def room(context: Context, what: str, edits: int, instead: str) -> None:
    """Refuse more edits than fit into memory and time.

    Raises:
        LimitExceeded: they do not.
    """
    context.limits.check(
        f"{what} ({edits} pairs)", memory=EDIT_BYTES * edits, operations=EDIT_WORK * edits, instead=instead
    )
