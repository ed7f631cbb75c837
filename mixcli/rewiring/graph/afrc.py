"""Rewiring by augmented Forman curvature, with thresholds that the graph itself gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from mixcli.graph import Graph
from mixcli.numerics import curvature
from mixcli.numerics.mixture import two_normals
from mixcli.numerics.motifs import graph_counts
from mixcli.numerics.neighbours import Neighbours
from mixcli.numerics.union import union
from mixcli.rewiring.base import Edit, Rewiring, Rules, topology_rng
from mixcli.rewiring.published import AFRC_SETTINGS, AFRC_SOURCE
from mixcli.spec import param

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from mixcli.context import Context

__all__ = ["AFRC"]


@dataclass(frozen=True)
class AFRC(Rewiring):
    """Remove edges of high augmented Forman curvature and add around those of low, by two thresholds.

    Equation: fit two normal distributions (μ₁, s₁), (μ₂, s₂) to the curvatures κ of the graph at the start;
    Δ_L = (μ₁ s₂ + μ₂ s₁) / (s₁ + s₂), Δ_U = μ₂ + s₂, μ₂ the larger mean. In each iteration remove all edges with
    κ > Δ_U; then for each edge uv with κ < Δ_L join v to a random w in N(u) - N(v) - v, or, where there is none, u to a
    random w in N(v) - N(u) - u.

    Stated rules: κ is measured at the start of an iteration, neighbourhoods are those of the moment. The highest κ goes
    first, and the lowest is served first; of equal edges the one with the smallest (u, v). The mixture is fitted by
    expectation maximisation from the best split into two, so it does not depend on chance; where all curvatures are
    equal (a complete graph, a single edge, no edge at all) there is none, and nothing to do. Components are never
    joined and isolated nodes stay so. Constraints take partners out of the draw. Weights play no role and are kept. A
    removal may disconnect the graph.

    Args:
        iterations: iterations.
        cycles: 3 counts triangles, κ = 4 - d_u - d_v + 3t; 4 adds 2 for every 4-cycle through the edge.
        growth: additions stop at this share of the edges of the start (the paper has no such bound, and three
            iterations can triple a graph); none for no bound.

    Yields:
        Removals with κ as score, additions with κ of the edge they are made for.

    Cost: one pass over all triangles and 4-cycles per iteration, and O(d_u + d_v) for each edge below Δ_L.

    Example:
        >>> from mixcli.generators.graphs import barbell
        >>> from mixcli.rewiring.base import rewire
        >>> rewire(barbell(5), "afrc:iterations=1,cycles=4").added
        1

    Source: Fesser & Weber, "Mitigating over-smoothing and over-squashing using augmentations of Forman-Ricci
    curvature", LoG 2023, Section 4. Start of the fit, order and bound are ours.
    """

    iterations: int = param(3, "iterations", ge=0)
    cycles: Literal[3, 4] = param(3, "3 counts triangles, 4 also 4-cycles")
    growth: float | None = param(1.0, "most additions, as a share of the edges at the start; none for no bound", ge=0)

    removes = True
    cost = "all triangles and 4-cycles, once per iteration"
    equation = "remove κ > Δ_U, add at κ < Δ_L; Δ_L, Δ_U from a mixture of two normal distributions"
    cites = "Fesser & Weber, LoG 2023, Section 4"
    published = AFRC_SETTINGS
    published_in = AFRC_SOURCE
    deviations = (
        "a clean-up of attributes sets every curvature to 0 before it is used, so nothing is ever changed",
        "N(u) - N(v) holds v, so self-loops are added",
        "4-cycles are counted that pass both ends without using the edge",
        "each direction of an edge counts for the degrees",
        "random numbers without a seed, and no bound on additions",
    )
    score = "curvature of the edge removed, or of the edge that an addition is made for"

    def edits(self, graph: Graph, context: Context, rules: Rules) -> Iterator[Edit]:
        state = _State(graph, self.growth, topology_rng(context, "afrc", graph))
        for step in range(self.iterations):
            kappa = self._curvature(state.now, context)
            if step == 0:
                fit = two_normals(kappa, np.zeros(graph.m, np.int64), 1)
                state.low, state.high = float(fit.crossing[0]), float(fit.upper[0])
            before = state.edited
            yield from state.iteration(kappa, rules, step)
            if state.edited == before:
                return

    def edits_many(
        self, graphs: Sequence[Graph], context: Context, budgets: Sequence[int] | None = None
    ) -> list[list[Edit]]:
        """The edits of many graphs, curvatures from one pass over all of them in each iteration."""
        states = [_State(g, self.growth, topology_rng(context, "afrc", g)) for g in graphs]
        found: list[list[Edit]] = [[] for _ in graphs]
        busy = list(range(len(graphs)))
        free = Rules(Graph(0, np.zeros((0, 2), np.int64)))
        for step in range(self.iterations):
            whole = union([states[g].now for g in busy])
            kappa = self._curvature(whole.graph, context)
            of_edge = whole.of_nodes(whole.graph.edges[:, 0])
            if step == 0:
                fit = two_normals(kappa, of_edge, len(busy))
                for state, low, high in zip(states, fit.crossing.tolist(), fit.upper.tolist(), strict=True):
                    state.low, state.high = low, high
            parts = np.split(kappa, np.cumsum(np.bincount(of_edge, minlength=len(busy)))[:-1]) if busy else []
            for g, part in zip(busy, parts, strict=True):
                found[g] += states[g].iteration(part, free, step)
            went_on = (g for g in busy if found[g] and found[g][-1].step == step)
            busy = [g for g in went_on if budgets is None or len(found[g]) < budgets[g]]
            if not busy:
                break
        return found if budgets is None else [e[:budget] for e, budget in zip(found, budgets, strict=True)]

    def _curvature(self, graph: Graph, context: Context) -> NDArray[np.float64]:
        counts = graph_counts(graph, context.thread_count)
        u, v = graph.degree[graph.edges].T
        return curvature.augmented_forman(u, v, counts.triangles, counts.four_cycles if self.cycles == 4 else 0)


@dataclass
class _State:
    """One graph while it is being rewired.

    Args:
        now: the graph at the start of the iteration.
        growth: most additions, as a share of its edges at the start.
        rng: draws the partners.
        low: Δ_L.
        high: Δ_U.
        edited: edits so far.
    """

    now: Graph
    growth: float | None
    rng: Generator
    low: float = float("nan")
    high: float = float("nan")
    edited: int = 0
    around: Neighbours = field(init=False)
    room: float = field(init=False)

    def __post_init__(self) -> None:
        self.now = Graph(self.now.n, self.now.edges)
        self.around = Neighbours(self.now)
        self.room = float("inf") if self.growth is None else self.growth * self.now.m

    def iteration(self, kappa: NDArray[np.float64], rules: Rules, step: int) -> Iterator[Edit]:
        """The edits of one iteration; comparisons with NaN thresholds are never true."""
        ends, order = self.now.edges, np.argsort(kappa, kind="stable")
        asked = rules if rules else None  # asked once: it is not free
        added: list[tuple[int, int]] = []
        removed: list[tuple[int, int]] = []
        falling = np.argsort(-kappa, kind="stable")
        for row in falling[: int((kappa > self.high).sum())].tolist():
            u, v = ends[row].tolist()
            if asked is None or asked.may_remove(u, v):
                yield Edit("remove", u, v, float(kappa[row]), step, f"curvature above {self.high:.4g}")
                self.around.remove(u, v)
                removed.append((u, v))
        rows = order[: int((kappa < self.low).sum())]
        for row, uniform in zip(rows.tolist(), self.rng.random(len(rows)).tolist(), strict=True):
            if len(added) + 1 > self.room:
                break
            u, v = ends[row].tolist()
            pair = self._partner(u, v, uniform, asked) or self._partner(v, u, uniform, asked)
            if pair is not None:
                yield Edit("add", *pair, float(kappa[row]), step, f"around {u}-{v}, curvature below {self.low:.4g}")
                self.around.add(*pair)
                added.append(pair)
        self.room -= len(added)
        self.edited += len(added) + len(removed)
        self._rebuild(added, removed)

    def _partner(self, u: int, v: int, uniform: float, rules: Rules | None) -> tuple[int, int] | None:
        """A new edge from v to a neighbour of u, the one at `uniform` of those that are free."""
        free = sorted(self.around[u] - self.around[v] - {v})
        if rules is not None:
            free = [w for w in free if rules.may_add(v, w)]
        if not free:
            return None
        w = free[int(uniform * len(free))]
        return min(v, w), max(v, w)

    def _rebuild(self, added: list[tuple[int, int]], removed: list[tuple[int, int]]) -> None:
        n = max(self.now.n, 1)
        keys = self.now.edges[:, 0] * n + self.now.edges[:, 1]
        gone, fresh = ([u * n + v for u, v in pairs] for pairs in (removed, added))
        keys = np.union1d(np.setdiff1d(keys, gone, assume_unique=True), np.array(fresh, dtype=np.int64))
        keys = keys.astype(np.int64)
        self.now = Graph(self.now.n, np.stack([keys // n, keys % n], axis=1))
