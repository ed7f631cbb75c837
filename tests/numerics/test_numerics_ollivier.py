"""Ollivier-Ricci and Lin-Lu-Yau curvature as fractions: plain against compiled, a linear program, laws."""

from __future__ import annotations

import time
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import shortest_path
from strategies import graphs, relabelled

from mixcli.errors import UsageError
from mixcli.generators import graphs as families
from mixcli.graph import Graph, from_arcs
from mixcli.numerics import curvature, motifs, ollivier, transport, transport_scratch
from mixcli.numerics.motifs import neighbour_sets
from mixcli.numerics.transport_plain import numerator

IDLENESS = [Fraction(0), Fraction(1, 50), Fraction(1, 10), Fraction(1, 3), Fraction(1, 2), Fraction(1)]


def _plain(g: Graph, alpha: Fraction) -> list[int]:
    sets = neighbour_sets(*g.csr[:2])
    return [numerator(sets, u, v, *alpha.as_integer_ratio()) for u, v in g.edges.tolist()]


def _compiled(g: Graph, alpha: Fraction, threads: int = 1) -> np.ndarray:
    indptr, indices, _ = g.csr
    blocks = transport._blocks(indptr, indices, g.edges)
    return transport._compiled(indptr, indices, blocks, *alpha.as_integer_ratio(), threads)


def _random(n: int, probability: float, seed: int) -> Graph:
    rng = np.random.default_rng(seed)
    u, v = np.triu_indices(n, 1)
    keep = rng.random(len(u)) < probability
    return from_arcs(n, np.stack([u[keep], v[keep]], axis=1), directed=False)


def _hubs(hubs: int, leaves: int, chance: float, seed: int) -> Graph:
    """Hubs that share most of their neighbours, and a sparse graph among these."""
    rng = np.random.default_rng(seed)
    arcs = [(h, hubs + i) for h in range(hubs) for i in range(leaves) if rng.random() < chance]
    arcs += [(a, b) for a in range(hubs) for b in range(a)]
    arcs += [(hubs + int(a), hubs + int(b)) for a, b in rng.integers(0, leaves, (2 * leaves, 2)) if a != b]
    return from_arcs(hubs + leaves, np.array(arcs), directed=False)


CASES = {
    "clique": families.complete(70),
    "bipartite": families.bipartite(66, 90),
    "dense": _random(150, 0.6, 1),
    "half": _random(90, 0.5, 2),
    "sparse": _random(300, 0.02, 3),
    "hubs": _hubs(6, 300, 0.6, 4),
    "preferential": families.barabasi_albert(400, 5, seed=1),
    "torus": families.torus(7, 8),
    "star": families.star(200),
    "tree": families.tree(2, 6),
}


@pytest.mark.parametrize("alpha", IDLENESS, ids=str)
@pytest.mark.parametrize("name", list(CASES))
def test_plain_equals_compiled(name: str, alpha: Fraction) -> None:
    g = CASES[name]
    rows = np.random.default_rng(0).permutation(g.m)[:150]
    sets = neighbour_sets(*g.csr[:2])
    plain = [numerator(sets, u, v, *alpha.as_integer_ratio()) for u, v in g.edges[rows].tolist()]
    assert _compiled(g, alpha)[rows].tolist() == plain


def test_every_edge_of_small_graphs_on_both_paths() -> None:
    for seed in range(20):
        g = _random(24, 0.1 + 0.04 * seed, seed)
        for alpha in IDLENESS:
            assert _compiled(g, alpha).tolist() == _plain(g, alpha)


@pytest.mark.parametrize("alpha", [0.0, 0.1, 0.5])
def test_equals_the_linear_program(alpha: float) -> None:
    ot = pytest.importorskip("ot", reason="POT is not installed")
    for seed in range(20):
        g = _random(14, 0.15 + 0.03 * seed, seed)
        hops = shortest_path(g.adjacency, unweighted=True)
        step = np.asarray(g.adjacency.todense()) / np.maximum(g.degree, 1)[:, None]
        lazy = alpha * np.eye(g.n) + (1 - alpha) * step
        found = ollivier.ollivier(*g.csr[:2], g.edges, alpha).values
        for (u, v), value in zip(g.edges.tolist(), found, strict=True):
            from_u, to_v = np.flatnonzero(lazy[u]), np.flatnonzero(lazy[v])
            cost = ot.emd2(lazy[u, from_u], lazy[v, to_v], np.ascontiguousarray(hops[np.ix_(from_u, to_v)]))
            assert value == pytest.approx(1 - cost, abs=1e-12)


def test_bounds_on_ten_thousand_edges() -> None:
    edges = 0
    for seed in range(12):
        g = _random(60, 0.1 + 0.06 * seed, seed) if seed % 2 else families.barabasi_albert(500, 2 + seed, seed=seed)
        counts = motifs.edge_counts(*g.csr[:2], g.edges)
        u, v = g.degree[g.edges].T
        zero = _exact(g, Fraction(0))
        limit = _exact(g, Fraction(1))
        assert (curvature.jost_liu(u, v, counts.triangles) <= zero + 1e-12).all()
        assert (zero <= limit + 1e-12).all()
        balanced = curvature.balanced_forman(u, v, counts.triangles, counts.square_ends, counts.gamma)
        assert (balanced <= limit + 1e-12).all()
        edges += g.m
    assert edges > 10_000


def _exact(g: Graph, alpha: Fraction) -> np.ndarray:
    return _compiled(g, alpha) / (g.degree[g.edges].prod(axis=1))


@given(graphs(max_nodes=9), st.sampled_from(IDLENESS[:-1]))
@settings(max_examples=60, deadline=None)
def test_relabelling_changes_nothing(g: Graph, alpha: Fraction) -> None:
    moved, order = relabelled(g, seed=g.n)
    here, there = (ollivier.ollivier(*x.csr[:2], x.edges, alpha) for x in (g, moved))
    assert np.array_equal(there.numerator, here.numerator[order])
    assert np.array_equal(there.denominator, here.denominator[order])


@given(graphs(max_nodes=9))
@settings(max_examples=40, deadline=None)
def test_curvature_is_concave_in_the_idleness_and_ends_in_a_straight_line(g: Graph) -> None:
    limit = ollivier.lin_lu_yau(*g.csr[:2], g.edges)
    grid = [Fraction(i, 12) for i in range(12)]
    kappa = [ollivier.ollivier(*g.csr[:2], g.edges, alpha) for alpha in grid]
    for row in range(g.m):
        exact = [k.exactly(row) for k in kappa] + [Fraction(0)]
        assert all(2 * b >= a + c for a, b, c in zip(exact, exact[1:], exact[2:], strict=False))
        largest = int(g.degree[g.edges[row]].max())
        for alpha, value in zip(grid, exact, strict=False):
            if alpha * (largest + 1) >= 1:
                assert value == (1 - alpha) * limit.exactly(row)


def test_threads_change_nothing_and_report_their_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "CHUNK", 1e-4)
    monkeypatch.setattr(transport, "SHARED", 0.0)
    g = families.barabasi_albert(2000, 5, seed=3)
    indptr, indices, _ = g.csr
    blocks, told = transport._blocks(indptr, indices, g.edges), []
    alone = transport._compiled(indptr, indices, blocks, 0, 1, 1, lambda *x: told.append(x))
    assert told[-1] == (g.m, g.m)
    assert len(told) > 10
    assert told == sorted(told)
    assert np.array_equal(alone, transport._compiled(indptr, indices, blocks, 0, 1, 2))


def test_an_interrupt_stops_between_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "CHUNK", 1e-4)
    monkeypatch.setattr(transport, "SHARED", 0.0)
    g = families.barabasi_albert(2000, 5, seed=3)
    indptr, indices, _ = g.csr
    blocks, told = transport._blocks(indptr, indices, g.edges), []

    def stop(done: int, total: int) -> None:
        told.append(done)
        raise KeyboardInterrupt

    for threads in (1, 2):
        with pytest.raises(KeyboardInterrupt):
            transport._compiled(indptr, indices, blocks, 0, 1, threads, stop)
    assert len(told) == 2


def test_a_hub_of_ten_thousand_leaves_costs_no_more_than_its_edges() -> None:
    g = families.star(10_001)
    begin = time.process_time()
    assert ollivier.lin_lu_yau(*g.csr[:2], g.edges).exactly(0) == Fraction(2, 10_000)
    assert time.process_time() - begin < 2
    ring = from_arcs(  # the leaves in a ring: two sources, 9,996 targets of which most are alike
        10_001,
        np.concatenate([g.edges, np.stack([np.arange(1, 10_001), np.roll(np.arange(1, 10_001), 1)], axis=1)]),
        directed=False,
    )
    spoke = (ring.edges[:, 0] == 0).nonzero()[0][:50]
    sets = neighbour_sets(*ring.csr[:2])
    expected = [numerator(sets, 0, v, 1, 1) for v in ring.edges[spoke, 1].tolist()]
    _compiled(families.star(5), Fraction(1))  # compiled and loaded before the clock starts
    begin = time.process_time()
    found = _compiled(ring, Fraction(1))
    assert time.process_time() - begin < 2
    assert found[spoke].tolist() == expected


def test_cache_of_second_rows_may_run_full(monkeypatch: pytest.MonkeyPatch) -> None:
    g = families.barabasi_albert(400, 5, seed=1)
    expected = _compiled(g, Fraction(0))
    monkeypatch.setattr(transport_scratch, "POOL", 1)
    assert np.array_equal(_compiled(g, Fraction(0)), expected)


@pytest.mark.parametrize("alpha", [Fraction(0), Fraction(1)])
def test_nodes_that_share_a_bit_of_the_sieve_are_told_apart(alpha: Fraction) -> None:
    """Numbers 2^16 apart share a bit; the graph is the same under numbers that do not."""
    g = families.barabasi_albert(600, 4, seed=3)
    far = np.arange(g.n) % 300 + (1 << 16) * (np.arange(g.n) // 300)  # v and v + 300 become k and k + 2^16
    edges = np.sort(far[g.edges], axis=1)
    order = np.lexsort((edges[:, 1], edges[:, 0]))
    moved = Graph((1 << 16) + 300, edges[order])
    assert np.array_equal(_compiled(moved, alpha), _compiled(g, alpha)[order])


def test_idleness_is_read_as_it_was_written() -> None:
    assert ollivier.idleness(0.15) == Fraction(3, 20)
    assert ollivier.idleness(1 / 7) == Fraction(1, 7)
    assert ollivier.idleness(Fraction(2, 9)) == Fraction(2, 9)
    for alpha in (1.0, -0.5, float("nan"), 0.123456789):
        with pytest.raises(UsageError):
            ollivier.idleness(alpha)


def test_some_edges_only_and_none() -> None:
    g = families.torus(4, 5)
    every = ollivier.ollivier(*g.csr[:2], g.edges, 0.1)
    some = ollivier.ollivier(*g.csr[:2], g.edges[7:3:-1], 0.1)
    assert np.array_equal(some.numerator, every.numerator[7:3:-1])
    assert len(ollivier.lin_lu_yau(*g.csr[:2], g.edges[:0]).values) == 0
    assert transport.forecast(*g.csr[:2], g.edges[:0]).compiled == 0
