"""Sensitivity: closed forms, laws, dense powers, sampling, hostile shapes, real files."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import naive_propagation as naive
from reference.files import real_graph
from reference.naive_hops import distances
from strategies import graphs, relabelled

from mixcli.context import Context
from mixcli.errors import LimitExceeded, NotApplicable, UsageError
from mixcli.generators import graphs as families
from mixcli.graph import Graph
from mixcli.limits import Limits
from mixcli.measures.base import Values, measure
from mixcli.measures.graph.effective_resistance import EffectiveResistance
from mixcli.measures.graph.sensitivity import Sensitivity
from mixcli.numerics.layers import dense_layers, near_layers
from mixcli.numerics.propagation import operator

KINDS = st.sampled_from(["sym", "rw", "none"])
LOOPS = st.sampled_from(["add", "none"])


def test_cycle_halves_or_thirds_with_every_hop() -> None:
    g = families.cycle(20)
    assert Sensitivity(self_loops="none")(g).data == pytest.approx(1 / 2, rel=1e-13)
    assert Sensitivity()(g).data == pytest.approx(1 / 3, rel=1e-13)
    assert Sensitivity(operator="none", self_loops="none")(g).data == pytest.approx(1, rel=1e-13)
    assert Sensitivity(self_loops="none", c_r=0.5, c_a=0.5)(g).data == pytest.approx(1 / 4, rel=1e-13)


def test_cycle_antipodes_are_reached_two_ways() -> None:
    found = Sensitivity(layers=4, self_loops="none")(families.cycle(8))
    assert found.details["at_distance"]["median"] == pytest.approx([1, 1 / 2, 1 / 4, 1 / 8, 2 / 16], rel=1e-13)
    assert found.details["pairs"] == [8, 16, 16, 16, 8]


@pytest.mark.parametrize("n", [2, 3, 7])
def test_complete_graph_with_self_loops_is_one_average(n: int) -> None:
    found = Sensitivity(layers=5)(families.complete(n))
    assert found.data == pytest.approx(1 / n, rel=1e-13)
    assert found.details["at_last"]["mean"] == pytest.approx([1 / n, 1 / n], rel=1e-12)
    assert found.details["at_last"]["share"] == pytest.approx([1 / n, (n - 1) / n], rel=1e-12)


def test_star_by_hand() -> None:
    n = 7
    found = Sensitivity(layers=2, self_loops="none")(families.star(n))
    assert found.details["at_distance"]["median"] == pytest.approx([1, 1 / np.sqrt(n - 1), 1 / (n - 1)], rel=1e-13)
    assert found.data == pytest.approx((n - 1) ** -0.5, rel=1e-13)


def test_path_ends_and_inner_nodes() -> None:
    found = Sensitivity(layers=3, operator="rw", self_loops="none")(families.path(4))
    assert found.details["at_distance"]["mean"][1:] == pytest.approx([4 / 6, (1 / 2 + 1 / 4) / 2, 1 / 4], rel=1e-13)


def test_symmetric_sensitivity_sums_to_the_effective_resistance() -> None:
    g = families.barbell(5)
    resistance = EffectiveResistance()(g).data
    bridge = int(resistance.argmax())
    u, v = g.edges[bridge].tolist()
    for loops in ("none", "add"):
        found = Sensitivity(layers=600, self_loops=loops, source=u, target=v)(g)
        assert found.details["symmetric_sum"][-1] == pytest.approx(resistance[bridge], rel=1e-9)
    lazy = Sensitivity(layers=1200, self_loops="none", c_r=0.5, c_a=0.5, source=0, target=1)(families.path(4))
    assert lazy.details["symmetric_sum"][-1] == pytest.approx(2, rel=1e-9)  # half the steps stand still


@settings(max_examples=20, deadline=None)
@given(graphs(7, weighted=True), KINDS, LOOPS, st.integers(0, 99))
def test_entries_bound_the_jacobian_of_a_network(g: Graph, kind: str, loops: str, seed: int) -> None:
    """h_v <- relu(c_r W_r h_v + c_a W_a Σ_u O_vu h_u) with |W| = 1, so that the constants of the model are 1."""
    rng, width, c_r, c_a, layers = np.random.default_rng(seed), 3, 0.3, 0.9, 3
    dense = naive.operator(g, kind, loops == "add", 0.0, c_a)
    h = rng.standard_normal(g.n * width)
    jacobian = np.eye(g.n * width)
    for _ in range(layers):
        own, sent = (w / np.linalg.norm(w, 2) for w in rng.standard_normal((2, width, width)))
        step = np.kron(c_r * np.eye(g.n), own) + np.kron(dense, sent)
        h = step @ h
        jacobian = (h > 0)[:, None] * (step @ jacobian)
        h = np.maximum(h, 0)
    last = [one.entries for one in dense_layers(g, operator(g, kind, loops, c_r, c_a), np.arange(g.n), layers)][-1]
    blocks = jacobian.reshape(g.n, width, g.n, width).transpose(0, 2, 1, 3)
    assert (np.linalg.norm(blocks, 2, axis=(2, 3)) <= last * (1 + 1e-9) + 1e-12).all()


@settings(max_examples=25, deadline=None)
@given(graphs(7, weighted=True))
def test_lazy_symmetric_sensitivity_grows_towards_twice_the_resistance(g: Graph) -> None:
    resistance = EffectiveResistance()(g).data
    for (u, v), r in zip(g.edges[:3].tolist(), resistance, strict=False):
        found = Sensitivity(layers=40, self_loops="none", c_r=0.5, c_a=0.5, source=u, target=v)(g).details
        assert min(found["symmetric"]) >= -1e-9 * r
        assert found["symmetric_sum"][-1] <= 2 * r * (1 + 1e-9)


@settings(max_examples=40, deadline=None)
@given(graphs(8, weighted=True), KINDS, LOOPS, st.sampled_from([0.0, 0.5]))
def test_entries_against_dense_powers(g: Graph, kind: str, loops: str, c_r: float) -> None:
    dense = naive.operator(g, kind, loops == "add", c_r, 1.0)
    hops, last = distances(g), 4
    power, total = np.eye(g.n), np.zeros((g.n, g.n))
    degree = naive.adjacency(g, loops == "add").sum(axis=1)
    found = Sensitivity(layers=last, operator=kind, self_loops=loops, c_r=c_r)(g)
    if g.m == 0:
        assert found.data is None
        assert found.reason
        return
    for k in range(last + 1):
        groups = [power[hops == d] for d in found.details["distance"] if d <= k]
        assert found.details["by_layer"]["mean"][k] == pytest.approx([x.mean() for x in groups], rel=1e-9)
        assert found.details["by_layer"]["median"][k] == pytest.approx([np.median(x) for x in groups], rel=1e-9)
        total += [
            [naive.symmetric(power, degree, v, u) if 0 < hops[v, u] < np.inf else 0.0 for u in range(g.n)]
            for v in range(g.n)
        ]
        power = dense @ power
    wanted = [total[hops == d].mean() for d in found.details["distance"]]
    assert found.details["symmetric"]["mean"] == pytest.approx(wanted, rel=1e-7, abs=1e-7 * np.abs(total).max())


@settings(max_examples=40, deadline=None)
@given(graphs(9, weighted=True), KINDS, LOOPS)
def test_nothing_arrives_before_its_distance(g: Graph, kind: str, loops: str) -> None:
    hops = distances(g)
    for k, layer in enumerate(dense_layers(g, operator(g, kind, loops), np.arange(g.n), 5)):
        assert (layer.entries[hops > k] == 0).all()
        assert (layer.entries[hops == k] > 0).all()
        assert layer.fresh.tolist() == np.flatnonzero(hops == k).tolist()


@settings(max_examples=40, deadline=None)
@given(graphs(9, weighted=True), KINDS, LOOPS, st.sampled_from([0.0, 0.5]), st.integers(1, 9))
def test_sparse_columns_are_the_dense_ones(g: Graph, kind: str, loops: str, c_r: float, drawn: int) -> None:
    matrix, sources = operator(g, kind, loops, c_r), np.arange(0, g.n, 1 + g.n // drawn)
    both = zip(dense_layers(g, matrix, sources, 5), near_layers(g, matrix, sources, 5), strict=True)
    every = np.arange(g.n * len(sources))
    for dense, near in both:
        assert near.number == dense.number
        assert near.total == pytest.approx(dense.total, rel=1e-12)
        to_near = dense.source(every) * g.n + dense.node(every)  # the same pairs, as the other one numbers them
        assert (near.node(to_near) == dense.node(every)).all()
        assert (near.source(to_near) == dense.source(every)).all()
        assert near.at(to_near) == pytest.approx(dense.at(every), rel=1e-12)
        assert near.fresh.tolist() == np.sort(to_near[dense.fresh]).tolist()
        assert (np.diff(near.key) > 0).all()


@settings(max_examples=30, deadline=None)
@given(graphs(9, weighted=True), LOOPS, st.floats(0, 2))
def test_rows_of_the_random_walk_sum_to_the_weights(g: Graph, loops: str, c_r: float) -> None:
    rows = operator(g, "rw", loops, c_r, 0.75).sum(axis=1)
    lonely = (g.degree == 0) & (loops == "none")
    assert rows == pytest.approx(np.where(lonely, c_r, c_r + 0.75), rel=1e-12)


@settings(max_examples=30, deadline=None)
@given(graphs(9, weighted=True), KINDS, st.integers(0, 5))
def test_names_of_nodes_do_not_matter(g: Graph, kind: str, seed: int) -> None:
    here = Sensitivity(layers=4, operator=kind)(g)
    there = Sensitivity(layers=4, operator=kind)(relabelled(g, seed)[0])
    assert there.data == (None if here.data is None else pytest.approx(here.data, rel=1e-9))


def test_short_sight_in_a_large_graph_is_exact() -> None:
    g = families.cycle(5000)
    found = Sensitivity(layers=6, operator="rw", c_r=0.5, c_a=0.5)(g)
    assert found.exact
    assert found.details["pairs"] == [5000] + [10000] * 6
    small = Sensitivity(layers=6, operator="rw", c_r=0.5, c_a=0.5)(families.cycle(100))
    assert found.data == pytest.approx(small.data, rel=1e-12)
    assert found.details["symmetric"]["mean"] == pytest.approx(small.details["symmetric"]["mean"], rel=1e-10)


def test_one_pair_agrees_with_all_pairs() -> None:
    g = families.path(3)
    one = Sensitivity(layers=4, source=0, target=2)(g)
    power = np.linalg.matrix_power(naive.operator(g, "sym", True, 0.0, 1.0), 4)
    assert one.data == pytest.approx(power[2, 0], rel=1e-12)
    assert one.details["distance"] == 2
    assert one.details["entry"][:2] == [0, 0]
    itself = Sensitivity(layers=4, source=1, target=1)(g)
    assert itself.details["distance"] == 0
    assert itself.details["symmetric"] == pytest.approx([0] * 5, abs=1e-15)


def test_sampled_sources_agree_within_their_errors() -> None:
    g = families.watts_strogatz(400, 6, 0.1)
    full = Sensitivity(layers=5)(g)
    part = Sensitivity(layers=5, sources=80)(g)
    assert full.exact
    assert full.error is None
    assert not part.exact
    assert 0 < part.details["symmetric"]["pairs"][2] < full.details["symmetric"]["pairs"][2] == full.details["pairs"][2]
    assert part.details["symmetric"]["mean"][2:5] == pytest.approx(full.details["symmetric"]["mean"][2:5], rel=0.1)
    assert abs(part.data - full.data) < 4 * part.error
    for figure in ("mean", "median"):
        off = np.subtract(part.details["at_distance"][figure], full.details["at_distance"][figure])
        assert (np.abs(off) <= 4 * np.array(part.details["at_distance"][f"{figure}_error"]) + 1e-15).all()


def test_errors_of_a_sample_are_neither_vain_nor_vague() -> None:
    g = families.barabasi_albert(300, 3)
    full = Sensitivity(layers=4)(g).details["at_distance"]
    scores = []
    for seed in range(60):
        part = Sensitivity(layers=4, sources=40)(g, Context(seed=seed)).details["at_distance"]
        off = np.subtract(part["mean"][1:4], full["mean"][1:4])
        scores.append(off / part["mean_error"][1:4])
    assert 0.6 < np.std(scores) < 1.6


def test_same_seed_same_figures() -> None:
    g = families.erdos_renyi(200, 600)
    find = Sensitivity(layers=3, sources=20)
    assert find(g, Context(seed=3, threads=1)) == find(g, Context(seed=3, threads=2))
    assert find(g, Context(seed=3)).data != find(g, Context(seed=4)).data


def test_disconnected_parts_do_not_dilute_each_other() -> None:
    g = families.cycle(12)
    two = Graph(24, np.concatenate([g.edges, g.edges + 12]))
    assert Sensitivity(layers=4)(two).data == pytest.approx(Sensitivity(layers=4)(g).data, rel=1e-12)


@pytest.mark.parametrize("n", [0, 1, 5])
def test_without_edges_there_is_nothing_to_say(n: int) -> None:
    found: Values = Sensitivity()(Graph(n, np.zeros((0, 2))))
    assert found.data is None
    assert "no edges" in found.reason


def test_lonely_sample() -> None:
    g = Graph(2000, np.array([[0, 1]]))
    found = Sensitivity(sources=1)(g, Context(seed=1))
    assert found.data is None
    assert "neighbour" in found.reason


def test_refusals() -> None:
    g = families.path(4)
    with pytest.raises(NotApplicable, match="undirected"):
        Sensitivity()(Graph(3, np.array([[0, 1]]), directed=True))
    with pytest.raises(UsageError, match="source and target together"):
        Sensitivity(source=1)(g)
    with pytest.raises(UsageError, match="nodes 0 … 3"):
        Sensitivity(source=1, target=4)(g)
    with pytest.raises(LimitExceeded, match="sources=N"):
        Sensitivity(sources=4)(g, Context(limits=Limits(memory=100)))


def test_a_low_limit_means_fewer_sources() -> None:
    g = families.watts_strogatz(300, 6, 0.1)
    found = Sensitivity()(g, Context(limits=Limits(operations=4e7)))
    assert not found.exact
    assert 32 <= found.details["sources"] < 300


def test_karate_by_spec() -> None:
    found = measure(real_graph("karate"), "sensitivity:layers=5,operator=rw")["sensitivity:layers=5,operator=rw"]
    assert 0 < found.data < 1
    assert len(found.details["distance"]) == 6
    assert sum(found.details["pairs"]) == 34**2
