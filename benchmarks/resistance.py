"""Effective resistance of all edges against other ways to it; exact values first, then estimates at a million edges.

    python benchmarks/resistance.py [--quick] [--only NAME] [--repeats K] [--limit SECONDS] [--estimates]

Exact: networkx (all pairs), networkit (SpanningEdgeCentrality at its solver's default tolerance 0.1 and at 1e-6, and
its sampler of spanning trees), scipy (a sparse LU of the grounded Laplacian, one solve an edge) and pyamg (one solve an
edge). Every arm gets the graph in its own form beforehand and returns one value an edge; values are compared before a
ratio is printed. Where a peer does one thing an edge it is timed on a few edges and multiplied up, and marked so.
Estimates are held against solves to 1e-10 on sampled edges. One thread each; ratios are of processor time. Real graphs
are found through MIXCLI_TEST_DATA.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import common  # before numpy: it caps the threads
import numpy as np

from mixcli.generators import graphs
from mixcli.graph import Graph

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Run = Callable[[], Any]

HEAD = ("graph", "n", "m", "arm", "wall s", "processor s", "ours is faster by", "largest relative difference")
ESTIMATES = ("graph", "n", "m", "columns", "wall s", "processor s", "mean error", "largest error in standard errors")
PLAIN = 10_000  # edges up to which mixcli compiles nothing for one graph
FEW = 8  # edges that a peer which solves for each is timed on
SAMPLED = 48  # edges that an estimate is checked on


@dataclass(frozen=True)
class Case:
    """A graph, and the peers that can be asked about it."""

    name: str
    make: Callable[[], Graph]
    peers: tuple[str, ...] = ()


def largest(g: Graph) -> Graph:
    """Its largest component."""
    return g if g.components.count == 1 else g.component(g.components.largest)


def real(name: str) -> Graph:
    """A real graph from disk, its largest component."""
    sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
    from reference.files import real_graph

    return largest(real_graph(name))


ALL = ("networkx", "networkit", "networkit 1e-6", "networkit trees", "scipy", "pyamg")
QUICK = [
    Case("Erdos-Renyi", lambda: largest(graphs.erdos_renyi(200, 600)), ("networkx", "networkit trees", "scipy")),
    Case("grid", lambda: graphs.grid(15, 15), ("networkx", "scipy", "pyamg")),
]
CASES = [
    Case("Erdos-Renyi", lambda: largest(graphs.erdos_renyi(1000, 3000)), ALL),
    Case("grid", lambda: graphs.grid(32, 32), ALL),
    Case("Erdos-Renyi", lambda: largest(graphs.erdos_renyi(10_000, 30_000)), ("networkit trees",)),
    Case("Barabasi-Albert, m = 3", lambda: graphs.barabasi_albert(10_000, 3), ("networkit trees",)),
    Case("grid", lambda: graphs.grid(316, 316), ("networkit trees", "scipy", "pyamg")),
    Case("usroads", lambda: real("usroads"), ("scipy", "pyamg")),
    Case("email-Enron", lambda: real("email-Enron"), ("networkit trees",)),
    Case("Watts-Strogatz, k = 10, p = .01", lambda: graphs.watts_strogatz(100_000, 10, 0.01), ()),
]
LARGE = [
    Case("Barabasi-Albert, m = 5", lambda: graphs.barabasi_albert(200_000, 5)),
    Case("grid", lambda: graphs.grid(700, 700)),
]
SMALL = [Case("Barabasi-Albert, m = 3", lambda: graphs.barabasi_albert(5000, 3))]


def mixcli(graph: Graph, plain: bool) -> Run:
    """What `effective_resistance` calls: kernels loaded beforehand, or none of them ever."""
    from mixcli.limits import Limits
    from mixcli.numerics import dense_resistance, resistance

    for plan in (resistance.PLAN, dense_resistance.PLAN):
        plan.loading = plan.compiling = float("inf") if plain else -1.0
    if not plain:
        resistance.resistances(graphs.erdos_renyi(1000, 3000), Limits())
    return lambda: resistance.resistances(graph, Limits(operations=1e12)).edge


def networkx(graph: Graph) -> Run:
    """All pairs through a dense pseudo-inverse: networkx has nothing for edges alone."""
    import networkx as nx

    G = nx.Graph(graph.edges.tolist())

    def run() -> NDArray[np.float64]:
        table = nx.resistance_distance(G)
        return np.array([table[u][v] for u, v in graph.edges.tolist()])

    return run


def networkit(graph: Graph, tolerance: float | None) -> Run:
    """Spanning edge centrality, the effective resistance of an unweighted graph; without a tolerance by sampling."""
    import networkit as nk

    nk.setNumberOfThreads(1)
    G = nk.Graph(graph.n)
    for u, v in graph.edges.tolist():
        G.addEdge(u, v)
    G.indexEdges()
    ids = [G.edgeId(u, v) for u, v in graph.edges.tolist()]

    def run() -> NDArray[np.float64]:
        sampler, solver = nk.centrality.ApproxSpanningEdge, nk.centrality.SpanningEdgeCentrality
        found = sampler(G, 0.1) if tolerance is None else solver(G, tolerance)
        found.run()
        return np.array(found.scores())[ids]

    return run


def grounded(graph: Graph) -> Any:
    """The Laplacian without its last row and column."""
    from scipy.sparse import csc_array, diags_array

    return csc_array((diags_array(graph.strength) - graph.adjacency).tocsr()[:-1, :-1])


def scipy(graph: Graph) -> Run:
    """A sparse LU, and one solve for each of a few edges; returns them and the seconds of factor and solves."""
    from scipy.sparse.linalg import splu

    matrix = grounded(graph)

    def factor() -> Run:
        solve = splu(matrix, "MMD_AT_PLUS_A").solve
        return lambda b: solve(b)

    return lambda: some(graph, factor)


def pyamg(graph: Graph) -> Run:
    """Smoothed aggregation, and conjugate gradients over it for each of a few edges."""
    import pyamg as amg

    matrix = grounded(graph).tocsr()
    matrix.indices, matrix.indptr = matrix.indices.astype(np.int32), matrix.indptr.astype(np.int32)
    from scipy.sparse import csr_matrix

    def factor() -> Run:
        solver = amg.smoothed_aggregation_solver(csr_matrix(matrix))
        return lambda b: solver.solve(b, tol=1e-10, accel="cg")

    return lambda: some(graph, factor)


def some(graph: Graph, factor: Callable[[], Any]) -> tuple[Any, Any, float]:
    """Indices and resistances of a few edges, and the processor seconds all edges would have taken."""
    import time

    start = time.process_time()
    solve = factor()
    ready = time.process_time()
    chosen = np.random.default_rng(0).choice(graph.m, FEW, replace=False)
    values = []
    for u, v in graph.edges[chosen]:
        b = np.zeros(graph.n)
        b[u], b[v] = 1.0, -1.0
        x = np.append(solve(b[:-1]), 0.0)
        values.append(x[u] - x[v])
    each = (time.process_time() - ready) / FEW
    return chosen, np.array(values), ready - start + each * graph.m


PEERS: dict[str, tuple[Callable[..., Run], tuple[Any, ...], float]] = {
    "networkx": (networkx, (), 1e-7),
    "networkit": (networkit, (0.1,), 1e-2),
    "networkit 1e-6": (networkit, (1e-6,), 1e-5),
    "networkit trees": (networkit, (None,), float("inf")),  # within 0.1 absolute: shown, not judged
    "scipy": (scipy, (), 1e-7),
    "pyamg": (pyamg, (), 1e-5),
}


def exact(case: Case, repeats: int, limit: float, apart: bool = True) -> list[tuple[Any, ...]]:
    """Rows of one graph: ours, then each peer; raises where a value differs."""
    graph = case.make()
    rows: list[tuple[Any, ...]] = []
    arms = {"mixcli": False, "mixcli, nothing compiled": True} if graph.m <= PLAIN else {"mixcli": False}
    for name, plain in reversed(arms.items()):  # peers are held against the last one
        ours = common.measured(mixcli, graph, plain, repeats=repeats, limit=600, apart=apart)
        if not ours.runs:
            raise SystemExit(f"{case.name}: mixcli {ours.note}")
        rows.insert(0, (case.name, graph.n, graph.m, name, ours.wall, ours.processor, "", ""))
    for name in case.peers:
        make, options, tolerance = PEERS[name]
        found = common.measured(make, graph, *options, repeats=1, limit=limit, apart=apart)
        rows.append((case.name, graph.n, graph.m, *compared(name, found, ours, tolerance)))
    return rows


def compared(name: str, found: common.Measured, ours: common.Measured, tolerance: float) -> tuple[Any, ...]:
    """Arm, seconds, ratio, difference; the seconds of a peer that did a few edges are those of all."""
    if not found.runs:
        late = found.note.startswith("> ")
        return name, found.note, "", f"> {found.processor / ours.processor:.3g}x" if late else "", ""
    values, expected = found.value, ours.value
    if isinstance(values, tuple):
        chosen, values, seconds = values
        found, expected = common.Measured(values, seconds, seconds, 1), expected[chosen]
        name += f", {FEW} edges multiplied up"
    off = float(np.abs(values / expected - 1).max())
    if off > tolerance:
        raise SystemExit(f"{name}: DIFFERENT by {off:.1e}")
    return name, found.wall, found.processor, common.ratio(found, ours), f"{off:.0e}"


def sketched(graph: Graph) -> Run:
    """The estimate of `effective_resistance:method=sketch`, on one thread."""
    from mixcli.limits import Limits
    from mixcli.numerics.estimates import sketched as estimate

    for small in (graphs.barabasi_albert(4000, 3), graphs.grid(110, 110)):
        estimate(small, 0.5, 0, "cpu", Limits(), 1, _silent)

    def run() -> tuple[Any, Any, int]:
        found = estimate(graph, 0.05, 0, "cpu", Limits(), 1, _silent)
        return found.edge, found.edge_error, found.draws

    return run


def _silent(what: str, done: int, total: int) -> None:
    """Nobody is told."""


def estimated(case: Case, apart: bool = True) -> tuple[Any, ...]:
    """A row: how long the estimate takes, and how far it is off on sampled edges."""
    from mixcli.numerics.pcg import LaplacianSolver

    graph = case.make()
    ours = common.measured(sketched, graph, repeats=1, limit=600, apart=apart)
    if not ours.runs:
        raise SystemExit(f"{case.name}: mixcli {ours.note}")
    edge, error, columns = ours.value
    solver, off, bars = LaplacianSolver(graph), [], []
    for chosen in np.split(np.random.default_rng(1).choice(graph.m, SAMPLED, replace=False), SAMPLED // 8):
        b = np.zeros((graph.n, len(chosen)))
        (u, v), column = graph.edges[chosen].T, np.arange(len(chosen))
        b[u, column], b[v, column] = 1.0, -1.0
        truth = (b * solver.solve(b, 1e-10).x).sum(axis=0)
        off.extend(np.abs(edge[chosen] / truth - 1))
        bars.extend(np.abs(edge[chosen] - truth) / error[chosen])
    if max(bars) > 5:
        raise SystemExit(f"{case.name}: DIFFERENT by {max(bars):.1f} standard errors")
    mean = f"{100 * float(np.mean(off)):.2f} %"
    return case.name, graph.n, graph.m, columns, ours.wall, ours.processor, mean, float(max(bars))


def main() -> None:
    parser = common.arguments(__doc__.splitlines()[0])
    parser.add_argument("--estimates", action="store_true", help="only the estimates at a million edges")
    asked = parser.parse_args()
    repeats = 1 if asked.quick else asked.repeats
    cases = [] if asked.estimates else [c for c in (QUICK if asked.quick else CASES) if asked.only in c.name]
    if cases:
        print(common.table(HEAD, [row for case in cases for row in exact(case, repeats, asked.limit, not asked.quick)]))
        print()
    cases = [c for c in (SMALL if asked.quick else LARGE) if asked.only in c.name]
    if cases:
        print(common.table(ESTIMATES, [estimated(case, not asked.quick) for case in cases]))


if __name__ == "__main__":
    main()
