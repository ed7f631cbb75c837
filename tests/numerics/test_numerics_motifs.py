"""Motif counts: closed forms, the definition written out, and both paths against each other."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from reference import naive_motifs
from strategies import graphs, relabelled
from zoo import ZOO, Entry

from mixcli.generators import graphs as families
from mixcli.graph import Graph
from mixcli.numerics import curvature, motifs

SHAPES = {
    "dense": families.erdos_renyi(60, 700),
    "hubs": families.barabasi_albert(400, 4),
    "clustered": families.watts_strogatz(300, 8, 0.1),
    "grid": families.grid(15, 15),
    "bipartite": families.bipartite(9, 14),
    "empty": Graph(5, np.zeros((0, 2), np.int64)),
}


def _counts(g: Graph) -> motifs.EdgeCounts:
    return motifs.edge_counts(*g.csr[:2], g.edges)


def _compiled(g: Graph, threads: int = 1) -> motifs.EdgeCounts:
    degree = np.diff(g.csr[0])
    second = np.asarray(g.adjacency @ degree, dtype=np.int64)
    return motifs._edge_counts_compiled(*g.csr[:2], g.edges, second, threads)


def _equal(a: motifs.EdgeCounts, b: motifs.EdgeCounts) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("n", [2, 3, 6])
def test_complete_graph(n: int) -> None:
    found = _counts(families.complete(n))
    assert (found.triangles == n - 2).all()
    assert not any(column.any() for column in found[1:4])
    assert (found.four_cycles == (n - 2) * (n - 3)).all()


@pytest.mark.parametrize(("a", "b"), [(2, 3), (4, 5)])
def test_complete_bipartite_graph(a: int, b: int) -> None:
    found = _counts(families.bipartite(a, b))
    assert not found.triangles.any()
    assert (found.squares == (a - 1) * (b - 1)).all()
    assert np.array_equal(found.squares, found.four_cycles)
    assert (found.square_ends == a + b - 2).all()
    assert (found.gamma == max(a, b) - 1).all()


@pytest.mark.parametrize("entry", [e for e in ZOO if "augmented_forman" in e.curvature], ids=str)
def test_augmented_forman_follows_from_the_counts(entry: Entry) -> None:
    g, found = entry.graph, _counts(entry.graph)
    forman = 4 - g.degree[g.edges].sum(axis=1)
    assert forman + 3 * found.triangles + 2 * found.squares == pytest.approx(entry.curvature["augmented_forman"])


@given(graphs(max_nodes=11))
@settings(max_examples=60, deadline=None)
def test_counts_equal_their_definition(g: Graph) -> None:
    assert np.stack(_counts(g), axis=1).tolist() == [list(row) for row in naive_motifs.counts(g)]


@pytest.mark.parametrize("shape", SHAPES)
def test_both_paths_agree_exactly(shape: str) -> None:
    g = SHAPES[shape]
    plain = motifs._edge_counts_plain(*g.csr[:2], g.edges)
    assert _equal(plain, _compiled(g))
    strong = motifs._sharp_counts_plain(*g.csr, g.edges, plain.triangles)
    assert np.array_equal(strong, motifs._sharp_counts_compiled(*g.csr, g.edges, plain.triangles))


def test_threads_do_not_change_the_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    g = SHAPES["hubs"]
    once = _compiled(g)
    monkeypatch.setattr(motifs, "CHUNK", 100)
    assert _equal(once, _compiled(g, threads=3))
    sharp = [motifs._sharp_counts_compiled(*g.csr, g.edges, once.triangles, threads) for threads in (1, 3)]
    assert np.array_equal(*sharp)


def test_a_subset_of_edges_in_any_order() -> None:
    g, rows = SHAPES["clustered"], np.array([17, 3, 400])
    some = motifs.edge_counts(*g.csr[:2], g.edges[rows])
    assert _equal(some, motifs.EdgeCounts(*(column[rows] for column in _counts(g))))
    swapped = motifs.edge_counts(*g.csr[:2], g.edges[rows][:, ::-1])
    assert _equal(some, swapped)


@given(graphs(max_nodes=10))
@settings(max_examples=30, deadline=None)
def test_counts_of_one_edge_give_the_same_curvature_bit_for_bit(g: Graph) -> None:
    sets = motifs.neighbour_sets(*g.csr[:2])
    found = _counts(g)
    sharp = motifs.sharp_counts(*g.csr, g.edges, found.triangles)
    u, v = g.degree[g.edges].T
    paper = curvature.balanced_forman(u, v, found.triangles, found.square_ends, found.gamma)
    released = curvature.balanced_forman_released(u, v, found.triangles, sharp)
    for row, (i, j) in enumerate(g.edges.tolist()):
        degrees = len(sets[i]), len(sets[j])
        assert float(curvature.balanced_forman(*degrees, *motifs.edge_count(sets, i, j)[:3])) == paper[row]
        assert float(curvature.balanced_forman_released(*degrees, *motifs.sharp_count(sets, i, j))) == released[row]


def test_relabelling_moves_the_counts_with_the_edges() -> None:
    g = SHAPES["hubs"]
    moved, order = relabelled(g)
    assert _equal(_counts(moved), motifs.EdgeCounts(*(column[order] for column in _counts(g))))


def test_an_interrupt_leaves_the_chunks_that_wait_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(motifs, "CHUNK", 1)
    begun: list[int] = []

    def run(lo: int, hi: int) -> None:
        begun.append(lo)
        time.sleep(0.01)

    def interrupt(what: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        motifs._by_work(run, np.ones(200, np.int64), 2, interrupt)
    assert len(begun) < 100
