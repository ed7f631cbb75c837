"""The pencil (L, B) of a connected graph: Laplacian against node masses, with products that keep relative accuracy."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from mixcli.errors import NotApplicable

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from mixcli.graph import Graph

__all__ = ["Pencil"]


@dataclass(frozen=True, eq=False)
class Pencil:
    """L x = λ B x on a connected graph, L = D - A and B a diagonal of node masses.

    B = D gives the eigenvalues of the normalised Laplacian I - D^-1/2 A D^-1/2, B = I those of L.

    Args:
        edges: (m, 2) each undirected edge once.
        weight: (m,) conductances > 0.
        strength: (n,) sum of the conductances at each node, the diagonal of D.
        mass: (n,) the diagonal of B, > 0.
        scale: what to multiply an eigenvalue by to get that of the graph; see `of`.
    """

    edges: NDArray[np.int64]
    weight: NDArray[np.float64]
    strength: NDArray[np.float64]
    mass: NDArray[np.float64]
    scale: float = 1.0

    @classmethod
    def of(cls, graph: Graph, normalized: bool = True) -> Pencil:
        """The pencil of a connected graph, its weights divided by a power of two so that the largest is about 1.

        Args:
            graph: undirected, at least one edge.
            normalized: B = D rather than B = I.

        Raises:
            NotApplicable: the conductances differ by so much that the smallest are 0 beside the largest.
        """
        if graph.weight is None:
            return cls(
                graph.edges, np.ones(graph.m), graph.strength, graph.strength if normalized else np.ones(graph.n)
            )
        exponent = int(np.frexp(graph.weight.max())[1])
        weight = np.ldexp(graph.weight, -exponent)
        if weight.min() < np.finfo(float).tiny:
            raise NotApplicable(
                "conductances within 300 decades of each other",
                f"{graph.weight.min():.1g} beside {graph.weight.max():.1g}",
                "leave out the smallest, or pass --unweighted",
                where=graph.name,
            )
        strength = np.bincount(graph.edges.T.ravel(), np.concatenate([weight, weight]), graph.n)
        if normalized:
            return cls(graph.edges, weight, strength, strength)
        return cls(graph.edges, weight, strength, np.ones(graph.n), float(np.ldexp(1.0, exponent)))

    @property
    def n(self) -> int:
        """Number of nodes."""
        return len(self.strength)

    @cached_property
    def adjacency(self) -> csr_array:
        """(n, n) sparse matrix of conductances, both directions."""
        from scipy.sparse import coo_array

        u, v = self.edges.T
        both = np.concatenate([self.weight, self.weight])
        index = (np.concatenate([u, v]).astype(np.int32), np.concatenate([v, u]).astype(np.int32))
        return coo_array((both, index), shape=(self.n, self.n)).tocsr()

    @cached_property
    def uneven(self) -> bool:
        """Whether the conductances are over three decades or more."""
        return bool(self.weight.max() > 1e3 * self.weight.min())

    @cached_property
    def total_mass(self) -> float:
        """Sum of the masses."""
        return float(self.mass.sum())

    def laplacian(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """L x for (n,); over the edges where conductances are uneven, since D x - A x would cancel their digits."""
        return self._over_edges(x) if self.uneven else self.strength * x - self.adjacency @ x

    def deflated(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """x (n,) less its B-projection on the constants."""
        return x - (self.mass @ x) / self.total_mass

    def quotient(self, x: NDArray[np.float64]) -> float:
        """Σ_e w_e (x_u - x_v)² / x'Bx, after deflation: at least λ₂ for any x, and relatively exact however small."""
        x = self.deflated(x)
        return float(self.energy(x) / (self.mass @ (x * x)))

    def energy(self, x: NDArray[np.float64]) -> float:
        """x'Lx as the sum over edges w_e (x_u - x_v)², which has no cancellation."""
        difference = x[self.edges[:, 0]] - x[self.edges[:, 1]]
        return float((self.weight * difference * difference).sum())

    def cut(self, side: NDArray[np.bool_]) -> float:
        """Sum of the conductances between the nodes of `side` (n,) and the others."""
        return float(self.weight[side[self.edges[:, 0]] != side[self.edges[:, 1]]].sum())

    def residual(self, x: NDArray[np.float64], value: float) -> NDArray[np.float64]:
        """L x - value B x for (n,), L x summed over edges so that small entries keep their digits."""
        return self._over_edges(x) - value * self.mass * x

    def _over_edges(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        flow = self.weight * (x[self.edges[:, 0]] - x[self.edges[:, 1]])
        lx: NDArray[np.float64] = np.bincount(self.edges[:, 0], flow, self.n)
        lx -= np.bincount(self.edges[:, 1], flow, self.n)
        return lx
