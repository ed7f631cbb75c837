"""Size and degree: counts by hand, on every kind of graph."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from reference.files import real_graph
from strategies import graphs

from mixcli.generators import graphs as families
from mixcli.graph import Graph, from_arcs
from mixcli.measures.base import Values, measure
from mixcli.provenance import Step


def _size(g: Graph) -> Values:
    return measure(g, "size")["size"]


def _degree(g: Graph) -> Values:
    return measure(g, "degree")["degree"]


def _networkx(g: Graph) -> nx.Graph:
    h = nx.DiGraph() if g.directed else nx.Graph()
    h.add_nodes_from(range(g.n))
    h.add_edges_from(g.edges.tolist())
    return h


def test_counts_of_a_graph_in_two_parts() -> None:
    found = _size(Graph(6, np.array([[0, 1], [0, 2], [3, 4]])))
    assert found.data == 6
    assert {k: found.details[k] for k in ("edges", "components", "largest_component", "isolated")} == {
        "edges": 3, "components": 3, "largest_component": 3, "isolated": 1,
    }  # fmt: skip
    assert found.details["density"] == pytest.approx(3 / 15)


def test_what_the_reader_resolved_is_told() -> None:
    arcs = np.array([[0, 0], [0, 1], [1, 0], [1, 2]])
    g = from_arcs(3, arcs, directed=False, step=Step("read"))
    found = _size(g).details
    assert (found["self_loops_read"], found["parallel_edges_read"]) == (1, 1)


@pytest.mark.parametrize("n", [0, 1])
def test_smallest_graphs(n: int) -> None:
    g = Graph(n, np.zeros((0, 2), np.int64))
    assert _size(g).data == n
    assert _size(g).details["density"] is None
    assert _degree(g).data.tolist() == [0] * n
    assert _degree(g).details["assortativity"] is None


@given(graphs(max_nodes=9))
@settings(max_examples=60, deadline=None)
def test_bipartiteness_and_components_against_networkx(g: Graph) -> None:
    found, h = _size(g).details, _networkx(g)
    assert found["bipartite"] == nx.is_bipartite(h)
    assert found["components"] == nx.number_connected_components(h)


@given(graphs(max_nodes=9, directed=True))
@settings(max_examples=40, deadline=None)
def test_directed_graphs(g: Graph) -> None:
    found, h = _degree(g), _networkx(g)
    assert found.data.tolist() == [h.degree(v) for v in range(g.n)]
    assert _size(g).details["components"] == nx.number_weakly_connected_components(h)
    assert _size(g).details["bipartite"] == nx.is_bipartite(h.to_undirected())
    assert found.details["out"]["max"] == max(d for _, d in h.out_degree())


def test_assortativity_of_karate() -> None:
    g = real_graph("karate")
    expected = nx.degree_assortativity_coefficient(_networkx(g))
    assert _degree(g).details["assortativity"] == pytest.approx(expected, abs=1e-12)


def test_strength_of_weighted_nodes() -> None:
    g = families.path(3).replace(weight=np.array([2.0, 0.5]))
    found = _degree(g)
    assert found.data.tolist() == [1, 2, 1]
    assert found.details["strength"] == {"min": 0.5, "mean": 5 / 3, "max": 2.5}
