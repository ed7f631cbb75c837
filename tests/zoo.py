"""Graphs with exact answers, as expressions: what every measure is held against first.

`ZOO` lists `Entry` objects. A field is None where no closed form is at hand. Edge fields are arrays in the order of
`graph.edges`. Use it as `@pytest.mark.parametrize("entry", ZOO, ids=str)`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import comb, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from mixcli.generators import graphs
from mixcli.graph import Graph, from_arcs

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Entry:
    """A graph and what is known about it exactly.

    Args:
        name: name of the case.
        graph: the graph.
        gap: second smallest eigenvalue of the normalised Laplacian I - D^-1/2 A D^-1/2.
        connectivity: second smallest eigenvalue of L = D - A.
        conductance: min over S of cut(S) / min(vol S, vol S^c).
        edge_resistance: (m,) effective resistance across each edge.
        largest_resistance: largest effective resistance over all pairs.
        kirchhoff: sum of effective resistances over unordered pairs.
        kemeny: sum of 1 / eigenvalue of the normalised Laplacian, zero left out.
        components: number of connected components.
        spectrum: (n,) all eigenvalues of the normalised Laplacian, ascending.
        laplacian_spectrum: (n,) all eigenvalues of L, ascending.
        curvature: name -> (m,) curvature of each edge. Names: forman, augmented_forman (triangles and chordless
            4-cycles), augmented_forman_3 (triangles), augmented_forman_4 (triangles and all 4-cycles),
            balanced_forman, jost_liu, ollivier_0 (idleness 0), lin_lu_yau, resistance_curvature.
    """

    name: str
    graph: Graph
    gap: float
    connectivity: float
    conductance: float | None = None
    edge_resistance: Array | None = None
    largest_resistance: float | None = None
    kirchhoff: float | None = None
    kemeny: float | None = None
    components: int = 1
    spectrum: Array | None = None
    laplacian_spectrum: Array | None = None
    curvature: Mapping[str, Array] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name


def _every(g: Graph, **values: float) -> dict[str, Array]:
    return {name: np.full(g.m, float(value)) for name, value in values.items()}


def _by_degrees(g: Graph, rule: Callable[[int, int], float]) -> Array:
    """A value per edge from the degrees of its ends, the smaller one first."""
    pairs = np.sort(g.degree[g.edges], axis=1)
    return np.array([rule(int(a), int(b)) for a, b in pairs], dtype=np.float64)


def _spectra(normalised: Array | None, laplacian: Array) -> dict[str, object]:
    found = {"laplacian_spectrum": np.sort(laplacian), "connectivity": float(np.sort(laplacian)[1])}
    if normalised is None:
        return found
    return found | {"spectrum": np.sort(normalised), "gap": float(np.sort(normalised)[1])}


def _triangle_free(g: Graph, four_cycles: Callable[[int, int], float]) -> dict[str, Array]:
    """The augmented Forman curvatures where there is no triangle, so that no 4-cycle has a chord."""
    both = _by_degrees(g, lambda a, b: 4 - a - b + 2 * four_cycles(a, b))
    forman = _by_degrees(g, lambda a, b: 4 - a - b)
    return {"forman": forman, "augmented_forman_3": forman, "augmented_forman": both, "augmented_forman_4": both}


def _tree_curvature(g: Graph) -> dict[str, Array]:
    """Closed forms on any tree; a is the smaller degree."""

    def kappa_0(a: int, b: int) -> float:
        return -2 * max(1 - 1 / a - 1 / b, 0.0)

    return {
        **_triangle_free(g, lambda a, b: 0),
        "balanced_forman": _by_degrees(g, lambda a, b: 0 if a == 1 else 2 / a + 2 / b - 2),
        "lin_lu_yau": _by_degrees(g, lambda a, b: 2 / b if a == 1 else 2 / a + 2 / b - 2),
        "ollivier_0": _by_degrees(g, kappa_0),
        "jost_liu": _by_degrees(g, kappa_0),
        "resistance_curvature": _by_degrees(g, lambda a, b: 4 - a - b),
    }


def complete(n: int) -> Entry:
    g = graphs.complete(n)
    return Entry(
        f"K_{n}", g,
        conductance=math.ceil(n / 2) / (n - 1),
        edge_resistance=np.full(g.m, 2 / n), largest_resistance=2 / n, kirchhoff=n - 1, kemeny=(n - 1) ** 2 / n,
        curvature=_every(
            g, forman=6 - 2 * n, augmented_forman=n, augmented_forman_3=n,
            augmented_forman_4=n + 2 * (n - 2) * (n - 3), balanced_forman=n / (n - 1) if n > 2 else 0,
            resistance_curvature=2, jost_liu=(n - 2) / (n - 1), ollivier_0=(n - 2) / (n - 1), lin_lu_yau=n / (n - 1),
        ),
        **_spectra(np.array([0.0] + [n / (n - 1)] * (n - 1)), np.array([0.0] + [float(n)] * (n - 1))),
    )  # fmt: skip


def cycle(n: int) -> Entry:
    g, k = graphs.cycle(n), np.arange(n)
    return Entry(
        f"C_{n}", g,
        conductance=1 / (n // 2),
        edge_resistance=np.full(g.m, (n - 1) / n), largest_resistance=(n // 2) * (n - n // 2) / n,
        kirchhoff=(n**3 - n) / 12, kemeny=(n**2 - 1) / 6,
        curvature=_every(
            g, forman=0, augmented_forman={3: 3, 4: 2}.get(n, 0), augmented_forman_3={3: 3}.get(n, 0),
            augmented_forman_4={3: 3, 4: 2}.get(n, 0), balanced_forman={3: 3 / 2, 4: 1}.get(n, 0),
            jost_liu={3: 1 / 2}.get(n, 0), ollivier_0={3: 1 / 2}.get(n, 0),
            lin_lu_yau={3: 3 / 2, 4: 1, 5: 1 / 2}.get(n, 0), resistance_curvature=4 / (n - 1),
        ),
        **_spectra(1 - np.cos(2 * pi * k / n), 2 - 2 * np.cos(2 * pi * k / n)),
    )  # fmt: skip


def path(n: int) -> Entry:
    g, k = graphs.path(n), np.arange(n)
    return Entry(
        f"P_{n}", g,
        conductance=1 / (n - 1) if n % 2 == 0 else 1 / (n - 2),
        edge_resistance=np.ones(g.m), largest_resistance=n - 1,
        kirchhoff=(n**3 - n) / 6, kemeny=(2 * (n - 1) ** 2 + 1) / 6,
        curvature=_tree_curvature(g),
        **_spectra(2 * np.sin(pi * k / (2 * (n - 1))) ** 2, 4 * np.sin(pi * k / (2 * n)) ** 2),
    )  # fmt: skip


def star(n: int) -> Entry:
    g = graphs.star(n)
    return Entry(
        f"star_{n}", g,
        conductance=1,
        edge_resistance=np.ones(g.m), largest_resistance=2, kirchhoff=(n - 1) ** 2, kemeny=n - 3 / 2,
        curvature=_tree_curvature(g),
        **_spectra(np.array([0.0] + [1.0] * (n - 2) + [2.0]), np.array([0.0] + [1.0] * (n - 2) + [float(n)])),
    )  # fmt: skip


def hypercube(d: int) -> Entry:
    g = graphs.hypercube(d)
    levels = np.repeat(np.arange(d + 1.0), [comb(d, k) for k in range(d + 1)])
    kirchhoff = 2**d * sum(comb(d, k) / (2 * k) for k in range(1, d + 1))
    return Entry(
        f"Q_{d}", g,
        conductance=1 / d,
        edge_resistance=np.full(g.m, (2**d - 1) / (d * 2 ** (d - 1))),
        kirchhoff=kirchhoff, kemeny=sum(d * comb(d, k) / (2 * k) for k in range(1, d + 1)),
        curvature=_triangle_free(g, lambda a, b: d - 1) | _every(
            g, balanced_forman=2 / d, ollivier_0=0, lin_lu_yau=2 / d,
            jost_liu=4 / d - 2, resistance_curvature=2 * d / (2**d - 1),
        ),
        **_spectra(2 * levels / d, 2 * levels),
    )  # fmt: skip


def bipartite(a: int, b: int, conductance: float) -> Entry:
    """K_{a,b} with 2 <= a <= b."""
    g = graphs.bipartite(a, b)
    jost_liu = -2 * (1 - 1 / a - 1 / b)
    laplacian = np.array([0.0] + [float(a)] * (b - 1) + [float(b)] * (a - 1) + [float(a + b)])
    resistance = (a + b - 1) / (a * b)
    ends = (1 - a * resistance / 2) + (1 - b * resistance / 2)  # node curvatures 1 - sum of R / 2 over its edges
    return Entry(
        f"K_{a},{b}", g,
        conductance=conductance,
        edge_resistance=np.full(g.m, resistance), largest_resistance=2 / min(a, b),
        kirchhoff=(a + b) * ((b - 1) / a + (a - 1) / b) + 1, kemeny=a + b - 3 / 2,
        curvature=_triangle_free(g, lambda a, b: (a - 1) * (b - 1)) | _every(
            g, balanced_forman=2 / a + 2 / b - 2 + (a + b - 2) / (b * (b - 1)), ollivier_0=0, lin_lu_yau=2 / b,
            jost_liu=min(jost_liu, 0), resistance_curvature=2 * ends / resistance,
        ),
        **_spectra(np.array([0.0] + [1.0] * (a + b - 2) + [2.0]), laplacian),
    )  # fmt: skip


def petersen() -> Entry:
    g = graphs.petersen()
    return Entry(
        "petersen", g,
        conductance=1 / 3,
        edge_resistance=np.full(g.m, 3 / 5), largest_resistance=4 / 5, kirchhoff=33, kemeny=9.9,
        curvature=_triangle_free(g, lambda a, b: 0) | _every(
            g, balanced_forman=-2 / 3, ollivier_0=-1 / 3, lin_lu_yau=0,
            jost_liu=-2 / 3, resistance_curvature=2 / 3,
        ),
        **_spectra(np.array([0.0] + [2 / 3] * 5 + [5 / 3] * 4), np.array([0.0] + [2.0] * 5 + [5.0] * 4)),
    )  # fmt: skip


def dodecahedron() -> Entry:
    ring = np.arange(20)
    chords = (ring + np.tile([10, 7, 4, -4, -7, 10, -4, 7, -7, 4], 2)) % 20
    arcs = np.concatenate([np.stack([ring, (ring + 1) % 20], 1), np.stack([ring, chords], 1)[ring < chords]])
    g = from_arcs(20, arcs, directed=False, name="dodecahedron")
    laplacian = np.array([0.0] + [3 - sqrt(5)] * 3 + [2.0] * 5 + [3.0] * 4 + [5.0] * 4 + [3 + sqrt(5)] * 3)
    return Entry(
        "dodecahedron", g,
        edge_resistance=np.full(g.m, 19 / 30), largest_resistance=7 / 6, kirchhoff=548 / 3, kemeny=27.4,
        curvature=_triangle_free(g, lambda a, b: 0) | _every(
            g, balanced_forman=-2 / 3, ollivier_0=-1 / 3, lin_lu_yau=0,
            jost_liu=-2 / 3, resistance_curvature=6 / 19,
        ),
        **_spectra(laplacian / 3, laplacian),
    )  # fmt: skip


def barbell(k: int) -> Entry:
    """Two K_k joined by one edge; the Fiedler vector is odd under the swap and has two values a side."""
    g = graphs.barbell(k)
    ends = g.degree[g.edges]
    bridge, touching = (ends == k).all(axis=1), (ends == k).sum(axis=1) == 1

    def pick(at_bridge: float, at_touching: float, inside: float) -> Array:
        return np.where(bridge, float(at_bridge), np.where(touching, float(at_touching), float(inside)))

    across = (k - 1) ** 4 * (1 + 4 / k) + 2 * k * (k - 1) ** 2 * (1 + 2 / k) + k**2
    within = comb(k - 1, 2) * (k - 1) ** 2 * 2 / k + (k - 1) ** 2 * 2
    linear = k * k + k - 1
    return Entry(
        f"barbell_{k}", g,
        gap=4 / (linear + sqrt(linear**2 - 8 * k * (k - 1))),
        connectivity=4 / (k + 2 + sqrt((k + 2) ** 2 - 8)),
        conductance=1 / (k * (k - 1) + 1),
        edge_resistance=pick(1.0, 2 / k, 2 / k), largest_resistance=1 + 4 / k,
        kirchhoff=k * k + 6 * (k - 1), kemeny=(2 * within + across) / g.degree.sum(),
        curvature={
            "forman": pick(4 - 2 * k, 5 - 2 * k, 6 - 2 * k),
            "augmented_forman": pick(4 - 2 * k, k - 1, k),
            "augmented_forman_3": pick(4 - 2 * k, k - 1, k),
            "augmented_forman_4": pick(4 - 2 * k, k - 1 + 2 * (k - 2) * (k - 3), k + 2 * (k - 2) * (k - 3)),
            "balanced_forman": pick(4 / k - 2, k / (k - 1) - 2 / k, k / (k - 1)),
            "lin_lu_yau": pick(4 / k - 2, k / (k - 1) - 2 / k, k / (k - 1)),
            "jost_liu": pick(4 / k - 2, 1 - 2 / k, (k - 2) / (k - 1)),
            "ollivier_0": pick(4 / k - 2, 1 - 2 / k, (k - 2) / (k - 1)),
            "resistance_curvature": pick(4 / k - 2, 2 - k / 2, 2),
        },
    )  # fmt: skip


def binary_tree() -> Entry:
    """Height 3, 15 nodes; the Fiedler vector is odd under the swap of the root's subtrees."""
    g = graphs.tree(2, 3)
    return Entry(
        "binary_tree", g,
        gap=1 - sqrt(8) / 3,
        connectivity=float(np.roots([-1.0, 7.0, -11.0, 1.0]).real.min()),
        conductance=1 / 13,
        edge_resistance=np.ones(g.m), largest_resistance=6, kirchhoff=368, kemeny=533 / 14,
        curvature=_tree_curvature(g),
    )  # fmt: skip


def grid(rows: int, columns: int, **known: object) -> Entry:
    g = graphs.grid(rows, columns)
    each = [4 * np.sin(pi * np.arange(n) / (2 * n)) ** 2 for n in (rows, columns)]
    laplacian = np.sort(np.add.outer(*each).ravel())
    known = {"kirchhoff": float(g.n * (1 / laplacian[1:]).sum()), **known}
    return Entry(f"grid_{rows}x{columns}", g, **_spectra(None, laplacian), **known)


def grid_4x4() -> Entry:
    # Odd in one direction, even in the other: four orbits (corner, the two kinds of border node, inner node).
    quotient = np.array([[2, -1, -1, 0], [-1, 2, 0, -1], [-1, 0, 4, -1], [0, -1, -1, 4]])
    gap = float(np.linalg.eigvals(quotient / np.array([[2], [3], [3], [4]])).real.min())
    resistance = {(2, 3): 157 / 224, (3, 3): 75 / 112, (3, 4): 127 / 224, (4, 4): 61 / 112}
    g = graphs.grid(4, 4)
    return grid(
        4, 4, gap=gap, conductance=1 / 6, kemeny=461 / 21, largest_resistance=13 / 7,
        edge_resistance=_by_degrees(g, lambda a, b: resistance[a, b]),
        curvature=_triangle_free(g, lambda a, b: 2 if b == 4 else 1),  # an edge on the border is in one square
    )  # fmt: skip


def torus(rows: int, columns: int) -> Entry:
    """Square torus, so that all edges are alike; sides of at least 6 for the curvatures."""
    g = graphs.torus(rows, columns)
    each = [2 - 2 * np.cos(2 * pi * np.arange(n) / n) for n in (rows, columns)]
    laplacian = np.sort(np.add.outer(*each).ravel())
    kirchhoff = float(g.n * (1 / laplacian[1:]).sum())
    alike = rows == columns
    return Entry(
        f"torus_{rows}x{columns}", g,
        edge_resistance=np.full(g.m, (g.n - 1) / g.m) if alike else None,
        kirchhoff=kirchhoff, kemeny=4 * kirchhoff / g.n,
        curvature=_triangle_free(g, lambda a, b: 2) | _every(
            g, balanced_forman=0, ollivier_0=0, lin_lu_yau=0, jost_liu=-1,
            **({"resistance_curvature": 8 / (g.n - 1)} if alike else {}),
        ),
        **_spectra(laplacian / 4, laplacian),
    )  # fmt: skip


def union(*parts: Graph, name: str) -> Entry:
    """Disjoint union: the gap is 0, resistances between the parts are infinite."""
    offsets = np.cumsum([0, *(p.n for p in parts)])
    edges = np.concatenate([p.edges + o for p, o in zip(parts, offsets[:-1], strict=True)])
    g = Graph(int(offsets[-1]), edges, name=name)
    return Entry(
        name, g, gap=0.0, connectivity=0.0, conductance=0.0, components=len(parts),
        largest_resistance=math.inf, kirchhoff=math.inf, kemeny=math.inf,
    )  # fmt: skip


ZOO: list[Entry] = [
    *(complete(n) for n in (2, 3, 4, 5, 8)),
    *(cycle(n) for n in (3, 4, 5, 6, 9)),
    *(path(n) for n in (2, 3, 4, 5, 10)),
    *(star(n) for n in (3, 4, 7)),
    *(hypercube(d) for d in (2, 3, 4)),
    bipartite(2, 2, 1 / 2),
    bipartite(3, 3, 5 / 9),
    bipartite(3, 4, 3 / 5),
    petersen(),
    dodecahedron(),
    barbell(3),
    barbell(5),
    binary_tree(),
    grid_4x4(),
    torus(6, 6),
    torus(6, 8),
    union(graphs.complete(3), graphs.complete(3), name="two_triangles"),
    union(graphs.path(4), graphs.path(1), name="path_and_isolated_node"),
    union(graphs.complete(4), graphs.cycle(5), graphs.path(3), name="three_parts"),
]
