"""Resistances: closed forms, exact fractions, both paths against each other, hard weights, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from reference import naive_resistance, spectral
from strategies import graphs
from zoo import ZOO, Entry

from mixcli.errors import LimitExceeded
from mixcli.generators import graphs as families
from mixcli.graph import Graph
from mixcli.limits import Limits
from mixcli.numerics import dense_resistance, planar, resistance
from mixcli.numerics.dense_resistance import all_resistances
from mixcli.numerics.jit import Plan
from mixcli.numerics.resistance import Resistances, resistances

PATHS = {"plain": 10**9, "compiled": -1}


def _force(patch: pytest.MonkeyPatch, path: str) -> None:
    """Plain Python or kernels, whatever the size of the graph and whatever is loaded."""
    patch.setattr(resistance, "PLAIN_EDGES", PATHS[path])
    for plan in (resistance.PLAN, dense_resistance.PLAN):
        patch.setattr(plan, "compiled", lambda plain: path == "compiled")


@pytest.fixture(params=PATHS)
def either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Runs a test once in plain Python and once compiled, whatever the size of its graph."""
    _force(monkeypatch, request.param)
    return str(request.param)


def _solve(g: Graph) -> Resistances:
    return resistances(g, Limits())


def _weighted(g: Graph, decades: float, seed: int = 0) -> Graph:
    exponent = (np.random.default_rng(seed).random(g.m) - 0.5) * decades
    return g.replace(weight=10.0**exponent)


def _union(*parts: Graph) -> Graph:
    offset = np.cumsum([0, *(p.n for p in parts)])
    edges = np.concatenate([p.edges + o for p, o in zip(parts, offset[:-1], strict=True)])
    return Graph(int(offset[-1]), edges)


@pytest.mark.usefixtures("either")
@pytest.mark.parametrize("entry", ZOO, ids=str)
def test_closed_forms(entry: Entry) -> None:
    found = _solve(entry.graph)
    if entry.edge_resistance is not None:
        assert found.edge == pytest.approx(entry.edge_resistance, abs=1e-12)
    if entry.components == 1 and entry.kirchhoff is not None:
        assert found.kirchhoff == pytest.approx([entry.kirchhoff], rel=1e-12)
    assert found.residual < 1e-13


@pytest.mark.usefixtures("either")
def test_trees_are_exact() -> None:
    g = _weighted(families.tree(3, 4), 8)
    assert np.array_equal(_solve(g).edge, 1 / g.weight)


@given(graphs(max_nodes=8, weighted=True))
@settings(max_examples=40, deadline=None)
def test_against_exact_fractions(g: Graph) -> None:
    table = naive_resistance.resistances(g)
    expected = table[g.edges[:, 0], g.edges[:, 1]]
    part = [np.flatnonzero(g.components.of_node == c) for c in range(g.components.count)]
    totals = [table[np.ix_(nodes, nodes)].sum() / 2 for nodes in part]
    for path in PATHS:
        with pytest.MonkeyPatch.context() as patch:
            _force(patch, path)
            found = _solve(g)
        assert found.edge == pytest.approx(expected, rel=1e-13)
        assert found.kirchhoff == pytest.approx(totals, rel=1e-11, abs=1e-13)


@pytest.mark.parametrize("decades", [0, 12])
@pytest.mark.parametrize(
    "g",
    [
        families.erdos_renyi(400, 2400),
        families.barabasi_albert(500, 3),
        families.grid(25, 25),
        families.complete(90),
        _union(families.complete(70), families.erdos_renyi(150, 2000, seed=3), families.path(9), families.path(1)),
    ],
    ids=["random", "hubs", "grid", "complete", "parts"],
)
def test_both_paths_give_the_same_bits(g: Graph, decades: int, monkeypatch: pytest.MonkeyPatch) -> None:
    g = _weighted(g, decades)
    found = {}
    for path in PATHS:
        _force(monkeypatch, path)
        found[path] = _solve(g)
        assert found[path].residual < 1e-12
    assert found["plain"].tail == found["compiled"].tail
    for field in ("edge", "kirchhoff", "diagonal", "kemeny", "hitting"):
        assert np.array_equal(getattr(found["plain"], field), getattr(found["compiled"], field))


@pytest.mark.parametrize("operations", [8e5, 2e6, 1e8])
def test_both_paths_stop_alike_within_limits(operations: float, monkeypatch: pytest.MonkeyPatch) -> None:
    g = families.erdos_renyi(900, 2000, seed=4)
    found: dict[str, object] = {}
    for path in PATHS:
        _force(monkeypatch, path)
        try:
            found[path] = resistances(g, Limits(operations=operations)).tail
        except LimitExceeded as refusal:
            found[path] = str(refusal)
    assert found["plain"] == found["compiled"]
    assert isinstance(found["plain"], str) == (operations < 1e6)


def test_a_stream_of_small_graphs_ends_up_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    g = families.grid(6, 6)
    plan = Plan("never cached", ("jit.py",), loading=1e9, compiling=3.5 * resistance.PLAIN_EDGE * g.m)
    monkeypatch.setattr(resistance, "PLAN", plan)
    loaded = []
    for _ in range(4):
        _solve(g)
        loaded.append(plan.loaded)
    assert loaded == [False, False, False, True]


@pytest.mark.usefixtures("either")
def test_weak_links_leave_the_small_resistances_alone() -> None:
    k, weak = 40, 1e-12
    g = families.barbell(k)
    bridge = (g.degree[g.edges] == k).all(axis=1)
    found = _solve(g.replace(weight=np.where(bridge, weak, 1.0)))
    assert found.edge[~bridge] == pytest.approx(np.full(g.m - 1, 2 / k), rel=1e-13)
    assert found.edge[bridge] == pytest.approx([1 / weak], rel=1e-13)


@pytest.mark.usefixtures("either")
def test_kirchhoff_of_a_large_grid_from_its_spectrum() -> None:
    rows, columns = 60, 80
    each = [4 * np.sin(np.pi * np.arange(n) / (2 * n)) ** 2 for n in (rows, columns)]
    eigenvalues = np.add.outer(*each).ravel()[1:]
    found = _solve(families.grid(rows, columns))
    assert found.kirchhoff == pytest.approx([rows * columns * (1 / eigenvalues).sum()], rel=1e-10)
    assert found.residual < 1e-12
    assert found.tail > 0


@pytest.mark.parametrize("large", [1, 10**9], ids=["wide", "narrow"])
@pytest.mark.parametrize("r", [1, 2, 3, 32, 33, 34, 65, 66, 98, 130, 200])
def test_dense_part_over_the_seams_of_its_panels(r: int, large: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dense_resistance, "LARGE", large)
    g = families.complete(r)
    g = _weighted(g, 2, seed=r)
    flow = spectral.adjacency(g)
    _force(monkeypatch, "plain")
    found = all_resistances(flow.copy())
    assert found == pytest.approx(spectral.resistances(g), rel=1e-10, abs=1e-12)
    assert np.array_equal(found, found.T)
    assert not found.diagonal().any()
    assert np.array_equal(found, all_resistances(flow.copy(), kernels=True))


@pytest.mark.parametrize("narrow", [2, 5, 32])
@pytest.mark.parametrize("decades", [0, 24])
def test_dense_part_against_exact_fractions(narrow: int, decades: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dense_resistance, "NARROW", narrow)
    for seed in range(4):
        g = families.erdos_renyi(13, 40, seed=seed)
        g = _weighted(g.component(g.components.largest), decades, seed)
        assert all_resistances(spectral.adjacency(g)) == pytest.approx(naive_resistance.resistances(g), rel=5e-15)


@pytest.mark.parametrize("kernels", [False, True])
def test_dense_part_keeps_small_resistances_beside_large_ones(kernels: bool) -> None:
    """Two cliques of 45 over a weak link: panels that hold one clique, both, and the seam."""
    k, weak = 45, 1e-12
    flow = np.kron(np.eye(2), 1 - np.eye(k))
    flow[k - 1, k] = flow[k, k - 1] = weak
    for order in (np.arange(2 * k), np.arange(2 * k).reshape(2, k).T.ravel()):
        found = all_resistances(flow[np.ix_(order, order)], kernels)
        table = np.empty_like(found)
        table[np.ix_(order, order)] = found
        within = table[:k, :k][~np.eye(k, dtype=bool)]
        assert within == pytest.approx(np.full(len(within), 2 / k), rel=1e-13)
        assert table[k - 1, k] == pytest.approx(1 / weak, rel=1e-13)


@given(graphs(max_nodes=9, weighted=True))
@settings(max_examples=40, deadline=None)
def test_resistance_is_a_metric(g: Graph) -> None:
    g = g.component(g.components.largest)
    table = all_resistances(spectral.adjacency(g))
    assert (table[~np.eye(g.n, dtype=bool)] > 0).all()
    assert (table[:, None, :] <= (table[:, :, None] + table[None]) * (1 + 1e-12)).all()


@pytest.mark.parametrize(
    "g",
    [
        families.grid(40, 50),
        _weighted(families.torus(40, 40), 4),
        _union(families.grid(30, 30), families.path(5), families.torus(25, 30), families.path(1)),
    ],
    ids=["grid", "weighted", "parts"],
)
def test_a_sparse_factor_finishes_as_well_as_the_dense_part(g: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    _force(monkeypatch, "compiled")
    dense = _solve(g)
    monkeypatch.setattr(planar, "WORTH", 10)
    sparse = _solve(g)
    assert (dense.tail > 50, sparse.tail) == (True, np.unique(g.components.of_node[g.degree > 2]).size)
    assert sparse.residual < 1e-12
    for field in ("edge", "kirchhoff", "diagonal", "kemeny", "hitting"):
        assert getattr(sparse, field) == pytest.approx(getattr(dense, field), rel=1e-10, abs=1e-12)


def test_only_small_separators_call_for_a_sparse_factor() -> None:
    assert planar.applies(families.grid(100, 100), 5000, Limits())
    assert not planar.applies(families.watts_strogatz(10_000, 6, 0.1), 5000, Limits())
    assert not planar.applies(_weighted(families.grid(100, 100), 8), 5000, Limits())
    assert not planar.applies(families.grid(100, 100), 5000, Limits(memory=1000))


@pytest.mark.usefixtures("either")
def test_too_large_a_dense_part_is_refused_with_a_way_out() -> None:
    g = families.erdos_renyi(600, 4000)
    with pytest.raises(LimitExceeded, match="method=sketch"):
        resistances(g, Limits(operations=1e5))
    with pytest.raises(LimitExceeded, match="--max-memory"):
        resistances(g, Limits(memory=10_000))
    assert resistances(families.path(3000), Limits(operations=1e7, memory=2_000_000)).tail == 0


@pytest.mark.usefixtures("either")
@pytest.mark.parametrize("n", [0, 1, 4])
def test_edgeless_graphs(n: int) -> None:
    found = _solve(Graph(n, np.zeros((0, 2), np.int64)))
    assert found.edge.shape == (0,)
    assert found.kirchhoff.tolist() == [0.0] * n
    assert found.residual == 0
