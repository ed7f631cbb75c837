"""PROXYADD and PROXYDELETE: the derivative itself, the search against all pairs, components, bridges, variants."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from reference.naive_resistance_rewiring import conductances
from strategies import graphs

from mixcli.generators import graphs as families
from mixcli.graph import Graph
from mixcli.numerics import gap_mode as module
from mixcli.numerics.gap_mode import gap_mode, greatest_gain, rates
from mixcli.numerics.neighbours import Neighbours
from mixcli.rewiring.base import Constraints, apply, rewire
from mixcli.rewiring.graph.proxy import Proxy

EXAMPLES = settings(max_examples=30, deadline=None)
MANY = settings(max_examples=120, deadline=None)
Pair = tuple[int, int]


def spectrum(a: np.ndarray, loops: float) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues of L against D + loops, and vectors y as columns with y'(D + loops)y = 1."""
    root = np.sqrt(a.sum(axis=1) + loops)
    value, vector = np.linalg.eigh((np.diag(a.sum(axis=1)) - a) / np.outer(root, root))
    return value, vector / root[:, None]


def connected_part(g: Graph) -> Graph:
    return g.component(g.components.largest)


@given(g=graphs(max_nodes=9, weighted=True), loops=st.sampled_from([0.0, 1.0]), data=st.data())
@EXAMPLES
def test_rate_is_the_derivative_of_the_gap(g: Graph, loops: float, data: st.DataObject) -> None:
    g = connected_part(g)
    assume(g.n >= 3)
    a = conductances(g)
    values, _ = spectrum(a, loops)
    assume(values[2] - values[1] > 1e-3)
    u, v = sorted(data.draw(st.lists(st.integers(0, g.n - 1), min_size=2, max_size=2, unique=True)))
    value, y = gap_mode(g, loops)
    assert value == pytest.approx(values[1], rel=1e-9, abs=1e-13)
    step = 1e-6 * (a[u, v] or 1.0)
    b = a.copy()
    b[u, v] = b[v, u] = a[u, v] + step
    a[u, v] = a[v, u] = a[u, v] - step if a[u, v] else 0.0
    between = 2 * step if a[u, v] else step
    slope = (spectrum(b, loops)[0][1] - spectrum(a, loops)[0][1]) / between
    assert rates(value, y, np.array([[u, v]]))[0] == pytest.approx(slope, rel=2e-2, abs=1e-4)


@given(g=graphs(max_nodes=9), seed=st.integers(0, 20), levels=st.integers(2, 6), cap=st.integers(1, 8))
@MANY
def test_search_finds_the_first_of_the_best_pairs(g: Graph, seed: int, levels: int, cap: int) -> None:
    """Any numbers in place of a mode, many of them equal."""
    rng = np.random.default_rng(seed)
    y, value = rng.integers(-levels, levels + 1, g.n) / 8.0, float(rng.integers(0, 9)) / 8.0

    def allowed(u: int, v: int) -> bool:
        return (u + v) % cap != 0 or cap == 1

    there = set(map(tuple, g.edges.tolist()))
    free = [p for p in itertools.combinations(range(g.n), 2) if p not in there and allowed(*p)]
    gains = rates(value, y, np.array(free, dtype=np.int64).reshape(-1, 2))
    expected = (float(gains.max()), *free[int(gains.argmax())]) if free else None
    assert greatest_gain(value, y, np.arange(g.n), Neighbours(g), allowed) == expected


@given(
    g=graphs(max_nodes=10, weighted=True), mode=st.sampled_from(["add", "delete"]), loops=st.sampled_from([0.0, 1.0])
)
@EXAMPLES
def test_first_edit_is_the_best_by_definition(g: Graph, mode: str, loops: float) -> None:
    g = connected_part(g)
    assume(g.n >= 3)
    a = conductances(g)
    values, vectors = spectrum(a, loops)
    assume(values[2] - values[1] > 1e-4)
    y, sign = vectors[:, 1], 1 if mode == "add" else -1
    options = {}
    for u, v in itertools.combinations(range(g.n), 2):
        if (a[u, v] > 0) == (mode == "delete"):
            if mode == "delete" and cuts(g, (u, v)):
                continue
            weight = a[u, v] if mode == "delete" else 1.0
            options[u, v] = sign * weight * ((y[u] - y[v]) ** 2 - values[1] * (y[u] ** 2 + y[v] ** 2))
    done = apply(Proxy(mode=mode, iterations=1, loops=loops), g)
    if not options:
        assert done.edits == ()
        return
    edit = done.edits[0]
    assert edit.score == pytest.approx(max(options.values()), abs=1e-7)
    assert options[edit[1:3]] == pytest.approx(max(options.values()), abs=1e-7)


def cuts(g: Graph, pair: Pair) -> bool:
    keep = [e for e in g.edges.tolist() if tuple(e) != pair]
    return Graph(g.n, np.array(keep).reshape(-1, 2)).components.count > g.components.count


@given(g=graphs(max_nodes=12), mode=st.sampled_from(["add", "delete"]), variant=st.sampled_from(["paper", "released"]))
@EXAMPLES
def test_components_stay_and_only_the_largest_is_rewired(g: Graph, mode: str, variant: str) -> None:
    done = apply(Proxy(mode=mode, iterations=6, variant=variant, per_solve=2), g)
    assert np.array_equal(done.graph.components.of_node, g.components.of_node)
    assert all(g.components.of_node[e.u] == g.components.largest for e in done.edits)
    assert {e.op for e in done.edits} <= {"add" if mode == "add" else "remove"}


def test_deletions_may_disconnect_when_told_to() -> None:
    done = rewire(families.path(8), "proxy:mode=delete,iterations=3,disconnect=true")
    assert done.removed == 3
    assert rewire(families.path(8), "proxy:mode=delete").removed == 0


def test_one_eigenvector_for_several_edges() -> None:
    g = families.lollipop(6, 5)
    once, anew = (rewire(g, f"proxy:iterations=3,per_solve={k}").edits for k in (3, 1))
    assert once[0] == anew[0]
    _, y = gap_mode(g)
    value = gap_mode(g)[0]
    assert [e.score for e in once] == pytest.approx(list(rates(value, y, np.array([e[1:3] for e in once]))), abs=1e-8)


def test_released_scaling_squeezes_the_extremes() -> None:
    g = families.barbell(6, 3)
    value, y = gap_mode(g)
    scaled = y / np.sqrt(y * y + 1 / (2 * g.m + g.n))
    edit = rewire(g, "proxy:iterations=1,variant=released").edits[0]
    assert edit.score == pytest.approx(rates(value, scaled, np.array([edit[1:3]]))[0], abs=1e-8)


def test_adding_widens_the_gap_of_a_barbell_and_deleting_too() -> None:
    for mode in ("add", "delete"):
        done = rewire(families.barbell(6), f"proxy:mode={mode},iterations=4")
        gaps = [spectrum(conductances(g), 1.0)[0][1] for g in (done.base, done.graph)]
        assert gaps[1] > gaps[0]


def test_constraints_give_the_next_best() -> None:
    g = families.lollipop(5, 3)
    limits = Constraints(forbidden=frozenset({(0, 7)}))
    assert apply(Proxy(iterations=1), g, constraints=limits).edits[0][1:3] == (1, 7)


def test_solvers_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    for g in (families.barbell(30, 5), families.erdos_renyi(60, 150), families.path(80)):
        g = connected_part(g)
        value, y = gap_mode(g)
        monkeypatch.setattr(module, "DENSE", 0)
        again, x = gap_mode(g)
        monkeypatch.setattr(module, "_lanczos", lambda *_: None)
        third, z = gap_mode(g)
        monkeypatch.undo()
        assert (again, third) == (pytest.approx(value, rel=1e-9), pytest.approx(value, rel=1e-9))
        for other in (x, z):
            assert min(abs(y - other).max(), abs(y + other).max()) < 1e-5
