"""The zoo: graph families by name, most of them with closed-form answers (`zoo:barbell:k=5` on the command line)."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from mixcli.errors import UsageError
from mixcli.generators.sized import EDGE, NODE, Forecast, power, sized
from mixcli.graph import Graph, from_arcs

if TYPE_CHECKING:
    from numpy.typing import NDArray

LOOPED = 340
"""Bytes that an edge costs where edges are kept in Python's lists and sets on the way (measured: 204 to 268)."""

CLIQUE = 200
"""Bytes that each of many cliques costs beside its edges."""


def _size(nodes: float, edges: float, edge: int = EDGE, more: float = 0) -> Forecast:
    return Forecast(nodes, edges, NODE * nodes + edge * edges + more)


def _pairs_of(k: int) -> int:
    return k * (k - 1) // 2


def _tree_size(branching: int, height: int) -> Forecast:
    leaves = power(branching, height)
    inner = height if branching == 1 else (leaves - 1) // (branching - 1)
    return _size(inner + leaves, inner + leaves - 1)


def _erdos_renyi_size(n: int, m: int, seed: int) -> Forecast:
    edges = min(m, _pairs_of(n))
    return _size(n, edges, 2 * EDGE, EDGE * _pairs_of(n) if 3 * m > _pairs_of(n) else 0)


@sized(lambda n: _size(n, n - 1))
def path(n: int = 10) -> Graph:
    """Path P_n: n nodes in a row."""
    _need("n", n, 1)
    return _graph("path", n, _row(np.arange(n)))


@sized(lambda n: _size(n, n))
def cycle(n: int = 10) -> Graph:
    """Cycle C_n: n nodes in a ring."""
    _need("n", n, 3)
    return _graph("cycle", n, _ring(np.arange(n)))


@sized(lambda n: _size(n, _pairs_of(n)))
def complete(n: int = 5) -> Graph:
    """Complete graph K_n: every pair is an edge."""
    _need("n", n, 1)
    return _graph("complete", n, _clique(np.arange(n)))


@sized(lambda n: _size(n, n - 1))
def star(n: int = 6) -> Graph:
    """Star K_{1,n-1}: node 0 joined to all others."""
    _need("n", n, 2)
    return _graph("star", n, np.stack([np.zeros(n - 1, np.int64), np.arange(1, n)], axis=1))


@sized(lambda a, b: _size(a + b, a * b))
def bipartite(a: int = 3, b: int = 3) -> Graph:
    """Complete bipartite graph K_{a,b}: nodes 0 … a-1 joined to a … a+b-1."""
    _need("a", a, 1)
    _need("b", b, 1)
    return _graph("bipartite", a + b, _pairs(*np.indices((a, b)) + np.array([0, a])[:, None, None]))


@sized(lambda rows, columns: _size(rows * columns, 2 * rows * columns))
def grid(rows: int = 4, columns: int = 4) -> Graph:
    """Grid: the product of two paths, numbered row by row."""
    _need("rows", rows, 1)
    _need("columns", columns, 1)
    ids = np.arange(rows * columns).reshape(rows, columns)
    return _graph("grid", ids.size, _join(_pairs(ids[:, :-1], ids[:, 1:]), _pairs(ids[:-1], ids[1:])))


@sized(lambda rows, columns: _size(rows * columns, 2 * rows * columns))
def torus(rows: int = 6, columns: int = 6) -> Graph:
    """Torus: the product of two cycles, numbered row by row; 4-regular."""
    _need("rows", rows, 3)
    _need("columns", columns, 3)
    ids = np.arange(rows * columns).reshape(rows, columns)
    return _graph("torus", ids.size, _join(_pairs(ids, np.roll(ids, -1, 1)), _pairs(ids, np.roll(ids, -1, 0))))


@sized(lambda d: _size(power(2, d), d * power(2, d) / 2))
def hypercube(d: int = 3) -> Graph:
    """Hypercube Q_d: 2^d nodes, an edge where two numbers differ in one bit."""
    _need("d", d, 0)
    ids = np.arange(2**d)
    parts = [_pairs(ids[(ids >> b) & 1 == 0], ids[(ids >> b) & 1 == 0] | (1 << b)) for b in range(d)]
    return _graph("hypercube", 2**d, _join(*parts))


@sized(_tree_size)
def tree(branching: int = 2, height: int = 3) -> Graph:
    """Balanced tree: node 0 is the root, every inner node has `branching` children."""
    _need("branching", branching, 1)
    _need("height", height, 0)
    n = sum(branching**level for level in range(height + 1))
    child = np.arange(1, n)
    return _graph("tree", n, np.stack([(child - 1) // branching, child], axis=1))


@sized(lambda: _size(10, 15))
def petersen() -> Graph:
    """Petersen graph: 10 nodes, 3-regular, girth 5; outer ring 0-4, inner star 5-9."""
    outer = np.arange(5)
    return _graph("petersen", 10, _join(_ring(outer), _pairs(outer, outer + 5), _pairs(outer + 5, 5 + (outer + 2) % 5)))


@sized(lambda k, bridge: _size(2 * k + bridge, k * (k - 1) + bridge + 1))
def barbell(k: int = 5, bridge: int = 0) -> Graph:
    """Barbell: two cliques K_k joined through a path of `bridge` further nodes (0: one edge)."""
    _need("k", k, 2)
    _need("bridge", bridge, 0)
    middle = np.arange(k - 1, k + bridge + 1)
    right = np.arange(k + bridge, 2 * k + bridge)
    return _graph("barbell", 2 * k + bridge, _join(_clique(np.arange(k)), _row(middle), _clique(right)))


@sized(lambda k, tail: _size(k + tail, _pairs_of(k) + tail))
def lollipop(k: int = 5, tail: int = 3) -> Graph:
    """Lollipop: a clique K_k with a path of `tail` nodes hanging from its last node."""
    _need("k", k, 2)
    _need("tail", tail, 0)
    return _graph("lollipop", k + tail, _join(_clique(np.arange(k)), _row(np.arange(k - 1, k + tail))))


@sized(lambda cliques, k: _size(cliques * k, cliques * (_pairs_of(k) + 1), more=CLIQUE * cliques))
def ring_of_cliques(cliques: int = 4, k: int = 5) -> Graph:
    """Ring of cliques: node 0 of each K_k joined to node 1 of the next."""
    _need("cliques", cliques, 3)
    _need("k", k, 2)
    start = np.arange(cliques) * k
    links = _pairs(start, np.roll(start, -1) + 1)
    return _graph("ring_of_cliques", cliques * k, _join(*(_clique(s + np.arange(k)) for s in start), links))


@sized(_erdos_renyi_size)
def erdos_renyi(n: int = 100, m: int = 300, seed: int = 0) -> Graph:
    """Erdős–Rényi G(n, m): m distinct edges drawn uniformly."""
    _need("n", n, 1)
    most = n * (n - 1) // 2
    if not 0 <= m <= most:
        raise UsageError(f"between 0 and {most} edges on {n} nodes", str(m), where="erdos_renyi")
    rng = np.random.default_rng(seed)
    if 3 * m > most:
        chosen = rng.choice(most, size=m, replace=False)
        u, v = np.triu_indices(n, 1)
        return _graph("erdos_renyi", n, np.stack([u[chosen], v[chosen]], axis=1))
    found: NDArray[np.int64] = np.zeros(0, np.int64)
    while len(found) < m:
        u, v = rng.integers(0, n, (2, 2 * (m - len(found)) + 8))
        key = np.minimum(u, v) * n + np.maximum(u, v)
        found = _first_of_each(np.concatenate([found, key[u != v]]))
    return _graph("erdos_renyi", n, np.stack([found[:m] // n, found[:m] % n], axis=1))


@sized(lambda n, m, seed: _size(n, n * m, LOOPED))
def barabasi_albert(n: int = 100, m: int = 3, seed: int = 0) -> Graph:
    """Barabási–Albert: each new node joins m distinct earlier ones, drawn in proportion to their degree."""
    _need("m", m, 1)
    _need("n", n, m + 1)
    rng = np.random.default_rng(seed)
    ends: list[int] = list(range(m))  # every node as often as it has edges (the first m: once more)
    arcs = []
    for new in range(m, n):
        chosen: set[int] = set(range(m)) if new == m else set()
        while len(chosen) < m:
            chosen.add(ends[int(rng.integers(len(ends)))])
        arcs += [(old, new) for old in sorted(chosen)]
        ends += [*sorted(chosen), *[new] * m]
    return _graph("barabasi_albert", n, np.array(arcs))


@sized(lambda n, k, p, seed: _size(n, n * min(k, n - 1) // 2, LOOPED))
def watts_strogatz(n: int = 100, k: int = 4, p: float = 0.1, seed: int = 0) -> Graph:
    """Watts–Strogatz: a ring where each node joins its k nearest, one end of each edge moved with probability p."""
    _need("n", n, 3)
    if not (2 <= k < n and k % 2 == 0) or not 0 <= p <= 1:
        raise UsageError("an even k from 2 to n-1 and p in [0, 1]", f"k={k}, p={p}", where="watts_strogatz")
    rng = np.random.default_rng(seed)
    present = {(u, (u + j) % n) for u in range(n) for j in range(1, k // 2 + 1)}
    present = {(min(e), max(e)) for e in present}
    for j, u in itertools.product(range(1, k // 2 + 1), range(n)):
        old = (min(u, (u + j) % n), max(u, (u + j) % n))
        if rng.random() >= p or old not in present:
            continue
        w = int(rng.integers(n))
        new = (min(u, w), max(u, w))
        if w != u and new not in present:
            present.remove(old)
            present.add(new)
    return _graph("watts_strogatz", n, np.array(sorted(present)))


@sized(lambda n, d, seed: _size(n, n * min(d, n - 1) // 2, LOOPED))
def regular(n: int = 100, d: int = 3, seed: int = 0) -> Graph:
    """Random d-regular graph, by pairing stubs and repairing the few that clash."""
    if not 0 <= d < n or n * d % 2:
        raise UsageError("0 <= d < n with n·d even", f"n={n}, d={d}", where="regular")
    rng = np.random.default_rng(seed)
    for _ in range(1000):
        present: set[tuple[int, int]] = set()
        stubs = np.repeat(np.arange(n), d)
        while len(stubs):
            stubs = rng.permutation(stubs)
            left: list[int] = []
            for u, v in stubs.reshape(-1, 2).tolist():
                edge = (min(u, v), max(u, v))
                if u == v or edge in present:
                    left += [u, v]
                else:
                    present.add(edge)
            if len(left) == len(stubs):
                break  # stuck: start again
            stubs = np.array(left, dtype=np.int64)
        if len(present) * 2 == n * d:
            return _graph("regular", n, np.array(sorted(present)).reshape(-1, 2))
    raise UsageError("a simple d-regular graph", f"none found for n={n}, d={d}", where="regular")


def _graph(name: str, n: int, pairs: NDArray[np.int64]) -> Graph:
    return from_arcs(n, np.asarray(pairs, dtype=np.int64).reshape(-1, 2), directed=False, name=name)


def _need(what: str, value: int, least: int) -> None:
    if value < least:
        raise UsageError(f"{what} >= {least}", str(value))


def _pairs(a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.stack([a.ravel(), b.ravel()], axis=1)


def _row(nodes: NDArray[np.int64]) -> NDArray[np.int64]:
    return _pairs(nodes[:-1], nodes[1:])


def _ring(nodes: NDArray[np.int64]) -> NDArray[np.int64]:
    return _pairs(nodes, np.roll(nodes, -1))


def _clique(nodes: NDArray[np.int64]) -> NDArray[np.int64]:
    u, v = np.triu_indices(len(nodes), 1)
    return _pairs(nodes[u], nodes[v])


def _join(*parts: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([np.zeros((0, 2), np.int64), *parts])


def _first_of_each(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    _, first = np.unique(keys, return_index=True)
    return keys[np.sort(first)]
