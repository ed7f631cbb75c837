"""Estimated resistances: every engine draws the same, errors are what they claim to be, nothing depends on threads."""

from __future__ import annotations

import numpy as np
import pytest

from mixcli.context import Context
from mixcli.errors import LimitExceeded
from mixcli.generators import graphs as families
from mixcli.graph import Graph
from mixcli.limits import Limits
from mixcli.measures.base import measure
from mixcli.numerics import estimates, sketch_blocks, spanning_trees
from mixcli.numerics.device import NumpySolver, TorchSolver
from mixcli.numerics.resistance import resistances
from mixcli.numerics.sketch import Blocks, Sketch, near, random_bits, sketch
from mixcli.numerics.sketch_blocks import ArrayBlocks, KernelBlocks


def _weighted(g: Graph, decades: float) -> Graph:
    return g.replace(weight=10.0 ** (decades * (np.random.default_rng(5).random(g.m) - 0.5)))


def _parts() -> Graph:
    parts = [families.watts_strogatz(60, 4, 0.2), families.path(1), families.complete(12), families.path(9)]
    offset = np.cumsum([0, *(p.n for p in parts)])
    return Graph(int(offset[-1]), np.concatenate([p.edges + o for p, o in zip(parts, offset[:-1], strict=True)]))


GRAPHS = {
    "random": families.erdos_renyi(400, 1600),
    "hubs": families.barabasi_albert(400, 3),
    "grid": families.grid(20, 20),
    "decades": _weighted(families.grid(15, 20), 6),
    "parts": _parts(),
}


def _connected(g: Graph) -> Graph:
    return g.component(g.components.largest)


def _blocks(g: Graph) -> dict[str, Blocks]:
    return {
        "compiled": KernelBlocks(g, 3),
        "numpy": ArrayBlocks(g, 3, NumpySolver()),
        "torch": ArrayBlocks(g, 3, TorchSolver("cpu")),
    }


def _run(g: Graph, blocks: Blocks, error: float = 0.05, threads: int = 1) -> Sketch:
    return sketch(g, error, blocks, Limits(), 1.0, threads)


@pytest.mark.parametrize("name", GRAPHS)
def test_every_engine_draws_the_same(name: str) -> None:
    g = GRAPHS[name]
    found = {engine: _run(g, blocks, error=1.0) for engine, blocks in _blocks(g).items()}
    for engine in ("compiled", "torch"):
        assert found[engine].draws == found["numpy"].draws
        assert found[engine].edge == pytest.approx(found["numpy"].edge, rel=2e-3)
        assert found[engine].edge_error == pytest.approx(found["numpy"].edge_error, rel=2e-2, abs=1e-4)
        assert found[engine].hitting == pytest.approx(found["numpy"].hitting, rel=5e-3, abs=1e-2)
        assert found[engine].kemeny == pytest.approx(found["numpy"].kemeny, rel=2e-3, abs=1e-6)
        assert found[engine].kirchhoff == pytest.approx(found["numpy"].kirchhoff, rel=2e-3, abs=1e-6)


@pytest.mark.parametrize("name", GRAPHS)
def test_errors_are_what_they_claim(name: str) -> None:
    g = GRAPHS[name]
    exact, found = resistances(g, Limits()), _run(g, ArrayBlocks(g, 7, NumpySolver()), error=0.04)
    weight = np.ones(g.m) if g.weight is None else g.weight
    inside = found.edge < 0.999 / weight  # at a bridge the estimate is cut off at 1 / c
    z = ((found.edge - exact.edge) / found.edge_error)[inside]
    assert np.abs(z.mean()) < 0.5
    assert 0.7 < z.std() < 1.3
    assert np.abs(z).max() < 6
    assert np.sqrt(np.mean((found.edge / exact.edge - 1) ** 2)) < 0.04 / 3 * 1.3
    assert found.residual < 0.01
    walked = found.hitting_error > 1e-9 * found.hitting
    z = (found.hitting - exact.hitting)[walked] / found.hitting_error[walked]
    assert 0.3 < np.sqrt(np.mean(z * z)) < 2
    for value, error, truth in (
        (found.kemeny, found.kemeny_error, exact.kemeny),
        (found.kirchhoff, found.kirchhoff_error, exact.kirchhoff),
    ):
        assert (np.abs(value - truth) <= 4 * error + 1e-9 * truth).all()


def test_what_is_exact_is_exact() -> None:
    """The near terms and the whole of M - near = P M (P²)', against the dense inverse."""
    g = _weighted(_connected(families.erdos_renyi(40, 90)), 3)
    a, d = g.adjacency.toarray(), g.strength
    walk, share = a / d[:, None], d / d.sum()
    centre = np.eye(g.n) - np.outer(np.ones(g.n), share)
    m = centre @ np.linalg.pinv(np.diag(d) - a) @ centre.T
    rest = walk @ m @ (walk @ walk).T
    u, v = g.edges.T
    edge, node = near(g)
    across = rest[u, u] + rest[v, v] - rest[u, v] - rest[v, u]
    assert edge + across == pytest.approx(resistances(g, Limits()).edge, rel=1e-9)
    assert node + np.diag(rest) == pytest.approx(np.diag(m), rel=1e-8)


def test_compiled_near_terms_are_the_plain_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    g = _weighted(families.watts_strogatz(100, 6, 0.1), 2)
    plain = sketch_blocks.common_flow(g)
    monkeypatch.setattr(sketch_blocks, "PLAIN_EDGES", -1)
    assert sketch_blocks.common_flow(g) == pytest.approx(plain, rel=1e-12, abs=1e-15)


def test_signs_are_fair_and_differ() -> None:
    bits = np.stack([random_bits(5000, block, 1) for block in range(4)])
    ones = (bits[..., None] >> np.arange(32, dtype=np.uint64) & np.uint64(1)).astype(float) * 2 - 1
    columns = ones.transpose(1, 0, 2).reshape(5000, -1)
    products = columns.T @ columns / 5000
    assert np.abs(products - np.eye(len(products))).max() < 6 / np.sqrt(5000)


@pytest.mark.parametrize("engine", ["compiled", "numpy"])
def test_threads_change_nothing(engine: str) -> None:
    g = GRAPHS["random"]
    one, three = (_run(g, _blocks(g)[engine], threads=t) for t in (1, 3))
    assert np.array_equal(one.edge, three.edge)
    assert np.array_equal(one.hitting, three.hitting)
    first, second = (spanning_trees.spanning_trees(g, 0.5, 4, Limits(), threads) for threads in (1, 3))
    assert np.array_equal(first.edge, second.edge)


@pytest.mark.parametrize("edges", [10**9, -1], ids=["plain", "compiled"])
@pytest.mark.parametrize("name", GRAPHS)
def test_trees(name: str, edges: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spanning_trees, "PLAIN_EDGES", edges)
    g = GRAPHS[name]
    if name == "decades":  # a walk is trapped where conductances are large
        g = _weighted(g, 2)
    exact, found = resistances(g, Limits()), spanning_trees.spanning_trees(g, 0.4, 2, Limits())
    z = (found.edge - exact.edge) / found.edge_error
    assert found.residual < 1e-12
    assert np.abs(z).max() < 5
    assert 0.7 < z[exact.edge < 0.99 / (1 if g.weight is None else g.weight)].std() < 1.3


def test_both_ways_to_grow_trees_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    for g in (GRAPHS["hubs"], GRAPHS["parts"], _weighted(GRAPHS["random"], 1)):
        found = []
        for edges in (10**9, -1):
            monkeypatch.setattr(spanning_trees, "PLAIN_EDGES", edges)
            found.append(spanning_trees.spanning_trees(g, 0.5, 4, Limits()).edge)
        assert np.array_equal(*found)


def test_auto_estimates_what_does_not_fit() -> None:
    g = families.erdos_renyi(600, 4000)
    tight = Context(limits=Limits(operations=1e6))
    with pytest.raises(LimitExceeded, match="method=sketch"):
        measure(g, "effective_resistance:method=exact", context=tight)
    narrow = Context(limits=Limits(memory=500_000))
    names = ("effective_resistance", "commute_time", "kirchhoff", "kemeny", "hitting_time")
    with pytest.raises(LimitExceeded, match="method=trees"):
        measure(g, "effective_resistance", context=narrow)
    assert not measure(g, "effective_resistance:trees,error=0.5", context=narrow)[
        "effective_resistance:trees,error=0.5"
    ].exact
    roomy = Context(limits=Limits(operations=1e10, memory=7_000_000), threads=2)
    g = families.erdos_renyi(2000, 10_000)
    found = measure(g, *names, context=roomy)
    truth = measure(g, *names)
    for name in names:
        assert not found[name].exact
        assert truth[name].exact
        z = (np.asarray(found[name].data) - truth[name].data) / np.asarray(found[name].error)
        assert np.abs(z).max() < 6
    assert found["effective_resistance"].details["method"] == "sketch"


def test_few_operations_give_few_trees_or_none() -> None:
    g = GRAPHS["grid"]
    with pytest.raises(LimitExceeded, match="method=sketch"):
        spanning_trees.spanning_trees(g, 0.1, 0, Limits(operations=1000))
    some = spanning_trees.spanning_trees(g, 0.05, 0, Limits(operations=5e7))
    assert 64 <= some.draws < spanning_trees._wanted(g, 0.05)


def test_graphs_without_edges() -> None:
    for g in (Graph(0, np.zeros((0, 2), np.int64)), families.path(1), Graph(3, np.zeros((0, 2), np.int64))):
        for method in ("sketch", "trees"):
            assert measure(g, f"effective_resistance:{method}")[f"effective_resistance:{method}"].data.shape == (0,)
        assert measure(g, "hitting_time:method=sketch")["hitting_time:method=sketch"].data.tolist() == [0.0] * g.n


def test_the_device_takes_the_same_way(monkeypatch: pytest.MonkeyPatch) -> None:
    g = GRAPHS["hubs"]
    here = estimates.sketched(g, 0.05, 1, "cpu", Limits(), 1, lambda *_: None)
    monkeypatch.setattr("mixcli.numerics.device.resolve", lambda name: name)
    monkeypatch.setattr("mixcli.numerics.device.TorchSolver", lambda name: TorchSolver("cpu"))
    there = estimates.sketched(g, 0.05, 1, "cuda", Limits(), 1, lambda *_: None)
    assert there.edge == pytest.approx(here.edge, rel=1e-3)
