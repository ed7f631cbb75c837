"""Resistances between all pairs of one component, and how each further edge would change their sum, kept up to date.

P = L^+ and S = P². With b = e_s - e_t, v = Pb: R_st = b'v, B_st = |v|² = b'Sb, and after a change of the conductance
of st by w (negative to take away)

    P' = P - c v v',   S' = S - v a' - a v',   c = w / (1 + w R_st),   a = c Pv - c² |v|² v / 2,

so that the sum of resistances over unordered pairs, n tr P, falls by n c B_st. P starts from resistances that lose no
digits (`mixcli.numerics.dense_resistance`), or from an inverse where a component is small and its conductances are of
about the same size, and is made anew every few hundred changes, so rounding cannot pile up.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mixcli.numerics.blas import one_blas_thread
from mixcli.numerics.dense_resistance import all_resistances

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.graph import Graph
    from mixcli.limits import Limits

__all__ = ["BRIDGE", "TIE", "PairTable", "ahead", "component_tables"]

TIE = 1e-10  # scores this close, relative to the best, are equal: symmetric pairs differ by rounding
BRIDGE = 1e-9  # an edge whose conductance times resistance is this close to 1 carries all current: a bridge
REFRESH = 256  # changes after which P and S are made anew
SMALL, EVEN = 64, 1e4  # nodes, and ratio of conductances, up to which P is made by an inverse
BLOCK = 1 << 16  # entries of a block of rows, small enough for the cache

Score = Literal["drop", "resistance"]


class PairTable:
    """All pairs of a connected graph that gains and loses edges.

    Args:
        graph: the whole graph; weights are conductances.
        nodes: (k,) its nodes in one component, ascending; pairs are told in numbers of the whole graph.
        score: what `best` maximises over unjoined pairs: "drop", B / (1 + R), or "resistance", R.

    Cost: about k³ operations at the start, k² for each change and each search; 17 k² bytes for drops, 9 k² without.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> table = PairTable(path(4), np.arange(4), "drop")
        >>> table.kirchhoff, table.best(lambda u, v: True)
        (10.0, (1.25, 0, 3))
    """

    def __init__(self, graph: Graph, nodes: NDArray[np.int64], score: Score) -> None:
        self.nodes, self.score = nodes, score
        self._place = {int(node): at for at, node in enumerate(nodes.tolist())}
        self._flow = _arcs(graph, nodes)
        self._changed: dict[tuple[int, int], float] = {}
        self._taken = np.eye(len(nodes), dtype=bool)
        self._taken[self._flow[:2]] = True
        self._changes = 0
        self._make()

    @property
    def k(self) -> int:
        """Number of nodes."""
        return len(self.nodes)

    @property
    def kirchhoff(self) -> float:
        """Sum of the resistances over unordered pairs."""
        return float(self.k * np.trace(self._p))

    def resistance(self, u: int, v: int) -> float:
        """R between two nodes."""
        s, t = self._place[u], self._place[v]
        return float(self._p[s, s] + self._p[t, t] - 2 * self._p[s, t])

    def resistances(self, pairs: NDArray[np.int64]) -> NDArray[np.float64]:
        """(k,) R between the ends of pairs (k, 2)."""
        s, t = np.searchsorted(self.nodes, pairs).T
        diagonal = self._p.diagonal()
        return diagonal[s] + diagonal[t] - 2 * self._p[s, t]

    def change(self, u: int, v: int, conductance: float) -> None:
        """Raise the conductance between two nodes, or lower it; a pair once touched is not offered by `best` again."""
        s, t = self._place[u], self._place[v]
        self._taken[s, t] = self._taken[t, s] = True
        self._changed[s, t] = self._changed.get((s, t), 0.0) + conductance
        self._changes += 1
        if self._changes % REFRESH == 0:
            self._make()
            return
        v_ = self._p[:, s] - self._p[:, t]
        c = conductance / (1.0 + conductance * (v_[s] - v_[t]))
        if self.score == "drop":
            with _steady(self.k):
                a = c * (self._p @ v_) - (0.5 * c * c * (v_ * v_).sum()) * v_
            for rows in self._blocks():
                self._s[rows] -= v_[rows, None] * a
                self._s[rows] -= a[rows, None] * v_
        for rows in self._blocks():
            self._p[rows] -= (c * v_[rows, None]) * v_

    def best(self, allowed: Callable[[int, int], bool] | None = None) -> tuple[float, int, int] | None:
        """The unjoined pair of greatest score, the smallest (u, v) among equal ones.

        Args:
            allowed: asked for pairs in order of their score; none allows all.

        Returns:
            (score, u, v), or None where no pair is left.
        """
        blocks = self._blocks()
        if len(blocks) == 1 and allowed is None:
            return self._best_of(self._scores(blocks[0]))
        top = np.concatenate([self._scores(rows).max(axis=1) for rows in blocks])
        barred: dict[int, NDArray[np.bool_]] = {}
        while True:
            highest = top.max(initial=-np.inf)
            if highest == -np.inf:
                return None
            floor = highest - TIE * abs(highest)
            s = int((top >= floor).argmax())
            row = self._scores(slice(s, s + 1))[0]
            if s in barred:
                row[barred[s]] = -np.inf
            for t in np.flatnonzero(row >= floor).tolist():
                u, v = sorted((int(self.nodes[s]), int(self.nodes[t])))
                if allowed is None or allowed(u, v):
                    return float(row[t]), u, v
            asked = allowed or _always
            mine = int(self.nodes[s])
            barred[s] = np.array([not asked(mine, other) for other in self.nodes.tolist()])
            row[barred[s]] = -np.inf
            top[s] = row.max()

    def _best_of(self, scores: NDArray[np.float64]) -> tuple[float, int, int] | None:
        """What `best` finds where every pair is allowed, from all scores at once."""
        highest = float(scores.max(initial=-np.inf))
        if highest == -np.inf:
            return None
        s, t = divmod(int((scores.ravel() >= highest - TIE * abs(highest)).argmax()), self.k)
        return float(scores[s, t]), int(self.nodes[s]), int(self.nodes[t])

    def _scores(self, rows: slice) -> NDArray[np.float64]:
        """Scores of the pairs with one end in some rows; -inf where joined."""
        score = self._between(self._p, rows)
        if self.score == "drop":
            score += 1.0
            np.divide(self._between(self._s, rows), score, out=score)
        score[self._taken[rows]] = -np.inf
        return score

    def _between(self, matrix: NDArray[np.float64], rows: slice) -> NDArray[np.float64]:
        """(e_s - e_t)' M (e_s - e_t) for s in some rows and all t."""
        diagonal = matrix.diagonal()
        out = matrix[rows] * -2.0
        out += diagonal
        out += diagonal[rows, None]
        return out

    def _blocks(self) -> list[slice]:
        height = max(1, BLOCK // self.k)
        return [slice(low, min(low + height, self.k)) for low in range(0, self.k, height)]

    def _make(self) -> None:
        """P, and S where drops are asked for, from the conductances as they are now."""
        self._p = np.empty(0)  # frees the old tables before the new ones are made
        self._s = np.empty(0)
        flow = np.zeros((self.k, self.k))
        flow[self._flow[:2]] = self._flow[2]
        for (s, t), conductance in self._changed.items():
            flow[s, t] = flow[t, s] = max(flow[s, t] + conductance, 0.0)
        with _steady(self.k):
            self._p = _inverse(flow) if self._is_easy(flow) else _centred(all_resistances(flow))
            if self.score == "drop":
                self._s = self._p @ self._p

    def _is_easy(self, flow: NDArray[np.float64]) -> bool:
        """Whether an inverse loses no digits that could matter."""
        return self.k <= SMALL and flow.max() <= EVEN * flow[flow > 0].min()


def _arcs(graph: Graph, nodes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Both ends, as places in `nodes`, and the conductance of every arc of a component."""
    indptr, indices, edge = graph.csr
    degree = indptr[nodes + 1] - indptr[nodes]
    at = np.repeat(indptr[nodes] - np.cumsum(degree) + degree, degree) + np.arange(degree.sum())
    weight = np.ones(len(at)) if graph.weight is None else graph.weight[edge[at]]
    return np.repeat(np.arange(len(nodes)), degree), np.searchsorted(nodes, indices[at]), weight


def _inverse(flow: NDArray[np.float64]) -> NDArray[np.float64]:
    """L^+ = (L + J/k)^-1 - J/k."""
    mean = 1.0 / len(flow)
    shifted = np.diag(flow.sum(axis=1)) - flow
    shifted += mean
    found = np.linalg.inv(shifted)
    found -= mean
    return (found + found.T) / 2


def _centred(resistance: NDArray[np.float64]) -> NDArray[np.float64]:
    """L^+ from all resistances, in place."""
    p = resistance
    p *= -0.5
    mean = p.mean(axis=0)
    p -= mean
    p -= mean[:, None]
    p += mean.mean()
    return p


def _steady(k: int) -> AbstractContextManager[Any]:
    """One BLAS thread; products of a few rows have one anyhow, and setting it would take longer than they do."""
    return nullcontext() if k <= SMALL else one_blas_thread()


def component_tables(graph: Graph, score: Score, limits: Limits, what: str, instead: str) -> dict[int, PairTable]:
    """A table for each component of three nodes or more, by number of the component.

    Args:
        graph: undirected; weights are conductances.
        score: as for `PairTable`.
        limits: memory and operations it may take.
        what: who asks, for the message.
        instead: the way around.

    Raises:
        LimitExceeded: 17 bytes (9 without drops) for each pair in a component, or a cube of operations, are too many.
    """
    components = graph.components
    sizes = components.sizes[components.sizes > 2].astype(np.float64)
    each = 17.0 if score == "drop" else 9.0
    memory = each * (sizes**2).sum() + 8.0 * (sizes**2).max(initial=0.0)
    limits.check(what, memory=float(memory), operations=0.15 * float((sizes**3).sum()), instead=instead)
    order = np.argsort(components.of_node, kind="stable")
    end = np.cumsum(components.sizes)
    return {
        c: PairTable(graph, order[end[c] - components.sizes[c] : end[c]], score)
        for c in np.flatnonzero(components.sizes > 2).tolist()
    }


def ahead(score: float, best: float) -> bool:
    """Whether a score beats another one, by more than rounding."""
    return score > best + TIE * max(abs(best), abs(score))


def _always(u: int, v: int) -> bool:
    return True
