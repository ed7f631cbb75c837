"""What one more pair (query, key) would do to layered resistances: an estimate for all pairs at once.

A unit conductor between nodes u and v, whose potentials differ by d where the source is at 1 and the read-out at 0,
raises the conductance by d² / (1 + R_uv). R_uv is taken as 1 / D_u + 1 / D_v, as if all neighbours held still. What a
new pair may make part of the network has no potential yet: a node that the source reaches takes the mean of its keys,
one that reaches the read-out the mean of its readers. Which sources get through at all is counted exactly as long as a
walk uses the new pair once, which is all it can where queries read earlier keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mixcli.numerics.layered import Network, reaching

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["PairGains"]


class PairGains:
    """Estimates for pairs that a query might get, over all sources and one read-out.

    Args:
        masks: (T, T) bool of each layer, first layer first.
        like: for each layer the first one with the same mask.
        read_out: r.
        layers: the layers that get the pair.
        unreached: what counts as the resistance of a source that does not get through.

    Example:
        >>> gains = PairGains([np.tri(3, dtype=bool) & ~np.tri(3, k=-2, dtype=bool)] * 2, [0, 0], 2, [0, 1], 6.0)
        >>> round(float(gains.of(2)[0]), 6)  # from 2 to 2/3
        1.333333
    """

    def __init__(
        self, masks: Sequence[NDArray[np.bool_]], like: Sequence[int], read_out: int, layers: Sequence[int],
        unreached: float,
    ) -> None:  # fmt: skip
        self.layers, self.unreached, size, depth = layers, unreached, len(masks[0]), len(masks)
        self.back = reaching(masks, read_out)
        network = Network(masks, like, self.back, np.arange(size), (0, size))
        self.conductance = network.conductance()[0]
        inner = network.potentials()
        floats = {layer: masks[layer].astype(np.float64) for layer in set(like)}
        # potential and 1 / diagonal of what a source reaches (below) and of what reaches the read-out (above)
        self.below = [(np.eye(size), np.zeros((size, size)), np.eye(size, dtype=bool))]
        for layer in range(1, depth):
            potential, _, there = self.below[-1]
            mask = floats[like[layer - 1]]
            count, kept = mask @ there, network.share[layer] > 0.0
            reached = count > 0.5
            mean = np.divide(mask @ (potential * there), count, out=np.zeros_like(count), where=reached)
            inverse = np.divide(1.0, count, out=np.zeros_like(count), where=reached)
            kept_there = np.where(kept, inner[layer - 1], mean), np.where(kept, network.share[layer], inverse)
            self.below.append((*kept_there, reached))
        self.above = [(np.zeros((size, size)), np.zeros((size, size)))]
        for layer in range(depth - 1, 0, -1):
            potential, _ = self.above[0]
            mask, ahead = floats[like[layer]], self.back[layer + 1]
            count = mask[ahead].sum(axis=0)[:, None]
            kept = network.share[layer] > 0.0
            mean = np.divide(mask[ahead].T @ potential[ahead], count, out=np.zeros((size, size)), where=count > 0.5)
            inverse = np.divide(1.0, count, out=np.zeros_like(count), where=count > 0.5)
            held = np.where(kept, inner[layer - 1], mean), np.where(kept, network.share[layer], inverse)
            self.above.insert(0, held)
        self.resistance = self._resistance(self.conductance)

    def of(self, query: int) -> NDArray[np.float64]:
        """(T,) estimated drop of the sum of resistances over sources, for every key that the query might read."""
        gain = np.zeros_like(self.below[0][0])
        for layer in self.layers:
            if not self.back[layer + 1][query]:
                continue
            potential, inverse, there = self.below[layer]
            mine, own = self.above[layer][0][query], self.above[layer][1][query]
            gain += there * (potential - mine) ** 2 / (1.0 + inverse + own)
        return (self.resistance - self._resistance(self.conductance + gain)).sum(axis=1)

    def _resistance(self, conductance: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.divide(1.0, conductance, out=np.full_like(conductance, self.unreached), where=conductance > 1e-12)
