"""Exact effective resistances of all edges, and the Kirchhoff index, from one elimination.

Vertices are eliminated while that is cheap; what remains, nearly complete, is inverted densely; then resistances are
filled in backwards (`mixcli.numerics.elimination`). Small graphs need no compiler for it.

The Kirchhoff index comes along. With g the last vertex of a component and Z the inverse of L grounded at g,

    Kf = n tr Z - 1'Z1,   Z_vv = R_vg,

R_vg falls out of the backward recursion, because g outlives every v, and Z1 is one solve with the same factor (ours).
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mixcli.numerics import elimination
from mixcli.numerics.blas import one_blas_thread
from mixcli.numerics.dense_resistance import all_resistances
from mixcli.numerics.elimination import Elimination

if TYPE_CHECKING:
    from types import ModuleType

    from numpy.typing import NDArray

    from mixcli.graph import Graph
    from mixcli.limits import Limits

__all__ = ["Resistances", "resistances"]

PLAIN_EDGES = 10_000  # up to here plain Python is done before a kernel is loaded or compiled
BALANCE = 0.01  # list entries per r² from where one more elimination costs more than it saves, measured
ENTRY = 40  # elementary operations for one list entry of the elimination
TAIL = 0.03  # elementary operations per r³ of the dense part
ONE_THREAD = 4000
INSTEAD = (
    "take spectral_gap, which needs no dense step, or a part of the graph, "
    "or raise the limits (--max-memory, Limits(operations=…) from Python)"
)


@dataclass(frozen=True)
class Resistances:
    """What one elimination of a graph gives.

    Args:
        edge: (m,) effective resistance between the ends of each edge.
        kirchhoff: (c,) sum of the resistances over the unordered pairs of each component.
        foster: Σ_e c_e R_e, which Foster's theorem says is n - c.
        residual: |foster - (n - c)| / (n - c), 0 without edges.
        tail: vertices that were left for the dense part.
    """

    edge: NDArray[np.float64]
    kirchhoff: NDArray[np.float64]
    foster: float
    residual: float
    tail: int


def resistances(graph: Graph, limits: Limits) -> Resistances:
    """Effective resistance of every edge and Kirchhoff index of every component; weights are conductances.

    R_uv = (e_u - e_v)' L^+ (e_u - e_v),   Kf = Σ_{u<v} R_uv.

    Args:
        graph: undirected; any number of components.
        limits: memory and operations the dense part may take.

    Returns:
        The values, and Foster's sum as their check.

    Raises:
        LimitExceeded: what is left after the cheap eliminations is too large to be inverted.

    Cost: 8 r² bytes and about 2·10⁻¹¹ r³ seconds for a tail of r vertices (road networks 0.006 n, social networks
    0.08 n, random 6-regular-like graphs 0.36 n), plus the elimination.

    Example:
        >>> from mixcli.generators.graphs import cycle
        >>> from mixcli.limits import Limits
        >>> found = resistances(cycle(4), Limits())
        >>> found.edge.tolist(), found.kirchhoff.tolist()
        ([0.75, 0.75, 0.75, 0.75], [5.0])
    """
    weight = np.ones(graph.m) if graph.weight is None else graph.weight
    small = graph.m <= PLAIN_EDGES
    split = elimination.eliminate_plain(graph.n, graph.edges, weight) if small else _eliminate(graph, weight, limits)
    if small:
        _check(len(split.tail), limits)
    component = graph.components.of_node[split.order]
    tail = _tail_resistances(split.tail, component[len(split.pivot) :])
    edge, kirchhoff = _read_back(graph, split, tail, component, small)
    foster, expected = float(weight @ edge), graph.n - graph.components.count
    residual = abs(foster - expected) / expected if expected else 0.0
    return Resistances(edge, kirchhoff, foster, residual, len(tail))


def _check(r: int, limits: Limits) -> None:
    limits.check("the dense part of effective resistance", memory=8.5 * r * r, operations=TAIL * r**3, instead=INSTEAD)


def _eliminate(graph: Graph, weight: NDArray[np.float64], limits: Limits) -> Elimination:
    from mixcli.numerics import elimination_kernel

    u, v = np.ascontiguousarray(graph.edges.T.astype(np.int32))
    most = int(limits.operations / 4 / ENTRY)
    order, pivot, start, rows, share, (head, neighbour, following, weights) = elimination_kernel.eliminate(
        graph.n, u, v, weight, BALANCE, most
    )
    vertices = order[len(pivot) :]
    _check(len(vertices), limits)
    tail = np.zeros((len(vertices), len(vertices)))
    elimination_kernel.tail_conductances(vertices, head, neighbour, following, weights, tail)
    place = np.empty(graph.n, np.int64)
    place[order] = np.arange(graph.n)
    return Elimination(order, pivot, start, place[rows], share, tail)


def _tail_resistances(tail: NDArray[np.float64], component: NDArray[np.int64]) -> NDArray[np.float64]:
    """All resistances within each component of the tail, in place of its conductances (across: meaningless)."""
    # Measured: below some thousand nodes several BLAS threads lose more by waiting for each other than they gain.
    with one_blas_thread() if len(tail) < ONE_THREAD else nullcontext():
        for c in np.unique(component):
            nodes = np.flatnonzero(component == c)
            if len(nodes) == len(tail):
                return all_resistances(tail)
            block = np.ix_(nodes, nodes)
            tail[block] = all_resistances(tail[block])
    return tail


def _read_back(
    graph: Graph, split: Elimination, tail: NDArray[np.float64], component: NDArray[np.int64], small: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Resistance of every edge and Kirchhoff index of every component from an elimination and its tail."""
    run, form = _runner(small)
    start, rows, share, pivot, dense = map(form, (split.start, split.rows, split.share, split.pivot, tail))
    n, k = graph.n, len(split.pivot)
    last = np.zeros(graph.components.count, np.int64)  # position of the last vertex of each component: the largest
    last[component] = np.arange(n)
    root = last[component]
    to_root = np.zeros(n)
    to_root[k:] = tail[np.arange(n - k), root[k:] - k]
    resistance, distance = form(np.zeros(len(split.rows))), form(to_root)
    run.backward(start, rows, share, pivot, dense, resistance, distance, form(np.full(n, -1)), form(np.zeros(n)))
    current = form(np.ones(n))
    run.feed(start, rows, share, pivot, current)
    fed = np.array(current)
    fed[k:] = _tail_potentials(tail, fed[k:], component[k:], root[k:] - k)
    potential = form(fed)
    run.settle(start, rows, share, pivot, potential)
    sizes = graph.components.sizes
    total = sizes * np.bincount(component, np.array(distance), len(sizes))
    kirchhoff = total - np.bincount(component, np.array(potential), len(sizes))
    place = np.empty(n, np.int64)
    place[split.order] = np.arange(n)
    ends = np.sort(place[graph.edges], axis=1)
    edge = form(np.zeros(graph.m))
    run.look_up(start, rows, resistance, dense, k, form(ends[:, 0].copy()), form(ends[:, 1].copy()), edge)
    return np.array(edge, np.float64), kirchhoff


def _runner(small: bool) -> tuple[ModuleType, Any]:
    """Where to find the loops, and the form they take their arrays in."""
    if small:
        return elimination, lambda array: array.tolist()
    from mixcli.numerics import elimination_kernel

    return elimination_kernel, lambda array: array


def _tail_potentials(
    tail: NDArray[np.float64], fed: NDArray[np.float64], component: NDArray[np.int64], root: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Potentials of the tail, 0 at the root of each component: x = -½ R b up to a constant, where b sums to 0."""
    potential = np.zeros(len(tail))
    for c in np.unique(component):
        nodes = np.flatnonzero(component == c)
        ground = root[nodes[0]]
        current = fed[nodes]
        current[nodes == ground] = 0.0
        current[nodes == ground] = -current.sum()
        within = tail if len(nodes) == len(tail) else tail[np.ix_(nodes, nodes)]
        value = -0.5 * (within @ current)
        potential[nodes] = value - value[nodes == ground]
    return potential
