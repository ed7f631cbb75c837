"""Places for the nodes of a small graph: spectral, then springs, from a seed, the same on every machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.graph import Graph

__all__ = ["layout"]

STEPS = 200
GAP = 0.35
"""Room between components, in units of the radius of the largest."""


def layout(graph: Graph, kind: str = "springs") -> NDArray[np.float64]:
    """(n, 2) places in the unit square, components side by side, the largest first.

    Springs pull along edges with d²/k and push everywhere with k²/d (Fruchterman and Reingold 1991), from the spectral
    places: the eigenvectors of λ₂ and λ₃ of the normalised Laplacian. Directions play no role.

    Args:
        graph: small; the cost is O(n³) for the start, and O(n²) a step.
        kind: "springs" or "spectral".

    Example:
        >>> from mixcli.generators.graphs import path
        >>> found = layout(path(3), "spectral")
        >>> bool(abs(np.diff(found[:, 0])[0] - np.diff(found[:, 0])[1]) < 1e-9)
        True
    """
    places = np.zeros((graph.n, 2))
    parts = graph.components
    order = np.argsort(-parts.sizes, kind="stable")
    left, tall = 0.0, float(np.sqrt(parts.sizes.max(initial=1)))
    for number in order.tolist():
        nodes = np.flatnonzero(parts.of_node == number)
        radius = float(np.sqrt(len(nodes)))
        own = _component(graph, nodes, kind) * radius
        places[nodes] = own + np.array([left + radius, 0.0])
        left += 2 * radius + GAP * tall
    return _boxed(places)


def _component(graph: Graph, nodes: NDArray[np.int64], kind: str) -> NDArray[np.float64]:
    """Places of a connected part, centred, within radius 1."""
    if len(nodes) < 3:
        return np.array([[0.0, 0.0]]) if len(nodes) == 1 else np.array([[-0.6, 0.0], [0.6, 0.0]])
    part = graph.subgraph(nodes)
    adjacency = np.zeros((part.n, part.n))
    u, v = part.edges.T
    adjacency[u, v] = adjacency[v, u] = 1.0
    start = _spectral(adjacency)
    return _within(_springs(adjacency, start) if kind == "springs" else start)


def _spectral(adjacency: NDArray[np.float64]) -> NDArray[np.float64]:
    strength = adjacency.sum(axis=1)
    root = 1 / np.sqrt(strength)
    values, vectors = np.linalg.eigh(np.eye(len(strength)) - root[:, None] * adjacency * root)
    # Equal eigenvalues leave a basis to the machine; a slight weight by node number chooses one.
    tilt = 1e-4 * np.diag(np.linspace(0, 1, len(strength)) ** 2)
    if len(values) > 2 and (np.diff(values[1:4]) < 1e-9).any():
        _, vectors = np.linalg.eigh(np.eye(len(strength)) - root[:, None] * adjacency * root + tilt)
    places = vectors[:, 1:3] * root[:, None]
    signs = np.sign(places[np.abs(places).argmax(axis=0), [0, 1]])
    return _within(places * np.where(signs == 0, 1, signs))


def _springs(adjacency: NDArray[np.float64], start: NDArray[np.float64]) -> NDArray[np.float64]:
    n = len(start)
    # Nodes that the spectrum puts on one spot must come apart, the same way every time.
    turn = np.arange(n) * 2.399963229728653
    places = start + 0.03 * np.stack([np.cos(turn), np.sin(turn)], axis=1) * np.sqrt((np.arange(n) + 1) / n)[:, None]
    ideal = 1.6 / np.sqrt(n)
    for step in range(STEPS):
        apart = places[:, None] - places[None]
        distance = np.sqrt((apart**2).sum(axis=2))
        np.fill_diagonal(distance, 1.0)
        distance = np.maximum(distance, 1e-3 * ideal)
        force = ideal**2 / distance**2 - adjacency * distance / ideal
        np.fill_diagonal(force, 0.0)
        move = (apart * force[:, :, None]).sum(axis=1)
        size = np.maximum(np.sqrt((move**2).sum(axis=1)), 1e-12)
        limit = 0.12 * (1 - step / STEPS) ** 1.5
        places = places + move / size[:, None] * np.minimum(size, limit)[:, None]
        places -= places.mean(axis=0)
    return places


def _within(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Centred, turned so that the longest way lies across, the farthest at distance 1."""
    centred = places - places.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    turned = centred @ axes.T
    turned *= np.where(turned[np.abs(turned).argmax(axis=0), [0, 1]] < 0, -1, 1)
    size = np.sqrt((turned**2).sum(axis=1)).max()
    return turned / size if size > 0 else turned


def _boxed(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Within the unit square, shape kept, to nine digits: what is beyond them differs from machine to machine."""
    if not len(places):
        return places
    low, high = places.min(axis=0), places.max(axis=0)
    size = float((high - low).max()) or 1.0
    return np.round((places - (low + high) / 2) / size + 0.5, 9)
