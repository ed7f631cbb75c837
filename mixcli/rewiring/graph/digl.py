"""Graph diffusion convolution (DIGL): the graph of the strongest diffusion weights."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from mixcli.numerics.sparsified import GRID, Diffused, diffused
from mixcli.rewiring.base import Edit, Rewiring
from mixcli.rewiring.published import DIGL_SETTINGS, DIGL_SOURCE
from mixcli.spec import param

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mixcli.context import Context
    from mixcli.graph import Graph
    from mixcli.rewiring.base import Rules

__all__ = ["DIGL"]


@dataclass(frozen=True)
class DIGL(Rewiring):
    """Replace the edges by those pairs of nodes between which most diffuses, weighted by how much.

    Equation: S = α (I - (1 - α) T)^-1 (ppr) or exp(-t (I - T)) (heat), T = D̃^-1/2 (A + cI) D̃^-1/2; of each column
    keep the k largest entries, or all >= ε.

    S is never dense: each column is diffused by pushing residuals, and 0 <= S_uv - Ŝ_uv <= tolerance √(d̃_u d̃_v)
    holds for every entry (d̃ the degrees, loops included).

    Stated rules: a pair is an edge of the result if its entry is kept in the column of either end. Its weight is S_uv
    divided by the sum of the kept entries, averaged over the two columns (the published code divides in one direction,
    which makes the graph directed). k counts a node's own entry, as the published code does; it enters the sums and is
    then left out, since a graph here has no self-loops. Equal entries of a column: the smaller node first. Components
    are never joined and isolated nodes stay so; a graph without edges gets nothing, a complete one can only lose edges.
    Weights are conductances and decide.

    The edits go in pairs, the strongest addition with the weakest removal, so a budget gives a graph between the two;
    its edges have their weights by S too.

    Args:
        kernel: "ppr" (personalised PageRank) or "heat".
        alpha: α, the probability to stop; published values are 0.05 to 0.2.
        t: time of the heat kernel; published values are 1 to 10.
        sparsify: "top_k" or "threshold".
        k: entries kept of each column; published values are 16 to 128.
        eps: ε, the smallest entry kept.
        loops: c, the conductance of the self-loop at every node.
        weights: give the edges their diffusion weights; otherwise they stay as they are, and added ones have 1.
        tolerance: error allowed for S_uv, over √(d̃_u d̃_v).

    Yields:
        Additions and removals in turn; the score is S_uv.

    Raises:
        LimitExceeded: more work, or more entries to keep, than the limits allow.

    Cost: O(n / (α tolerance)) at most for ppr, whatever m; O(t m n) at most for heat. Measured on Cora with k = 16: of
    the pairs of the exact result 0.5 % are others with the default tolerance, 2 % with 1e-4 in half the time.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> from mixcli.rewiring.base import rewire
        >>> rewire(path(4), "digl:k=3").graph.edges.tolist()
        [[0, 1], [0, 2], [1, 2], [1, 3], [2, 3]]

    Source: Gasteiger, Weißenberger & Günnemann, "Diffusion improves graph learning", NeurIPS 2019, sections 3 and 4.
    One bound for all entries, an undirected result and its weights, and the order of the edits are ours.
    """

    kernel: Literal["ppr", "heat"] = param("ppr", "personalised PageRank or heat")
    alpha: float = param(0.15, "probability to stop (ppr)", gt=0, le=0.99)
    t: float = param(5.0, "time (heat)", gt=0, le=100)
    sparsify: Literal["top_k", "threshold"] = param("top_k", "what to keep of each column")
    k: int = param(16, "entries kept of each column, the node's own included (top_k)", ge=1)
    eps: float = param(0.01, "smallest entry kept (threshold)", gt=0, le=1)
    loops: float = param(1.0, "conductance of the self-loop at every node", ge=0)
    weights: bool = param(True, "give the edges their diffusion weights")
    tolerance: float = param(1e-5, "error allowed for an entry, over the root of the degrees", gt=0, le=0.1)

    removes = True
    seeded = False
    reweighs = True
    cost = "O(n / (α tolerance)) for ppr, O(t m n) for heat, at most"
    equation = "S = α (I - (1 - α) T)^-1 or exp(-t (I - T)); keep the k largest of each column, or all >= ε"
    cites = "Gasteiger, Weißenberger & Günnemann, NeurIPS 2019"
    score = "diffusion weight S_uv"
    published = DIGL_SETTINGS
    published_in = DIGL_SOURCE
    deviations = (
        "entries divided by the sum of one column only, so the graph is directed",
        "self-loops stay as edges",
        "S by a dense inverse; where k > n the wrong entries are kept",
        "later comparisons run alpha=0.1,sparsify=threshold,eps=0.05,weights=false, whatever is asked for",
    )

    def edits(self, graph: Graph, context: Context, rules: Rules) -> Iterator[Edit]:
        found = self._diffused(graph, context)
        there = np.zeros(len(found.keys), dtype=bool)
        there[np.searchsorted(found.keys, graph.edges[:, 0] * graph.n + graph.edges[:, 1])] = True
        level = np.rint(found.value * GRID)
        adds, removes = np.flatnonzero(found.kept & ~there), np.flatnonzero(~found.kept & there)
        adds = adds[np.argsort(-level[adds], kind="stable")]
        removes = removes[np.argsort(level[removes], kind="stable")]
        may = (rules.may_add, rules.may_remove) if rules else (None, None)
        turns = itertools.zip_longest(_allowed(adds, found, may[0]), _allowed(removes, found, may[1]))
        for step, (add, remove) in enumerate(turns):
            if add is not None:
                u, v, value = add
                yield Edit("add", u, v, value, step, "diffusion weight")
            if remove is not None:
                u, v, value = remove
                yield Edit("remove", u, v, value, step, "diffusion weight")

    def weigh(self, base: Graph, after: Graph, context: Context) -> Graph:
        if not self.weights or not after.m:
            return after
        return after.replace(weight=self._diffused(base, context).weights(after.edges))

    def _diffused(self, graph: Graph, context: Context) -> Diffused:
        rate = self.alpha if self.kernel == "ppr" else self.t
        what = (self.kernel, rate, self.loops, self.tolerance, self.sparsify, self.k, self.eps)
        return context.once(diffused, graph, context, *what)


def _allowed(
    rows: NDArray[np.int64], found: Diffused, may: Callable[[int, int], bool] | None
) -> Iterator[tuple[int, int, float]]:
    """Ends and weight of the pair in each row that the constraints allow, asked only when it is its turn."""
    for key, value in zip(found.keys[rows].tolist(), found.value[rows].tolist(), strict=True):
        u, v = divmod(key, found.n)
        if may is None or may(u, v):
            yield u, v, value
