"""Curvature of all edges: mixcli against GraphRicciCurvature and against a dense numpy version of the formula.

    python benchmarks/curvature.py [--quick] [--only NAME]… [--repeats K] [--threads N] [--enron FILE]

Every arm gets the same graph in its own form, converted beforehand, and returns one value an edge; the values are
compared before a ratio is printed. GraphRicciCurvature runs with one and with two processes and its best time counts;
ours runs with one thread, which the ratio is taken of, and with all.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import alternating
import numpy as np

import mixcli
from mixcli.context import Context
from mixcli.generators import graphs as families
from mixcli.graph import Graph
from mixcli.io.adapters import to_networkx
from mixcli.limits import Limits, thread_count
from mixcli.measures.base import measure
from mixcli.numerics.weighted_transport import curvatures

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values: TypeAlias = NDArray[np.float64]
    Solve: TypeAlias = Callable[[Graph, Context], Values]

HEAD = ("graph", "m", "values", "ours, 1 thread", "ours, all", "gain", "edges/s", "peer", "ratio", "difference")


@dataclass(frozen=True)
class Peer:
    """Somebody else's way to the same values."""

    name: str
    run: Callable[[], Values]
    tolerance: float


@dataclass(frozen=True)
class Case:
    """A graph, what to compute, and whom to compare with."""

    graph: Graph
    values: str
    ours: Solve
    peers: tuple[Peer, ...] = ()
    repeats: int | None = None


def by_measure(spec: str) -> Solve:
    """Our measure of that name, computed anew each time."""
    return lambda graph, context: np.asarray(measure(graph, spec, context=context)[spec].data)


def all_forman(graph: Graph, context: Context) -> Values:
    """The whole Forman family, which shares one pass; returns the balanced curvature."""
    names = ("forman", "augmented_forman:cycles=3", "augmented_forman:cycles=4", "balanced_forman", "jost_liu")
    return np.asarray(measure(graph, *names, context=context)["balanced_forman"].data)


def weighted(graph: Graph, context: Context) -> Values:
    """Transport with float masses and shortest paths, as for any weights."""
    return curvatures(graph, 0.0, context).edge


def grc_ollivier(graph: Graph, alpha: float, processes: int, factor: float = 1.0) -> Peer:
    """GraphRicciCurvature's exact transport; lengths are 1 / weight."""
    import networkit
    from GraphRicciCurvature.OllivierRicci import OllivierRicci

    G = to_networkx(graph)
    for _, _, edge in G.edges(data=True):
        edge["weight"] = 1 / edge.get("weight", 1.0)

    def run() -> Values:
        networkit.setNumberOfThreads(processes)
        solver = OllivierRicci(G, alpha=alpha, method="OTD", proc=processes, verbose="ERROR")
        return factor * on_edges(graph, solver.compute_ricci_curvature(), "ricciCurvature")

    return Peer(f"GraphRicciCurvature, {processes} proc", run, 1e-9)


def grc_forman(graph: Graph, method: str) -> Peer:
    """GraphRicciCurvature's Forman curvatures."""
    from GraphRicciCurvature.FormanRicci import FormanRicci

    G = to_networkx(graph)

    def run() -> Values:
        solver = FormanRicci(G, method=method, verbose="ERROR")
        solver.compute_ricci_curvature()
        return on_edges(graph, solver.G, "formanCurvature")

    return Peer("GraphRicciCurvature", run, 1e-9)


def grc_family(graph: Graph) -> Peer:
    """GraphRicciCurvature's three Forman curvatures, one after the other; gives the balanced one."""
    runs = [grc_forman(graph, method).run for method in ("1d", "augmented", "balanced")]
    return Peer("GraphRicciCurvature, its 3", lambda: [run() for run in runs][-1], 1e-9)


def on_edges(graph: Graph, G: Any, key: str) -> Values:
    """An attribute of networkx edges in the order of graph.edges."""
    return np.array([G[u][v][key] for u, v in graph.edges.tolist()])


def dense(graph: Graph) -> Peer:
    """Balanced Forman curvature from n × n matrices, as the published kernels do it: O(n²) memory, O(n³) time."""
    A = graph.adjacency.toarray()

    def run() -> Values:
        d = A.sum(axis=1)
        common_neighbours = A @ A
        out = np.zeros(graph.m)
        for e, (i, j) in enumerate(graph.edges.tolist()):
            low, high = sorted((d[i], d[j]))
            if low == 1:
                continue
            only_i, only_j = A[i] * (1 - A[j]), A[j] * (1 - A[i])
            only_i[j] = only_j[i] = 0.0
            # Chordless 4-cycles through each neighbour of one end: its arcs to what only the other end has.
            over_i, over_j = A[only_i > 0] @ only_j, A[only_j > 0] @ only_i
            most = max(over_i.max(initial=0), over_j.max(initial=0))
            t = common_neighbours[i, j]
            out[e] = 2 / d[i] + 2 / d[j] - 2 + 2 * t / high + t / low
            if most:
                out[e] += ((over_i > 0).sum() + (over_j > 0).sum()) / (most * high)
        return out

    return Peer("dense numpy", run, 1e-9)


def forman_cases(quick: bool) -> list[Case]:
    graph = families.erdos_renyi(*((300, 600) if quick else (3000, 6000)))
    return [
        Case(graph, "balanced_forman", by_measure("balanced_forman"), (grc_forman(graph, "balanced"), dense(graph))),
        Case(graph, "augmented_forman:cycles=3", by_measure("augmented_forman:cycles=3"),
             (grc_forman(graph, "augmented"),)),
        Case(graph, "Forman family, 5 measures", all_forman, (grc_family(graph),)),
    ]  # fmt: skip


def ollivier_cases(quick: bool, spec: str, alpha: float, factor: float) -> list[Case]:
    """`spec` against `factor` times the peer's curvature at `alpha`."""
    if quick:
        chosen = [families.erdos_renyi(150, 500), families.barabasi_albert(120, 4)]
    else:
        chosen = [families.erdos_renyi(1000, 5000), families.erdos_renyi(3000, 6000),
                  families.barabasi_albert(1000, 5), families.barabasi_albert(3000, 5)]  # fmt: skip
    return [Case(g, spec, by_measure(spec), (grc_ollivier(g, alpha, 1, factor), grc_ollivier(g, alpha, 2, factor)))
            for g in chosen]  # fmt: skip


def weighted_cases(quick: bool) -> list[Case]:
    """Equal weights, so that masses agree: the peer's fall off with the length, ours are the weights themselves."""
    chosen = [families.erdos_renyi(*((100, 300) if quick else (1000, 5000)))]
    chosen += [] if quick else [families.barabasi_albert(1000, 5)]
    chosen = [g.replace(weight=np.full(g.m, 0.5)) for g in chosen]
    return [Case(g, "ollivier:alpha=0, weighted", weighted, (grc_ollivier(g, 0.0, 1), grc_ollivier(g, 0.0, 2)))
            for g in chosen]  # fmt: skip


def large_cases(quick: bool) -> list[Case]:
    graph = families.barabasi_albert(*((500, 5) if quick else (100_000, 5)))
    return [Case(graph, spec, by_measure(spec)) for spec in ("balanced_forman", "ollivier:alpha=0", "lin_lu_yau")]


def enron_cases(quick: bool, path: str) -> list[Case]:
    if quick or not path:
        alternating.note("email-Enron: left out" + ("" if quick else ", pass --enron FILE or set MIXCLI_DATA"))
        return []
    graph = mixcli.load(path, directed=False)
    return [Case(graph, spec, by_measure(spec)) for spec in ("balanced_forman", "ollivier:alpha=0", "lin_lu_yau")]


def load_kernels() -> None:
    """Run everything once where it takes the compiled path, which it then takes for small graphs too."""
    alternating.note("loading kernels")
    graph = families.barabasi_albert(3000, 5)
    for spec in ("balanced_forman", "ollivier:alpha=0", "lin_lu_yau"):
        for _ in range(8):  # until the time spent on the plain path makes up for compiling
            by_measure(spec)(graph, Context(threads=1))
    weighted(graph.replace(weight=np.full(graph.m, 0.5)), Context(threads=1))


def row(case: Case, repeats: int, threads: int) -> list[list[str]]:
    """Time a case and format it: a line for each peer, or one line without."""
    graph = case.graph

    def ours(count: int) -> Callable[[], Values]:
        return lambda: case.ours(graph, Context(threads=count, limits=Limits(operations=1e13)))

    arms: dict[str, Callable[[], Values]] = {"one": ours(1), "all": ours(threads)}
    arms |= {peer.name: peer.run for peer in case.peers}
    timings = alternating.alternate(arms, case.repeats or repeats)
    found, one, both = timings["one"].result, timings["one"].median, timings["all"].median
    alternating.same(f"{graph.name}, {case.values}, threads", timings["all"].result, found, 0.0)
    start = [f"{graph.name} {graph.n}", str(graph.m), case.values, alternating.seconds(one), alternating.seconds(both),
             f"{one / both:.2f}", f"{graph.m / one:,.0f}"]  # fmt: skip
    lines = []
    for peer in case.peers:
        off = alternating.same(
            f"{graph.name}, {case.values}, {peer.name}", found, timings[peer.name].result, peer.tolerance
        )
        lines.append([*start, f"{peer.name}: {alternating.seconds(timings[peer.name].median)}",
                      f"{timings[peer.name].median / one:.3g}", f"{off:.1g}"])  # fmt: skip
    best = min((line for line in lines if "proc" in line[7]), key=lambda line: float(line[8]), default=None)
    return [line for line in lines if "proc" not in line[7] or line is best] or [[*start, "", "", ""]]


def main(arguments: list[str] | None = None) -> int:
    """Run the cases asked for and print the table."""
    cases: dict[str, Callable[[bool], list[Case]]] = {
        "forman": forman_cases,
        "ollivier": lambda quick: ollivier_cases(quick, "ollivier:alpha=0", 0.0, 1.0),
        "lin_lu_yau": lambda quick: ollivier_cases(quick, "lin_lu_yau", 0.5, 2.0),
        "weighted": weighted_cases,
        "large": large_cases,
        "enron": lambda quick: enron_cases(quick, chosen.enron),
    }
    parser = alternating.options((__doc__ or "").partition("\n")[0], list(cases))
    data = os.environ.get("MIXCLI_DATA", "")
    default = Path(data) / "large/email-Enron/email-Enron.txt.gz"
    parser.add_argument("--enron", metavar="FILE", default=str(default) if data and default.exists() else "",
                        help="SNAP's edge list email-Enron.txt.gz (default: where it lies in MIXCLI_DATA)")  # fmt: skip
    chosen = parser.parse_args(arguments)
    try:
        import GraphRicciCurvature as peer
    except ModuleNotFoundError:
        sys.exit("GraphRicciCurvature is not installed; it needs Python < 3.13: pip install GraphRicciCurvature")
    if not chosen.quick:
        load_kernels()
    repeats, threads = 1 if chosen.quick else chosen.repeats, thread_count(chosen.threads or None)
    lines = []
    for name in chosen.only or cases:
        for case in cases[name](chosen.quick):
            alternating.note(f"{name}: {case.values} of {case.graph!r}")
            lines += row(case, repeats, threads)
    print(alternating.machine(numpy=np.__version__, mixcli=mixcli.__version__, GraphRicciCurvature=peer.__version__))
    print(f"medians of {repeats}; all = {threads} threads\n")
    print(alternating.table(HEAD, lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
