"""Drawing and solving the columns of `mixcli.numerics.sketch`: compiled, or through array products on any device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mixcli.numerics.sketch import COLUMNS, Tally, random_bits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.graph import Graph
    from mixcli.numerics.device import Solver

__all__ = ["ArrayBlocks", "KernelBlocks", "common_flow"]

PLAIN_EDGES = 10_000  # up to here array products are done before a kernel is loaded or compiled
TOLERANCE = 1e-4  # of a solve, relative in the norm of L: far below what chance leaves
WIDE_TOLERANCE = 1e-6  # where weights differ by decades, as their edges share the error unequally
TRIAL = 40  # steps by which Jacobi's preconditioner must be done to be kept
STEPS = 2000
WIDE = 1e4  # ratio of weights from where single precision would show


class KernelBlocks:
    """Blocks by compiled conjugate gradients under Jacobi's or an approximate Cholesky preconditioner.

    Nodes are renumbered in the order of elimination, so that the factor is walked along memory.

    Args:
        graph: undirected.
        seed: start of all draws.
    """

    def __init__(self, graph: Graph, seed: int) -> None:
        self._graph, self._seed, self._count = graph, seed, graph.components.count
        weight = np.ones(graph.m) if graph.weight is None else graph.weight
        self._weight = weight
        self._tolerance = _tolerance(weight)
        self._type = np.float64 if self._tolerance < TOLERANCE else np.float32
        identity = np.arange(graph.n)
        inverse = np.divide(1.0, graph.strength, out=np.zeros(graph.n), where=graph.strength > 0)
        empty = (np.zeros(graph.n + 1, np.int64), np.zeros(0, np.int32), np.zeros(0))
        self._number(identity, (*empty, inverse))
        self.solver = "jacobi"
        self.steps, left = self._solve(self._right_sides(0)[:, :1].copy(), TRIAL)[1:]
        if left > self._tolerance:
            from mixcli.numerics.approxchol import ApproxChol

            factor = ApproxChol(graph.n, graph.edges, weight, seed)
            self._number(factor.place, factor.columns)
            self.solver = "approxchol"
            self.steps = self._solve(self._right_sides(0)[:, :1].copy(), STEPS)[1]

    def _number(self, place: NDArray[Any], columns: tuple[NDArray[Any], ...]) -> None:
        """Renumber the graph by `place`, and take the factor in that numbering."""
        from scipy.sparse import coo_array

        graph = self._graph
        self._place = place
        self._first, self._second = (np.ascontiguousarray(x, np.int32) for x in place[graph.edges].T)
        ends = (np.concatenate([self._first, self._second]), np.concatenate([self._second, self._first]))
        both = np.concatenate([self._weight, self._weight])
        matrix = coo_array((both, ends), shape=(graph.n, graph.n)).tocsr()
        by_place = np.empty(graph.n, np.int64)
        by_place[place] = np.arange(graph.n)
        self._strength = graph.strength[by_place]
        self._label = graph.components.of_node[by_place]
        arrays = (matrix.indptr, matrix.indices, matrix.data.astype(self._type), self._strength.astype(self._type))
        self._matrix = arrays
        start, row, value, inverse = columns
        self._factor = (start, row, value.astype(self._type), inverse.astype(self._type))

    @property
    def entries(self) -> int:
        """Entries of matrix and factor that one step walks over."""
        return 2 * len(self._matrix[1]) + 2 * len(self._factor[1]) + 12 * self._graph.n

    def _right_sides(self, block: int) -> NDArray[Any]:
        from mixcli.numerics import sketch_kernel

        out = np.zeros((self._graph.n, COLUMNS), self._type)
        root = np.sqrt(self._weight).astype(self._type)
        bits = random_bits(self._graph.m, block, self._seed)
        sketch_kernel.right_sides(self._first, self._second, root, bits, out)
        return out

    def _solve(self, right: NDArray[Any], steps: int) -> tuple[NDArray[Any], int, float]:
        from mixcli.numerics import sketch_kernel

        work = np.zeros((4, *right.shape), self._type)
        taken, left = sketch_kernel.conjugate_gradients(
            *self._matrix, *self._factor, self._label, self._count, np.ones(self._graph.n, self._type), right, work,
            self._tolerance, steps,
        )  # fmt: skip
        return work[0], taken, left

    def tally(self, block: int) -> Tally:
        """The sums of block number `block`."""
        from mixcli.numerics import sketch_kernel

        n, m = self._graph.n, self._graph.m
        z, _, _ = self._solve(self._right_sides(block), STEPS)
        once = np.empty_like(z)
        sketch_kernel.average(*self._matrix, z, once)
        sketch_kernel.centre(once, self._matrix[3], self._label, self._count)
        sketch_kernel.average(*self._matrix, once, z)
        edge, edge_square, node, node_square = (np.zeros(size) for size in (m, m, n, n))
        weighed, plain = np.zeros((2, self._count, COLUMNS))
        sketch_kernel.tally_edges(self._first, self._second, once, z, edge, edge_square)
        sketch_kernel.tally_nodes(once, z, self._strength, self._label, node, node_square, weighed, plain)
        place = self._place
        return Tally(edge, edge_square, node[place], node_square[place], *_sums(weighed), *_sums(plain))


class ArrayBlocks:
    """Blocks by array products: for small graphs, which should not wait for a compiler, and for other devices.

    Args:
        graph: undirected.
        seed: start of all draws.
        solver: where the systems are solved and the products taken.
    """

    def __init__(self, graph: Graph, seed: int, solver: Solver) -> None:
        from scipy.sparse import coo_array, csr_array, diags_array

        self._graph, self._seed, self.solver = graph, seed, solver.device
        weight = np.ones(graph.m) if graph.weight is None else graph.weight
        each = np.arange(graph.m)
        root = np.sqrt(weight)
        ends = (graph.edges.T.ravel(), np.concatenate([each, each]))
        self._incidence = coo_array((np.concatenate([root, -root]), ends), shape=(graph.n, graph.m)).tocsr()
        inverse = np.divide(1.0, graph.strength, out=np.zeros(graph.n), where=graph.strength > 0)
        self._average = solver.product(csr_array(diags_array(inverse) @ graph.adjacency))
        self._solve = solver.laplacian(graph, _tolerance(weight))

    def tally(self, block: int) -> Tally:
        """The sums of block number `block`."""
        graph, of, count = self._graph, self._graph.components.of_node, self._graph.components.count
        bits = random_bits(graph.m, block, self._seed)[:, None] >> np.arange(COLUMNS, dtype=np.uint64)
        signs = np.where(bits & np.uint64(1), 1.0, -1.0)
        once = self._average(self._solve(self._incidence @ signs))
        mass = np.bincount(of, graph.strength, count)
        sums = _by_component(graph.strength[:, None] * once, of, count)
        once = once - (sums / np.maximum(mass, np.finfo(float).tiny)[:, None])[of]
        twice = self._average(once)
        u, v = graph.edges.T
        edge, node = (once[u] - once[v]) * (twice[u] - twice[v]), once * twice
        weighed, plain = (_by_component(x, of, count) for x in (graph.strength[:, None] * node, node))
        return Tally(*_sums(edge), *_sums(node), *_sums(weighed), *_sums(plain))


def _tolerance(weight: NDArray[np.float64]) -> float:
    return WIDE_TOLERANCE if len(weight) and weight.max() > WIDE * weight.min() else TOLERANCE


def _sums(x: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Over the columns: of the values and of their squares."""
    return x.sum(axis=1), (x * x).sum(axis=1)


def _by_component(values: NDArray[np.float64], of: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    sums = [np.bincount(of, column, count) for column in values.T]
    return np.stack(sums, axis=1)


def common_flow(graph: Graph) -> NDArray[np.float64]:
    """(m,) Σ_x w_ux w_vx / d_x over the common neighbours x of each edge's ends."""
    inverse = np.divide(1.0, graph.strength, out=np.zeros(graph.n), where=graph.strength > 0)
    if graph.m <= PLAIN_EDGES:
        from scipy.sparse import diags_array

        u, v = graph.edges.T
        a = graph.adjacency
        return np.asarray((a[u] @ diags_array(inverse)).multiply(a[v]).sum(axis=1), np.float64).ravel()
    from mixcli.numerics import sketch_kernel

    a = graph.adjacency
    longer = graph.degree[graph.edges]
    ends = np.where((longer[:, 0] < longer[:, 1])[:, None], graph.edges[:, ::-1], graph.edges)
    order = np.argsort(ends[:, 0], kind="stable")  # scan the shorter list against the row of the longer
    meet = np.empty(graph.m)
    first, second = np.ascontiguousarray(ends[order].T)
    sketch_kernel.near_terms(a.indptr, a.indices, a.data, graph.strength, first, second, meet)
    flow = np.empty(graph.m)
    flow[order] = meet
    return flow
