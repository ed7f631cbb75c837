"""λ₂ where it is hard to find, against an exact value or a second method, and against the solvers of others.

    python benchmarks/spectra.py [--quick] [--only NAME] [--large] [--no-peers]

The relative error comes first: against the closed form, or against a solver that shares nothing with the first one but
the sparse product (inverse Lanczos with solves to 1e-11, or LOBPCG where Lanczos had been used). Then seconds, and what
networkx, ARPACK and LOBPCG (plain, and preconditioned by pyamg) do with the same graph in the same run, on one thread.
Real graphs are found through MIXCLI_TEST_DATA, as in the tests.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from math import pi, sin
from pathlib import Path
from typing import Any

import common  # before numpy: it caps the threads
import numpy as np

from mixcli.generators import graphs
from mixcli.graph import Graph

TOLERANCE = 1e-6


@dataclass(frozen=True)
class Case:
    """A graph, and λ₂ where it is known: of the normalised Laplacian, or of D - A."""

    name: str
    make: Callable[[], Graph]
    exact: float | None = None
    normalized: bool = True
    large: bool = False


def six_decades(g: Graph) -> Graph:
    """The same graph with conductances 10^-3 … 10^3."""
    return g.replace(weight=10.0 ** np.random.default_rng(0).uniform(-3, 3, g.m))


def largest(g: Graph) -> Graph:
    """Its largest component."""
    return g if g.components.count == 1 else g.component(g.components.largest)


def real(name: str) -> Graph:
    """A real graph from disk, its largest component."""
    sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
    from reference.files import real_graph

    return largest(real_graph(name))


def weighted_path(weight: np.ndarray, mass: np.ndarray) -> float:
    """λ₂ of a path with masses, by inverse iteration: on a path every solve is two running sums."""
    x = np.linspace(-1, 1, len(mass))
    for _ in range(60):
        x = x - mass @ x / mass.sum()
        x = np.append(0.0, np.cumsum(-np.cumsum(mass * x)[:-1] / weight))
        x = -(x - mass @ x / mass.sum())
        x /= np.sqrt(mass @ x**2)
    return float(weight @ np.diff(x) ** 2)


def barbell_gap(k: int, between: int) -> float:
    """λ₂ of two K_k joined over `between` nodes: all of a clique but its joint has one value."""
    weight = np.concatenate([[k - 1.0], np.ones(between + 1), [k - 1.0]])
    ends = [(k - 1.0) ** 2, float(k)]
    return weighted_path(weight, np.concatenate([ends, np.full(between, 2.0), ends[::-1]]))


QUICK = [
    Case("path 400", lambda: graphs.path(400), 2 * sin(pi / 2 / 399) ** 2),
    Case("barbell(20, 10)", lambda: graphs.barbell(20, 10), barbell_gap(20, 10)),
    Case("grid 30x30", lambda: graphs.grid(30, 30), 4 * sin(pi / 60) ** 2, normalized=False),
    Case("Erdos-Renyi 1e3", lambda: largest(graphs.erdos_renyi(1000, 4000))),
]
CASES = [
    Case("path 1e5", lambda: graphs.path(100_000), 2 * sin(pi / 2 / 99_999) ** 2),
    Case("barbell(300, 400)", lambda: graphs.barbell(300, 400), barbell_gap(300, 400)),
    Case("grid 1000x1000, D - A", lambda: graphs.grid(1000, 1000), 4 * sin(pi / 2000) ** 2, False, large=True),
    Case("grid 1000x1000", lambda: graphs.grid(1000, 1000), large=True),
    Case("grid 316x316, six decades", lambda: six_decades(graphs.grid(316, 316))),
    Case("Erdos-Renyi 1e5, m = 5e5", lambda: largest(graphs.erdos_renyi(100_000, 500_000))),
    Case("5-regular 1e5", lambda: graphs.regular(100_000, 5)),
    Case("Watts-Strogatz 1e5, k = 10, p = .01", lambda: graphs.watts_strogatz(100_000, 10, 0.01)),
    Case("Barabasi-Albert 1e5, m = 3", lambda: graphs.barabasi_albert(100_000, 3)),
    Case("Barabasi-Albert 1e5, m = 5", lambda: graphs.barabasi_albert(100_000, 5)),
    Case("usroads", lambda: real("usroads")),
    Case("email-Enron", lambda: real("email-Enron")),
    Case("Watts-Strogatz 1e6, k = 10, p = .01", lambda: graphs.watts_strogatz(1_000_000, 10, 0.01), large=True),
    Case("Erdos-Renyi 1e6, m = 3e6", lambda: largest(graphs.erdos_renyi(1_000_000, 3_000_000)), large=True),
    Case("Barabasi-Albert 1e6, m = 5", lambda: graphs.barabasi_albert(1_000_000, 5), large=True),
]


def mixcli(graph: Graph, normalized: bool) -> Callable[[], Any]:
    """What `spectral_gap` and `algebraic_connectivity` call."""
    from mixcli.numerics.eigen import fiedler

    fiedler(graphs.watts_strogatz(6000, 6, 0.02), normalized)  # compiled
    return lambda: _facts(fiedler(graph, normalized))


def _facts(pair: Any) -> tuple[float, str, bool]:
    return pair.value, pair.method, pair.converged


def second_method(graph: Graph, normalized: bool, method: str) -> Callable[[], float]:
    """Another way to λ₂: LOBPCG after Lanczos, else Lanczos on L^+ B with an accurate solve in every step."""
    from mixcli.numerics.eigen import solve_lobpcg
    from mixcli.numerics.lanczos import lanczos
    from mixcli.numerics.laplacian import Pencil
    from mixcli.numerics.pcg import LaplacianSolver

    pencil, rng = Pencil.of(graph, normalized), np.random.default_rng(12345)
    if method == "lanczos":
        return lambda: solve_lobpcg(pencil, 1e-7, 600.0, rng).value
    solver = LaplacianSolver(Graph(graph.n, graph.edges, weight=pencil.weight))

    def enough(top: float, second: float, residual: float, steps: int) -> bool:
        return steps > 2 and residual < 1e-4 * max(top - second, 1e-3 * top)

    def solve(x: np.ndarray) -> np.ndarray:
        return solver.solve(pencil.mass * x, 1e-11).x

    return lambda: pencil.quotient(lanczos(pencil, solve, 60, rng, enough, 1).vector) * pencil.scale


def networkx(graph: Graph, normalized: bool) -> Callable[[], float]:
    """networkx with the fastest of its methods that ends on paths and on random graphs."""
    import networkx as nx

    g = nx.Graph()
    g.add_nodes_from(range(graph.n))
    weight = np.ones(graph.m) if graph.weight is None else graph.weight
    g.add_weighted_edges_from(zip(*graph.edges.T.tolist(), weight.tolist(), strict=True))
    return lambda: float(nx.algebraic_connectivity(g, normalized=normalized, method="tracemin_lu", seed=0))


def matrices(graph: Graph, normalized: bool) -> tuple[Any, Any]:
    """L and B as sparse matrices."""
    from scipy.sparse import csr_matrix, diags

    a = csr_matrix(graph.adjacency)
    d = graph.strength
    return csr_matrix(diags(d) - a), diags(d if normalized else np.ones(graph.n)).tocsr()


def arpack(graph: Graph, normalized: bool) -> Callable[[], float]:
    """scipy's eigsh in shift-invert mode, just below zero."""
    from scipy.sparse.linalg import eigsh

    lap, b = matrices(graph, normalized)
    start = np.random.default_rng(0).standard_normal(graph.n)
    return lambda: float(np.sort(eigsh(lap.tocsc(), 2, b, sigma=-1e-3 / graph.n, v0=start)[0])[1])


def arpack_plain(graph: Graph, normalized: bool) -> Callable[[], float]:
    """scipy's eigsh for the largest eigenvalues of cI - B^-1/2 L B^-1/2."""
    from scipy.sparse import diags, identity
    from scipy.sparse.linalg import eigsh

    lap, b = matrices(graph, normalized)
    root = diags(1 / np.sqrt(b.diagonal()))
    top = 2.0 if normalized else 2 * float(graph.strength.max())
    flipped = (top * identity(graph.n) - root @ lap @ root).tocsr()
    start = np.random.default_rng(0).standard_normal(graph.n)
    return lambda: top - float(np.sort(eigsh(flipped, 2, which="LA", v0=start)[0])[0])


def lobpcg_plain(graph: Graph, normalized: bool) -> Callable[[], float]:
    """scipy's lobpcg with the diagonal as preconditioner."""
    from scipy.sparse import diags

    return _lobpcg(graph, normalized, lambda lap: diags(1 / lap.diagonal()))


def lobpcg_amg(graph: Graph, normalized: bool) -> Callable[[], float]:
    """scipy's lobpcg with pyamg's smoothed aggregation, its set-up included."""
    from pyamg import smoothed_aggregation_solver
    from scipy.sparse import identity

    def cycle(lap: Any) -> Any:
        grounded = (lap + 1e-10 * lap.diagonal().max() * identity(graph.n)).tocsr()
        return smoothed_aggregation_solver(grounded).aspreconditioner()

    return _lobpcg(graph, normalized, cycle)


def _lobpcg(graph: Graph, normalized: bool, preconditioner: Callable[[Any], Any]) -> Callable[[], float]:
    import warnings

    from scipy.sparse.linalg import lobpcg

    lap, b = matrices(graph, normalized)
    start = np.random.default_rng(0).standard_normal((graph.n, 2))

    def run() -> float:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ones = np.ones((graph.n, 1))
            return float(
                lobpcg(lap, start, b, preconditioner(lap), ones, tol=1e-9, maxiter=1000, largest=False)[0].min()
            )

    return run


PEERS = [networkx, arpack, arpack_plain, lobpcg_plain, lobpcg_amg]


def row(case: Case, options: Any) -> list[Any]:
    """One line of the table."""
    g, apart = case.make(), not options.quick
    repeats = 1 if options.quick or case.large else options.repeats
    ours = common.measured(mixcli, g, case.normalized, repeats=repeats, limit=1200.0, apart=apart)
    if not ours.runs:
        return [case.name, g.n, g.m, ours.note] + [""] * (4 + len(PEERS))
    value, method, known = ours.value
    exact, source = case.exact, "exact"
    if exact is None and not options.no_check:
        check = common.measured(second_method, g, case.normalized, method, repeats=1, limit=600.0, apart=apart)
        exact, source = check.value, "2nd method"
    cells: list[Any] = [case.name, g.n, g.m, f"{value:.10e}", method]
    cells.append(_error(value, exact, known, source) + ("" if known else " (upper bound)"))
    cells += [f"{ours.wall:.2f}", f"{ours.processor:.2f}"]
    for peer in PEERS:
        if options.no_peers or (case.large and not options.large):
            cells.append("-")
            continue
        cells.append(
            _against(common.measured(peer, g, case.normalized, repeats=1, limit=options.limit, apart=apart), ours)
        )
    return cells


def _error(value: float, exact: float | None, known: bool, source: str) -> str:
    if exact is None:
        return "not checked"
    error = abs(value / exact - 1)
    return f"{error:.1e} {source}" + (" DISAGREES" if known and not error <= TOLERANCE else "")


def _against(peer: common.Measured, ours: common.Measured) -> str:
    if not peer.runs:
        return peer.note
    off = abs(peer.value / ours.value[0] - 1)
    wrong = f" off by {off:.0e}" if off > TOLERANCE else ""
    return f"{peer.processor:.2f} s ({common.ratio(peer, ours)}){wrong}"


def main() -> int:
    """Print the table; non-zero where a value that claims to be known is not."""
    parser = common.arguments("λ₂ on hard graphs")
    parser.add_argument("--large", action="store_true", help="peers on the graphs of 1e6 nodes too")
    parser.add_argument("--no-peers", action="store_true", help="our own values and times alone")
    parser.add_argument("--no-check", action="store_true", help="no second method where there is no closed form")
    options = parser.parse_args()
    cases = [c for c in (QUICK if options.quick else CASES) if options.only.lower() in c.name.lower()]
    rows = []
    for case in cases:
        rows.append(row(case, options))
        print("\t".join(map(str, rows[-1])), file=sys.stderr, flush=True)
    head = ["graph", "n", "m", "λ₂", "method", "relative error", "wall s", "processor s"]
    print(common.table([*head, *(p.__name__ for p in PEERS)], rows))
    return int(any("DISAGREES" in r[5] for r in rows))


if __name__ == "__main__":
    sys.exit(main())
