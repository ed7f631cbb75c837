"""Energy, rank, collapse, cosine distance, gradients and added edges: closed forms, then laws."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from probe_nets import RINGS, Same, averaging, labelled, linear_gcn, trained, with_net
from torch.nn import functional

from mixcli.generators.graphs import barbell, complete, path, star
from mixcli.training.network import Network
from mixcli.training.probes.collapse import CollapseOfStates, off_direction
from mixcli.training.probes.dirichlet import DirichletEnergy, energies
from mixcli.training.probes.gradients import Gradients
from mixcli.training.probes.mad import MeanAverageDistance, cosine_distances
from mixcli.training.probes.rank import RankOfStates, ranks
from mixcli.training.probes.relation_share import RelationShare, without_added
from mixcli.training.topology import topology_of

STARS = labelled([star(4 + i % 5) for i in range(20)], 2)


def of_sample(one, function) -> torch.Tensor:
    """Rows of every sampled graph stacked."""
    sample = one.sample(4)
    return torch.cat([torch.as_tensor(function(int(g))).float().reshape(int(n), -1)
                      for g, n in zip(sample.graph, sample.size, strict=True)])  # fmt: skip


def test_square_roots_of_degrees_have_no_energy() -> None:
    one = trained(STARS)
    sample = one.sample(4)
    h = of_sample(one, lambda g: np.sqrt(STARS[g].degree + 1.0))
    assert np.abs(energies(h, sample, sample.before)).max() < 1e-12
    assert np.abs(off_direction(h, sample.after.strength.sqrt(), sample)).max() < 1e-6
    assert off_direction(h, torch.ones(len(h)), sample).min() > 0.1
    assert np.abs(off_direction(torch.ones(len(h), 3), torch.ones(len(h)), sample)).max() < 1e-6


def test_rayleigh_quotient_of_an_eigenvector_is_its_eigenvalue() -> None:
    one = trained(STARS)
    sample = one.sample(4)
    for k in range(4):
        pairs = {int(g): np.linalg.eigh(np.eye(STARS[g].n) - averaging(STARS[g])) for g in sample.graph}
        h = of_sample(one, lambda g, k=k, pairs=pairs: pairs[g][1][:, k])
        exact = [pairs[int(g)][0][k] for g in sample.graph]
        np.testing.assert_allclose(energies(h, sample, sample.before), exact, atol=1e-6)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 4))
def test_quotient_lies_between_zero_and_two_and_ignores_scale(seed: int, width: int) -> None:
    one = trained_stars()
    sample = one.sample(4)
    h = torch.randn(int(sample.size.sum()), width, generator=torch.Generator().manual_seed(seed))
    energy, norm = energies(h, sample, sample.before), sample.sums(h.square().sum(1))
    assert (energy >= 0).all()
    assert (energy < 2 * norm).all()
    np.testing.assert_allclose(energies(3 * h, sample, sample.before), 9 * energy, rtol=1e-4)


_stars: list = []


def trained_stars():
    if not _stars:
        _stars.append(trained(STARS))
    return _stars[0]


def test_averaging_smooths_at_the_rate_of_the_gap() -> None:
    graphs = labelled([path(6)] * 20, 2)
    one = with_net(trained(graphs), linear_gcn(12, (1.0, 1.0)))
    one.sample(32).batch.__dict__["x"] = torch.rand(len(one.sample(32).block.graph), 2)
    reading = DirichletEnergy()(one)
    second = np.sort(np.linalg.eigvalsh(averaging(path(6))))[-2]
    quotients = reading.curves["rayleigh"]
    assert all(b < a for a, b in itertools.pairwise(quotients))
    assert math.log(quotients[-1] / quotients[-2]) == pytest.approx(2 * math.log(second), rel=0.1)
    assert reading.curves["rayleigh"] == reading.curves["rayleigh_rewired"]  # nothing was rewired
    left = CollapseOfStates()(one).curves["weighted"]
    assert all(b < a for a, b in itertools.pairwise(left))


def test_energy_on_the_rewired_graph_is_another() -> None:
    one = trained(labelled([barbell(4, 1)] * 20, 3), "fosr:iterations=3")
    reading = DirichletEnergy()(one)
    assert reading.figures["rayleigh"] != reading.figures["rayleigh_rewired"]


def test_ranks_of_known_matrices() -> None:
    assert ranks(torch.ones(5, 3)) == (None, None)
    direction = torch.arange(6.0)[:, None] * torch.tensor([[1.0, 2.0]])
    assert ranks(direction) == (pytest.approx(1), pytest.approx(1))
    simplex = torch.eye(5)  # centred: four equal singular values
    assert ranks(simplex) == (pytest.approx(4), pytest.approx(4))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 7), st.integers(1, 5))
def test_ranks_lie_between_one_and_the_smaller_side(seed: int, n: int, d: int) -> None:
    h = torch.randn(n, d, generator=torch.Generator().manual_seed(seed))
    effective, stable = ranks(h)
    assert 1 <= stable <= effective + 1e-9
    assert effective <= min(n - 1, d) + 1e-9


def test_cosine_distances_of_known_rows() -> None:
    unit = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [np.nan, np.nan]])
    assert cosine_distances(unit, np.array([0]), np.array([1])) == 1
    assert cosine_distances(unit, np.array([0, 0]), np.array([2, 3])) == 2  # rows of zero are left out
    assert cosine_distances(unit, np.array([3]), np.array([3])) is None


def test_far_nodes_differ_more_than_near_ones_along_a_line() -> None:
    graphs = labelled([path(9)] * 20, 2)
    one = with_net(trained(graphs), Network([Same()]))
    angle = torch.linspace(0, 3, 9).repeat(one.sample(32).copies)
    one.sample(32).batch.__dict__["x"] = torch.stack([angle.cos(), angle.sin()], 1)
    reading = MeanAverageDistance(targets=9)(one)
    assert reading.figures["mad"] == pytest.approx(1 - math.cos(3 / 8), abs=1e-6)
    assert reading.figures["gap"] > 0.5
    small = with_net(trained(labelled([complete(5)] * 20, 2)), Network([Same()]))
    assert MeanAverageDistance()(small).figures["gap"] is None


def test_rank_of_a_network_without_differences_is_not_defined() -> None:
    one = trained(labelled([complete(5)] * 20))  # no features: all nodes are alike
    assert RankOfStates()(one).figures == {"effective_rank": None, "stable_rank": None}
    assert CollapseOfStates()(one).figures["uniform"] == pytest.approx(0, abs=1e-6)


def test_gradients_are_those_of_the_loss() -> None:
    one = trained(RINGS, model="gcn:hidden=4,layers=3")
    reading = Gradients(units=8)(one)
    units = np.sort(one.random.rng("probe units").permutation(one.split.train)[:8])
    batch = one.loader.batch(units)
    for moment, short in (("start", "start"), ("best", "best")):
        with one.at(moment):
            loss = functional.cross_entropy(batch.scores(one.net(batch.x, batch.block)), batch.y)
            grads = [torch.autograd.grad(loss, list(m.parameters()), retain_graph=True) for m in one.net.layers]
        exact = [math.sqrt(sum(float(g.square().sum()) for g in group)) for group in grads]
        assert reading.curves[f"weight_{short}"] == pytest.approx(exact, rel=1e-5)
        assert reading.figures[f"ratio_{short}"] == pytest.approx(exact[0] / exact[-1], rel=1e-5)
    assert 0 <= reading.figures["dead_start"] <= 1


def test_dead_units_are_counted() -> None:
    one = trained(RINGS, model="gcn:hidden=4,layers=2")
    with torch.no_grad():
        one.fit.best_state["layers.0.bias"][:3] = -1e6
    assert Gradients()(one).figures["dead_best"] == pytest.approx(0.75)


def test_empty_relation_carries_nothing() -> None:
    one = trained(RINGS, "none", "rgcn:hidden=4,layers=3")
    reading = RelationShare()(one)
    assert reading.figures["share"] == 0
    assert reading.curves["share"] == [0, 0, 0]
    assert reading.figures["lost"] == 0


def test_share_of_a_relational_network_is_the_part_of_the_added_relation() -> None:
    one = trained(RINGS, "random:iterations=2", "rgcn:hidden=4,layers=2")
    sample, layer = one.sample(32), one.net.layers[0]
    with torch.no_grad():
        part = sample.block.mean(sample.x, 1) @ layer.weight[1]
        whole = layer(sample.x, sample.block)
    ratio = np.sqrt(sample.sums(part.square().sum(1)) / sample.sums(whole.square().sum(1)))
    reading = RelationShare()(one)
    assert reading.curves["share"][0] == pytest.approx(ratio.mean(), rel=1e-5)
    assert reading.figures["lost"] == reading.figures["metric"] - reading.figures["metric_masked"]


@pytest.mark.parametrize("spec", ["random:iterations=3", "virtual_node:2", "last_layer_fa", "sdrf:iterations=2"])
def test_masking_leaves_the_arcs_of_both_graphs(spec: str) -> None:
    one = trained(RINGS, spec, "gcn:hidden=2,layers=2")
    masked = without_added(one.topology, one.original)
    assert masked.last is None
    assert not masked.laid
    given = topology_of([RINGS[3]])
    graph = slice(*masked.union.start[3:5])
    kept = set(zip(masked.union.receiver[graph] - masked.start[3], masked.union.sender[graph] - masked.start[3],
                   strict=True))  # fmt: skip
    assert kept <= set(zip(given.union.receiver, given.union.sender, strict=True))
    if not spec.startswith("sdrf"):
        assert len(kept) == len(given.union.receiver)
