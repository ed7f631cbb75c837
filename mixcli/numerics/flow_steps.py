"""Steps of stochastic discrete Ricci flow on many small graphs, in compiled loops.

Does what `mixcli.numerics.local_curvature` and `mixcli.numerics.support` do, by the paper's definition: the first pass
over all graphs at once, then every graph by itself, candidates listed one by one. Curvatures and gains are the same
bits. A draw compares a uniform number with sums of weights, here added up in another order; so the two could only ever
differ where that number lies within rounding (one in 10¹³) of a boundary between two candidates.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mixcli.numerics import curvature
from mixcli.numerics.jit import Plan
from mixcli.numerics.motifs import graph_counts
from mixcli.numerics.union import union

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.graph import Graph

__all__ = ["FlowEdit", "flow_steps", "pays"]

FILES = ("flow_rows_kernel.py", "flow_steps_kernel.py", "jit.py")
PLAN = Plan("flow_steps", FILES, loading=0.4, compiling=5.0)
PLAIN_STEP = 5e-4  # seconds for a step on the plain path
STEPS = 100_000  # steps that room is made for
LISTED = 1 << 19  # candidates of one edge that are listed


class FlowEdit(NamedTuple):
    """An edit, and the edge of least curvature it was made at."""

    added: bool
    u: int
    v: int
    step: int
    i: int
    j: int
    score: float
    least: float


def pays(graphs: Sequence[Graph], steps: Sequence[int]) -> bool:
    """Whether to take this path rather than one graph after the other in plain Python."""
    return max(steps, default=0) <= STEPS and PLAN.compiled(PLAIN_STEP * sum(steps))


def flow_steps(
    graphs: Sequence[Graph],
    steps: Sequence[int],
    tau: float,
    bound: float | None,
    uniform: Sequence[NDArray[np.float64]],
    threads: int = 1,
) -> list[list[FlowEdit] | None]:
    """The edits of each graph, in order; None for a graph in which an edge has more than half a million candidates.

    Args:
        graphs: undirected graphs; weights are ignored.
        steps: for each graph how many steps, 100,000 at most.
        tau: how sharply the gain decides; inf always takes the best.
        bound: remove the most curved edge where it is above this; None removes nothing.
        uniform: for each graph (steps,) numbers in [0, 1), one a step.
        threads: threads for the first pass.

    Cost: one full pass; then per step O(m) to find the bottleneck and O(d_i d_j) for its candidates.

    Example:
        >>> from mixcli.generators.graphs import barbell
        >>> [e[:3] for e in flow_steps([barbell(5)], [1], np.inf, None, [np.zeros(1)])[0]]
        [(True, 0, 5)]
    """
    from mixcli.numerics.flow_rows_kernel import tables
    from mixcli.numerics.flow_steps_kernel import flow

    whole = union(graphs).graph
    counts = graph_counts(whole, threads)
    u, v = whole.degree[whole.edges].T
    values = curvature.balanced_forman(u, v, counts.triangles, counts.square_ends, counts.gamma)
    above = np.inf if bound is None else float(bound)
    found: list[list[FlowEdit] | None] = []
    first = 0
    pairs, gain = np.empty((LISTED, 2), np.int64), np.empty(LISTED)  # memory only as far as it is written
    for graph, many, drawn in zip(graphs, steps, uniform, strict=True):
        log, numbers = np.empty((2 * many, 6), np.int64), np.empty((2 * many, 2))
        start = values[first : first + graph.m]
        first += graph.m
        rows, scratch, edges = tables(graph.n, graph.edges, graph.degree, start, many)
        made = flow(rows, scratch, edges, graph.m, many, float(tau), above, drawn, pairs, gain, log, numbers)
        told = zip(log[: max(made, 0)].tolist(), numbers[: max(made, 0)].tolist(), strict=True)
        edits = [FlowEdit(bool(op), a, b, step, i, j, *both) for (op, a, b, step, i, j), both in told]
        found.append(edits if made >= 0 else None)
    PLAN.used()
    return found
