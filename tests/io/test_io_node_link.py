"""Node-link JSON as networkx and D3 write it."""

import io
import json
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from io_strategies import graphs

from mixcli.graph import Graph
from mixcli.io.base import Reading
from mixcli.io.node_link import FORMAT


def one(form: Any, **options: Any) -> Graph:
    data = form if isinstance(form, bytes) else json.dumps(form).encode()
    (graph,) = FORMAT.read(io.BytesIO(data), Reading("file", **options))
    return graph


def written(graph: Graph) -> Any:
    out = io.BytesIO()
    FORMAT.write([graph], out)
    return json.loads(out.getvalue())


@pytest.mark.parametrize("key", ["edges", "links"])
def test_networkx_graphs(key: str) -> None:
    G = nx.karate_club_graph()
    graph = one(nx.node_link_data(G, edges=key))
    assert (graph.n, graph.m, graph.directed, graph.labels) == (34, 78, False, None)
    assert graph.name == "Zachary's Karate Club"
    assert graph.node["club"].tolist() == [G.nodes[v]["club"] for v in G]
    assert graph.weight is not None
    assert graph.weight.sum() == sum(w for _, _, w in G.edges(data="weight"))


def test_direction_parallel_edges_and_loops() -> None:
    G = nx.MultiDiGraph([("a", "b"), ("a", "b"), ("b", "a"), ("b", "b")])
    graph = one(nx.node_link_data(G))
    assert (graph.directed, graph.edges.tolist(), graph.labels) == (True, [[0, 1], [1, 0]], ("a", "b"))
    assert graph.notes == {"self_loops": 1, "parallel_edges": 1}
    assert one(nx.node_link_data(G), directed=False).m == 1


def test_names_of_every_kind() -> None:
    grid = one(nx.node_link_data(nx.grid_2d_graph(2, 2)))
    assert grid.labels == ("(0, 0)", "(0, 1)", "(1, 0)", "(1, 1)")
    assert grid.m == 4
    form = {"nodes": [{"id": 1}, {"id": 0.5}, {"id": None}], "links": [{"source": None, "target": 1}]}
    assert one(form).labels == ("1", "0.5", "None")
    positions = {"nodes": [{"name": "x"}, {"name": "y"}], "links": [{"source": 0, "target": 1, "value": 3}]}
    graph = one(positions)
    assert (graph.labels, graph.edges.tolist()) == (None, [[0, 1]])
    assert graph.node["name"].tolist() == ["x", "y"]


def test_weights_may_be_missing_and_unread() -> None:
    form = {
        "nodes": [{"id": i} for i in range(3)],
        "edges": [{"source": 0, "target": 1, "weight": 2}, {"source": 1, "target": 2}],
    }
    graph = one(form)
    assert graph.weight is not None
    assert graph.weight.tolist() == [2, 1]
    assert graph.notes["edges_without_weight"] == 1
    assert one(form, weighted=False).weight is None


def test_attributes_become_payload() -> None:
    form = {
        "nodes": [{"id": 0, "pos": [1, 2], "age": 3, "odd": {}}, {"id": 1, "pos": [3, 4], "odd": 1}],
        "edges": [], "graph": [["score", 2.5], ["tags", ["a", "b"]]],
    }  # fmt: skip
    graph = one(form)
    assert graph.node["pos"].tolist() == [[1, 2], [3, 4]]
    assert np.isnan(graph.node["age"][1])
    assert (graph.graph["score"].item(), graph.graph["tags"].tolist()) == (2.5, ["a", "b"])
    assert graph.notes["node_attributes_left_out"] == ["odd"]


@settings(max_examples=40, deadline=None)
@given(graph=graphs())
def test_networkx_reads_what_is_written(graph: Graph) -> None:
    G = nx.node_link_graph(written(graph), edges="edges")
    assert (G.number_of_nodes(), G.number_of_edges(), G.is_directed()) == (graph.n, graph.m, graph.directed)
    if graph.weight is not None:
        assert [w for _, _, w in G.edges(data="weight")] == pytest.approx(graph.weight.tolist(), rel=0)


def test_plain_json_holds_what_it_can() -> None:
    graph = Graph(
        2, np.array([[0, 1]]), weight=np.array([0.5]), labels=("a", "b"), name="pair",
        node={"x": np.array([[1, 2], [3, 4]], np.float32), "z": np.array([np.nan, 1])},
    )  # fmt: skip
    form = written(graph)
    assert form["nodes"] == [{"id": "a", "x": [1.0, 2.0]}, {"id": "b", "x": [3.0, 4.0]}]
    assert form["edges"] == [{"source": "a", "target": "b", "weight": 0.5}]
    assert form["graph"]["name"] == "pair"
    assert set(form["graph"]["mixcli"]["node"]) == {"x", "z"}


def test_labels_that_repeat_are_kept_beside() -> None:
    graph = Graph(2, np.array([[0, 1]]), labels=("a", "a"))
    form = written(graph)
    assert [node["id"] for node in form["nodes"]] == [0, 1]
    assert one(form).labels == ("a", "a")
