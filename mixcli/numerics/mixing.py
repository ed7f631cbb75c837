"""How fast a random walk forgets its start: bounds from its gap, and the exact time from all its eigenvalues."""

from __future__ import annotations

from math import ceil, log
from typing import TYPE_CHECKING

import numpy as np

from mixcli.graph import Graph
from mixcli.numerics.blas import one_blas_thread
from mixcli.numerics.laplacian import Pencil

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Walk", "double_cover", "mixing_bounds", "stationary"]

_SLOW = 1e-2  # fall of a mode in one step below which its digits are worth a quotient over edges
_TIE = 1e-12  # distances this close to ε count as ε, so that closed forms come out on their integer


def double_cover(graph: Graph) -> Graph:
    """The bipartite double cover: nodes v and v', and edges uv', vu' for every edge uv.

    Its normalised Laplacian has the eigenvalues λ and 2 - λ of the graph's, so that its gap is the graph's absolute
    gap min(λ₂, 2 - λ_n); and it falls into two parts exactly where a connected graph is bipartite.

    Example:
        >>> from mixcli.generators.graphs import cycle
        >>> double_cover(cycle(5)).components.count, double_cover(cycle(6)).components.count
        (1, 2)
    """
    indptr, indices, ids = graph.csr
    row = np.repeat(np.arange(graph.n, dtype=np.int64), np.diff(indptr))
    weight = None if graph.weight is None else graph.weight[ids]
    return Graph(2 * graph.n, np.stack([row, indices + graph.n], axis=1), weight=weight)


def stationary(graph: Graph) -> NDArray[np.float64]:
    """(n,) stationary probabilities d_v / Σ d of the walk on a connected graph, none of them 0, whatever the weights.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> stationary(path(3)).tolist()
        [0.25, 0.5, 0.25]
    """
    strength = Pencil.of(graph).strength  # scaled, so that nothing overflows
    return np.maximum(strength / strength.sum(), np.finfo(float).tiny)


def mixing_bounds(gap: float, smallest: float, epsilon: float) -> tuple[float, float]:
    """Bounds of the mixing time of a reversible walk: (1/γ - 1) log(1/2ε) <= t <= (½ log(1/π_min) + log(1/2ε)) / γ.

    Args:
        gap: γ, the absolute spectral gap of the walk, in (0, 1].
        smallest: π_min, the least stationary probability.
        epsilon: distance in total variation, in (0, 1/2).

    Returns:
        Whole numbers of steps, as floats: beyond 2^53 they have no last digit.

    Source: Levin and Peres, Markov Chains and Mixing Times (2nd ed. 2017), theorems 12.4 and 12.5.

    Example:
        >>> mixing_bounds(0.5, 0.25, 0.25)
        (1.0, 3.0)
    """
    low = (1 / gap - 1) * log(1 / (2 * epsilon))
    high = (0.5 * log(1 / smallest) + log(1 / (2 * epsilon))) / gap
    return float(ceil(low - _TIE * low - _TIE)), float(max(ceil(high), 0))


class Walk:
    """All eigenvectors of the random walk on a small connected graph.

    Args:
        graph: connected, undirected, at least one edge.
        lazy: stay with probability one half at each step.

    Cost: O(n³) time and about 40 n² bytes.
    """

    def __init__(self, graph: Graph, lazy: bool) -> None:
        pencil = Pencil.of(graph)
        root = np.sqrt(pencil.strength)
        a = pencil.adjacency.toarray()
        with one_blas_thread():
            values, vectors = np.linalg.eigh(a / root / root[:, None])
        # 1 - μ as a quotient over edges has no cancellation, and the slow modes decide.
        fall = np.clip(1 - values[:-1], 0.0, 2.0)
        for k in np.flatnonzero(fall < _SLOW):
            fall[k] = pencil.quotient(vectors[:, k] / root)
        self._fall = fall / 2 if lazy else fall
        self._from, self._to = vectors[:, :-1] / root[:, None], vectors[:, :-1] * root[:, None]
        self._start = float(1 - stationary(graph).min())

    @property
    def gap(self) -> float:
        """1 - max |μ| over all eigenvalues μ but the first."""
        return float(np.minimum(self._fall, 2 - self._fall).min())

    def distance(self, steps: int) -> float:
        """max over starts of the total variation distance from the stationary distribution after some steps."""
        if steps == 0:
            return self._start
        back = self._fall > 1  # μ < 0
        near = np.minimum(np.where(back, 2 - self._fall, self._fall), 1 - np.finfo(float).tiny)
        with np.errstate(divide="ignore"):
            share = np.exp(steps * np.log1p(-near))
        if steps % 2:
            share[back] *= -1
        keep = np.abs(share) > 1e-18  # late in a walk only the slow modes are left
        with one_blas_thread():
            off = (self._from[:, keep] * share[keep]) @ self._to[:, keep].T
        return float(np.abs(off).sum(axis=1).max() / 2)

    def time(self, epsilon: float, high: float) -> int:
        """The least t with distance(t) <= ε, by bisection.

        Args:
            epsilon: the distance, > 0.
            high: a bound of t; a little more does no harm.

        Example:
            >>> from mixcli.generators.graphs import complete
            >>> Walk(complete(4), lazy=True).time(0.25, 10)
            1
        """
        below, enough = -1, max(int(high), 0) + 1
        while enough - below > 1:
            middle = (below + enough) // 2
            if self.distance(middle) <= epsilon + _TIE:
                enough = middle
            else:
                below = middle
        return enough

    def profile(self, steps: list[int]) -> NDArray[np.float64]:
        """The distance after each of some numbers of steps."""
        return np.array([self.distance(t) for t in steps])
