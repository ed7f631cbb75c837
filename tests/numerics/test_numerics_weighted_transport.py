"""Ollivier curvature of weighted graphs: closed forms on trees, the definition by other libraries, certificates."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import naive_transport
from reference.files import real_graph
from scipy.optimize import linear_sum_assignment
from strategies import graphs, relabelled
from zoo import ZOO, Entry

from mixcli.context import Context
from mixcli.errors import LimitExceeded, NotApplicable
from mixcli.generators import graphs as families
from mixcli.graph import Graph
from mixcli.limits import Limits
from mixcli.numerics import weighted_transport
from mixcli.numerics import weighted_transport_plan as plan
from mixcli.numerics.jit import Plan
from mixcli.numerics.weighted_transport import curvatures, ollivier
from mixcli.numerics.weighted_transport_simplex import transport, verdict

CURVED = [e for e in ZOO if {"ollivier_0", "lin_lu_yau"} <= set(e.curvature)]


def _weighted(g: Graph, spread: float = 1.0, seed: int = 0) -> Graph:
    return g.replace(weight=np.exp(spread * np.random.default_rng(seed).normal(size=g.m)))


def _close(found: np.ndarray, expected: np.ndarray, tolerance: float = 1e-12) -> None:
    assert np.max(np.abs(found - expected) / np.maximum(1, np.abs(expected)), initial=0) <= tolerance


@pytest.mark.parametrize("entry", CURVED, ids=str)
def test_equal_weights_give_the_closed_forms_of_the_unweighted_graph(entry: Entry) -> None:
    g = entry.graph.replace(weight=np.full(entry.graph.m, 0.3))
    assert ollivier(g, 0.0, Context()) == pytest.approx(entry.curvature["ollivier_0"], abs=1e-12)
    assert ollivier(g, None, Context()) == pytest.approx(entry.curvature["lin_lu_yau"], abs=1e-12)


@pytest.mark.parametrize("g", [families.path(6), families.star(150), families.tree(3, 3)], ids=lambda g: g.name)
def test_weighted_trees(g: Graph) -> None:
    g = _weighted(g, 2.0)
    d, w = g.degree[g.edges], g.weight
    part = w[:, None] / g.strength[g.edges]  # w_ij / W_i and w_ij / W_j
    _close(ollivier(g, None, Context()), (part * (2 - d)).sum(1))
    for alpha in (0.0, 0.2):
        away = 1 - (1 - alpha) * (part * (d - 1)).sum(1)
        _close(ollivier(g, alpha, Context()), away - np.abs(1 - (1 - alpha) * part.sum(1)))


def test_an_edge_longer_than_the_way_around_it() -> None:
    g = Graph(3, np.array([[0, 1], [0, 2], [1, 2]]), weight=np.array([1.0, 10.0, 10.0]))
    # d(0, 1) = 0.2 by way of 2, where 10/11 of both walks meet; the rest goes from 1 to 0.
    assert ollivier(g, 0.0, Context())[0] == pytest.approx(10 / 11)


@given(graphs(max_nodes=9, weighted=True), st.sampled_from([0.0, 0.25, 0.5, 0.8]))
@settings(max_examples=40, deadline=None)
def test_equals_the_definition(g: Graph, alpha: float) -> None:
    found = curvatures(g, alpha, Context())
    _close(found.edge, naive_transport.ollivier(g, alpha))
    assert found.residual < 1e-12


@pytest.mark.parametrize("spread", [0.5, 3.0])
def test_equals_the_definition_on_dense_random_graphs(spread: float) -> None:
    g = _weighted(families.erdos_renyi(40, 250), spread)
    for alpha in (0.0, 0.5):
        _close(ollivier(g, alpha, Context()), naive_transport.ollivier(g, alpha))


@given(graphs(max_nodes=10, weighted=True))
@settings(max_examples=40, deadline=None)
def test_the_limit_is_reached_at_one_half(g: Graph) -> None:
    limit = ollivier(g, None, Context())
    near = naive_transport.ollivier(g, 0.999) / 0.001
    _close(limit, near, 1e-9)
    _close(ollivier(g, 0.75, Context()), limit / 4)
    assert (ollivier(g, 1.0, Context()) == 0).all()
    assert (limit >= ollivier(g, 0.0, Context()) - 1e-12).all()  # the idleness function is concave


@given(graphs(max_nodes=10, weighted=True))
@settings(max_examples=30, deadline=None)
def test_relabelling_and_the_unit_of_weight_change_nothing(g: Graph) -> None:
    found = ollivier(g, 0.0, Context())
    moved, order = relabelled(g, seed=g.n)
    _close(ollivier(moved, 0.0, Context()), found[order])
    if g.weight is not None:
        _close(ollivier(g.replace(weight=g.weight * 1e-200), 0.0, Context()), found)


@pytest.mark.parametrize("spread", [0.0, 1.0])
def test_plain_compiled_threaded_and_blocked_agree_to_the_last_bit(
    spread: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    g = _weighted(families.barabasi_albert(60, 4), spread)
    kernels = Plan("none", (), loading=1e9, compiling=1e9)
    monkeypatch.setattr(weighted_transport, "KERNELS", kernels)
    plain = curvatures(g, 0.0, Context(threads=1))
    kernels.loaded = True
    for threads in (1, 3):
        compiled = curvatures(g, 0.0, Context(threads=threads))
        assert np.array_equal(plain.edge, compiled.edge)
        assert plain.residual == compiled.residual
    monkeypatch.setattr(weighted_transport, "SPAN", 0)
    monkeypatch.setattr(weighted_transport, "TABLE", 600)
    seen: list[tuple[str, int, int]] = []
    blocked = curvatures(g, 0.0, Context(threads=2, progress=lambda *step: seen.append(step)))
    assert np.array_equal(plain.edge, blocked.edge)
    assert len(seen) > 3
    assert seen[-1] == ("ollivier", g.m, g.m)


def test_blocks_hold_every_edge_once() -> None:
    g = _weighted(families.watts_strogatz(200, 6, 0.1))
    parts = plan.blocks(plan.problem(g), g, 2000)
    assert len(parts) > 2
    assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(g.m))


@pytest.mark.parametrize("k", [1, 5, 40])
def test_transport_of_unit_masses_is_an_assignment(k: int) -> None:
    cost = np.random.default_rng(k).uniform(size=(k, k))
    rows, columns = linear_sum_assignment(cost)
    flat, potential, tree = cost.ravel().tolist(), [0.0] * (2 * k), tuple([0] * (2 * k) for _ in range(6))
    unit = 2**40 * (k + 1)
    amount = [unit + 1] * k + [unit] * (k - 1) + [unit + k]
    transport(k, k, flat, amount, tree, potential)
    value, error = verdict(k, k, flat, [1.0] * (2 * k), float(unit), tree, potential)
    assert value == pytest.approx(cost[rows, columns].sum(), abs=1e-12)
    assert error < 1e-9


def test_ties_everywhere() -> None:
    g = families.bipartite(12, 12).replace(weight=np.full(144, 2.0))
    assert ollivier(g, 0.0, Context()) == pytest.approx(np.zeros(144), abs=1e-12)
    assert ollivier(g, None, Context()) == pytest.approx(np.full(144, 2 / 12), abs=1e-12)


def test_graphs_without_edges() -> None:
    assert ollivier(Graph(3, np.zeros((0, 2), np.int64)), 0.0, Context()).shape == (0,)


def test_what_cannot_be_computed_is_refused() -> None:
    g = Graph(3, np.array([[0, 1], [1, 2]]), weight=np.array([1e-300, 1e300]))
    with pytest.raises(NotApplicable, match="ratios"):
        ollivier(g, 0.0, Context())
    g = _weighted(families.barabasi_albert(200, 4))
    with pytest.raises(LimitExceeded, match="balanced_forman"):
        ollivier(g, 0.0, Context(limits=Limits(operations=1e4)))
    with pytest.raises(LimitExceeded, match="table"):
        ollivier(g, 0.0, Context(limits=Limits(memory=1000)))


def test_a_real_network_with_random_weights() -> None:
    g = _weighted(real_graph("power"))
    found = curvatures(g, None, Context())
    assert found.residual < 1e-12
    few = np.flatnonzero((g.edges < 60).all(1))
    # Another way to the limit, away from its kink: κ_α / (1 - α) at α = 0.9 by the compiled loops on their own.
    assert found.edge[few] == pytest.approx(ollivier(g, 0.9, Context())[few] / 0.1, abs=1e-9)
    assert (found.edge <= 2 + 1e-12).all()
