"""PROXYADD and PROXYDELETE: edges by the first-order change of the spectral gap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from mixcli.graph import Graph
from mixcli.numerics.connected import connected
from mixcli.numerics.gap_mode import gap_mode, greatest_gain, rates
from mixcli.numerics.neighbours import Neighbours
from mixcli.rewiring.base import Edit, Rewiring
from mixcli.rewiring.graph.fosr import on_grid
from mixcli.spec import param

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.context import Context
    from mixcli.rewiring.base import Rules

__all__ = ["Proxy"]

Found = tuple[float, int, int]


@dataclass(frozen=True)
class Proxy(Rewiring):
    """Add or delete the edge that to first order widens the spectral gap most.

    Equation: with L y = λ D̃ y, yᵀD̃y = 1, D̃ = D + I, λ the smallest eigenvalue above 0, and
    Δ_uv = (y_u - y_v)² - λ (y_u² + y_v²): add argmax Δ over the pairs that are no edge, or delete argmax -w_uv Δ_uv
    over the edges (w = 1 without weights).

    λ is the spectral gap of the graph with a self-loop at every node, as graph convolutions see it, and Δ its exact
    derivative by the conductance of uv where λ is simple. Deleting an edge can widen the gap. The best pair is found
    without looking at all of them.

    Stated rules: only the largest component is rewired (the gap of a disconnected graph is 0), and components are never
    joined. Where λ is not simple, y is the part of one fixed vector in its eigenspace. Values of y are compared on a
    grid of 2^-32 of the largest, so that symmetric pairs tie, and the smallest (u, v) wins. A deletion that would
    disconnect the graph is passed over unless `disconnect`. A complete component gets nothing, a single node or edge
    neither gets nor loses anything. It goes on where even the best edge narrows the gap.
    Weights are conductances and decide; an added edge has conductance 1.

    Args:
        mode: "add" or "delete".
        iterations: edges to add or delete.
        per_solve: edges chosen with one y before it is computed anew.
        loops: conductance of the self-loop at every node; 0 gives the gap of the graph as it is.
        disconnect: deletions may disconnect the graph; the largest part goes on being rewired.
        variant: "paper", or "released" for the released code, which scales the values y_u, together with the trivial
            eigenvector, to length 1 at each node instead of over all nodes: y_u / √(y_u² + 1 / vol), vol = Σ D̃.

    Yields:
        Additions with Δ as score, or deletions with -w Δ: the change of λ to first order.

    Raises:
        LimitExceeded: the mode cannot be computed (a very large graph with a tiny gap).

    Cost: an eigenvector per edge (n <= 400 dense, else some hundred products with A), and O(m + n log n); O(n + m)
    memory.

    Example:
        >>> from mixcli.generators.graphs import lollipop
        >>> from mixcli.rewiring.base import rewire
        >>> [e[1:3] for e in rewire(lollipop(5, 3), "proxy:mode=add,iterations=2").edits]
        [(0, 7), (1, 6)]

    Source: Jamadandi, Rubio-Madrigal & Burkholz, "Spectral graph pruning against over-squashing and over-smoothing",
    NeurIPS 2024. Search without n² pairs, recomputation after every edge, weights and the rules above are ours.
    """

    mode: Literal["add", "delete"] = param("add", "add or delete edges")
    iterations: int = param(10, "edges to add or delete", ge=0)
    per_solve: int = param(1, "edges chosen with one eigenvector", ge=1)
    loops: float = param(1.0, "conductance of the self-loop at every node", ge=0)
    disconnect: bool = param(False, "deletions may disconnect the graph")
    variant: Literal["paper", "released"] = param("paper", "how the eigenvector is scaled")

    removes = True
    seeded = False
    cost = "an eigenvector per edge, O(n + m) memory"
    equation = "Δ_uv = (y_u - y_v)² - λ (y_u² + y_v²); add argmax Δ, or delete argmax -Δ"
    cites = "Jamadandi, Rubio-Madrigal & Burkholz, NeurIPS 2024"
    score = "change of the gap to first order"
    deviations = (
        "eigenvectors scaled at each node instead of over all nodes (variant=released)",
        "many edges per eigenvector (per_solve)",
        "all pairs that are no edge in one list",
        "a sample of 1,500 pairs where the gap is to be narrowed",
    )

    def edits(self, graph: Graph, context: Context, rules: Rules) -> Iterator[Edit]:
        state = _State(graph, rules, self)
        for step in range(self.iterations):
            if step % self.per_solve == 0 and not state.solve():
                return
            found = state.best_addition() if self.mode == "add" else state.best_deletion()
            if found is None:
                return
            op: Literal["add", "remove"] = "add" if self.mode == "add" else "remove"
            yield Edit(op, found[1], found[2], found[0], step, f"gap {state.value:.4g}")
            state.change(op, found[1], found[2])


class _State:
    """The graph as it is now, and the slowest mode of its largest component."""

    def __init__(self, graph: Graph, rules: Rules, method: Proxy) -> None:
        self._graph, self._rules, self._method = graph, rules, method
        self._around = Neighbours(graph)
        self._bridges: set[tuple[int, int]] = set()  # deletions make no bridge anything else
        self._nodes = np.zeros(0, np.int64)
        self._mode: NDArray[np.float64] | None = None
        self.value = 0.0

    def solve(self) -> bool:
        """Compute the mode; False where no component has three nodes."""
        graph, nodes = self._graph, self._nodes
        if not len(nodes) or self._method.disconnect:  # otherwise no edit changes the components
            components = graph.components
            if graph.n == 0 or components.sizes.max() < 3:
                return False
            nodes = np.flatnonzero(components.of_node == components.largest)
        start = self._mode if len(nodes) == len(self._nodes) else None
        part = graph if len(nodes) == graph.n else graph.subgraph(nodes)
        self.value, mode = gap_mode(part, self._method.loops, start)
        self._nodes, self._mode = nodes, mode
        if self._method.variant == "released":
            mode = mode / np.sqrt(mode * mode + 1.0 / (part.strength + self._method.loops).sum())
        self._y = np.zeros(graph.n)
        self._y[nodes] = on_grid(mode)
        return True

    def best_addition(self) -> Found | None:
        """The pair to join."""
        allowed = self._rules.may_add if self._rules else None
        return greatest_gain(self.value, self._y[self._nodes], self._nodes, self._around, allowed)

    def best_deletion(self) -> Found | None:
        """The edge to delete."""
        graph = self._graph
        inside = np.isin(graph.edges[:, 0], self._nodes)
        edges = graph.edges[inside]
        gain = -rates(self.value, self._y, edges)
        if graph.weight is not None:
            gain *= graph.weight[inside]
        for row in np.argsort(-gain, kind="stable").tolist():
            u, v = edges[row].tolist()
            if self._may_go(u, v):
                return float(gain[row]), u, v
        return None

    def change(self, op: str, u: int, v: int) -> None:
        """Take note of an edit."""
        graph, key = self._graph, (u, v)
        row = int(np.searchsorted(graph.edges[:, 0] * graph.n + graph.edges[:, 1], u * graph.n + v))
        weight = graph.weight
        if op == "add":
            edges = np.insert(graph.edges, row, key, axis=0)
            weight = None if weight is None else np.insert(weight, row, 1.0)
            self._around.add(u, v)
        else:
            edges = np.delete(graph.edges, row, axis=0)
            weight = None if weight is None else np.delete(weight, row)
            self._around.remove(u, v)
        self._graph = Graph(graph.n, edges, weight=weight, name=graph.name)

    def _may_go(self, u: int, v: int) -> bool:
        if self._rules and not self._rules.may_remove(u, v):
            return False
        if self._method.disconnect:
            return True
        if (u, v) not in self._bridges and not connected(self._around, u, v, without=True):
            self._bridges.add((u, v))
        return (u, v) not in self._bridges
