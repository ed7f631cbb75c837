"""Forman, augmented Forman, Jost-Liu and resistance curvature: closed forms, published values, laws, definitions."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from reference import naive_curvature
from reference.files import real_graph
from strategies import graphs, relabelled
from zoo import ZOO, Entry

from mixcli.catalog import MEASURES
from mixcli.context import Context
from mixcli.errors import NotApplicable, UsageError
from mixcli.generators import graphs as families
from mixcli.graph import Graph
from mixcli.measures.base import measure
from mixcli.numerics import motifs

IN_ZOO = {
    "forman": "forman",
    "augmented_forman:cycles=3": "augmented_forman_3",
    "augmented_forman": "augmented_forman_4",
    "augmented_forman:chordless=true": "augmented_forman",
    "jost_liu": "jost_liu",
    "resistance_curvature": "resistance_curvature",
}
SPECS = list(IN_ZOO)
EDGELESS = Graph(3, np.zeros((0, 2), np.int64))


def curvature(g: Graph, spec: str, **context: int) -> np.ndarray:
    return measure(g, spec, context=Context(**context))[spec].data


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("entry", ZOO, ids=str)
def test_closed_forms(entry: Entry, spec: str) -> None:
    if IN_ZOO[spec] in entry.curvature:
        expected = entry.curvature[IN_ZOO[spec]]
        assert curvature(entry.graph, spec) == pytest.approx(expected, rel=1e-12, abs=1e-12)


PUBLISHED = {  # forman, augmented_forman:cycles=3, augmented_forman, jost_liu, resistance_curvature
    "K4": (families.complete(4), -2, 4, 8, 2 / 3, 2),
    "C4": (families.cycle(4), 0, 0, 2, 0, 4 / 3),
    "C5": (families.cycle(5), 0, 0, 0, 0, 1),
    "C6": (families.cycle(6), 0, 0, 0, 0, 0.8),
    "star": (families.star(6), -2, -2, -2, 0, -2),
    "K33": (families.bipartite(3, 3), -2, -2, 6, -2 / 3, 1.2),
    "Q3": (families.hypercube(3), -2, -2, 2, -2 / 3, 6 / 7),
    "petersen": (families.petersen(), -2, -2, -2, -2 / 3, 2 / 3),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_graphs_whose_edges_are_all_alike(name: str) -> None:
    g, forman, three, four, jost_liu, resistance = PUBLISHED[name]
    expected = {
        "forman": forman, "augmented_forman:cycles=3": three, "augmented_forman": four, "jost_liu": jost_liu,
        "resistance_curvature": resistance,
    }  # fmt: skip
    for spec, value in expected.items():
        assert curvature(g, spec) == pytest.approx(np.full(g.m, value), rel=1e-12, abs=1e-12), spec


KARATE = {  # min and one edge that has it, max and one edge, mean
    "forman": (-25, (32, 33), -2, (26, 29), -11.538462),
    "augmented_forman:cycles=3": (-18, (0, 31), 5, (32, 33), -6.346154),
    "augmented_forman": (-13, (0, 11), 29, (32, 33), 9.448718),
    "jost_liu": (-1.541667, (0, 31), 0.5, (5, 6), -0.393809),
    "resistance_curvature": (-53.262763, (32, 33), 2.678185, (8, 30), -6.806649),
}


@pytest.mark.parametrize("spec", KARATE)
def test_karate(spec: str) -> None:
    g = real_graph("karate")
    low, bottom, high, top, mean = KARATE[spec]
    found = curvature(g, spec)
    edges = [tuple(e) for e in g.edges.tolist()]
    assert found.min() == pytest.approx(low, abs=1e-6)
    assert found[edges.index(bottom)] == pytest.approx(found.min(), abs=1e-12)
    assert found.max() == pytest.approx(high, abs=1e-6)
    assert found[edges.index(top)] == pytest.approx(found.max(), abs=1e-12)
    assert found.mean() == pytest.approx(mean, abs=1e-6)


def test_karate_nodes_have_the_published_resistance_curvature() -> None:
    node = measure(real_graph("karate"), "resistance_curvature")["resistance_curvature"].details["node"]
    assert (node["argmin"], node["argmax"]) == (33, 11)
    assert node["min"] == pytest.approx(-2.460879, abs=1e-6)
    assert node["max"] == pytest.approx(0.5)
    assert node["mean"] == pytest.approx(0.029412, abs=1e-6)


@given(graphs(max_nodes=10))
@settings(max_examples=40, deadline=None)
def test_the_combinatorial_curvatures_equal_their_definition(g: Graph) -> None:
    assert np.array_equal(curvature(g, "forman"), np.round(naive_curvature.forman(g), 9))
    for cycles, chordless in ((3, False), (4, False), (4, True)):
        spec = f"augmented_forman:cycles={cycles},chordless={str(chordless).lower()}"
        assert np.array_equal(curvature(g, spec), naive_curvature.augmented_forman(g, cycles, chordless))
    assert curvature(g, "jost_liu") == pytest.approx(naive_curvature.jost_liu(g), abs=1e-12)


@given(graphs(max_nodes=8, weighted=True))
@settings(max_examples=40, deadline=None)
def test_the_weighted_curvatures_equal_their_definition(g: Graph) -> None:
    weight = np.ones(g.m) if g.weight is None else g.weight
    for spec, expected in (
        ("forman", naive_curvature.forman(g, weight)),
        ("forman:weight=length", naive_curvature.forman(g, 1 / weight)),
    ):
        assert curvature(g, spec) == pytest.approx(expected, abs=1e-12 * max(1.0, np.abs(expected).max(initial=0)))
    # p_i = 1 - Σ … / 2 cancels, so the error goes with 1 / R_ij rather than with the value itself.
    expected, tolerance = naive_curvature.resistance(g), 1e-10 * max(1.0, weight.max(initial=1.0))
    assert curvature(g, "resistance_curvature") == pytest.approx(expected, rel=1e-9, abs=tolerance)


@given(graphs(max_nodes=10))
@settings(max_examples=40, deadline=None)
def test_order_and_sums(g: Graph) -> None:
    found = measure(g, *SPECS)
    forman, three, every, chordless, *_ = (found[s].data for s in SPECS)
    assert (three >= forman).all()
    assert (chordless >= three).all()
    assert (every >= chordless).all()
    assert (found["jost_liu"].data > -2).all()
    assert found["resistance_curvature"].details["node"]["sum"] == pytest.approx(g.components.count, abs=1e-9)
    assert found["resistance_curvature"].residual < 1e-9


@given(graphs(max_nodes=10))
@settings(max_examples=20, deadline=None)
def test_relabelling_changes_nothing(g: Graph) -> None:
    moved, order = relabelled(g, seed=g.n)
    for spec in SPECS:
        assert curvature(moved, spec) == pytest.approx(curvature(g, spec)[order], rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_on_trees_all_but_jost_liu_are_the_same(seed: int) -> None:
    rng = np.random.default_rng(seed)
    child = np.arange(1, 60)
    g = Graph(60, np.array(sorted((int(rng.integers(v)), v) for v in child.tolist())))
    expected = 4.0 - g.degree[g.edges].sum(axis=1)
    for spec in SPECS:
        if spec != "jost_liu":
            assert curvature(g, spec) == pytest.approx(expected, abs=1e-12), spec


@pytest.mark.parametrize("weighted", [False, True])
def test_forman_agrees_with_graph_ricci_curvature(weighted: bool) -> None:
    """Equal up to rounding: "1d" is F with and without weights, "augmented" is AF3 where all weights are 1."""
    nx = pytest.importorskip("networkx")
    peer = pytest.importorskip("GraphRicciCurvature.FormanRicci")
    g = families.watts_strogatz(40, 6, 0.2)
    if weighted:
        g = g.replace(weight=np.random.default_rng(0).uniform(0.5, 3, g.m))
    weights = np.ones(g.m) if g.weight is None else g.weight
    methods = {"1d": "forman"} if weighted else {"1d": "forman", "augmented": "augmented_forman:cycles=3"}
    for method, spec in methods.items():
        other = nx.Graph()
        other.add_weighted_edges_from([(u, v, float(w)) for (u, v), w in zip(g.edges.tolist(), weights, strict=True)])
        found = peer.FormanRicci(other, method=method)
        found.compute_ricci_curvature()
        theirs = [found.G[u][v]["formanCurvature"] for u, v in g.edges.tolist()]
        assert curvature(g, spec) == pytest.approx(theirs, abs=1e-10)


def test_a_weight_of_one_everywhere_is_no_weight() -> None:
    g = families.barbell(4)
    for spec in ("forman", "forman:weight=length", "resistance_curvature"):
        assert curvature(g.replace(weight=np.ones(g.m)), spec) == pytest.approx(curvature(g, spec), abs=1e-12)


def test_what_ignores_weights_says_so() -> None:
    g = families.barbell(4)
    heavy = g.replace(weight=np.linspace(1, 9, g.m))
    for name in ("augmented_forman", "jost_liu"):
        assert MEASURES.get(name).weighted == "ignored"
        assert np.array_equal(curvature(heavy, name), curvature(g, name))


def test_cycles_that_are_not_counted_cannot_be_chordless() -> None:
    with pytest.raises(UsageError, match="cycles=4"):
        MEASURES.make("augmented_forman:cycles=3,chordless=true")


@pytest.mark.parametrize("spec", SPECS)
def test_small_and_directed_graphs(spec: str) -> None:
    assert curvature(EDGELESS, spec).shape == (0,)
    assert curvature(Graph(1, np.zeros((0, 2))), spec).shape == (0,)
    assert curvature(families.path(2), spec) == pytest.approx({"jost_liu": [0]}.get(spec, [2]))
    with pytest.raises(NotApplicable, match="--undirected"):
        curvature(Graph(2, np.array([[1, 0]]), directed=True), spec)


def test_a_component_does_not_know_of_the_others() -> None:
    parts = families.complete(4), families.cycle(5)
    both = Graph(10, np.concatenate([parts[0].edges, parts[1].edges + 4]))  # and an isolated node
    for spec in SPECS:
        assert curvature(both, spec) == pytest.approx(np.concatenate([curvature(p, spec) for p in parts]), abs=1e-12)


def test_a_hub_of_ten_thousand_leaves_is_quick() -> None:
    g = families.star(10_001)
    start = time.perf_counter()
    for spec in SPECS:
        expected = 0 if spec == "jost_liu" else 3 - 10_000
        assert curvature(g, spec) == pytest.approx(np.full(g.m, expected), abs=1e-6)
    assert time.perf_counter() - start < 10


def test_a_complete_graph_of_some_size() -> None:
    g = families.complete(150)
    assert (curvature(g, "augmented_forman") == 150 + 2 * 148 * 147).all()
    assert (curvature(g, "augmented_forman:chordless=true") == 150).all()


def test_threads_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(motifs, "CHUNK", 5000)
    monkeypatch.setattr(motifs.PLAN, "loaded", True)
    g = families.barabasi_albert(300, 4)
    for spec in SPECS:
        assert np.array_equal(curvature(g, spec, threads=1), curvature(g, spec, threads=2))


def test_the_curvatures_share_one_pass_and_report_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(motifs, "CHUNK", 5000)
    monkeypatch.setattr(motifs.PLAN, "loaded", True)
    told: list[tuple[str, int, int]] = []
    g = families.barabasi_albert(300, 4)
    measure(g, *SPECS, "balanced_forman", context=Context(threads=1, progress=lambda *a: told.append(a)))
    done = [d for what, d, total in told if what == "edges" and total == g.m]
    assert len(done) > 3
    assert done == sorted(set(done))
    assert done[-1] == g.m
    first = len(told)
    pooled: list[tuple[str, int, int]] = []
    measure(g, *SPECS, "balanced_forman", context=Context(threads=2, progress=lambda *a: pooled.append(a)))
    assert len(pooled) == first
