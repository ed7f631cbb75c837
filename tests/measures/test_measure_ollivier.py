"""Ollivier-Ricci and Lin-Lu-Yau curvature as measures: closed forms, published values, what they refuse."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from reference.files import real_graph
from zoo import ZOO, Entry

from mixcli.catalog import MEASURES
from mixcli.context import Context
from mixcli.errors import LimitExceeded, NotApplicable, UsageError
from mixcli.generators import graphs as families
from mixcli.graph import Graph
from mixcli.limits import Limits
from mixcli.measures.base import measure
from mixcli.numerics import transport


def _values(g: Graph, spec: str) -> np.ndarray:
    return measure(g, spec)[spec].data


@pytest.mark.parametrize("entry", [e for e in ZOO if "ollivier_0" in e.curvature], ids=str)
def test_closed_forms_without_idleness(entry: Entry) -> None:
    assert _values(entry.graph, "ollivier") == pytest.approx(entry.curvature["ollivier_0"], abs=1e-15)


@pytest.mark.parametrize("entry", [e for e in ZOO if "lin_lu_yau" in e.curvature], ids=str)
def test_closed_forms_of_the_limit(entry: Entry) -> None:
    assert _values(entry.graph, "lin_lu_yau") == pytest.approx(entry.curvature["lin_lu_yau"], abs=1e-15)
    assert _values(entry.graph, "ollivier:0.5") == pytest.approx(entry.curvature["lin_lu_yau"] / 2, abs=1e-15)


ALIKE = [  # every edge has the same curvature: κ_0, κ_LLY
    (families.complete(4), Fraction(2, 3), Fraction(4, 3)),
    (families.cycle(4), Fraction(0), Fraction(1)),
    (families.cycle(5), Fraction(0), Fraction(1, 2)),
    (families.cycle(6), Fraction(0), Fraction(0)),
    (families.star(6), Fraction(0), Fraction(2, 5)),
    (families.bipartite(3, 3), Fraction(0), Fraction(2, 3)),
    (families.hypercube(3), Fraction(0), Fraction(2, 3)),
    (families.petersen(), Fraction(-1, 3), Fraction(0)),
]


@pytest.mark.parametrize(("g", "zero", "limit"), ALIKE, ids=lambda x: getattr(x, "name", ""))
def test_exact_values_where_all_edges_are_alike(g: Graph, zero: Fraction, limit: Fraction) -> None:
    for spec, exact in (("ollivier", zero), ("lin_lu_yau", limit), ("ollivier:alpha=0.5", limit / 2)):
        found = measure(g, spec)[spec]
        assert found.exact
        assert found.details == {"exact_min": str(exact), "exact_max": str(exact)}
        assert np.array_equal(found.data, np.full(g.m, float(exact)))


@pytest.mark.parametrize(
    ("spec", "values"),
    [
        ("ollivier", [(-6, 5), (3, 5), (3, 4)]),
        ("lin_lu_yau", [(-6, 5), (17, 20), (5, 4)]),
        ("ollivier:0.5", [(-3, 5), (17, 40), (5, 8)]),
    ],
)
def test_barbell(spec: str, values: list[tuple[int, int]]) -> None:
    assert np.unique(_values(families.barbell(5), spec)).tolist() == [a / b for a, b in values]


@pytest.mark.parametrize(
    ("spec", "low", "mean", "high", "top"),
    [
        ("ollivier", -0.854167, 0.006721, 0.5, (5, 6)),
        ("ollivier:0.5", -0.427083, 0.070856, 0.5, (24, 25)),
        ("lin_lu_yau", -0.854167, 0.141712, 1.0, (24, 25)),
    ],
)
def test_karate(spec: str, low: float, mean: float, high: float, top: tuple[int, int]) -> None:
    g = real_graph("karate")
    found = _values(g, spec)
    assert found.min() == pytest.approx(low, abs=1e-6)
    assert tuple(g.edges[found.argmin()]) == (0, 31)
    assert found.mean() == pytest.approx(mean, abs=1e-6)
    assert found.max() == pytest.approx(high, abs=1e-12)
    assert top in [tuple(e) for e in g.edges[found == found.max()]]


def test_the_limit_is_computed_once_for_both(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    solve = transport.numerators
    monkeypatch.setattr(transport, "numerators", lambda *args: calls.append(1) or solve(*args))
    g = families.petersen()
    found = measure(g, "lin_lu_yau", "ollivier:0.5", "ollivier:0.25")
    assert len(calls) == 1
    assert np.array_equal(found["lin_lu_yau"].data, 2 * found["ollivier:0.5"].data)


def test_weights_are_conductances() -> None:
    g = families.petersen()
    doubled = g.replace(weight=np.full(g.m, 2.0))  # all lengths halved: no difference
    for spec in ("ollivier", "lin_lu_yau", "ollivier:0.1"):
        found = measure(doubled, spec)[spec]
        assert found.data == pytest.approx(_values(g, spec), abs=1e-12)
        assert found.residual == pytest.approx(0, abs=1e-12)


def test_what_is_refused() -> None:
    with pytest.raises(NotApplicable, match="--undirected"):
        _values(Graph(2, np.array([[1, 0]]), directed=True), "ollivier")
    for alpha in ("1", "-0.1", "nan", "0.12345", "1/0", "1/20001"):
        with pytest.raises(UsageError, match="alpha"):
            MEASURES.make(f"ollivier:alpha={alpha}")  # before any graph is read
    with pytest.raises(LimitExceeded, match="jost_liu"):
        measure(families.complete(60), "lin_lu_yau", context=Context(limits=Limits(operations=10)))


@pytest.mark.parametrize("spec", ["ollivier", "ollivier:0.1", "lin_lu_yau"])
def test_small_shapes(spec: str) -> None:
    assert _values(Graph(3, np.zeros((0, 2), np.int64)), spec).shape == (0,)
    assert measure(Graph(0, np.zeros((0, 2), np.int64)), spec)[spec].details == {}
    pair = Graph(2, np.array([[0, 1]]))
    assert _values(pair, spec).tolist() == [{"ollivier": 0.0, "ollivier:0.1": 0.2, "lin_lu_yau": 2.0}[spec]]


def test_alpha_may_be_a_fraction() -> None:
    found = measure(families.cycle(4), "ollivier:alpha=1/5")["ollivier:alpha=1/5"]
    assert found.details["exact_min"] == "2/5"  # C_4: 2α for α <= 1/3, then 1 - α
    assert found.data.tolist() == [0.4] * 4


def test_a_hub_takes_fewer_threads_rather_than_being_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    g = families.complete(60)
    once = transport.forecast(*g.csr[:2], g.edges).memory
    used = []
    solve = transport.numerators
    monkeypatch.setattr(transport, "numerators", lambda *args: used.append(args[5]) or solve(*args))
    for spec in ("lin_lu_yau", "ollivier"):
        measure(g, spec, context=Context(threads=8, limits=Limits(memory=3 * once + 1)))
    assert used == [3, 3]
    with pytest.raises(LimitExceeded, match="jost_liu"):
        measure(g, "lin_lu_yau", context=Context(threads=8, limits=Limits(memory=once - 1)))


def test_weights_know_no_lower_bound() -> None:
    leaves = 60  # half of the mass of either end goes to leaves at the distance 60, past an edge of length 1
    ends = [(0, 1), *((0, v) for v in range(2, 2 + leaves)), *((1, v) for v in range(2 + leaves, 2 + 2 * leaves))]
    g = Graph(2 + 2 * leaves, np.array(ends), weight=np.array([1.0] + [1 / leaves] * (2 * leaves)))
    assert _values(g, "ollivier")[0] == pytest.approx(1 - leaves)
    assert _values(g, "lin_lu_yau")[0] == pytest.approx(1 - leaves)
    assert "-∞" in MEASURES.get("ollivier").range
    assert "-∞" in MEASURES.get("lin_lu_yau").range
