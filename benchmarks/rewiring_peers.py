"""The published rewirings as they read, on dense matrices and lists of all pairs: what `rewiring.py` compares with.

Each takes a graph and what the method needs, and returns what can be compared: the edges it adds, or the curvatures
that decide where the edges depend on what a solver happens to return.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mixcli.graph import Graph

Pairs = list[tuple[int, int]]


def dense(graph: Graph) -> NDArray[np.float64]:
    """The adjacency matrix."""
    a = np.zeros((graph.n, graph.n))
    a[graph.edges[:, 0], graph.edges[:, 1]] = a[graph.edges[:, 1], graph.edges[:, 0]] = 1.0
    return a


def fosr(graph: Graph, edges: int, start: NDArray[np.float64], power_steps: int = 5) -> Pairs:
    """FoSR with an n × n product for every edge."""
    a, x, found = dense(graph), start, []
    for step in range(power_steps + edges):
        d = a.sum(axis=0)
        if step >= power_steps:
            y = x / np.sqrt(1 + d)
            product = np.outer(y, y)
            product[a > 0] = np.inf
            np.fill_diagonal(product, np.inf)
            u, v = divmod(int(product.argmin()), graph.n)
            found.append((min(u, v), max(u, v)))
            a[u, v] = a[v, u] = 1.0
            d = a.sum(axis=0)
        x = x - (x @ np.sqrt(d)) * np.sqrt(d) / d.sum()
        x = x + (a @ (x / np.sqrt(d))) / np.sqrt(d)
        x = x / np.linalg.norm(x)
    return found


def balanced_forman(a: NDArray[np.float64], i: int, j: int) -> float:
    """Balanced Forman curvature of one edge from rows of the adjacency matrix."""
    d_i, d_j = a[i].sum(), a[j].sum()
    low, high = min(d_i, d_j), max(d_i, d_j)
    if low == 1:
        return 0.0
    only_i, only_j = a[i] * (1 - a[j]), a[j] * (1 - a[i])
    only_i[j] = only_j[i] = 0.0
    t = a[i] @ a[j]
    over_i, over_j = a[only_i > 0] @ only_j, a[only_j > 0] @ only_i
    most = max(over_i.max(initial=0), over_j.max(initial=0))
    value = 2 / high + 2 / low - 2 + 2 * t / high + t / low
    return value + ((over_i > 0).sum() + (over_j > 0).sum()) / (most * high) if most else value


def sdrf(graph: Graph, steps: int) -> Pairs:
    """SDRF with τ = ∞: all curvatures and all candidates anew in every step."""
    a, found = dense(graph), []
    for _ in range(steps):
        edges = np.argwhere(np.triu(a))
        values = np.array([balanced_forman(a, i, j) for i, j in edges])
        i, j = edges[values.argmin()]
        now = values.min()
        best: tuple[float, int, int] | None = None
        for k in sorted({i, *np.flatnonzero(a[i])}):
            for w in sorted({j, *np.flatnonzero(a[j])}):
                if k == w or a[k, w]:
                    continue
                a[k, w] = a[w, k] = 1.0
                gain = balanced_forman(a, i, j) - now
                a[k, w] = a[w, k] = 0.0
                if best is None or gain > best[0]:
                    best = gain, int(k), int(w)
        if best is None:
            break
        a[best[1], best[2]] = a[best[2], best[1]] = 1.0
        found.append((min(best[1:]), max(best[1:])))
    return found


def borf(graph: Graph, additions: int, removals: int) -> NDArray[np.float64]:
    """One batch of BORF with all shortest paths of networkx and one transport problem of POT an edge: curvatures."""
    import networkx as nx
    import ot

    g = nx.Graph(graph.edges.tolist())
    g.add_nodes_from(range(graph.n))
    apart = dict(nx.all_pairs_shortest_path_length(g))
    values, plans = [], []
    for u, v in graph.edges.tolist():
        of_u, of_v = list(g[u]), list(g[v])
        cost = np.array([[apart[p][q] for q in of_v] for p in of_u], dtype=float)
        plan = ot.emd(np.full(len(of_u), 1 / len(of_u)), np.full(len(of_v), 1 / len(of_v)), cost)
        values.append(1 - float((plan * cost).sum()))
        p, q = divmod(int((plan * cost).argmax()), len(of_v))
        plans.append((of_u[p], of_v[q]))
    order = np.argsort(values, kind="stable")
    for row in order[:additions]:
        if plans[row][0] != plans[row][1]:
            g.add_edge(*plans[row])
    g.remove_edges_from(graph.edges[row] for row in order[len(order) - removals :])
    return np.array(values)


def gtr(graph: Graph, edges: int) -> NDArray[np.float64]:
    """Greedy total resistance with a pseudoinverse for every edge: the drops of the sum of all resistances."""
    a, drops = dense(graph), []
    for _ in range(edges):
        p = np.linalg.pinv(np.diag(a.sum(axis=0)) - a, hermitian=True)
        s = p @ p
        far = np.diag(p)[:, None] + np.diag(p) - 2 * p
        score = graph.n * (np.diag(s)[:, None] + np.diag(s) - 2 * s) / (1 + far)
        score[(a > 0) | np.eye(graph.n, dtype=bool)] = -np.inf
        u, v = divmod(int(score.argmax()), graph.n)
        drops.append(float(score[u, v]))
        a[u, v] = a[v, u] = 1.0
    return np.array(drops)


def afrc(graph: Graph, cycles: int) -> NDArray[np.float64]:
    """One pass of AFR from powers of the adjacency matrix and a mixture of two normals: curvatures."""
    a = dense(graph)
    d, (u, v) = a.sum(axis=0), graph.edges.T
    square = a @ a
    value = 4 - d[u] - d[v] + 3 * square[u, v]
    if cycles == 4:
        value = value + 2 * ((square @ a)[u, v] - d[u] - d[v] + 1)
    mean, deviation = np.percentile(value, [25, 75]), np.full(2, value.std() + 1e-6)
    weight = np.full(2, 0.5)
    for _ in range(100):
        density = weight / deviation * np.exp(-0.5 * ((value[:, None] - mean) / deviation) ** 2) + 1e-300
        share = density / density.sum(axis=1, keepdims=True)
        weight, mean = share.mean(axis=0), (share * value[:, None]).sum(axis=0) / share.sum(axis=0)
        spread = (share * (value[:, None] - mean) ** 2).sum(axis=0) / share.sum(axis=0)
        deviation = np.sqrt(spread) + 1e-6
    low = (mean[0] * deviation[1] + mean[1] * deviation[0]) / deviation.sum()
    high = mean.max() + deviation[mean.argmax()]
    rng = np.random.default_rng(0)
    for i, j in graph.edges[value > high].tolist():
        a[i, j] = a[j, i] = 0.0
    for i, j in graph.edges[value < low].tolist():
        for near, far in ((i, j), (j, i)):
            only = np.flatnonzero(a[near] * (1 - a[far]))
            only = only[only != far]
            if len(only):
                k = rng.choice(only)
                a[far, k] = a[k, far] = 1.0
                break
    return np.asarray(value)


def digl(graph: Graph, alpha: float, k: int) -> set[tuple[int, int]]:
    """Personalised PageRank by a dense inverse: the pairs among the k largest entries of the column of either end."""
    a = dense(graph) + np.eye(graph.n)
    root = np.sqrt(a.sum(axis=0))
    s = alpha * np.linalg.inv(np.eye(graph.n) - (1 - alpha) * a / np.outer(root, root))
    s = np.rint(s * 2.0**40)  # entries that are equal by symmetry
    rows = np.argsort(-s, axis=0, kind="stable")[:k]
    keep = np.zeros(s.shape, dtype=bool)
    np.put_along_axis(keep, rows, True, axis=0)
    keep &= s > 0
    return set(map(tuple, np.argwhere(np.triu(keep | keep.T, 1)).tolist()))


PEERS: dict[str, Callable[..., Any]] = {
    "fosr": fosr, "sdrf": sdrf, "borf": borf, "gtr": gtr, "afrc": afrc, "digl": digl
}  # fmt: skip
