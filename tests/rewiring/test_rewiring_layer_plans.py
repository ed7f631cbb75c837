"""Rewirings that are plans for the layers: closed values, the graphs they lay beside or in place of the input."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import naive_laser
from strategies import graphs

from mixcli.catalog import MEASURES
from mixcli.context import Context
from mixcli.errors import LimitExceeded, UsageError
from mixcli.generators import graphs as families
from mixcli.graph import Graph
from mixcli.limits import Limits
from mixcli.numerics import random_regular, walk_rows
from mixcli.numerics.special_linear import cayley_graph, group_order, least_modulus
from mixcli.plan import LayerPlan, Overlay
from mixcli.rewiring.base import rewire
from mixcli.rewiring.graph.expander import Expander
from mixcli.rewiring.graph.laser import LASER
from mixcli.rewiring.graph.virtual_node import hubs

BARE = np.zeros((0, 2), np.int64)
GROUPS = {
    2: (6, 0.5, 3), 3: (24, 0.316987, 4), 4: (48, 0.292893, 6), 5: (120, 0.190983, 6), 6: (144, 0.238631, 6),
    7: (336, 0.146447, 7), 8: (384, 0.146447, 8), 9: (648, 0.121466, 8), 10: (720, 0.095492, 10),
}  # fmt: skip


def value(graph: Graph, measure: str) -> float:
    return MEASURES.make(measure)(graph, Context()).data


def plan(graph: Graph, spec: str, seed: int = 0) -> LayerPlan:
    return rewire(graph, spec, context=Context(seed=seed)).graph.plan


@pytest.mark.parametrize("q", GROUPS)
def test_cayley_graphs_have_known_order_degree_gap_and_diameter(q: int) -> None:
    size, gap, diameter = GROUPS[q]
    graph = Graph(group_order(q), cayley_graph(q, "bfs"))
    assert graph.n == size
    assert set(graph.degree.tolist()) == ({2} if q == 2 else {4})
    assert value(graph, "spectral_gap") == pytest.approx(gap, abs=1e-6)
    assert value(graph, "distance") == diameter
    assert MEASURES.make("size")(graph, Context()).details["bipartite"] is (q % 2 == 0)


@pytest.mark.parametrize("q", [11, 12, 15, 30])
def test_group_order_counts_the_matrices_found(q: int) -> None:
    assert group_order(q) == cayley_graph(q, "dfs").max() + 1


@pytest.mark.parametrize("q", [2, 3, 5])
def test_cayley_graph_is_the_groups(q: int) -> None:
    """Against all matrices of determinant 1 and all their products, up to the numbering."""
    matrices = [m for m in itertools.product(range(q), repeat=4) if (m[0] * m[3] - m[1] * m[2]) % q == 1]
    number = {m: i for i, m in enumerate(matrices)}
    pairs = set()
    for a, b, c, d in matrices:
        for s, t in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            right = tuple(x % q for x in (a + b * t, a * s + b, c + d * t, c * s + d))
            pairs.add(tuple(sorted((number[a, b, c, d], number[right]))))
    expected = Graph(len(matrices), np.array(sorted(pairs)))
    ours = Graph(group_order(q), cayley_graph(q, "bfs"))
    for name in ("distance", "kirchhoff", "spectral_gap"):
        assert value(ours, name) == pytest.approx(value(expected, name), rel=1e-9)
    assert ours.m == expected.m


def test_modulus_is_the_least_that_is_large_enough() -> None:
    sizes = [6, 24, 48, 120]
    assert [least_modulus(n) for n in sizes] == [2, 3, 4, 5]
    assert [least_modulus(n + 1) for n in sizes] == [3, 4, 5, 6]


@pytest.mark.parametrize(("n", "order", "gap"), [(30, "dfs", 0.0866), (30, "bfs", 0.1783), (14, "dfs", 0.0601),
                                                 (14, "bfs", 0.1001)])  # fmt: skip
def test_truncation_depends_on_the_order(n: int, order: str, gap: float) -> None:
    (overlay,) = plan(families.path(n), f"cayley:mode=egp,order={order}").overlays
    assert value(Graph(n, overlay.edges), "spectral_gap") == pytest.approx(gap, abs=5e-5)


@pytest.mark.parametrize("align", ["none", "random"])
@pytest.mark.parametrize("mode", ["cgp", "egp"])
@pytest.mark.parametrize("n", [0, 1, 2, 6, 7, 24, 30])
def test_cayley_overlays_of_every_size(n: int, mode: str, align: str) -> None:
    (overlay,) = plan(Graph(n, BARE), f"cayley:mode={mode},align={align}").overlays
    assert (overlay.layers, overlay.replaces) == ("even", True)
    whole = group_order(least_modulus(n))
    assert overlay.virtual == (whole - n if mode == "cgp" and n else 0)
    if mode == "cgp" and n:
        degree = np.bincount(overlay.edges.ravel(), minlength=whole)
        assert set(degree.tolist()) == ({2} if whole == 6 else {4})


def test_alignment_moves_nodes_of_the_graph_only_and_by_the_seed() -> None:
    g = families.cycle(20)
    plain = plan(g, "cayley").overlays[0]
    moved = [plan(g, "cayley:align=random", seed).overlays[0] for seed in (0, 0, 1)]
    assert moved[0] == moved[1] != moved[2]
    outside = [o.edges[(o.edges >= 20).all(axis=1)].tolist() for o in (plain, *moved)]
    assert outside[0] == outside[1] == outside[3]
    graphs_ = [Graph(24, o.edges) for o in (plain, moved[0])]
    assert value(graphs_[0], "kirchhoff") == pytest.approx(value(graphs_[1], "kirchhoff"))


def test_provenance_names_the_seed_where_there_is_one() -> None:
    assert rewire(families.path(5), "cayley").graph.provenance[-1].seed is None
    assert rewire(families.path(5), "cayley:align=random").graph.provenance[-1].seed == 0


@pytest.mark.parametrize("source", ["cycles", "permutations"])
@pytest.mark.parametrize("d", [2, 3, 4])
def test_expanders_reach_the_bound(d: int, source: str) -> None:
    method = Expander(d=d, source=source)
    n = 60
    rng = np.random.default_rng(0)
    draw = random_regular.random_cycles if source == "cycles" else random_regular.random_permutations
    pairs = draw(n, d, rng)
    assert set(np.bincount(pairs.ravel(), minlength=n).tolist()) == {2 * d}
    (overlay,) = method.plan(families.path(n), Context()).overlays
    assert len(overlay.edges) > 0.8 * n * d
    assert np.bincount(overlay.edges.ravel(), minlength=n).max() <= 2 * d
    assert Graph(n, overlay.edges).components.count == 1


@pytest.mark.parametrize("n", [0, 1, 2, 3, 7])
def test_few_nodes_get_all_pairs(n: int) -> None:
    (overlay,) = plan(Graph(n, BARE), "expander:d=3").overlays
    assert len(overlay.edges) == n * (n - 1) // 2


def test_best_of_tries_is_kept() -> None:
    g = families.path(12)
    (one,), (many,) = (plan(g, f"expander:d=2,tries={t}", seed=3).overlays for t in (1, 30))
    bound = Expander(d=2).bound
    first, best = (random_regular.laplacian_gap(12, o.edges) for o in (one, many))
    assert best >= first or first >= bound


@pytest.mark.parametrize("n", [40, 280])
def test_gap_of_a_multigraph(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = random_regular.random_permutations(n, 3, np.random.default_rng(1))
    dense = np.zeros((n, n))
    for u, v in pairs[pairs[:, 0] != pairs[:, 1]].tolist():
        dense[[u, v], [v, u]] += 1
    expected = np.linalg.eigvalsh(np.diag(dense.sum(axis=1)) - dense)[1]
    assert random_regular.laplacian_gap(n, pairs) == pytest.approx(expected)
    monkeypatch.setattr(random_regular, "DENSE", 3)
    assert random_regular.laplacian_gap(n, pairs) == pytest.approx(expected, rel=1e-5)


def test_gap_of_the_complete_graph_and_of_two_components() -> None:
    assert random_regular.laplacian_gap(5, families.complete(5).edges) == pytest.approx(5)
    assert random_regular.laplacian_gap(4, np.array([[0, 1], [2, 3]])) == pytest.approx(0, abs=1e-12)


def test_virtual_nodes_meet_every_node() -> None:
    g = families.path(4)
    (overlay,) = plan(g, "virtual_node:2").overlays
    assert overlay == hubs(4, 2)
    assert overlay.edges.tolist() == [[v, w] for v in range(4) for w in (4, 5)]
    beside, virtual = plan(g, "expander:virtual=1").overlays
    assert (beside.name, virtual) == ("expander", hubs(4, 1))
    assert str(virtual) == "virtual_node (4 edges and 1 virtual node) beside the graph in every layer"
    with pytest.raises(UsageError, match="count"):
        plan(g, "virtual_node:0")


@pytest.mark.parametrize("variant", ["paper", "released"])
@pytest.mark.parametrize("dense", [False, True], ids=["sparse", "dense"])
@given(g=graphs(max_nodes=14), share=st.sampled_from([0.0, 0.1, 0.5, 1.0]), least=st.integers(0, 2))
@settings(max_examples=25, deadline=None)
def test_laser_chooses_what_fewest_walks_reach(dense: bool, variant: str, g: Graph, share: float, least: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(walk_rows, "FULL", 0.0 if dense else 1.0)
        patch.setattr(walk_rows, "ENTRIES", 3 * g.n)  # several blocks
        overlays = LASER(hops=4, share=share, least=least, variant=variant).plan(g, Context()).overlays
    counts, distance = naive_laser.walks(g, 8), naive_laser.hops(g)
    assert [(o.name, o.layers) for o in overlays] == [(f"laser_{r}", f"from:{r}") for r in (2, 3, 4)]
    for r, overlay in enumerate(overlays, start=2):
        there = {tuple(e) for e in overlay.edges.tolist()}
        assert all(distance[u, v] == r for u, v in there)
        needed = set()
        possible = set()
        for i in range(g.n):
            orbit = naive_laser.orbits(g, i, r, variant == "released")
            k = min(len(orbit), max(least, round(share * len(orbit))))
            ranked = sorted(counts[i, j] for j in orbit)
            if not k:
                continue
            # Whatever lies below the last count taken must be there; ties with it may be.
            needed |= {(min(i, j), max(i, j)) for j in orbit if counts[i, j] < ranked[k - 1]}
            possible |= {(min(i, j), max(i, j)) for j in orbit if counts[i, j] <= ranked[k - 1]}
            assert sum((min(i, j), max(i, j)) in there for j in orbit) >= k
        assert needed <= there <= possible


def test_laser_blocks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    g = families.grid(6, 7)
    first = plan(g, "laser:hops=4,share=0.3", seed=2)
    for entries, full in ((1, 1.0), (100, 0.0), (500, 0.3)):
        monkeypatch.setattr(walk_rows, "ENTRIES", entries)
        monkeypatch.setattr(walk_rows, "FULL", full)
        assert plan(g, "laser:hops=4,share=0.3", seed=2) == first
    assert plan(g, "laser:hops=4,share=0.3", seed=3) != first


def test_laser_of_a_path() -> None:
    """Of two nodes at the same distance, walks count fewer towards the end; both ends offer to the middle."""
    overlays = plan(families.path(5), "laser:hops=4").overlays
    assert [o.edges.tolist() for o in overlays[1:]] == [[[0, 3], [1, 4]], [[0, 4]]]


@pytest.mark.parametrize(
    ("spec", "graph"),
    [("laser", families.barabasi_albert(400, 3)), ("cayley", families.path(400)), ("expander", families.path(400)),
     ("virtual_node:50", families.path(400))],
)  # fmt: skip
def test_what_would_cost_too_much_is_refused(spec: str, graph: Graph) -> None:
    tight = Context(limits=Limits(memory=10**4, operations=10**4))
    with pytest.raises(LimitExceeded):
        rewire(graph, spec, context=tight)


@pytest.mark.parametrize("spec", ["cayley:align=random", "expander:virtual=2", "virtual_node", "laser"])
def test_plans_survive_json(spec: str) -> None:
    made = plan(families.barbell(5), spec)
    assert LayerPlan.from_json(json.loads(json.dumps(made.to_json()))) == made


def test_methods_add_to_the_plan_there_is() -> None:
    g = families.barbell(5).replace(plan=LayerPlan("sum", (Overlay("mine", np.array([[0, 9]])),)))
    rewired = rewire(g, "laser:hops=2").graph
    made = plan(rewired, "virtual_node")
    assert [o.name for o in made.overlays] == ["mine", "laser_2", "virtual_node"]
    assert made.last == "sum"
    assert plan(rewired, "laser:hops=2") == rewired.plan
