"""Hop counts: both paths against a naive search, samples against exact counts, bounds on eccentricities."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from reference.naive_hops import distances
from strategies import graphs

from mixcli.generators import graphs as families
from mixcli.graph import Graph
from mixcli.numerics import hops
from mixcli.numerics.eccentricity import eccentricity_extremes

SHAPES = {
    "ring": families.cycle(1100),
    "small world": families.watts_strogatz(1500, 4, 0.05),
    "hubs": families.barabasi_albert(1200, 2),
    "parts": families.erdos_renyi(1300, 1200),
    "edgeless": Graph(600, np.zeros((0, 2), np.int64)),
}


def _counted(g: Graph, layers: int | None = None) -> hops.Hops:
    found = hops.hop_counts(*g.csr[:2], layers)
    assert found is not None
    return found


@given(graphs(max_nodes=12))
@settings(max_examples=60, deadline=None)
def test_counts_against_a_naive_search(g: Graph) -> None:
    found, naive = _counted(g), distances(g)
    finite = naive[np.isfinite(naive)]
    assert found.pairs.tolist() == np.bincount(finite.astype(int)).tolist()
    assert found.total == finite.sum()
    assert found.exact
    assert found.eccentricity.tolist() == np.where(np.isfinite(naive), naive, 0).max(axis=1).tolist()


@given(graphs(max_nodes=10, directed=True))
@settings(max_examples=40, deadline=None)
def test_directed_counts_follow_the_arcs(g: Graph) -> None:
    naive = distances(g)
    for layers in (0, 1, 3):
        near = naive[naive <= layers].astype(int)
        assert _counted(g, layers).pairs.tolist() == np.bincount(near).tolist()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("layers", [3, 10_000])
def test_both_paths_agree_exactly(shape: str, layers: int) -> None:
    g = SHAPES[shape]
    layers = min(layers, g.n)
    plain = hops._plain(*g.csr[:2], layers, np.inf)
    for threads in (1, 3):
        compiled = hops._compiled(*g.csr[:2], layers, 1e12, threads)
        for a, b in zip(plain, compiled, strict=True):
            assert np.trim_zeros(a, "b").tolist() == np.trim_zeros(b, "b").tolist()


def test_both_paths_agree_exactly_along_arcs() -> None:
    rng = np.random.default_rng(0)
    arcs = np.unique(rng.integers(0, 1500, (4500, 2)), axis=0)
    g = Graph(1500, arcs[arcs[:, 0] != arcs[:, 1]], directed=True)
    plain = hops._plain(*g.csr[:2], g.n, np.inf)
    compiled = hops._compiled(*g.csr[:2], g.n, 1e12, directed=True)
    for a, b in zip(plain, compiled, strict=True):
        assert np.trim_zeros(a, "b").tolist() == np.trim_zeros(b, "b").tolist()


def test_trial_passes_refuse_what_is_too_long() -> None:
    g = families.torus(70, 80)
    assert hops._compiled(*g.csr[:2], g.n, 1e12) is not None
    assert hops._compiled(*g.csr[:2], g.n, 1e6) is None
    assert hops._plain(*g.csr[:2], g.n, 1e6) is None


@pytest.mark.parametrize("shape", ["small world", "parts"])
def test_a_sample_of_all_nodes_is_exact(shape: str) -> None:
    g = SHAPES[shape]
    sampled, counted = hops.hop_sample(*g.csr[:2], np.arange(g.n)), _counted(g)
    assert sampled.pairs.tolist() == counted.pairs.tolist()
    assert (sampled.total, sampled.total_error) == (counted.total, 0)
    assert not sampled.pairs_error.any()


def test_standard_errors_are_those_of_repeated_samples() -> None:
    g, rng = SHAPES["hubs"], np.random.default_rng(7)
    exact = _counted(g)
    samples = [hops.hop_sample(*g.csr[:2], rng.choice(g.n, 60, replace=False)) for _ in range(100)]
    totals = np.array([s.total for s in samples])
    assert totals.mean() == pytest.approx(exact.total, rel=0.01)
    assert totals.std() == pytest.approx(np.mean([s.total_error for s in samples]), rel=0.2)
    third = np.array([s.pairs[3] for s in samples])
    assert third.std() == pytest.approx(np.mean([s.pairs_error[3] for s in samples]), rel=0.2)
    within = np.array([s.pairs[:4].sum() for s in samples])
    assert within.std() == pytest.approx(np.mean([s.within_error[3] for s in samples]), rel=0.2)


def test_sampled_searches_stop_at_the_last_layer() -> None:
    g = families.path(50)
    assert hops.hop_sample(*g.csr[:2], np.arange(50), layers=2).pairs.tolist() == [50, 98, 96]


@given(graphs(max_nodes=14))
@settings(max_examples=60, deadline=None)
def test_extremes_of_every_component(g: Graph) -> None:
    naive = distances(g)
    for part in range(g.components.count):
        nodes = np.flatnonzero(g.components.of_node == part)
        farthest = naive[np.ix_(nodes, nodes)].max(axis=1)
        found = eccentricity_extremes(*g.csr[:2], nodes)
        assert (found.diameter_low, found.diameter_high) == (farthest.max(), farthest.max())
        assert (found.radius_low, found.radius_high) == (farthest.min(), farthest.min())
        rough = eccentricity_extremes(*g.csr[:2], nodes, operations=0)
        assert rough.searches == 1
        assert rough.diameter_low <= farthest.max() <= rough.diameter_high
        assert rough.radius_low <= farthest.min() <= rough.radius_high


@pytest.mark.parametrize("threads", [1, 3])
def test_progress_counts_every_source_once(threads: int) -> None:
    g, told = SHAPES["small world"], []
    hops._compiled(*g.csr[:2], g.n, 1e12, threads, lambda *step: told.append(step))
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)
    assert told[-1][1] == g.n
    assert {(what, total) for what, _, total in told} == {("hop distances", 1500)}
    told.clear()
    hops.hop_sample(*g.csr[:2], np.arange(5), progress=lambda *step: told.append(step))
    assert told == [("hop distances", done, 5) for done in range(1, 6)]
    told.clear()
    eccentricity_extremes(*g.csr[:2], np.arange(g.n), progress=lambda *step: told.append(step))
    assert told[-1] == ("eccentricities", g.n, g.n)


@pytest.mark.parametrize("operations", [1e5, 1e12])
def test_a_loaded_kernel_changes_nothing(operations: float, monkeypatch: pytest.MonkeyPatch) -> None:
    for g in (SHAPES["small world"], SHAPES["hubs"], families.torus(70, 90)):
        found = []
        for ready in (False, True):
            monkeypatch.setattr(hops, "_kernel_ready", lambda ready=ready: ready)
            counted = hops.hop_counts(*g.csr[:2], operations=operations)
            found.append(counted and counted.pairs.tolist())
        assert found[0] == found[1]
