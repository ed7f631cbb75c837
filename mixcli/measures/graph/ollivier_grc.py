"""Ollivier curvature as GraphRicciCurvature computes it."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from mixcli.context import Context
from mixcli.errors import NotApplicable
from mixcli.graph import Graph
from mixcli.measures.base import Level, Measure, Values
from mixcli.spec import param

if TYPE_CHECKING:
    import networkx as nx
    from numpy.typing import ArrayLike

PAIR = 40  # bytes a pair of nodes takes: a float in a list of lists, then in an array
PAIR_WORK = 100  # elementary operations a pair takes
EDGE_WORK = 3e5  # elementary operations an edge takes: some 3,000 edges a second
_ALONE = threading.Lock()  # the package keeps its state in module variables


@dataclass(frozen=True)
class OllivierGRC(Measure):
    """Ollivier curvature of each edge by GraphRicciCurvature, as an independent check of `ollivier`.

    κ(ij) = 1 - W1(μ_i, μ_j) / d(i,j), with α of μ_x at x and (1 - α) exp(-ℓ²) / Σ exp(-ℓ²) at each neighbour, where ℓ
    is the length of the edge to it and d the length of a shortest path. Without weights that is the usual curvature.
    With weights it is not `ollivier`: there, masses are proportional to the conductances.

    Args:
        alpha: probability to stay, in [0, 1].
        method: "OTD" exact transport; "Sinkhorn" entropic transport (regularisation 0.1, off by some hundredths and
            slower); "ATD" every neighbour to every neighbour, an upper bound of W1; "OTDSinkhornMix" OTD up to 2,000
            neighbours at both ends, then Sinkhorn. All take the 3,000 nearest neighbours only.
        length: what ℓ is on a weighted graph: "inverse" 1 / conductance, "weight" the weight itself, as the package
            takes the weights of a file.
        paths: "all_pairs" tabulates the distances of all pairs of nodes; "pairwise" searches edge by edge.

    Returns:
        Values: (m,) curvatures in the order of graph.edges. The package runs in this process, without its pool.

    Raises:
        NotApplicable: GraphRicciCurvature is not installed (it needs Python < 3.13), ATD without the table of all
            pairs, or Sinkhorn with masses of 0 (alpha 0 or 1), on which it fails silently.
        LimitExceeded: the table of all pairs, 40 n² bytes, or the time for m edges is over the limit.

    Cost: about 3,000 edges a second, and n shortest-path searches.

    Example:
        >>> from mixcli.catalog import MEASURES
        >>> MEASURES.make("ollivier_grc:0.5,method=OTD")
        OllivierGRC(alpha=0.5, method='OTD', length='inverse', paths='all_pairs')

    Source: Ni et al. 2015, "Ricci curvature of the Internet topology"; Ollivier 2009.
    """

    alpha: float = param(0.0, "probability to stay", ge=0, le=1)
    method: Literal["OTD", "Sinkhorn", "ATD", "OTDSinkhornMix"] = param("OTD", "how masses are transported")
    length: Literal["inverse", "weight"] = param("inverse", "length of an edge: 1 / conductance, or the weight itself")
    paths: Literal["all_pairs", "pairwise"] = param("all_pairs", "distances: one table, or edge by edge")

    level: ClassVar[Level] = "edge"
    range: ClassVar[str] = "(-∞, 1]"
    better = "higher"
    cost: ClassVar[str] = "about 3,000 edges a second, and 40 n² bytes"
    disconnected: ClassVar[str] = "no difference: a property of each edge's surroundings"
    equation: ClassVar[str] = "1 - W1(μ_i, μ_j)/d(i,j), masses α at i and (1-α) exp(-ℓ²)/Σexp(-ℓ²) around it"
    cites: ClassVar[str] = "Ni et al. 2015; Ollivier 2009"

    def compute(self, graph: Graph, context: Context) -> Values:
        require()
        if self.method == "ATD" and self.paths == "pairwise":
            raise NotApplicable("ATD with paths=all_pairs", "paths=pairwise", "take the table, or method=OTD")
        if self.method == "Sinkhorn" and not 0 < self.alpha < 1:  # masses of 0 make the scaling divide by 0
            raise NotApplicable("0 < alpha < 1 for Sinkhorn", f"alpha={self.alpha:g}", "take method=OTD, or alpha=0.5")
        check_limits(graph, context, [graph.n], runs=1, table=self.paths == "all_pairs", faster="use ollivier")
        details = {"method": self.method, "length": self.length}
        if graph.m == 0:
            return Values("edge", np.zeros(0), exact=self.method == "OTD", details=details)
        with in_process(lambda done: context.progress("ollivier_grc", done, graph.m)) as (package, loop):
            solver = package.OllivierRicci(
                networkx_graph(graph, self.length), alpha=self.alpha, method=self.method, proc=1,
                shortest_path=self.paths, verbose="ERROR",
            )  # fmt: skip
            solver.compute_ricci_curvature()
            data = edge_values(graph, solver.G, "ricciCurvature")
        exact = self.method == "OTD" and int(graph.degree.max()) <= 3000
        return Values("edge", data, exact=exact, details=details | ({"warnings": loop.said} if loop.said else {}))


def require() -> Any:
    """The module of GraphRicciCurvature that computes.

    Raises:
        NotApplicable: it is not installed.
    """
    try:
        from GraphRicciCurvature import OllivierRicci
    except ModuleNotFoundError as error:
        raise NotApplicable(
            "GraphRicciCurvature to be installed", f"no module {error.name}",
            "run `pip install GraphRicciCurvature` with Python 3.11 or 3.12, or use ollivier, which does not need it",
        ) from error  # fmt: skip
    return OllivierRicci


def check_limits(graph: Graph, context: Context, sizes: ArrayLike, *, runs: int, table: bool, faster: str) -> None:
    """Refuse what the package would take too much memory or time for.

    Args:
        graph: the graph.
        context: its limits count.
        sizes: numbers of nodes of the parts that it is given one after the other.
        runs: how often curvature is computed.
        table: whether it tabulates the distances of all pairs.
        faster: the way around where it takes too long.
    """
    pairs = np.asarray(sizes, np.float64) ** 2
    if table:
        context.limits.check(
            "GraphRicciCurvature", memory=PAIR * float(pairs.max(initial=0)),
            instead="use ollivier, or ollivier_grc:paths=pairwise, which keep no table of distances",
        )  # fmt: skip
    work = runs * (EDGE_WORK * graph.m + PAIR_WORK * float(pairs.sum()))
    context.limits.check("GraphRicciCurvature", operations=work, instead=faster)


def networkx_graph(graph: Graph, length: str) -> nx.Graph:
    """Nodes 0 … n-1 and, as `weight`, what the package takes for a length."""
    from mixcli.io.adapters import to_networkx

    weight = np.ones(graph.m) if graph.weight is None else graph.weight
    return to_networkx(Graph(graph.n, graph.edges, weight=1 / weight if length == "inverse" else weight.copy()))


def edge_values(graph: Graph, G: nx.Graph, key: str) -> np.ndarray:
    """(m,) an attribute of the edges, in the order of graph.edges."""
    return np.array([G[u][v][key] for u, v in graph.edges.tolist()], dtype=np.float64)


@contextmanager
def in_process(tell: Callable[[int], None]) -> Iterator[tuple[Any, Loop]]:
    """The package with a loop in place of its process pool, and that loop.

    Its pool forks (unsafe next to threads, impossible on some systems, deaf to Ctrl-C while it joins); the loop gives
    the same values in the same order. One thread at a time.
    """
    module = require()
    loop = Loop(module, tell)
    with _ALONE, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        pool, module.mp = module.mp, loop
        try:
            yield module, loop
        finally:
            module.mp, module._apsp = pool, {}
            _forget(module)
            loop.said += sorted({str(w.message) for w in caught if not issubclass(w.category, DeprecationWarning)})


class Loop:
    """What the package uses of `multiprocessing`, in one process.

    Args:
        module: the package's module.
        tell: called with the number of edges done.
    """

    def __init__(self, module: Any, tell: Callable[[int], None]) -> None:
        self.module, self.tell = module, tell
        self.runs = 0  # how often curvature was computed
        self.said: list[str] = []  # warnings, once the work is over

    def get_context(self, method: str) -> Loop:
        return self

    def Pool(self, processes: int) -> Loop:
        return self

    def __enter__(self) -> Loop:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def close(self) -> None:
        pass

    def join(self) -> None:
        pass

    def imap_unordered(self, function: Callable[[Any], Any], items: Iterable[Any], chunksize: int) -> list[Any]:
        _forget(self.module)  # forked processes start with empty caches, and the package counts on that
        found = []
        for done, item in enumerate(items):
            found.append(function(item))
            if done % 100 == 99:
                self.tell(done + 1)
        self.tell(len(found))
        self.runs += 1
        return found


def _forget(module: Any) -> None:
    """Empty the caches that belong to one graph."""
    for name in ("_get_single_node_neighbors_distributions", "_source_target_shortest_path",
                 "_source_target_shortest_paths"):  # fmt: skip
        getattr(module, name).cache_clear()
