"""Sensitivity, obstruction and spectrum against what linear networks and exact Jacobians say."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from probe_nets import RINGS, Same, averaging, labelled, linear_gcn, trained, with_net
from scipy import stats

from mixcli.generators.graphs import barbell, cycle, erdos_renyi, path
from mixcli.graph import Graph
from mixcli.training.block import SparseRows
from mixcli.training.network import Network
from mixcli.training.probes.geometry import hops_to, resistances_to
from mixcli.training.probes.jacobian import block_norms
from mixcli.training.probes.obstruction import Obstruction, partial, spearman
from mixcli.training.probes.obstruction import _of_graph as obstruction_of
from mixcli.training.probes.sensitivity import JacobianSensitivity
from mixcli.training.probes.spectrum import JacobianSpectrum
from mixcli.training.topology import topology_of


def linear(graphs: list[Graph], depth: int, spec: str = "none"):
    return with_net(trained(labelled(graphs), spec, "gcn:hidden=2,layers=2"), linear_gcn(depth))


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 4))
def test_linear_gcn_has_the_powers_of_its_averaging(seed: int, depth: int) -> None:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(2, 9, 10)
    graphs = [erdos_renyi(int(n), int(rng.integers(0, n * (n - 1) // 2 + 1)), seed=seed) for n in sizes]
    one = linear(graphs, depth)
    sample = one.sample(4)
    targets = [np.arange(n) for n in sample.size]
    for layer in (depth, 1):
        found = block_norms(one, 4, targets, layer, 0)
        for s, g in zip(found, sample.graph, strict=True):
            exact = np.linalg.matrix_power(averaging(graphs[g]), layer)
            np.testing.assert_allclose(s, exact, rtol=1e-5, atol=1e-7)
            assert ((s == 0) == (exact == 0)).all()  # nothing at all beyond so many hops


def test_nothing_is_heard_from_beyond_the_layers() -> None:
    one = linear([path(9)] * 20, 3)
    reading = JacobianSensitivity(graphs=2, targets=9)(one)
    assert all(v is None for v in reading.curves["sensitivity"][4:])
    assert all(v is not None for v in reading.curves["sensitivity"][:4])
    assert reading.curves["unreached"] == [0.0] * 4 + [1.0] * 5
    exact = float((hops_to(topology_of([path(9)]), 0, np.arange(9)) > 3).mean())
    assert reading.figures["unreached"] == pytest.approx(exact)
    assert reading.figures["out_of_reach"] == pytest.approx(exact)


def test_shortcut_is_seen_at_the_distance_of_the_graph_as_given() -> None:
    graphs = [path(9)] * 20
    before = JacobianSensitivity(graphs=2, targets=9)(linear(graphs, 3))
    after = JacobianSensitivity(graphs=2, targets=9)(linear(graphs, 3, "fosr:iterations=2"))
    assert len(after.curves["sensitivity"]) == len(before.curves["sensitivity"]) == 9
    assert after.figures["unreached"] < before.figures["unreached"]
    assert after.figures["range"] > before.figures["range"]


def test_network_that_mixes_nothing() -> None:
    one = with_net(trained(RINGS), Network([Same()]))
    reading = JacobianSensitivity(graphs=4, targets=3)(one)
    assert reading.figures["range"] == 0.0
    assert reading.curves["influence"][0] == 1.0
    assert set(reading.curves["unreached"][1:]) == {1.0}
    assert reading.curves["sensitivity"][0] == pytest.approx(3**0.5)


@pytest.mark.parametrize("model", ["gin:hidden=6,layers=3", "transformer:hidden=4,layers=2,over=edges"])
def test_exact_norms_are_those_of_the_whole_jacobian(model: str) -> None:
    one = trained(RINGS, model=model)
    sample = one.sample(3)
    targets = [np.array([0, 2, 5])] * sample.copies
    found = block_norms(one, 3, targets, 0, 0)
    from mixcli.training.probes.states import layer_states

    whole = torch.autograd.functional.jacobian(lambda x: layer_states(one.net, x, sample.block)[-1], sample.dense)
    norms = whole.double().square().sum((1, 3)).sqrt().numpy()  # [row, row]
    for c, s in enumerate(found):
        rows = sample.first[c] + np.arange(sample.size[c])
        np.testing.assert_allclose(s, norms[np.ix_(rows[targets[c]], rows)], rtol=1e-4, atol=1e-6)


def test_gaussian_probes_are_within_four_standard_errors() -> None:
    one, count = trained(RINGS, model="gcn:hidden=24,layers=3"), 16
    targets = [np.arange(4)] * one.sample(6).copies
    exact, about = (block_norms(one, 6, targets, 2, k) for k in (0, count))
    for s, t in zip(exact, about, strict=True):
        error = s**2 * np.sqrt(2 / count)  # at most: Var |J'r|² = 2 |JJ'|² <= 2 |J|⁴
        assert (np.abs(t**2 - s**2) <= 4 * error + 1e-12).all()
        assert (t[s == 0] == 0).all()
    ratio = [np.sum(t**2) / np.sum(s**2) for s, t in zip(exact, about, strict=True)]
    assert abs(np.mean(ratio) - 1) < 0.15


def test_sample_and_targets_do_not_depend_on_the_arm() -> None:
    arms = [trained(RINGS, spec) for spec in ("none", "random:iterations=2", "virtual_node:1")]
    from mixcli.training.probes.targets import targets

    graphs = [a.sample(4).graph.tolist() for a in arms]
    nodes = [[t.tolist() for t in targets(a, 4, 3)] for a in arms]
    assert graphs[0] == graphs[1] == graphs[2]
    assert nodes[0] == nodes[1] == nodes[2]


def test_signal_that_decays_with_resistance_is_told_from_distance() -> None:
    graph = barbell(5, 2)
    topology, nodes = topology_of([graph]), np.arange(graph.n)
    r, d = resistances_to(topology, 0, nodes), hops_to(topology, 0, nodes)
    found = obstruction_of(np.exp(-2 * r), d, r, 10.0 * r)
    assert found["slope_resistance"] == pytest.approx(-2)
    assert found["slope_commute"] == pytest.approx(-0.2)
    assert found["spearman_resistance"] == pytest.approx(-1)
    assert found["partial"] == pytest.approx(-1)
    by_distance = obstruction_of(np.exp(-d), d, r, 10.0 * r)
    assert by_distance["slope_distance"] == pytest.approx(-1)
    assert by_distance["spearman_distance"] == pytest.approx(-1)
    assert by_distance["partial"] is None


def test_resistances_of_small_and_large_graphs() -> None:
    for n in (12, 300):  # all at once, and by solves
        found = resistances_to(topology_of([cycle(5), cycle(n)]), 1, np.array([0, 3]))
        k = np.arange(n)
        np.testing.assert_allclose(found[0], k * (n - k) / n, atol=1e-9)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=3, max_size=20))
def test_rank_correlation_is_that_of_scipy(pairs: list[tuple[int, int]]) -> None:
    a, b = np.array(pairs, dtype=float).T
    found = spearman(a, b)
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        assert found is None
    else:
        assert found == pytest.approx(stats.spearmanr(a, b).statistic, abs=1e-12)
    assert partial(found, None, None) == found


def test_obstruction_of_a_trained_network_is_defined() -> None:
    graphs = labelled([barbell(5, i % 3) for i in range(20)], 3)
    reading = Obstruction(graphs=4)(trained(graphs, model="gcn:hidden=8,layers=5"))
    assert -1 <= reading.figures["spearman_resistance"] < 0
    assert reading.figures["slope_resistance"] < 0
    assert -1 <= reading.figures["partial"] <= 1


def test_moduli_of_a_linear_gcn() -> None:
    graphs = [cycle(5), path(4)] * 10
    one = trained(labelled(graphs), "none", "gcn:hidden=2,layers=2")
    weights = (1.0, 0.5)
    one.sample(32).batch.__dict__["x"] = torch.ones(len(one.sample(32).block.graph), 2)
    with_net(one, linear_gcn(3, weights))
    reading = JacobianSpectrum(graphs=1, layer=2)(one)
    graph = graphs[int(one.sample(32).graph[0])]
    moduli = np.abs(np.outer(np.linalg.eigvalsh(averaging(graph)), weights)).ravel()
    assert reading.figures["radius"] == pytest.approx(moduli.max(), abs=1e-5)
    assert reading.figures["mean"] == pytest.approx(moduli.mean(), abs=1e-5)
    assert reading.figures["median"] == pytest.approx(np.median(moduli), abs=1e-5)
    assert reading.figures["norm"] == pytest.approx(np.sqrt((moduli**2).mean()), abs=1e-5)


@pytest.mark.parametrize("model", ["gcn:hidden=4,layers=2", "rgcn:hidden=4,layers=2", "gin:hidden=16,layers=2", "sgc"])
def test_sparse_features_are_differentiated_without_being_made_dense(model: str) -> None:
    rng = np.random.default_rng(0)
    x = (rng.random((24, 400)) < 0.01).astype(np.float32)
    graph = barbell(12, 0).replace(node={"y": np.arange(24) % 2, "x": x})
    one, targets = trained([graph], "fosr:iterations=2", model), [np.array([0, 5, 20])]
    sample = one.sample(1)
    (full,) = block_norms(one, 1, targets, 0, 0)
    row, column = torch.nonzero(sample.x, as_tuple=True)
    order = torch.argsort(column, stable=True)
    given = SparseRows(tuple(sample.x.shape), row, column, sample.x[row, column], order)
    sample.batch.__dict__["x"] = given
    (sparse,) = block_norms(one, 1, targets, 0, 0)
    np.testing.assert_allclose(sparse, full, rtol=1e-4, atol=1e-7)
    assert full.max() > 0
