"""Over-smoothing curves: closed forms, laws, dense powers, draws, hostile features, real files."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import naive_propagation as naive
from reference.files import real_graph
from strategies import graphs, relabelled

from mixcli.catalog import MEASURES
from mixcli.context import Context
from mixcli.errors import InputError, LimitExceeded, NotApplicable
from mixcli.generators import graphs as families
from mixcli.graph import Graph
from mixcli.limits import Limits
from mixcli.measures.base import Values
from mixcli.measures.graph.dirichlet import Dirichlet
from mixcli.report.record import entry, jsonable

KINDS = st.sampled_from(["sym", "rw", "none"])
LOOPS = st.sampled_from(["add", "none"])


def _own(g: Graph, x: np.ndarray) -> Graph:
    return g.replace(node={"x": np.asarray(x)})


@pytest.mark.parametrize("n", [2, 5, 9])
@pytest.mark.parametrize("kind", ["sym", "rw"])
def test_complete_graph_with_self_loops_collapses_in_one_step(n: int, kind: str) -> None:
    x = np.random.default_rng(n).standard_normal((n, 3))
    found = Dirichlet(layers=3, operator=kind)(_own(families.complete(n), x))
    assert found.exact
    assert found.data == 0
    assert found.details["energy"][1:] == [0, 0, 0]
    assert found.details["mad_pairs"][1:] == pytest.approx([0, 0, 0], abs=1e-30)
    assert found.details["mad_edges"][0] > 0.01
    assert found.details["layers_until"] == 1


@pytest.mark.parametrize("mode", [1, 3, 6])
def test_energy_of_an_eigenvector_decays_by_its_power(mode: int) -> None:
    n, layers = 13, 9
    eigenvalue = 1 - np.cos(2 * np.pi * mode / n)
    x = np.cos(2 * np.pi * mode * np.arange(n) / n)
    found = Dirichlet(layers=layers, self_loops="none")(_own(families.cycle(n), x)).details
    assert found["energy"] == pytest.approx(
        found["energy"][0] * (1 - eigenvalue) ** (2 * np.arange(layers + 1)), rel=1e-10
    )
    assert found["rayleigh"] == pytest.approx([eigenvalue] * (layers + 1), rel=1e-10)


@pytest.mark.parametrize("g", [families.path(6), families.star(6), families.barbell(4)], ids=str)
def test_eigenvectors_of_irregular_graphs(g: Graph) -> None:
    values, vectors = np.linalg.eigh(np.eye(g.n) - naive.operator(g, "sym", False, 0.0, 1.0))
    for value, x in zip(values, vectors.T, strict=True):
        found = Dirichlet(layers=3, self_loops="none")(_own(g, x)).details
        assert found["energy"] == pytest.approx(value * (1 - value) ** (2 * np.arange(4)), abs=1e-13)


def test_star_without_self_loops_swings_for_ever() -> None:
    g = families.star(5)
    x = np.array([2.0, -1, -1, -1, -1])  # √d with opposite signs on the two sides: the top eigenvector, eigenvalue 2
    found = Dirichlet(layers=4, self_loops="none")(_own(g, x))
    assert found.details["rayleigh"] == pytest.approx([2] * 5, rel=1e-12)
    assert found.details["layers_until"] is None
    assert found.details["mad_edges"] == pytest.approx([2] * 5, rel=1e-12)


def test_angles_by_hand() -> None:
    g = families.path(3)
    found = Dirichlet(layers=0)(_own(g, [[1, 0], [0, 2], [3, 0]])).details
    assert found["mad_edges"] == pytest.approx([1])
    assert found["mad_pairs"] == pytest.approx([2 / 3])
    with_zero = Dirichlet(layers=0)(_own(g, [[1, 0], [0, 0], [3, 0]])).details
    assert with_zero["mad_edges"] == [None]
    assert with_zero["mad_pairs"] == pytest.approx([0], abs=1e-15)


@settings(max_examples=50, deadline=None)
@given(graphs(8, weighted=True), KINDS, LOOPS, st.sampled_from(["normalized", "combinatorial"]), st.integers(0, 9))
def test_curves_against_dense_powers(g: Graph, kind: str, loops: str, energy: str, seed: int) -> None:
    x = np.random.default_rng(seed).standard_normal((g.n, 2))
    find = Dirichlet(layers=4, operator=kind, self_loops=loops, energy=energy, c_r=0.25, c_a=0.5)
    found = find(_own(g, x)).details
    a = naive.adjacency(g, loops == "add")
    laplacian = np.diag(a.sum(axis=1)) - a
    if energy == "normalized":
        root = np.sqrt(np.where(a.sum(axis=1) > 0, a.sum(axis=1), np.inf))
        laplacian = laplacian / root / root[:, None]
    step = naive.operator(g, kind, loops == "add", 0.25, 0.5)
    for k in range(5):
        wanted = np.trace(x.T @ laplacian @ x)
        scale = np.abs(laplacian).max() * (x * x).sum()
        assert found["energy"][k] == pytest.approx(wanted, abs=1e-11 * scale + 1e-300)
        assert found["rayleigh"][k] == pytest.approx(wanted / (x * x).sum(), abs=1e-11 * np.abs(laplacian).max())
        unit = x / np.linalg.norm(x, axis=1)[:, None]
        angle = 1 - unit @ unit.T
        if g.n > 1:
            assert found["mad_pairs"][k] == pytest.approx(angle.sum() / (g.n * (g.n - 1)), abs=1e-12)
        plain = naive.adjacency(g, False) > 0
        rows = [angle[v, plain[v]].mean() for v in range(g.n) if plain[v].any()]
        assert found["mad_edges"][k] == (pytest.approx(np.mean(rows), abs=1e-12) if rows else None)
        x = step @ x


@settings(max_examples=40, deadline=None)
@given(graphs(10, weighted=True), LOOPS, st.integers(0, 9))
def test_a_lazy_layer_never_raises_the_quotient(g: Graph, loops: str, seed: int) -> None:
    x = np.random.default_rng(seed).standard_normal((g.n, 2))
    found = Dirichlet(layers=6, self_loops=loops, c_r=0.5, c_a=0.5)(_own(g, x)).details
    if loops == "add" or g.degree.all():  # a node without edges or self-loop halves its features in every lazy layer
        assert (np.diff(found["rayleigh"]) <= 1e-12).all()
    assert (np.diff(found["energy"]) <= 1e-12 * (1 + found["energy"][0])).all()


@settings(max_examples=30, deadline=None)
@given(graphs(9, weighted=True), KINDS, st.integers(0, 5))
def test_names_of_nodes_do_not_matter(g: Graph, kind: str, seed: int) -> None:
    x = np.random.default_rng(seed).standard_normal((g.n, 3))
    new = np.random.default_rng(seed).permutation(g.n)
    moved = np.empty_like(x)
    moved[new] = x
    there = Dirichlet(layers=3, operator=kind)(_own(relabelled(g, seed)[0], moved))
    here = Dirichlet(layers=3, operator=kind)(_own(g, x))
    assert there.data == pytest.approx(here.data, rel=1e-9, abs=1e-12)
    assert there.details["mad_edges"] == pytest.approx(here.details["mad_edges"], abs=1e-11)


def test_random_features_estimate_the_trace() -> None:
    g = families.barbell(4)
    find = Dirichlet(layers=4, dimension=8, draws=200)
    found = find(g)
    step = naive.operator(g, "sym", True, 0.0, 1.0)
    laplacian, power = np.eye(g.n) - step, np.eye(g.n)
    assert not found.exact
    assert found.details["features"] == "random"
    for k in range(5):
        wanted = 8 * np.trace(power @ laplacian @ power)
        assert abs(found.details["energy"][k] - wanted) < 4 * found.details["energy_error"][k]
        power = step @ power
    assert 0 < found.error < found.data


def test_same_seed_same_curves() -> None:
    g = families.erdos_renyi(100, 300)
    assert Dirichlet()(g, Context(seed=1, threads=1)) == Dirichlet()(g, Context(seed=1, threads=2))
    assert Dirichlet()(g, Context(seed=1)).data != Dirichlet()(g, Context(seed=2)).data


def test_own_features_come_first_and_can_be_set_aside() -> None:
    g = _own(families.path(5), np.arange(5))
    assert Dirichlet()(g).details["features"] == "own"
    assert Dirichlet(features="random")(g).details["features"] == "random"
    with pytest.raises(NotApplicable, match="features=random"):
        Dirichlet(features="own")(families.path(5))


@pytest.mark.parametrize(
    ("x", "word"),
    [(np.array([1, np.nan, 0]), "NaN"), (np.array(["a", "b", "c"]), "numbers"), (np.ones(3) * 1j, "complex")],
    ids=["nan", "text", "complex"],
)
def test_features_that_are_no_finite_numbers(x: np.ndarray, word: str) -> None:
    with pytest.raises(InputError, match=f"{word}.*; .*ask for features=random"):
        Dirichlet()(_own(families.path(3), x))


def test_numbers_stay_in_range_through_many_layers() -> None:
    g = families.complete(20)
    grown = Dirichlet(layers=400, operator="none", energy="combinatorial")(_own(g, np.arange(20.0)))
    assert grown.details["energy"][-1] == 0
    g = families.star(20)
    grown = Dirichlet(layers=800, operator="none", energy="combinatorial")(_own(g, np.arange(20.0)))
    assert grown.details["energy"][-1] is None
    assert grown.data == pytest.approx((np.sqrt(19) - 1) ** 2 / 2, rel=1e-12)  # x = √19 at the hub, 1 at the leaves
    faded = Dirichlet(layers=3000, self_loops="none", c_r=0.25, c_a=0.25)(_own(families.cycle(7), np.arange(7.0)))
    assert faded.details["energy"][-1] == 0
    assert 0 <= faded.data < 1e-12
    jsonable(grown.details)


def test_zero_features_have_no_quotient() -> None:
    found: Values = Dirichlet()(_own(families.path(3), np.zeros(3)))
    assert found.data is None
    assert "zero" in found.reason
    assert found.details["layers_until"] == 0


@pytest.mark.parametrize("n", [0, 1, 4])
def test_without_edges(n: int) -> None:
    kept = Dirichlet()(Graph(n, np.zeros((0, 2))))
    gone = Dirichlet(self_loops="none")(Graph(n, np.zeros((0, 2))))
    assert kept.data == (0 if n else None)
    assert gone.data is None
    assert gone.reason


def test_refusals() -> None:
    with pytest.raises(NotApplicable, match="undirected"):
        Dirichlet()(Graph(3, np.array([[0, 1]]), directed=True))
    with pytest.raises(LimitExceeded, match="smaller dimension"):
        Dirichlet()(families.path(100), Context(limits=Limits(memory=1000)))


SPECS = ("sensitivity", "sensitivity:source=0,target=2", "resistance_bound", "dirichlet", "dirichlet:operator=none")


@settings(max_examples=15, deadline=None)
@given(graphs(6, weighted=True), st.sampled_from(SPECS))
def test_whatever_the_graph_the_record_is_json(g: Graph, spec: str) -> None:
    find = MEASURES.make(spec)
    if "target" in spec and g.n < 3:
        return
    json.dumps(jsonable(entry(find, find(g))), allow_nan=False)


def test_karate() -> None:
    found = Dirichlet(layers=32)(real_graph("karate"))
    curve = np.array(found.details["rayleigh"])
    assert (np.diff(curve) < 0).all()
    assert found.data < 0.05 * curve[0]
