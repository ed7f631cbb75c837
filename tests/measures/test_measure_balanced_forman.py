"""Balanced Forman curvature: closed forms, published values, the definition written out, laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from reference import naive_motifs
from reference.files import real_graph
from strategies import graphs, relabelled
from zoo import ZOO, Entry

from mixcli.errors import NotApplicable
from mixcli.generators import graphs as families
from mixcli.graph import Graph
from mixcli.measures.base import measure

CURVED = [e for e in ZOO if "balanced_forman" in e.curvature]


def _paper(g: Graph) -> np.ndarray:
    return measure(g, "balanced_forman")["balanced_forman"].data


def _released(g: Graph) -> np.ndarray:
    return measure(g, "bfc:variant=released")["bfc:variant=released"].data


@pytest.mark.parametrize("entry", CURVED, ids=str)
def test_closed_forms(entry: Entry) -> None:
    assert _paper(entry.graph) == pytest.approx(entry.curvature["balanced_forman"], abs=1e-12)


@pytest.mark.parametrize(
    ("g", "value"),
    [
        (families.complete(4), 2), (families.cycle(4), 1), (families.cycle(5), 1), (families.cycle(6), 1),
        (families.star(6), 0.64), (families.bipartite(3, 3), 0), (families.hypercube(3), 0), (families.petersen(), 0),
    ],
    ids=lambda x: getattr(x, "name", ""),
)  # fmt: skip
def test_released_variant_where_all_edges_are_alike(g: Graph, value: float) -> None:
    assert _released(g) == pytest.approx(np.full(g.m, value), abs=1e-12)


def test_released_variant_on_a_path_and_a_barbell() -> None:
    assert _released(families.path(4)) == pytest.approx([1.75, 1, 1.75])
    found = np.unique(_released(families.barbell(5)).round(9))
    assert found.tolist() == [-0.8, 1.21, 1.75]


@pytest.mark.parametrize(
    ("find", "low", "edge", "mean", "high", "top"),
    [(_paper, -1.395833, (0, 31), -0.221054, 1.0, (24, 25)), (_released, -1.455729, (0, 31), -0.199897, 1.0, (4, 10))],
)
def test_karate(find, low: float, edge: tuple[int, int], mean: float, high: float, top: tuple[int, int]) -> None:
    g = real_graph("karate")
    found = find(g)
    assert found.min() == pytest.approx(low, abs=1e-6)
    assert tuple(g.edges[found.argmin()]) == edge
    assert found.mean() == pytest.approx(mean, abs=1e-6)
    assert found.max() == pytest.approx(high, abs=1e-6)
    assert top in [tuple(e) for e in g.edges[np.isclose(found, high)]]


@given(graphs(max_nodes=12))
@settings(max_examples=60, deadline=None)
def test_both_variants_equal_their_definition(g: Graph) -> None:
    assert _paper(g) == pytest.approx(naive_motifs.balanced_forman(g), abs=1e-12)
    assert _released(g) == pytest.approx(naive_motifs.balanced_forman_released(g), abs=1e-12)
    assert ((_paper(g) > -2) & (_paper(g) <= 1.5)).all()
    assert ((_released(g) > -2) & (_released(g) <= 4)).all()


@given(graphs(max_nodes=10))
@settings(max_examples=30, deadline=None)
def test_relabelling_changes_nothing(g: Graph) -> None:
    moved, order = relabelled(g, seed=g.n)
    assert np.array_equal(_paper(moved), _paper(g)[order])


def test_weights_are_ignored_and_directions_refused() -> None:
    g = families.complete(3)
    assert np.array_equal(_paper(g.replace(weight=np.array([1.0, 5.0, 9.0]))), _paper(g))
    with pytest.raises(NotApplicable, match="--undirected"):
        _paper(Graph(2, np.array([[1, 0]]), directed=True))


def test_edgeless_graph() -> None:
    assert _paper(Graph(3, np.zeros((0, 2), np.int64))).shape == (0,)


def test_large_files_have_sound_values() -> None:
    g = real_graph("email-Enron")
    values = measure(g, "balanced_forman")["balanced_forman"]
    assert values.details["triangles"] == 727044
    assert (values.data > -2).all()
