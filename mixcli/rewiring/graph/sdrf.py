"""Stochastic discrete Ricci flow."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from mixcli.numerics import flow_steps
from mixcli.numerics.local_curvature import EdgeValue, LocalCurvature
from mixcli.numerics.support import Surroundings, draw
from mixcli.numerics.support_allowed import draw_allowed
from mixcli.numerics.support_gain import paper_gains, released_gains
from mixcli.rewiring.base import Edit, Rewiring, Rules, topology_rng
from mixcli.rewiring.published import SDRF_SETTINGS, SDRF_SOURCE
from mixcli.spec import param

if TYPE_CHECKING:
    from numpy.random import Generator

    from mixcli.context import Context
    from mixcli.graph import Graph
    from mixcli.numerics.support import Candidate

__all__ = ["SDRF"]

AT_ONCE = 5e7  # steps times edges up to which compiled steps are made at once: half a second that Ctrl-C has to wait


@dataclass(frozen=True)
class SDRF(Rewiring):
    """Add edges around the most negatively curved edge, and remove edges whose curvature is above a bound.

    Equation: with ij = argmin κ, κ the Balanced Forman curvature, and x_kl = κ_ij after adding kl - κ_ij over the pairs
    that are no edge, k in N(i) + i, l in N(j) + j: add kl with probability exp(τ x_kl) / Σ exp(τ x). Then remove
    argmax κ (as it was before the addition) if it is above C⁺.

    Stated rules: of equal edges the one with the smallest (u, v) counts. Candidates stand in ascending order of (k, l),
    i < j; a pair of common neighbours of i and j is one candidate. One uniform number a step picks from the cumulated
    weights; τ = inf takes the first candidate of greatest gain. It stops at a step with nothing to add or remove.
    Under constraints a draw that they refuse is repeated among the allowed candidates; an edge around which they refuse
    every candidate is passed over for the next in order of κ, and so is an edge that must not be removed.
    κ follows from integer counts, recomputed only where an edit can change them, and equals a full recomputation bit
    for bit. Components are never joined and isolated nodes stay so; a graph without edges gets nothing, a complete one
    only after a removal. Weights play no role and are kept. A removal may disconnect the graph.

    Args:
        iterations: steps; each adds at most one edge and removes at most one.
        tau: τ, how sharply the gain decides. The paper tunes it per data set, from 12 to 436; the default is the
            median of its nine values.
        c_plus: C⁺, the bound for removals; none removes nothing. The paper's κ never exceeds 2, so a bound of 2 or more
            (some published ones are) removes nothing either.
        variant: "paper", or "released" for the choices of the authors' CUDA code: its curvature counts walks through
            the edge as 4-cycles and has no rule for leaves, a candidate is scored as a single arc k -> l (degrees of i
            and j unchanged), and a pair of common neighbours is two candidates.

    Yields:
        Additions with the gain x_kl as score, removals with κ.

    Cost: one pass over all edges; then per step O(m) to find the bottleneck, and the surroundings of the edges changed.

    Example:
        >>> from mixcli.generators.graphs import barbell
        >>> from mixcli.rewiring.base import rewire
        >>> rewire(barbell(5, 0), "sdrf:iterations=1,tau=inf").edits
        (Edit(op='add', u=0, v=5, score=0.46666666666666656, step=0, reason='bottleneck 4-5 at -1.2'),)

    Source: Topping, Di Giovanni, Chamberlain, Dong & Bronstein, "Understanding over-squashing and bottlenecks on graphs
    via curvature", ICLR 2022, Algorithm 1 and Definition 1. Local recomputation and drawing by classes are ours.
    """

    iterations: int = param(10, "steps", ge=0)
    tau: float = param(145.0, "how sharply the gain decides; inf always takes the best", ge=0)
    c_plus: float | None = param(None, "remove the most curved edge if above this bound; none removes nothing")
    variant: Literal["paper", "released"] = param("paper", "the paper's definitions or those of the released code")

    removes = True
    cost = "O(m) per step and O(m) memory"
    equation = "add kl near argmin κ with probability ∝ exp(τ x_kl); remove argmax κ if > C⁺"
    cites = "Topping et al., ICLR 2022, Algorithm 1"
    published = SDRF_SETTINGS
    published_in = SDRF_SOURCE
    deviations = (
        "4-cycles counted with walks through the edge itself, and no rule for leaves (variant=released)",
        "on the CPU each row of the curvature matrix ends at its first non-neighbour, so most edges count as flat",
        "random numbers without a seed",
        "exp(τ x) overflows for a large τ",
        "C⁺ of a data set is never passed on: it is always 0.5",
    )
    score = "gain in curvature of the bottleneck (additions), curvature (removals)"

    def edits(self, graph: Graph, context: Context, rules: Rules) -> Iterator[Edit]:
        short = self.iterations * (graph.m + 1) <= AT_ONCE and self.variant == "paper" and not rules
        if short and flow_steps.pays([graph], [self.iterations]):
            yield from self.edits_many([graph], context)[0]
        else:
            yield from self.one_by_one(graph, context, rules)

    def one_by_one(self, graph: Graph, context: Context, rules: Rules) -> Iterator[Edit]:
        """The edits in plain Python, each made when it is asked for."""
        rng = topology_rng(context, "sdrf", graph)
        state = LocalCurvature(graph, self.variant, context.thread_count)
        choice = _Choice(self, state, rules, rng)
        for step in range(self.iterations):
            bottleneck = state.lowest()
            if bottleneck is None:
                return
            surplus = choice.surplus()
            bottleneck, found = choice.addition(bottleneck)
            if found is not None:
                u, v = min(found[:2]), max(found[:2])
                yield self._edit(True, u, v, step, bottleneck.u, bottleneck.v, found[2], bottleneck.value)
                state.add(u, v)
                choice.added(u, v)
            if surplus is not None:
                yield self._edit(False, *surplus[:2], step, *bottleneck[:2], surplus.value, bottleneck.value)
                state.remove(surplus.u, surplus.v)
                choice.removed()
            if found is None and surplus is None:
                return

    def edits_many(
        self, graphs: Sequence[Graph], context: Context, budgets: Sequence[int] | None = None
    ) -> list[list[Edit]]:
        """The edits of many graphs, by compiled steps."""
        steps = [min(self.iterations, k) for k in ([self.iterations] * len(graphs) if budgets is None else budgets)]
        most = [None] * len(graphs) if budgets is None else budgets
        found: list[list[flow_steps.FlowEdit] | None] = [None] * len(graphs)
        if self.variant == "paper" and flow_steps.pays(graphs, steps):
            uniform = [topology_rng(context, "sdrf", g).random(k) for g, k in zip(graphs, steps, strict=True)]
            found = flow_steps.flow_steps(graphs, steps, self.tau, self.c_plus, uniform, context.thread_count)
        made: list[list[Edit]] = []
        for graph, edits, k in zip(graphs, found, most, strict=True):
            if edits is None:
                made.append(list(itertools.islice(self.one_by_one(graph, context, Rules(graph)), k)))
            else:
                made.append([self._edit(*e) for e in edits[:k]])
        return made

    def _edit(self, added: bool, u: int, v: int, step: int, i: int, j: int, score: float, least: float) -> Edit:
        if added:
            return Edit("add", u, v, score, step, f"bottleneck {_told(EdgeValue(i, j, least))}")
        return Edit("remove", u, v, score, step, f"curvature {score:.4g} above {self.c_plus:.4g}")


def _told(edge: EdgeValue) -> str:
    return f"{edge.u}-{edge.v} at {round(edge.value, 9) + 0.0:.4g}"


class _Choice:
    """Which pair to join and which edge to remove, with the next best choice where constraints refuse the first."""

    def __init__(self, method: SDRF, state: LocalCurvature, rules: Rules, rng: Generator) -> None:
        self.state, self.rules, self.rng = state, rules, rng
        self.tau, self.c_plus = method.tau, method.c_plus
        self.gains_of = paper_gains if method.variant == "paper" else released_gains
        self.exhausted: set[tuple[int, int]] = set()
        """Edges around which the constraints refuse everything; additions elsewhere cannot change that."""

    def surplus(self) -> EdgeValue | None:
        """The edge to remove, or None."""
        if self.c_plus is None:
            return None
        if not self.rules:
            top = self.state.highest()
            return top if top is not None and top.value > self.c_plus else None
        above = (edge for edge in self.state.ranked(highest=True) if edge.value > self.c_plus)
        return next((edge for edge in above if self.rules.may_remove(edge.u, edge.v)), None)

    def addition(self, bottleneck: EdgeValue) -> tuple[EdgeValue, Candidate | None]:
        """The edge to help and the pair to join."""
        near = Surroundings(self.state.around, bottleneck.u, bottleneck.v)
        found = draw(near, self.gains_of(near, bottleneck.value), self.tau, float(self.rng.random()))
        if found is None or self.rules.may_add(*found[:2]):
            return bottleneck, found
        for edge in self.state.ranked():
            if edge[:2] in self.exhausted:
                continue
            near = Surroundings(self.state.around, edge.u, edge.v)
            gains = self.gains_of(near, edge.value)
            found = draw_allowed(near, gains, self.tau, self.rng, self.rules.may_add, self.rules.open)
            if found is not None:
                return edge, found
            self.exhausted.add(edge[:2])
        return bottleneck, None

    def added(self, u: int, v: int) -> None:
        """A new edge brings new candidates to the edges at its ends."""
        self.exhausted = {edge for edge in self.exhausted if not {u, v} & set(edge)}

    def removed(self) -> None:
        """A removal may open nodes and pairs anywhere near."""
        self.exhausted.clear()
