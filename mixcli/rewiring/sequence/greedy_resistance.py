"""Greedy layered resistance: give queries the keys that lower it most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol

import numpy as np

from mixcli.errors import NotApplicable, UsageError
from mixcli.numerics.absorbing import descending_times
from mixcli.numerics.closing import times_to
from mixcli.numerics.layered import layered_resistance, reaching
from mixcli.numerics.layered_pairs import PairGains
from mixcli.numerics.sink_pairs import SinkPairs
from mixcli.rewiring.mask_edits import apply_mask_edits
from mixcli.rewiring.sequence_base import MaskEdit, SequenceRewiring
from mixcli.spec import param

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.context import Context
    from mixcli.sequence import MaskSequence

    Found = tuple[float, int, int, str]

__all__ = ["GreedyResistance"]

SAME = 1e-9
"""Drops that agree to this, relatively, tie."""

ALIKE = 6
"""Digits to which estimates are compared: potentials have about eight."""


@dataclass(frozen=True)
class GreedyResistance(SequenceRewiring):
    """Add the pair (query, key) that lowers the mean layered resistance to the read-out most, one by one (ours).

    (q, k) = argmax Σ_j R_L(j) - R'_L(j) over the pairs that no layer has yet and, where queries read earlier keys
    only, k < q; the pair is put into every layer. A token that does not get through counts L T, so that tokens are
    made to reach the read-out before those that do are brought nearer. Added pairs never raise a layered resistance
    (Rayleigh), so every edit helps and it ends where none does.

    Every pair gets an estimate (`mixcli.numerics.layered_pairs`: how many tokens newly get through, which is exact for
    causal masks, and d² / (1 + R_uv) with R_uv approximated); the best are evaluated exactly and the best of these is
    taken. With `candidates=0` all are evaluated exactly; on 40 random masks of 16 to 29 tokens that gave the same pair
    every time. Drops that agree to 1e-9 tie, and the smallest (query, key) wins.

    With `objective=hitting` it lowers the largest hitting time of token 0 under the mean attention of the layers
    instead: every pair is evaluated exactly, by a rank-one update.

    Args:
        iterations: pairs to add.
        objective: "layered", or "hitting".
        candidates: pairs that are evaluated exactly in each step; 0 for all.
        layer: the layer that gets the pairs; -1 for all layers.
        read_outs: "own" for the sequence's read-out, or "all" for the mean over every token as read-out.

    Yields:
        Additions; the score is the drop of the mean over tokens (and read-outs), or of the largest hitting time.

    Raises:
        LimitExceeded: the tables for all pairs, or the predicted work, are over the limit.
        NotApplicable: objective=hitting, and some walks never get to token 0.

    Cost: per pair added T² L estimates of T sources each and `candidates` evaluations of the measure; 0.1 s at 64
    tokens and 4 layers, some seconds at 256 and 6. read_outs=all: T times that.

    Example:
        >>> from mixcli.generators.mask_spec import sequence_of
        >>> found = GreedyResistance(1)(sequence_of("window:4,tokens=12,layers=3"))
        >>> found.edits[0].query, found.edits[0].key
        (11, 3)

    Source: ours. No published rewiring of causal masks by resistance was found.
    """

    iterations: int = param(8, "pairs to add", ge=0)
    objective: Literal["layered", "hitting"] = param("layered", "what is lowered: layered resistance, or hitting time")
    candidates: int = param(24, "pairs evaluated exactly in each step, 0 for all", ge=0)
    layer: int = param(-1, "the layer that gets the pairs, -1 for all", ge=-1)
    read_outs: Literal["own", "all"] = param("own", "the sequence's read-out, or the mean over all tokens as such")

    cost: ClassVar[str] = "per pair O(L T³) for estimates, and `candidates` times resistance_layered"
    equation: ClassVar[str] = "argmax over absent pairs of Σ_j R_L(j) - R'_L(j); unreached tokens count L T"
    cites: ClassVar[str] = "ours"
    score: ClassVar[str] = "drop of the mean layered resistance (objective=hitting: of the largest hitting time)"

    def edits(self, tokens: MaskSequence, context: Context) -> Iterator[MaskEdit]:
        if self.layer >= tokens.depth:
            raise UsageError(f"a layer among {tokens.depth}", str(self.layer), where="layer")
        size, depth = tokens.tokens, tokens.depth
        outs = size if self.read_outs == "all" and self.objective == "layered" else 1
        evaluated = self.candidates or size**2 / 2
        work = (
            20.0 * size**3
            if self.objective == "hitting"
            else outs * depth * (5.0 * size**3 + evaluated * 150 * size**2)
        )
        instead = "take fewer tokens, or fewer candidates"
        context.limits.check("greedy_resistance", memory=64.0 * depth * size**2, operations=work, instead=instead)
        chosen = None if self.layer < 0 else self.layer
        for step in range(self.iterations):
            search: _Search = _Hitting(tokens) if self.objective == "hitting" else _Resistances(tokens, self)
            found = search.best(_absent(tokens, chosen), chosen)
            if found is None:
                return
            score, query, key, reason = found
            edit = MaskEdit("add", chosen, query, key, score, step, reason)
            yield edit
            tokens = apply_mask_edits(tokens, [edit])


class _Search(Protocol):
    def best(self, absent: NDArray[np.bool_], layer: int | None) -> Found | None: ...


def _absent(tokens: MaskSequence, layer: int | None) -> NDArray[np.bool_]:
    """(T, T) True for the pairs that may be added: in no layer yet, nor in the one that is meant, no later key."""
    chosen = range(tokens.depth) if layer is None else [layer]
    absent = ~np.logical_or.reduce([tokens.visible(k) for k in chosen])
    np.fill_diagonal(absent, False)
    return np.tril(absent, -1) if tokens.causal else absent


class _Resistances:
    """The best pair for the sum of layered resistances."""

    def __init__(self, tokens: MaskSequence, method: GreedyResistance) -> None:
        self.tokens, self.most = tokens, method.candidates
        self.like = [tokens.like(layer) for layer in range(tokens.depth)]
        self.masks = [tokens.visible(layer) for layer in range(tokens.depth)]
        self.unreached = float(tokens.depth * tokens.tokens)
        self.read_outs = range(tokens.tokens) if method.read_outs == "all" else [tokens.read_out]

    def best(self, absent: NDArray[np.bool_], layer: int | None) -> Found | None:
        layers = range(self.tokens.depth) if layer is None else [layer]
        queries, keys = np.nonzero(absent)
        if not len(queries):
            return None
        estimate, before = np.zeros(absent.shape), []
        for read_out in self.read_outs:
            gains = PairGains(self.masks, self.like, read_out, list(layers), self.unreached)
            before.append(gains.resistance)
            for query in np.unique(queries):
                estimate[query] += gains.of(query)
        guess = estimate[queries, keys]
        if not guess.max() > 0.0:
            return None
        order = np.argsort(-np.round(guess / guess.max(), ALIKE), kind="stable")[: self.most or None]
        found: Found | None = None
        for place in np.sort(order):
            query, key = int(queries[place]), int(keys[place])
            drop = sum(
                self._drop(out, resistance, query, key, layer)
                for out, resistance in zip(self.read_outs, before, strict=True)
            ) / (len(before[0]) * len(before))
            if drop > 1e-12 and (found is None or drop > found[0] * (1 + SAME)):
                among = f"{len(order)} evaluated of {len(queries)}"
                found = (drop, query, key, f"best of {among} pairs for the mean layered resistance")
        return found

    def _drop(self, read_out: int, before: NDArray[np.float64], query: int, key: int, layer: int | None) -> float:
        """Drop of the sum of resistances to one read-out with one more pair, exactly."""
        after = apply_mask_edits(self.tokens, [MaskEdit("add", layer, query, key)])
        masks = [after.visible(k) for k in range(after.depth)]
        like = [after.like(k) for k in range(after.depth)]
        if not any(there[query] for there in reaching(masks, read_out)[1:]):
            return 0.0
        values = layered_resistance(masks, like, read_out).resistance
        return float((before - np.where(np.isfinite(values), values, self.unreached)).sum())


class _Hitting:
    """The best pair for the largest hitting time of token 0."""

    def __init__(self, tokens: MaskSequence) -> None:
        self.tokens = tokens
        times = Counter(tokens.like(layer) for layer in range(tokens.depth))
        self.distinct = sorted(times)
        self.pairs = SinkPairs(
            _checked(tokens, self.distinct), [times[layer] / tokens.depth for layer in self.distinct]
        )

    def best(self, absent: NDArray[np.bool_], layer: int | None) -> Found | None:
        before = float(self.pairs.times.max())
        found: Found | None = None
        for query in np.flatnonzero(absent.any(axis=1)):
            if query == 0:
                continue
            after = self.pairs.worst(int(query), [self._share(k, int(query), layer) for k in self.distinct])
            for key in np.flatnonzero(absent[query]):
                drop = before - float(after[key])
                if drop > 1e-12 and (found is None or drop > found[0] * (1 + SAME)):
                    found = (drop, int(query), int(key), "best of all pairs for the largest hitting time")
        return found

    def _share(self, of: int, query: int, layer: int | None) -> NDArray[np.float64]:
        """(T,) share of the query's attention that each key would get in a layer; 0 where it has it."""
        mask, size = self.tokens.layers[of], self.tokens.tokens
        visible = mask.rows(query, query + 1)[0]
        weight = np.ones(size)
        if mask.weigh is not None:
            places = np.array([[query]]), np.arange(size)[None, :]
            weight = np.broadcast_to(mask.weigh(*places), (1, size))[0].astype(np.float64)
        share = np.where(visible, 0.0, weight / (weight[visible].sum() + weight))
        if layer is None:
            return share
        like = [k for k in range(self.tokens.depth) if self.tokens.like(k) == of]
        return share / len(like) if layer in like else np.zeros(size)


def _checked(tokens: MaskSequence, distinct: list[int]) -> list[NDArray[np.float64]]:
    """The operators of the layers that differ, if every walk gets to token 0.

    Raises:
        NotApplicable: some do not.
    """
    operators = [tokens.operator(layer) for layer in distinct]
    chain = np.mean([tokens.operator(layer) for layer in range(tokens.depth)], axis=0)
    times = descending_times(lambda lo, hi: chain[lo:hi], len(chain)) if tokens.causal else times_to(chain, 0)
    if not np.isfinite(times).all():
        lost = int(np.isinf(times).sum())
        fix = "use objective=layered, or join the documents first"
        raise NotApplicable("walks that all get to token 0", f"{lost} tokens whose do not", fix, where=tokens.name)
    return operators
