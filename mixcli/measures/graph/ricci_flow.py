"""Discrete Ricci flow, and the communities it separates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from mixcli.context import Context
from mixcli.errors import NotApplicable, UsageError
from mixcli.graph import Graph
from mixcli.measures.base import Level, Measure, Values
from mixcli.measures.graph.ollivier_grc import check_limits, edge_values, in_process, networkx_graph, require
from mixcli.spec import param

if TYPE_CHECKING:
    import networkx as nx
    from numpy.typing import NDArray

SCAN = 400  # cut-offs tried at most
_Flow = tuple["NDArray[np.float64]", "NDArray[np.float64]", "NDArray[np.bool_]", int]


@dataclass(frozen=True)
class RicciFlow(Measure):
    """Ricci flow metric of each edge after some iterations: long where the edge joins communities.

    ℓ_ij ← ℓ_ij (1 - step κ_ij), then all ℓ scaled to mean 1, and κ computed anew from ℓ, repeatedly. Edges of negative
    curvature grow, edges within communities shrink. Cutting the long ones leaves the communities.

    Computed by GraphRicciCurvature: κ as in `ollivier_grc` with masses exp(-ℓ²), ℓ starting at 1 / conductance (1
    without weights). Each connected component flows on its own (the package by itself takes the largest only). Edges
    longer than a cut-off are taken away, and what hangs together then is a community. The cut-off is ours: the one of
    largest modularity in the given graph. (The package's rule looks for a drop between two cut-offs above 1 and finds
    none where one cut separates everything, as in a ring of cliques.)

    Args:
        iterations: most iterations.
        step: step size.
        alpha: probability to stay, in [0, 1].
        value: the edge's value: "metric" ℓ after the flow, or "curvature" κ after the flow (all nearly equal once it
            has converged).
        surgery: remove edges with ℓ > cut every so many iterations, from the one after the first so many; 0 for never.
        cut: the ℓ from where on surgery removes an edge (the mean is 1).
        communities: how many to cut into (more where several edges are equally long); 0 for the largest modularity.
        delta: stop when the largest and the smallest curvature differ by less.

    Returns:
        Values: (m,) in the order of graph.edges; edges removed by surgery have the value they were removed with.
        details: `community` of each node (numbered by smallest node), their `sizes`, `modularity` of that partition
        in the given graph, `cutoff` (null where nothing is cut), `iterations` done, `spread` of the
        curvature at the end, whether it `converged`, edges `removed` by surgery.

    Raises:
        NotApplicable: GraphRicciCurvature is not installed (it needs Python < 3.13), or more communities than nodes.
        UsageError: surgery without `cut`.
        LimitExceeded: 40 n² bytes for the n nodes of the largest component, or iterations times the time of
            `ollivier_grc`, are over the limit.

    Cost: (iterations + 1) times that of `ollivier_grc`: 3,000 edges a second.

    Example:
        >>> from mixcli.catalog import MEASURES
        >>> flow = MEASURES.make("ricci_flow:50,communities=2")
        >>> flow.iterations, flow.alpha, flow.communities
        (50, 0.5, 2)

    Source: Ni, Lin, Luo, Gao 2019, "Community detection on networks with Ricci flow", Algorithm 1.
    """

    iterations: int = param(20, "most iterations", ge=1)
    step: float = param(1.0, "step size", gt=0, le=1)
    alpha: float = param(0.5, "probability to stay", ge=0, le=1)
    value: Literal["metric", "curvature"] = param("metric", "what an edge's value is, after the flow")
    surgery: int = param(0, "remove long edges after every so many iterations; 0 for never", ge=0)
    cut: float = param(0.0, "length above which surgery removes an edge; the mean is 1", ge=0)
    communities: int = param(0, "communities to cut into; 0 for the largest modularity", ge=0)
    delta: float = param(1e-4, "spread of the curvature at which to stop", ge=0)

    level: ClassVar[Level] = "edge"
    range: ClassVar[str] = "[0, m]"
    cost: ClassVar[str] = "(iterations + 1) m / 3,000 seconds, and 40 n² bytes for the largest component"
    disconnected: ClassVar[str] = "each component flows on its own"
    equation: ClassVar[str] = "ℓ ← ℓ (1 - step κ), scaled to mean 1, κ from ℓ by Ollivier's definition; repeat"
    cites: ClassVar[str] = "Ni et al. 2019, Algorithm 1"

    def __post_init__(self) -> None:
        if self.surgery and not self.cut:
            raise UsageError("cut=LENGTH with surgery", "none", "give the length from where on edges go, such as cut=4")

    def compute(self, graph: Graph, context: Context) -> Values:
        require()
        if self.communities > graph.n:
            raise NotApplicable(
                f"at most {graph.n} communities", str(self.communities), "ask for fewer", where=graph.name
            )
        check_limits(
            graph, context, np.bincount(graph.components.of_node), runs=self.iterations + 1, table=True,
            faster="use fewer iterations, or ollivier",
        )  # fmt: skip
        metric, curvature, kept = np.zeros(graph.m), np.zeros(graph.m), np.ones(graph.m, bool)
        spread, iterations = 0.0, 0
        of_edge = graph.components.of_node[graph.edges[:, 0]]
        for c in np.unique(of_edge).tolist():
            rows = np.flatnonzero(of_edge == c)
            metric[rows], curvature[rows], kept[rows], done = self._flow(graph.component(c), context)
            left = curvature[rows][kept[rows]]
            spread = max(spread, float(np.ptp(left)) if len(left) else 0.0)
            iterations = max(iterations, done)
        cutoff, community = _cut(graph, np.where(kept, metric, np.inf), self.communities)
        details = {
            "communities": int(community.max(initial=-1)) + 1, "sizes": np.bincount(community).tolist(),
            "modularity": _modularity(graph, community), "cutoff": cutoff, "iterations": iterations, "spread": spread,
            "converged": spread <= self.delta, "removed": int((~kept).sum()), "community": community.tolist(),
        }  # fmt: skip
        return Values("edge", metric if self.value == "metric" else curvature, details=details)

    def _flow(self, graph: Graph, context: Context) -> _Flow:
        """The flow on a connected graph with edges: metric, curvature, edges that surgery has left, iterations."""
        total = (self.iterations + 1) * graph.m
        gone: dict[tuple[int, int], dict[str, float]] = {}

        def operate(G: nx.Graph, weight: str) -> nx.Graph:
            for u, v, edge in list(G.edges(data=True)):
                if edge[weight] > self.cut:
                    gone[min(u, v), max(u, v)] = dict(edge)
                    G.remove_edge(u, v)
            return G

        with in_process(lambda done: context.progress("ricci_flow", loop.runs * graph.m + done, total)) as (grc, loop):
            solver = grc.OllivierRicci(
                networkx_graph(graph, "inverse"), alpha=self.alpha, method="OTD", proc=1, verbose="ERROR"
            )
            G = solver.compute_ricci_curvature()
            start = edge_values(graph, G, "ricciCurvature")
            if np.ptp(start) <= self.delta:  # stationary; and where κ = 1 throughout, the package would divide by 0
                metric = edge_values(graph, G, "weight")
                return metric / metric.mean(), start, np.ones(graph.m, bool), 0
            for _, _, edge in G.edges(data=True):
                edge["original_RC"] = edge["ricciCurvature"]  # the package starts from these
            surgery = (operate, self.surgery) if self.surgery else (lambda G, weight: G, self.iterations + 1)
            G = solver.compute_ricci_flow(iterations=self.iterations, step=self.step, delta=self.delta, surgery=surgery)
        pairs = list(map(tuple, graph.edges.tolist()))
        kept = np.array([G.has_edge(*e) for e in pairs])
        edges = [gone[e] if e in gone else G.edges[e] for e in pairs]
        metric, curvature = (np.array([edge[k] for edge in edges], np.float64) for k in ("weight", "ricciCurvature"))
        return metric, curvature, kept, loop.runs - 1


def _cut(graph: Graph, metric: NDArray[np.float64], wanted: int) -> tuple[float | None, NDArray[np.int64]]:
    """The length from which on edges are cut (None: no edge is), and the community of each node.

    Communities change only where an edge of a minimum spanning forest falls; the longest cut-off wins a tie.
    """
    if graph.m == 0:
        return None, graph.components.of_node
    steps = np.unique(_forest(graph, metric))[::-1]
    if not wanted and len(steps) > SCAN:
        steps = steps[np.linspace(0, len(steps) - 1, SCAN).astype(np.int64)]
    best: tuple[float, float | None, NDArray[np.int64]] = (-np.inf, None, graph.components.of_node)
    for longest in [np.inf, *steps.tolist()]:
        kept = metric < longest
        community = Graph(graph.n, graph.edges[kept]).components.of_node
        found = float(community.max() + 1 >= wanted) if wanted else _modularity(graph, community)
        if found > best[0] + 1e-12:
            best = found, None if kept.all() else float(metric[kept].max(initial=0.0)), community
        if wanted and found:
            break
    return best[1:]


def _forest(graph: Graph, metric: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lengths of the edges of a minimum spanning forest."""
    root = list(range(graph.n))
    found = []
    for e in np.argsort(metric, kind="stable").tolist():
        u, v = graph.edges[e].tolist()
        while root[u] != u:
            root[u] = u = root[root[u]]
        while root[v] != v:
            root[v] = v = root[root[v]]
        if u != v:
            root[u] = v
            found.append(metric[e])
    return np.array(found)


def _modularity(graph: Graph, community: NDArray[np.int64]) -> float:
    """Σ over communities of (weight inside) / W - (Σ strengths / 2W)², 0 without edges."""
    if graph.m == 0:
        return 0.0
    weight = np.ones(graph.m) if graph.weight is None else graph.weight
    inside = community[graph.edges[:, 0]] == community[graph.edges[:, 1]]
    volume = np.bincount(community, weights=graph.strength)
    total = weight.sum()
    return float(weight[inside].sum() / total - ((volume / (2 * total)) ** 2).sum())
