"""Electrical resistance between tokens at the input and the read-out at the output of a stack of layers.

Node (l, i) is what token i holds after l layers; a query of a layer is joined to each of its keys by a conductor. For
a source j only nodes on a directed walk from (0, j) to (L, r) are kept: no current goes past the read-out or through
what j cannot reach. Which nodes are kept differs from source to source, so every source has its own network; they
share the masks, and are solved side by side.

Layers are coupled to the next ones only, so all odd layers are eliminated at once, being diagonal, and conjugate
gradients run on the even ones. Started at 0 they give the conductance with an error that is the square of that of the
potentials.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mixcli.errors import LimitExceeded
from mixcli.numerics.pair_products import Pairs, cheapest

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Layered", "Network", "layered_resistance", "predicted", "reaching"]

COLUMNS = 256  # sources at a time
TOLERANCE = 1e-8  # of the potentials; its square is that of the resistance
LOST = 1e-10  # share of the first layer's conductance below which the difference says nothing
STEPS = 2000  # iterations after which convergence is given up


@dataclass(frozen=True)
class Layered:
    """Resistances of all sources.

    Args:
        resistance: (T,) of each source to the read-out; infinite without a walk.
        residual: largest relative residual of the potentials; the resistance is off by its square.
        iterations: most iterations that a batch of sources took.
    """

    resistance: NDArray[np.float64]
    residual: float
    iterations: int


def layered_resistance(
    masks: Sequence[NDArray[Any]],
    like: Sequence[int],
    read_out: int,
    progress: Callable[[int, int], None] | None = None,
) -> Layered:
    """Resistance between (0, j) and (L, r) for every token j.

    Args:
        masks: (T, T) of each layer, first layer first: True where query i reads key j, or conductances >= 0.
        like: for each layer the first one with the same mask.
        read_out: r.
        progress: called as progress(done, total) with sources.

    Raises:
        LimitExceeded: weights span so many orders of magnitude that the iteration does not converge, or that what gets
            through is lost in rounding.

    Cost: per iteration two products with each inner mask for each source, at the cost of the entries in which rows of
    the mask differ; some ten to fifty iterations. 256 (6 L + 10) T numbers.

    Example:
        >>> mask = np.tri(4, dtype=bool)
        >>> layered_resistance([mask, mask], [0, 0], 3).resistance.round(12).tolist()
        [0.5, 0.666666666667, 1.0, 2.0]
    """
    back = reaching(masks, read_out)
    out = np.full(len(back[0]), np.inf)
    sources = np.flatnonzero(back[0])
    residual, iterations = 0.0, 0
    for start in range(0, len(sources), COLUMNS):
        chosen = sources[start : start + COLUMNS]
        network = Network(masks, like, back, chosen, _span(masks, back, chosen))
        conductance, miss, steps = network.conductance()
        out[chosen] = 1.0 / conductance
        residual, iterations = max(residual, miss), max(iterations, steps)
        if progress is not None:
            progress(start + len(chosen), len(sources))
    return Layered(out, residual, iterations)


def predicted(masks: Sequence[NDArray[Any]], like: Sequence[int]) -> float:
    """Elementary operations that `layered_resistance` of all sources takes, roughly.

    Example:
        >>> predicted([np.tri(64, dtype=bool)] * 6, [0] * 6) < 1e8
        True
    """
    size, inner = len(masks[0]), list(like[1:-1])
    column = {layer: cheapest(masks[layer])[2] for layer in set(inner)}
    return 10.0 * size * (4.0 * sum(column[layer] for layer in inner) + 10.0 * size * len(masks))


def reaching(masks: Sequence[NDArray[Any]], read_out: int) -> list[NDArray[np.bool_]]:
    """(T,) for every layer 0 … L: whether what a token holds there can still get to the read-out.

    Example:
        >>> [int(b.sum()) for b in reaching([np.tri(3, dtype=bool)] * 2, 1)]
        [2, 2, 1]
    """
    found = [np.arange(len(masks[0])) == read_out]
    for mask in reversed(masks):
        found.insert(0, (mask[found[0]] > 0).any(axis=0))
    return found


class Network:
    """The networks of several sources, each a column: diagonals of its Laplacian, and products with the rest.

    Args:
        masks, like: as for `layered_resistance`.
        back: what `reaching` gives.
        sources: the columns.
        span: (lo, hi) tokens between which all nodes lie that are kept.
    """

    def __init__(
        self,
        masks: Sequence[NDArray[Any]],
        like: Sequence[int],
        back: list[NDArray[np.bool_]],
        sources: NDArray[np.int64],
        span: tuple[int, int],
    ) -> None:
        self.depth = len(masks)
        lo, hi = span
        made = {layer: Pairs(masks[layer][lo:hi, lo:hi]) for layer in set(like[1:-1])}
        self.pairs = {layer: made[like[layer]] for layer in range(1, self.depth - 1)}
        first = np.asarray(masks[0][lo:hi, sources], dtype=np.float64)
        self.direct = np.asarray(masks[-1][:, sources][back[self.depth]][0], dtype=np.float64)
        back = [there[lo:hi] for there in back]
        self.inward = first * back[1][:, None]  # into layer 1, with the source at 1 and the read-out at 0
        # share[l]: 1 / diagonal at layer l where a node is kept, 0 elsewhere
        self.share: list[NDArray[np.float64]] = [np.empty(0)]
        down = first
        for layer in range(1, self.depth):
            upward = np.asarray(masks[layer][lo:hi, lo:hi][back[layer + 1]], dtype=np.float64).sum(axis=0)
            share = np.zeros_like(down)
            np.divide(1.0, upward[:, None] + down, out=share, where=(down > 0.0) & back[layer][:, None])
            self.share.append(share)
            if layer + 1 < self.depth:
                down = self.pairs[layer].up((down > 0.0).astype(np.float64))

    def conductance(self) -> tuple[NDArray[np.float64], float, int]:
        """(columns,) conductance from each source, the residual of the potentials, and the iterations."""
        if self.depth == 1:
            return self.direct, 0.0, 0
        given = self.share[1] * self.inward
        total = self.inward.sum(axis=0) - (self.inward * given).sum(axis=0)
        if self.depth == 2:
            return total, 0.0, 0
        through, _, residual, steps = self._descend(self._right(given))
        if (total - through < LOST * total).any():
            fix = "use conductance=pair: the weights span too many orders of magnitude"
            raise LimitExceeded(
                "conductances that double precision resolves", "one below 1e-10 of the first layer's", fix
            )
        return total - through, residual, steps

    def potentials(self) -> list[NDArray[np.float64]]:
        """(span, columns) for each of the layers 1 … L - 1: 1 at the source, 0 at the read-out and where not kept."""
        out = [self.share[layer] * self.inward if layer == 1 else np.empty(0) for layer in range(1, self.depth)]
        if self.depth > 2:
            even = self._descend(self._right(out[0]))[1]
            for layer in range(2, self.depth, 2):
                out[layer - 1] = even[layer // 2 - 1]
            for layer in range(1, self.depth, 2):
                below = self.inward if layer == 1 else self.pairs[layer - 1].up(out[layer - 2])
                above = self.pairs[layer].down(out[layer]) if layer + 1 < self.depth else 0.0
                out[layer - 1] = self.share[layer] * (below + above)
        return out

    def _right(self, given: NDArray[np.float64]) -> NDArray[np.float64]:
        """What layer 1 passes on to layer 2, the only even one that the source feeds."""
        right = np.zeros(((self.depth - 1) // 2, *given.shape))
        right[0] = self.pairs[1].up(given)
        return right

    def _descend(self, right: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64], float, int]:
        """b'x and x of S x = b on the even layers by conjugate gradients, for every column."""
        scale = np.stack([self.share[2 * k + 2] for k in range(len(right))])
        miss, found = right, np.zeros_like(right)
        ahead = scale * miss
        way = ahead.copy()
        size = first = np.einsum("eij,eij->j", miss, ahead)
        through = np.zeros(right.shape[2])
        for step in range(STEPS):
            active = size > TOLERANCE**2 * first
            if not active.any():
                return through, found, float(np.sqrt((size / np.maximum(first, 1e-300)).max(initial=0.0))), step
            flow = self._apply(way)
            slope = np.einsum("eij,eij->j", way, flow)
            part = np.divide(size, slope, out=np.zeros_like(size), where=active & (slope > 0.0))
            through += part * size  # b'x gains (r'z)² / p'Sp with every direction
            found += part * way
            miss = miss - part * flow
            ahead = scale * miss
            after = np.einsum("eij,eij->j", miss, ahead)
            turn = np.divide(after, size, out=np.zeros_like(size), where=active)
            size = np.where(active, after, size)
            way *= turn
            way += ahead
        fix = "use conductance=pair: the weights span too many orders of magnitude"
        raise LimitExceeded("layered resistance to converge", f"{STEPS} iterations without that", fix)

    def _apply(self, even: NDArray[np.float64]) -> NDArray[np.float64]:
        """(D - B D_odd^-1 B') x for potentials of the even layers, 0 where a node is not kept."""
        out = np.empty_like(even)
        for k in range(len(even)):
            layer = 2 * k + 2
            np.divide(even[k], self.share[layer], out=out[k], where=self.share[layer] > 0.0)
            out[k][self.share[layer] == 0.0] = 0.0
        for odd in range(1, self.depth, 2):
            below, above = (odd - 1) // 2 - 1, (odd + 1) // 2 - 1
            mixed = self.pairs[odd - 1].up(even[below]) if odd > 1 else 0.0
            if odd + 1 < self.depth:
                mixed = mixed + self.pairs[odd].down(even[above])
            mixed = mixed * self.share[odd]
            if odd > 1:
                out[below] -= self.pairs[odd - 1].down(mixed)
            if odd + 1 < self.depth:
                out[above] -= self.pairs[odd].up(mixed)
        return out


def _span(
    masks: Sequence[NDArray[Any]], back: list[NDArray[np.bool_]], sources: NDArray[np.int64]
) -> tuple[int, int]:  # fmt: skip
    """(lo, hi) tokens between which all nodes lie that are kept for some of the sources."""
    ahead = np.zeros(len(back[0]), dtype=bool)
    ahead[sources] = True
    kept = ahead & back[0]
    for mask, there in zip(masks, back[1:], strict=True):
        ahead = (mask[:, ahead] > 0).any(axis=1)
        kept |= ahead & there
    places = np.flatnonzero(kept)
    return int(places[0]), int(places[-1]) + 1
