"""Expander edges: drawn earlier keys for every query, with keys read alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from mixcli.rewiring.mask_pairs import lacking, room
from mixcli.rewiring.sequence_base import MaskEdit, SequenceRewiring
from mixcli.spec import param

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.context import Context
    from mixcli.sequence import MaskSequence

__all__ = ["MaskExpander"]


@dataclass(frozen=True)
class MaskExpander(SequenceRewiring):
    """Let every query read k drawn keys more, at all scales of distance, and those that few have read so far (ours).

    Keys drawn uniformly from all earlier ones make no expander: token j gets about k ln(T / j) readers, so that late
    tokens are hardly read. Here the distances of the keys that a query does not read yet are cut into k stretches of
    equal length on a logarithmic scale, and one key is drawn from each, among those with the fewest readers; where a
    stretch is empty, among all keys left. Readers are counted as the mask was, with what has been added since.

    Args:
        k: keys for each query, or all that are left where there are fewer.
        seed: beside `--seed`; another number, another draw.

    Yields:
        Additions, one key for every query before the next, the last query first; the score is the distance.

    Raises:
        LimitExceeded: too many pairs would change.

    Cost: O(k T²).

    Example:
        >>> from mixcli.generators.mask_spec import sequence_of
        >>> found = MaskExpander(2)(sequence_of("window:4,tokens=64,layers=4"))
        >>> found.added, found.sequence.causal
        (119, True)

    Source: ours; Shirzad et al., "Exphormer", ICML 2023, lays expanders over graphs, which are not causal.
    """

    k: int = param(3, "keys drawn for each query", ge=0)
    seed: int = param(0, "another number, another draw", ge=0)

    seeded: ClassVar[bool] = True
    cost: ClassVar[str] = "O(k T²)"
    equation: ClassVar[str] = "one key of each of k logarithmic stretches of distance, argmin of readers, ties drawn"
    cites: ClassVar[str] = "ours"
    score: ClassVar[str] = "distance of query and key"

    def edits(self, tokens: MaskSequence, context: Context) -> Iterator[MaskEdit]:
        size = tokens.tokens
        room(context, "expander", self.k * size, "draw fewer keys")
        work = 5.0 * self.k * size**2
        context.limits.check("expander", memory=4.0 * size**2, operations=work, instead="draw fewer keys")
        left = lacking(tokens)
        if tokens.causal:
            left = np.tril(left, -1)
        np.fill_diagonal(left, False)
        readers = sum(tokens.visible(layer).sum(axis=0) for layer in {tokens.like(k) for k in range(tokens.depth)})
        readers = np.asarray(readers, dtype=np.float64)
        random = context.rng("expander", self.seed, tokens.fingerprint)
        cuts = {query: _cuts(left[query], query, self.k) for query in range(size)}
        step = 0
        for stretch in range(self.k):
            for query in range(size - 1, -1, -1):
                keys = np.flatnonzero(left[query])
                if not len(keys):
                    continue
                far = np.abs(keys - query)
                inside = keys[(far >= cuts[query][stretch]) & (far < cuts[query][stretch + 1])]
                key = _fewest(inside if len(inside) else keys, readers, random)
                left[query, key] = False
                readers[key] += 1
                yield MaskEdit("add", None, query, key, float(abs(query - key)), step, f"stretch {stretch + 1}")
                step += 1


def _cuts(free: NDArray[np.bool_], query: int, k: int) -> NDArray[np.float64]:
    """(k + 1,) ends of k stretches of the distances of free keys, of equal length on a logarithmic scale."""
    far = np.abs(np.flatnonzero(free) - query)
    if not len(far):
        return np.zeros(k + 1)
    return np.geomspace(far.min(), far.max() + 1.0, k + 1)


def _fewest(keys: NDArray[np.int64], readers: NDArray[np.float64], random: np.random.Generator) -> int:
    """One of the keys with the fewest readers, drawn."""
    fewest = keys[readers[keys] == readers[keys].min()]
    return int(fewest[random.integers(len(fewest))])
