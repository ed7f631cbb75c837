"""A draw among the pairs that could be joined to help an edge, where not every pair is allowed: they are listed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from mixcli.numerics.support import joinable, weights

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from mixcli.numerics.support import Candidate, Gains, Surroundings

__all__ = ["draw_allowed"]


def draw_allowed(
    near: Surroundings,
    gains: Gains,
    tau: float,
    rng: Generator,
    may_add: Callable[[int, int], bool],
    open_nodes: NDArray[np.bool_] | None,
) -> Candidate | None:
    """A candidate with probability proportional to exp(tau · gain), out of those that are allowed.

    Args:
        near: the surroundings of the edge.
        gains: their gains.
        tau: inverse temperature; inf takes the first allowed candidate of greatest gain.
        rng: one uniform number is drawn from it where there is a choice.
        may_add: whether a pair may be joined.
        open_nodes: (n,) nodes that may get another edge, or None where all may.

    Returns:
        The candidate, or None where nothing is allowed.

    Cost: O((d_i + 1)(d_j + 1)).
    """
    pairs: list[tuple[int, int]] = []
    found: list[float] = []
    at_i = int(np.searchsorted(near.rows, near.i))
    for row in range(len(near.rows) + 1):
        k, others, gain = joinable(near, gains, row, at_i)
        if open_nodes is not None:
            if not open_nodes[k]:
                continue
            others, gain = others[open_nodes[others]], gain[open_nodes[others]]
        for other, x in zip(others.tolist(), gain.tolist(), strict=True):
            if may_add(k, other):
                pairs.append((k, other))
                found.append(x)
    if not pairs:
        return None
    x = np.array(found)
    if np.isinf(tau):
        at = int(x.argmax())
    else:
        running = np.cumsum(weights(x - x.max(), tau))
        at = min(int(np.searchsorted(running, rng.random() * running[-1], side="right")), len(x) - 1)
    return *pairs[at], float(x[at])
