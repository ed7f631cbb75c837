"""Random graphs: drawn by Hypothesis, small, of every shape, often disconnected; and fifty that are always the same."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from mixcli.generators import graphs as families
from mixcli.graph import Graph, from_arcs

FIFTY = [
    make(seed)
    for seed in range(10)
    for make in (
        lambda s: families.erdos_renyi(12, 20, s),
        lambda s: families.erdos_renyi(16, 60, s),
        lambda s: families.barabasi_albert(24, 2, s),
        lambda s: families.watts_strogatz(20, 6, 0.3, s),
        lambda s: families.regular(14, 3, s),
    )
]
"""Ten each of five families, for what is held equal to something slow."""


@st.composite
def graphs(draw: st.DrawFn, max_nodes: int = 12, weighted: bool = False, directed: bool = False) -> Graph:
    """A simple graph with 1 … max_nodes nodes; conductances over four decades where weighted."""
    n = draw(st.integers(1, max_nodes))
    pairs = [(u, v) for u in range(n) for v in range(n) if u != v and (directed or u < v)]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=4 * n)) if pairs else []
    weight = None
    if weighted:
        weight = np.array([10 ** draw(st.floats(-2, 2)) for _ in chosen], dtype=np.float64)
    arcs = np.array(chosen, dtype=np.int64).reshape(-1, 2)
    return from_arcs(n, arcs, directed=directed, listing="once", weight=weight)


def relabelled(graph: Graph, seed: int = 0) -> tuple[Graph, np.ndarray]:
    """The same graph under other node numbers, and for each of its edges the row it had before."""
    new = np.random.default_rng(seed).permutation(graph.n)
    moved = new[graph.edges]
    if not graph.directed:
        moved = np.sort(moved, axis=1)
    order = np.lexsort((moved[:, 1], moved[:, 0]))
    weight = None if graph.weight is None else graph.weight[order]
    return Graph(graph.n, moved[order], graph.directed, weight), order
