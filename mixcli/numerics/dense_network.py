"""Resistances through one dense inverse on an accelerator, and between all pairs of nodes.

With s the mean strength, (L + s J/n)^-1 = L^+ + J/(s n): an inverse of a positive definite matrix, which accelerators
do well. The elimination of `mixcli.numerics.factor` keeps more digits where conductances differ by many decades;
Foster's sum tells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixcli.numerics.dense_resistance import all_resistances
from mixcli.numerics.device import NumpySolver, Solver, TorchSolver
from mixcli.numerics.resistance import Resistances, assembled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.graph import Graph
    from mixcli.limits import Limits

__all__ = ["NODES", "all_pairs", "fits", "on_device"]

NODES = 20_000  # of a component: 3.2 GB for the matrix, and as much again for its inverse


def fits(graph: Graph, limits: Limits) -> bool:
    """Whether the largest component can be inverted densely."""
    n = int(graph.components.sizes.max(initial=0))
    return n <= NODES and limits.allows(memory=24.0 * n * n)


def on_device(graph: Graph, device: str) -> Resistances:
    """What `mixcli.numerics.resistance.resistances` gives, through dense inverses on a device.

    Args:
        graph: undirected; weights are conductances.
        device: "cuda", "cuda:1" …; "cpu" takes the same way through torch.

    Cost: n³ operations and 16 n² bytes on the device for each component of n nodes.
    """
    solver, of = TorchSolver(device), graph.components.of_node
    edge, to_root = np.zeros(graph.m), np.zeros(graph.n)
    potentials = np.zeros((2, graph.n))
    for c in np.flatnonzero(graph.components.sizes > 1):
        nodes, rows = np.flatnonzero(of == c), np.flatnonzero(of[graph.edges[:, 0]] == c)
        inverse = _inverse(graph, nodes, solver)
        place = np.full(graph.n, -1)
        place[nodes] = np.arange(len(nodes))
        u, v = place[graph.edges[rows]].T
        diagonal, last = inverse.diagonal(), inverse[-1]
        edge[rows] = diagonal[u] + diagonal[v] - 2 * inverse[u, v]
        to_root[nodes] = diagonal + last[-1] - 2 * last
        for potential, mass in zip(potentials, (np.ones(len(nodes)), graph.strength[nodes]), strict=True):
            current = mass.copy()
            current[-1] -= mass.sum()
            x = inverse @ current
            potential[nodes] = x - x[-1]
    return assembled(graph, edge, to_root, potentials[0], potentials[1], int(graph.components.sizes.max(initial=0)))


def all_pairs(graph: Graph, limits: Limits, solver: Solver | None = None) -> NDArray[np.float64]:
    """(n, n) effective resistances between all pairs of nodes, infinite across components.

    Args:
        graph: undirected; weights are conductances.
        limits: memory and operations it may take.
        solver: where to invert; none, or the processor's: by elimination, which loses no digits.

    Raises:
        LimitExceeded: 24 n² bytes or n³ operations are too many.

    Example:
        >>> from mixcli.generators.graphs import path
        >>> from mixcli.limits import Limits
        >>> all_pairs(path(3), Limits()).tolist()
        [[0.0, 1.0, 2.0], [1.0, 0.0, 1.0], [2.0, 1.0, 0.0]]
    """
    n = graph.n
    limits.check(
        "resistances between all pairs", memory=24.0 * n * n, operations=0.1 * float(n) ** 3,
        instead="use numerics.resistance.pair or from_source for the pairs that matter",
    )  # fmt: skip
    table = np.full((n, n), np.inf)
    for c in range(graph.components.count):
        nodes = np.flatnonzero(graph.components.of_node == c)
        if solver is None or isinstance(solver, NumpySolver):
            found = all_resistances(graph.adjacency[nodes][:, nodes].toarray())
        else:
            inverse = _inverse(graph, nodes, solver)
            found = inverse.diagonal()[:, None] + inverse.diagonal() - 2 * inverse
        table[np.ix_(nodes, nodes)] = found
    return table


def _inverse(graph: Graph, nodes: NDArray[np.int64], solver: Solver) -> NDArray[np.float64]:
    """L^+ of one component, up to the same constant everywhere."""
    matrix = -graph.adjacency[nodes][:, nodes].toarray()
    strength = graph.strength[nodes]
    matrix[np.diag_indices(len(nodes))] = strength
    matrix += (strength.mean() or 1.0) / len(nodes)
    return solver.dense_inverse(matrix)
