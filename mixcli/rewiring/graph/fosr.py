"""First-order spectral rewiring."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mixcli.graph import Graph
from mixcli.numerics import gap_edges
from mixcli.numerics.extreme_allowed_pair import Partners, least_allowed_pair
from mixcli.numerics.extreme_pair import least_product_pair
from mixcli.numerics.gap import gap
from mixcli.numerics.neighbours import Neighbours
from mixcli.numerics.slow_mode import Diffusion, slow_mode
from mixcli.rewiring.base import Edit, Rewiring, apply_edits, topology_rng
from mixcli.rewiring.published import FOSR_SETTINGS, FOSR_SOURCE
from mixcli.spec import param

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.context import Context
    from mixcli.rewiring.base import Rules

__all__ = ["FoSR"]

FALL = 1e-7
"""Share of itself by which the gap must be smaller for `verify` to call it a fall; it is computed to 1e-8."""

GRID = 2.0**32
"""Factors of the score are compared on a grid of this many steps up to the largest one, so that nodes which are alike
by symmetry tie on every machine, whatever the order in which their neighbours were added up."""


@dataclass(frozen=True)
class FoSR(Rewiring):
    """Add the edge that to first order widens the spectral gap most, one power step between two edges.

    Equation: (u, v) = argmin over pairs that are no edge of x_u x_v / √((1 + d_u)(1 + d_v)), then
    x ← (I + D^-1/2 A D^-1/2)(x - √d √dᵀx / 2m), scaled to length 1.

    x starts uniform in (-1, 1) and makes `power_steps` steps before the first edge. With `converged` it starts as the
    limit of these steps: the second eigenvector of the normalised Laplacian; where the gap is degenerate, the part of
    the random start in that eigenspace. The exact minimum is found without looking at all pairs; scores that agree to
    2^-32 of the largest factor tie, and the smallest (u, v) wins.

    Stated rules: a node without edges keeps its value in a step and counts as a component; several components are
    joined first, since x is then constant in sign on each in the limit; on a graph without edges the start vector
    decides; a complete graph gets nothing. Under constraints the minimum is taken over the allowed pairs. The gap may
    go down after a step, since x lags behind. Weights play no role and are kept.

    Args:
        iterations: edges to add.
        power_steps: power steps before the first edge.
        converged: start from the limit of the power steps.
        verify: compute the spectral gap after every edge: the reason of each edit tells it, and a note every fall. The
            edges stay the same.

    Yields:
        Additions; the score is x_u x_v / √((1 + d_u)(1 + d_v)), negative where the edge joins the two ends of x.

    Cost: O(n + m) per edge and O(n + m) memory; the published code needs O(n²) for both.

    Example:
        >>> from mixcli.generators.graphs import lollipop
        >>> from mixcli.rewiring.base import rewire
        >>> [e[1:3] for e in rewire(lollipop(5, 3), "fosr:iterations=3,converged=true").edits]
        [(0, 7), (1, 6), (2, 6)]

    Source: Karhadkar, Banerjee & Montúfar, "FoSR: First-order spectral rewiring for addressing oversquashing in GNNs",
    ICLR 2023, Algorithm 1. Search without n² pairs, converged start and the rules above are ours.
    """

    iterations: int = param(10, "edges to add", ge=0)
    power_steps: int = param(5, "power steps before the first edge", ge=0)
    converged: bool = param(False, "start from the limit of the power steps")
    verify: bool = param(False, "compute the spectral gap after every edge; say it, and say when it falls")

    cost = "O(n + m) per edge"
    equation = "argmin over non-edges of x_u x_v / sqrt((1 + d_u)(1 + d_v)), one power step per edge"
    cites = "Karhadkar, Banerjee & Montúfar, ICLR 2023, Algorithm 1"
    published = FOSR_SETTINGS
    published_in = FOSR_SOURCE
    deviations = (
        "start vector drawn without a seed",
        "n taken from the largest end of an edge, so the last nodes are lost where they have none",
        "0 / 0 at nodes without edges, and NaN decides from there on",
        "self-loops on a complete graph",
        "n x n matrix per edge",
    )
    score = "x_u x_v / sqrt((1 + d_u)(1 + d_v)): first-order change of the gap, up to sign and scale"

    def edits(self, graph: Graph, context: Context, rules: Rules) -> Iterator[Edit]:
        if graph.n < 2:
            return
        diffusion, around = Diffusion(graph), Neighbours(graph)
        x = self._start(graph, diffusion, context)
        choose = _chooser(around, rules)
        told = _Verified(graph, context).told if self.verify else lambda edit: edit
        for step in range(self.iterations):
            factor = x / np.sqrt(1.0 + diffusion.degree)
            pair = choose(on_grid(factor))
            if pair is None:
                return
            u, v = pair
            yield told(_edit(u, v, float(x[u]), float(x[v]), float(factor[u] * factor[v]), step))
            around.add(u, v)
            diffusion.add(u, v)
            x = diffusion.step(x)

    def edits_many(
        self, graphs: Sequence[Graph], context: Context, budgets: Sequence[int] | None = None
    ) -> list[list[Edit]]:
        """The edits of many graphs, from one pass of compiled loops over a table of them."""
        wanted = [min(self.iterations, k) for k in ([self.iterations] * len(graphs) if budgets is None else budgets)]
        if self.verify or not gap_edges.pays(graphs, wanted):
            return super().edits_many(graphs, context, budgets)
        starts = [self._first(g, context) if g.n > 1 else np.zeros(g.n) for g in graphs]
        steps = 0 if self.converged else self.power_steps
        found = gap_edges.gap_edges(graphs, starts, steps, wanted, context.thread_count)
        return [[_edit(*edge, step) for step, edge in enumerate(edges)] for edges in found]

    def _first(self, graph: Graph, context: Context) -> NDArray[np.float64]:
        x = topology_rng(context, "fosr", graph).uniform(-1.0, 1.0, graph.n)
        return slow_mode(graph, x) if self.converged else x

    def _start(self, graph: Graph, diffusion: Diffusion, context: Context) -> NDArray[np.float64]:
        x = self._first(graph, context)
        for _ in range(0 if self.converged else self.power_steps):
            x = diffusion.step(x)
        return x


class _Verified:
    """The spectral gap after every edge; 0 while there are several components."""

    def __init__(self, graph: Graph, context: Context) -> None:
        self.graph, self.note, self.edits = Graph(graph.n, graph.edges), context.note, list[Edit]()
        self.gap = self._now()

    def told(self, edit: Edit) -> Edit:
        """The edit with the gap before and after it in its reason; a note where it falls."""
        before = self.gap
        self.edits.append(edit)
        self.gap = self._now()
        change = f"gap {before:.6g} → {self.gap:.6g}"
        if self.gap < before * (1 - FALL):
            self.note(f"fosr: edge {edit.u}-{edit.v} lowers the spectral gap: {change}")
        return edit._replace(reason=f"{edit.reason}; {change}")

    def _now(self) -> float:
        graph = apply_edits(self.graph, self.edits)
        return gap(graph) if graph.components.count == 1 else 0.0


def _edit(u: int, v: int, x_u: float, x_v: float, score: float, step: int) -> Edit:
    return Edit("add", u, v, score, step, f"slow mode {x_u:.3g} at {u}, {x_v:.3g} at {v}")


def _chooser(around: Neighbours, rules: Rules) -> Callable[[NDArray[np.float64]], tuple[int, int] | None]:
    """How the pair of least product is found: among all pairs, or among those that constraints allow."""
    if not rules:
        return lambda scores: least_product_pair(scores, around)
    blocked = Partners(around, rules.constraints.forbidden)
    sides = None if rules.constraints.sides is None else np.array(rules.constraints.sides, dtype=np.int64)
    return lambda scores: least_allowed_pair(scores, blocked, rules.open, sides)


def on_grid(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values rounded to the nearest multiple of their largest magnitude's power of two over 2^32."""
    largest = float(np.abs(values).max(initial=0.0))
    if largest == 0.0:
        return values
    unit = math.ldexp(1.0, math.frexp(largest)[1]) / GRID
    return np.rint(values / unit) * unit
