"""Sinks: tokens in front that every token reads, or the family of a window with sinks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from mixcli.generators.masks import sink
from mixcli.rewiring.mask_growth import grown, grown_sequence
from mixcli.rewiring.mask_pairs import additions, lacking, room
from mixcli.rewiring.sequence_base import MaskEdit, SequenceRewiring
from mixcli.sequence import SINK, MaskSequence
from mixcli.spec import param

if TYPE_CHECKING:
    from mixcli.context import Context
    from mixcli.mask import Mask
    from mixcli.sequence import TokenGraph

__all__ = ["Sink"]


@dataclass(frozen=True)
class Sink(SequenceRewiring):
    """Prepend s sinks that every token reads; with a window, make the first s tokens the sinks of a window instead.

    Without `window`, s tokens come before the text; sinks read the sinks up to themselves, real tokens read all of
    them beside what they read already. What real tokens pass on to each other falls (over-mixing), and the restart
    resistance of each rises by s. Where a mask has weights a sink weighs 1, as much as a token's own key at most.

    With `window=w` no token is put in: the masks become the family `sink:s,w` over the same tokens, which reads the
    first s keys and the last w; pairs outside of it are taken out.

    Args:
        s: sinks.
        window: keys of the window, the query's own counted; 0 to put sinks in.

    Yields:
        Nothing without a window. With one: additions, those of the last query first, then removals; the score is
        how far back the key lies.

    Raises:
        LimitExceeded: too many pairs would change.

    Cost: O(1) without a window, O(T²) with one.

    Example:
        >>> from mixcli.generators.mask_spec import sequence_of
        >>> before = sequence_of("window:4,tokens=24,layers=3")
        >>> Sink(2)(before).sequence.tokens, Sink(1, 4)(before).added
        (26, 20)

    Source: Xiao et al., "Efficient streaming language models with attention sinks", ICLR 2024: the window with its
    first tokens (four of them by default, as in their code), and a token trained to be the sink.
    """

    s: int = param(4, "sinks", ge=0)
    window: int = param(0, "keys of the window of the family sink:s,w; 0 to prepend sinks", ge=0)

    cost: ClassVar[str] = "O(1); O(T²) with a window"
    equation: ClassVar[str] = "M'[i, j] = 1 for j < s; with a window M' = (j <= i) and (j < s or i - j < w)"
    cites: ClassVar[str] = "Xiao et al., ICLR 2024"
    score: ClassVar[str] = "distance from query to key"

    def prepare(self, tokens: TokenGraph, context: Context) -> TokenGraph:
        if self.window or self.s == 0 or not isinstance(tokens, MaskSequence):
            return tokens

        def grow(mask: Mask) -> Mask:
            name = f"{self.s} sinks and {mask.name or 'mask'}"
            return grown(mask, self.s, 0, lambda i, j: (j < self.s) & (j <= i), name=name)

        return grown_sequence(tokens, self.s, 0, SINK, tokens.read_out + self.s, grow)

    def edits(self, tokens: MaskSequence, context: Context) -> Iterator[MaskEdit]:
        if not self.window:
            return
        instead = f"start from mask:sink:{self.s},{self.window}"
        context.limits.check("sink", memory=6.0 * tokens.tokens**2, operations=tokens.tokens**2, instead=instead)
        wanted = sink(tokens.tokens, self.s, self.window).array
        read = np.logical_or.reduce([tokens.visible(k) for k in {tokens.like(k) for k in range(tokens.depth)}])
        more, less = np.argwhere(wanted & lacking(tokens)), np.argwhere(read & ~wanted)
        room(context, "sink", len(more) + len(less), instead)
        reason = f"in sink:{self.s},{self.window}"
        step = 0
        for edit in additions(tokens, ((q, k, float(q - k), reason) for q, k in more[::-1].tolist())):
            yield edit
            step = edit.step + 1
        for place, (query, key) in enumerate(less.tolist()):
            yield MaskEdit("remove", None, query, key, float(query - key), step + place, f"not {reason}")

    def notes(self, before: TokenGraph, after: TokenGraph, context: Context) -> dict[str, Any]:
        return {} if self.window else {"sinks": self.s}
