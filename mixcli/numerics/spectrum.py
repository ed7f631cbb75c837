"""The first k eigenvalues of a Laplacian, and how all of them are distributed.

Zeros are counted as connected components, never computed. Small graphs are solved densely. On larger ones the first
eigenvalues come from LOBPCG with a block of all of them, so that multiplicities are not missed; the distribution comes
from stochastic Lanczos quadrature with an error bar.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from mixcli.numerics.blas import one_blas_thread
from mixcli.numerics.laplacian import Pencil

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.graph import Graph

    _Vector: TypeAlias = NDArray[np.float64]

__all__ = ["DENSE", "ON_DEVICE", "Lowest", "all_eigenvalues", "dense_enough", "lowest", "upper_end"]

DENSE = 1000
"""Nodes up to which all eigenvalues are computed; half a second there."""
ON_DEVICE = 20_000
"""The same on an accelerator: 3.2 GB for the matrix."""
_PIECES = 2000  # components with edges; more take longer one by one than a sample of the whole


@dataclass(frozen=True, eq=False)
class Lowest:
    """The smallest eigenvalues of a graph.

    Args:
        values: (k,) ascending; those of an iteration are Rayleigh-Ritz values, at least the eigenvalue of their rank.
        residual: (k,) |L x - λ B x| in the B^-1-norm, x of B-norm 1: some eigenvalue is this close. 0 for zeros.
        error: (k,) relative error to expect; of a dense solution the bound residual / value, which is rounding.
        converged: whether every error met the tolerance.
        method: "components", "dense" or "lobpcg".
    """

    values: _Vector
    residual: _Vector
    error: _Vector
    converged: bool
    method: str


def lowest(graph: Graph, k: int, normalized: bool, tolerance: float, budget: float, seed: int) -> Lowest:
    """The k smallest eigenvalues of D - A, or of I - D^-1/2 A D^-1/2, with their multiplicities.

    Args:
        graph: undirected; any number of components, weights are conductances.
        k: how many, 1 … n.
        normalized: of the normalised Laplacian; an isolated node has the eigenvalue 0.
        tolerance: relative error wanted.
        budget: processor seconds for the iterations.
        seed: start of the random draws.

    Cost: O(n³) up to 1000 nodes; else some tens of products with L for each of the k.

    Example:
        >>> from mixcli.generators.graphs import petersen
        >>> lowest(petersen(), 4, False, 1e-8, 1.0, 0).values.round(9).tolist()
        [0.0, 2.0, 2.0, 2.0]
    """
    zeros = min(graph.components.count, k)
    none = np.zeros(zeros)
    if zeros == k:
        return Lowest(none, none, none, True, "components")
    end, rng = time.thread_time() + budget, np.random.default_rng(seed)
    with one_blas_thread():
        parts = [
            _connected(part, k - zeros, normalized, tolerance, end, rng) for part in _components(graph) if part.n > 1
        ]
    rows = [zip(p.values, p.residual, p.error, strict=True) for p in parts]
    found = np.array(list(heapq.merge(*rows)))[: k - zeros].reshape(-1, 3)
    values, residual, error = (np.concatenate([none, column]) for column in found.T)
    method = "lobpcg" if any(p.method == "lobpcg" for p in parts) else "dense"
    return Lowest(values, residual, error, all(p.converged for p in parts), method)


def all_eigenvalues(graph: Graph, normalized: bool, device: str | None = None) -> _Vector:
    """All eigenvalues of a graph, ascending, its zeros exact; dense.

    Args:
        graph: undirected; O(n³) for its largest component.
        normalized: of the normalised Laplacian.
        device: "cuda", "cuda:1" … for the dense work to be done there by torch ("cpu" takes the same way); None: numpy.

    Example:
        >>> from mixcli.generators.graphs import complete
        >>> all_eigenvalues(complete(4), False).round(9).tolist()
        [0.0, 4.0, 4.0, 4.0]
    """
    pencils = (Pencil.of(part, normalized) for part in _components(graph) if part.n > 1)
    if device is not None:
        from mixcli.numerics.device import TorchSolver

        solver = TorchSolver(device)
        found = [np.maximum(solver.eigvalsh(_matrix(p))[1:], 0.0) * p.scale for p in pencils]
    else:
        with one_blas_thread():
            found = [_dense(p)[0] for p in pencils]
    return np.sort(np.concatenate([np.zeros(graph.components.count), *found]))


def dense_enough(graph: Graph, most: int = DENSE) -> bool:
    """Whether all eigenvalues of all components take no longer than those of one of `most` nodes.

    Args:
        graph: undirected.
        most: nodes; the default takes this processor a second or two.
    """
    sizes = graph.components.sizes[graph.components.sizes > 1].astype(np.float64)
    return len(sizes) <= _PIECES and float((sizes**3).sum()) <= float(most) ** 3


def upper_end(graph: Graph, normalized: bool) -> float:
    """A bound of the largest eigenvalue: 2, or the largest sum of strengths over an edge.

    Source: Anderson and Morley 1985; for weights the same Gershgorin argument on the edges holds.

    Example:
        >>> from mixcli.generators.graphs import star
        >>> upper_end(star(5), False)
        5.0
    """
    if normalized:
        return 2.0
    return float(graph.strength[graph.edges].sum(axis=1).max()) if graph.m else 1.0


def _connected(
    graph: Graph, k: int, normalized: bool, tolerance: float, end: float, rng: np.random.Generator
) -> Lowest:
    """The k smallest non-zero eigenvalues of a connected graph, or all n - 1 of them."""
    errors: _Vector | None
    pencil, k = Pencil.of(graph, normalized), min(k, graph.n - 1)
    if graph.n <= DENSE or 3 * k > graph.n:
        vectors, errors, method = _dense(pencil)[1][:k], None, "dense"
    else:
        vectors, errors = _iterated(pencil, graph.m, k, tolerance, end, rng)
        method = "lobpcg"
    values = np.array([pencil.quotient(x) for x in vectors])
    left = [pencil.residual(pencil.deflated(x), value) for x, value in zip(vectors, values, strict=True)]
    residual = np.array([np.sqrt((r * r / pencil.mass).sum()) for r in left])
    errors = residual / values if errors is None else errors
    order, converged = np.argsort(values, kind="stable"), bool((errors < tolerance).all())
    return Lowest(values[order] * pencil.scale, residual[order] * pencil.scale, errors[order], converged, method)


def _dense(pencil: Pencil) -> tuple[_Vector, _Vector]:
    """All non-zero eigenvalues of a connected graph, scale included, and B-orthonormal vectors as rows."""
    values, vectors = np.linalg.eigh(_matrix(pencil))
    root = np.sqrt(pencil.mass)
    return np.maximum(values[1:], 0.0) * pencil.scale, (vectors[:, 1:] / root[:, None]).T


def _matrix(pencil: Pencil) -> _Vector:
    """B^-1/2 L B^-1/2 as a dense matrix."""
    root = np.sqrt(pencil.mass)
    found: _Vector = (np.diag(pencil.strength) - pencil.adjacency.toarray()) / root / root[:, None]
    return found


def _iterated(
    pencil: Pencil, edges: int, k: int, tolerance: float, end: float, rng: np.random.Generator
) -> tuple[_Vector, _Vector]:
    """Vectors as rows, and the relative errors to expect of their quotients."""
    from mixcli.numerics.eigen import factors, grounded_solver
    from mixcli.numerics.lobpcg import lobpcg

    solve = grounded_solver(pencil) if factors(pencil.n, edges) else None
    if solve is None:
        from mixcli.numerics.approxchol import ApproxChol

        solve = ApproxChol(pencil.n, pencil.edges, pencil.weight, int(rng.integers(2**63))).apply
    inverse = solve
    found = lobpcg(pencil, lambda r: inverse(r.T).T, tolerance, end - time.thread_time(), rng, k)
    return found.vectors, found.errors


def _components(graph: Graph) -> Iterator[Graph]:
    """Every component on its own, all of them in O(m log m)."""
    parts = graph.components
    if parts.count == 1:
        yield graph
        return
    from mixcli.graph import Graph as Part

    order = np.argsort(parts.of_node, kind="stable")
    place = np.empty(graph.n, np.int64)
    first = np.concatenate([[0], np.cumsum(parts.sizes)])
    place[order] = np.arange(graph.n) - np.repeat(first[:-1], parts.sizes)
    owner = parts.of_node[graph.edges[:, 0]]
    rows = np.argsort(owner, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=parts.count))])
    for number, size in enumerate(parts.sizes.tolist()):
        mine = rows[starts[number] : starts[number + 1]]
        weight = None if graph.weight is None else graph.weight[mine]
        yield Part(size, place[graph.edges[mine]], weight=weight)
