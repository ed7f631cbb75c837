"""Pairs that an edge carries furthest: known ones, against linear programs over all optimal plans, both paths alike."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from strategies import FIFTY, graphs

from mixcli.generators import graphs as families
from mixcli.graph import Graph
from mixcli.numerics import near_edges, ollivier, transport_pair
from mixcli.numerics.local_ollivier import LocalOllivier
from mixcli.numerics.motifs import neighbour_sets
from mixcli.numerics.transport_pair import Pair, farthest_pair, farthest_pairs


def plain(g: Graph, p: int = 0, q: int = 1) -> list[Pair]:
    sets = neighbour_sets(*g.csr[:2])
    return [farthest_pair(sets, u, v, p, q) for u, v in g.edges.tolist()]


def by_programs(g: Graph, u: int, v: int, alpha: float) -> Pair:
    """The definition: optimal value by one linear program, then every pair maximised over the plans that reach it."""
    from scipy.optimize import linprog
    from scipy.sparse.csgraph import shortest_path

    apart = shortest_path(g.adjacency, unweighted=True)
    a = g.adjacency.toarray()
    mu = [alpha * (np.arange(g.n) == x) + (1 - alpha) * a[x] / a[x].sum() for x in (u, v)]
    excess = mu[0] - mu[1]
    s, t = np.flatnonzero(excess > 1e-12), np.flatnonzero(excess < -1e-12)
    if not len(s):
        return Pair(-1, -1, 0, 0)
    cost = apart[np.ix_(s, t)].ravel()
    rows = np.concatenate([np.kron(np.eye(len(s)), np.ones(len(t))), np.kron(np.ones(len(s)), np.eye(len(t)))])
    sums = np.concatenate([excess[s], -excess[t]])
    least = linprog(cost, A_eq=rows, b_eq=sums).fun
    found = []
    for at in range(len(cost)):
        most = -linprog(-np.eye(len(cost))[at], A_ub=[cost], b_ub=[least + 1e-10], A_eq=rows, b_eq=sums).fun
        found.append((-round(most * cost[at], 7), int(s[at // len(t)]), int(t[at % len(t)]), int(cost[at])))
    best = min(found)
    scale = g.degree[u] * g.degree[v] / (1 if alpha == 0 else alpha)
    return Pair(best[1], best[2], best[3], round(-best[0] * scale))


@pytest.mark.parametrize(
    ("g", "edge", "pair"),
    [
        (families.barbell(5), (4, 5), Pair(0, 6, 3, 15)),
        (families.path(4), (1, 2), Pair(0, 1, 1, 2)),
        (families.path(3), (0, 1), Pair(1, 0, 1, 1)),
        (families.cycle(5), (0, 1), Pair(1, 2, 1, 2)),
    ],
)
def test_known_pairs(g: Graph, edge: tuple[int, int], pair: Pair) -> None:
    assert farthest_pair(neighbour_sets(*g.csr[:2]), *edge) == pair


@pytest.mark.parametrize("alpha", [0.0, 0.5])
def test_pair_maximises_over_all_optimal_plans(alpha: float) -> None:
    for g in (*FIFTY[:2], families.barabasi_albert(14, 2, 3)):
        found = plain(g, *ollivier.idleness(alpha).as_integer_ratio())
        for (u, v), pair in list(zip(g.edges.tolist(), found, strict=True))[::4]:
            assert pair == by_programs(g, u, v, alpha)


@pytest.mark.parametrize(("p", "q"), [(0, 1), (1, 10), (1, 2)])
def test_compiled_path_agrees(p: int, q: int) -> None:
    from mixcli.numerics.transport_pair_kernel import find_pairs, room

    for g in (*FIFTY, families.tree(2, 3), families.complete(5), families.star(4)):
        out = np.empty((g.m, 4), np.int64)
        find_pairs(room(g.n, g.degree[g.edges]), *g.csr[:2], g.edges, p, q, out)
        assert out.tolist() == [list(pair) for pair in plain(g, p, q)]


def test_large_input_takes_the_compiled_path(monkeypatch) -> None:
    g = families.barabasi_albert(60, 3)
    expected = farthest_pairs(*g.csr[:2], g.edges)
    monkeypatch.setattr(transport_pair.PLAN, "compiled", lambda plain: True)
    assert np.array_equal(farthest_pairs(*g.csr[:2], g.edges), expected)


@given(graphs(max_nodes=10))
@settings(max_examples=60, deadline=None)
def test_pairs_are_sources_and_targets_at_their_distance(g: Graph) -> None:
    sets = neighbour_sets(*g.csr[:2])
    for (u, v), pair in zip(g.edges.tolist(), plain(g), strict=True):
        if pair.source < 0:
            assert sets[u] == sets[v] or len(sets[u]) == len(sets[v]) == 0
            continue
        assert pair.source in sets[u]
        assert pair.target in sets[v]
        assert pair.value > 0
        assert (pair.distance == 1) == (pair.target in sets[pair.source])


@pytest.mark.parametrize("kernel", [False, True])
@pytest.mark.parametrize("alpha", [0.0, 0.5])
def test_local_curvature_equals_a_full_pass_after_every_batch(alpha: float, kernel: bool, monkeypatch) -> None:
    """50 random graphs, 6 batches of additions and removals anywhere: not one bit of difference, and less work."""
    monkeypatch.setattr(near_edges.PLAN, "compiled", lambda plain: kernel)
    again = full = 0
    for number, g in enumerate(FIFTY):
        rng, state = np.random.default_rng(number), LocalOllivier(g, alpha)
        for _ in range(6):
            there = set(map(tuple, state.edges.tolist()))
            pairs = {tuple(sorted(rng.choice(g.n, 2, replace=False).tolist())) for _ in range(rng.integers(1, 4))}
            lists = (sorted(pairs - there), sorted(pairs & there))
            added, removed = (np.array(x, dtype=np.int64).reshape(-1, 2) for x in lists)
            state.change(added, removed)
            now = Graph(g.n, np.array(sorted(there ^ pairs)))
            assert np.array_equal(state.edges, now.edges)
            assert np.array_equal(state.values, ollivier.ollivier(*now.csr[:2], now.edges, alpha).values)
            full += now.m
        again += state.recomputed
    assert again < 0.9 * full
