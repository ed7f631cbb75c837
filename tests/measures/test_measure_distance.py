"""Distance and reach: closed forms, naive search, the sampled fall-back, real files."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from reference.files import real_graph
from reference.naive_hops import distances
from strategies import graphs, relabelled

from mixcli.context import Context
from mixcli.errors import NotApplicable
from mixcli.generators import graphs as families
from mixcli.graph import Graph
from mixcli.limits import Limits
from mixcli.measures.base import Values, measure

FRUGAL = Context(limits=Limits(operations=2e8), threads=1)


def _distance(g: Graph, context: Context | None = None) -> Values:
    return measure(g, "distance", context=context)["distance"]


def _reach(g: Graph, layers: int, context: Context | None = None) -> Values:
    return measure(g, f"reach:{layers}", context=context)[f"reach:{layers}"]


@pytest.mark.parametrize(
    ("g", "diameter", "radius", "mean"),
    [
        (families.path(9), 8, 4, 10 / 3),
        (families.cycle(8), 4, 4, 16 / 7),
        (families.cycle(9), 4, 4, 10 / 4),
        (families.complete(6), 1, 1, 1),
        (families.star(7), 2, 1, 2 - 2 / 7),
        (families.hypercube(4), 4, 4, 4 * 8 / 15),
        (families.petersen(), 2, 2, 5 / 3),
        (families.grid(3, 5), 6, 3, 8 / 3),
        (families.barbell(4), 3, 2, 13 / 7),
    ],
    ids=lambda x: getattr(x, "name", ""),
)
def test_closed_forms(g: Graph, diameter: int, radius: int, mean: float) -> None:
    found = _distance(g)
    assert (found.data, found.exact, found.reason) == (diameter, True, "")
    assert found.details["largest_component"] == {"nodes": g.n, "diameter": diameter, "radius": radius, "exact": True}
    assert found.details["mean"] == pytest.approx(mean, abs=1e-12)
    assert sum(found.details["histogram"]) == g.n**2


def test_disconnected_graph_is_infinitely_wide() -> None:
    found = _distance(Graph(6, np.array([[0, 1], [1, 2], [3, 4]])))
    assert found.data is None
    assert "infinite" in found.reason
    assert found.details["largest_component"]["diameter"] == 2
    assert found.details["disconnected_pairs"] == 30 - 8
    assert found.details["mean"] == pytest.approx(10 / 8)


def test_smallest_graphs() -> None:
    one = _distance(families.path(1))
    assert (one.data, one.details["mean"], one.details["histogram"]) == (0, None, [1])
    assert _distance(Graph(0, np.zeros((0, 2), np.int64))).data is None
    assert _reach(families.path(1), 3).data is None


@given(graphs(max_nodes=12))
@settings(max_examples=50, deadline=None)
def test_reach_and_its_curve_against_a_naive_search(g: Graph) -> None:
    if g.n < 2:
        return
    naive, found = distances(g), _reach(g, 4)
    shares = [((naive <= hops).sum() - g.n) / (g.n * (g.n - 1)) for hops in range(1, 5)]
    assert found.details["curve"] == pytest.approx(shares, abs=1e-15)
    assert found.data == pytest.approx(shares[-1], abs=1e-15)
    assert found.details["under_reaching"] == pytest.approx(1 - shares[-1], abs=1e-15)
    moved, _ = relabelled(g)
    assert _reach(moved, 4).data == found.data


@given(graphs(max_nodes=8, directed=True))
@settings(max_examples=40, deadline=None)
def test_reach_follows_the_arcs(g: Graph) -> None:
    if g.n < 2:
        return
    near = (distances(g) <= 2).sum() - g.n
    assert _reach(g, 2).data == pytest.approx(near / (g.n * (g.n - 1)))


def test_reach_of_unequal_components() -> None:
    g = Graph(5, np.array([[0, 1], [1, 2], [3, 4]]))
    found = _reach(g, 1)
    assert found.data == pytest.approx(6 / 20)
    assert found.details["connected_share"] == pytest.approx(6 / 8)
    assert _reach(g, 0).data == 0


def test_directed_distance_is_refused() -> None:
    with pytest.raises(NotApplicable):
        _distance(Graph(2, np.array([[0, 1]]), directed=True))


def test_estimates_beyond_the_limit_hold_the_exact_values() -> None:
    g = families.grid(60, 80)
    exact, sampled = _distance(g), _distance(g, FRUGAL)
    assert (sampled.data, sampled.exact) == (exact.data, True)
    assert not sampled.details["mean_exact"]
    assert abs(sampled.details["mean"] - exact.details["mean"]) <= 4 * sampled.details["mean_error"] + 1e-9
    again = _distance(g, FRUGAL)
    assert again.details["histogram"] == sampled.details["histogram"]


def test_sampled_reach_states_its_error() -> None:
    g = families.barabasi_albert(20_000, 2, seed=1)
    exact, sampled = _reach(g, 4), _reach(g, 4, Context(limits=Limits(operations=4e7)))
    assert exact.exact
    assert not sampled.exact
    assert 0 < sampled.error < sampled.details["hoeffding_95"]
    assert abs(sampled.data - exact.data) < 4 * sampled.error


def test_diameter_that_stays_open_is_a_lower_bound() -> None:
    g = families.torus(80, 90)
    exact, rough = _distance(g), _distance(g, Context(limits=Limits(operations=4e7), threads=1))
    assert exact.exact
    low, high = rough.details["largest_component"]["diameter_bounds"]
    assert not rough.exact
    assert low == rough.data <= exact.data <= high == rough.data + rough.error


@pytest.mark.parametrize(
    ("name", "nodes", "diameter", "radius"),
    [("karate", 34, 5, 3), ("power", 4941, 46, 23), ("usroads", 126146, 617, 309), ("email-Enron", 33696, 13, 7)],
)
def test_real_files(name: str, nodes: int, diameter: int, radius: int) -> None:
    largest = _distance(real_graph(name), Context(limits=Limits(operations=2e9))).details["largest_component"]
    assert largest == {"nodes": nodes, "diameter": diameter, "radius": radius, "exact": True}


def test_both_measures_report_progress() -> None:
    told: list[tuple[str, int, int]] = []
    context = Context(progress=lambda *step: told.append(step), threads=1)
    g = families.torus(70, 90)
    _distance(g, context)
    assert told[-1] == ("hop distances", 6300, 6300)
    told.clear()
    _reach(g, 50, context)
    assert told[-1] == ("hop distances", 6300, 6300)
    told.clear()
    _distance(families.grid(60, 80), Context(limits=FRUGAL.limits, progress=lambda *step: told.append(step)))
    assert {what for what, *_ in told} == {"hop distances", "eccentricities"}
    assert all(0 <= done <= total for _, done, total in told)
