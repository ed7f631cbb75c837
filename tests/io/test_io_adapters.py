"""Graphs from and to PyG, networkx and scipy objects."""

import networkx as nx
import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given, settings
from io_strategies import assert_same, graphs, same_array
from torch_geometric.data import Batch, Data, HeteroData

from mixcli.errors import InputError
from mixcli.graph import Graph
from mixcli.io.adapters import from_networkx, from_pyg, from_scipy, to_networkx, to_pyg, to_scipy

PATH = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])


@settings(max_examples=60, deadline=None)
@given(graph=graphs())
def test_pyg_and_back(graph: Graph) -> None:
    assert_same(from_pyg(to_pyg(graph)), graph)


def test_to_pyg_owns_its_memory() -> None:
    graph = Graph(3, np.array([[0, 1], [1, 2]]), node={"x": np.zeros((3, 1), np.float32)})
    data = to_pyg(graph)
    data.x += 1
    data.edge_index[0, 0] = 2
    assert graph.node["x"].sum() == 0
    assert graph.edges[0, 0] == 0


def test_payload_names_that_data_uses_are_moved_out_of_the_way() -> None:
    payload = {key: np.arange(3) for key in ("num_nodes", "edge_index", "keys", "a b", "x")}
    data = to_pyg(Graph(3, np.array([[0, 1]]), node=payload, graph={"x": np.array(1)}))
    assert data.num_nodes == 3
    assert data.edge_index.tolist() == [[0, 1], [1, 0]]
    assert sorted(data.keys()) == sorted(
        ["edge_index", "num_nodes", "x", "node_num_nodes", "node_edge_index", "node_keys", "node_a_b", "graph_x",
         "mixcli_provenance", "mixcli_plan", "mixcli_layout"]
    )  # fmt: skip


def test_from_pyg_decides_on_direction() -> None:
    arc = Data(edge_index=PATH[:, :1], num_nodes=2)
    assert from_pyg(arc, name="arc").directed
    assert not from_pyg(arc, directed=False).directed
    assert from_pyg(Data(edge_index=PATH, num_nodes=3), directed=True).m == 4


def test_from_pyg_takes_tensors_with_gradients_and_expanded_ones() -> None:
    x = torch.ones(3, 1, requires_grad=True)
    graph = from_pyg(Data(x=x, edge_index=PATH, big=torch.ones(1).expand(3, 10**6)))
    assert graph.node["x"].sum() == 3
    assert graph.node["big"].shape == (3, 10**6)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (Batch.from_data_list([Data(edge_index=PATH, num_nodes=3)]), "to_data_list"),
        (HeteroData(), "HeteroData"),
        (nx.path_graph(2), "torch_geometric Data"),
        (Data(), "edge_index"),
    ],
)
def test_from_pyg_refuses(value: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        from_pyg(value)  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None)
@given(graph=graphs())
def test_networkx_and_back(graph: Graph) -> None:
    plain = graph.replace(edge={k: v for k, v in graph.edge.items() if k != "weight"})
    back = from_networkx(to_networkx(plain))
    assert (back.n, back.directed, back.edges.tolist()) == (plain.n, plain.directed, plain.edges.tolist())
    assert (back.weight is None) == (plain.weight is None)
    assert back.weight is None or back.weight.tolist() == plain.weight.tolist()
    if plain.labels is not None and len(set(plain.labels)) == plain.n:
        assert back.labels == plain.labels


def test_networkx_attributes_and_types() -> None:
    G = nx.DiGraph(name="g", level=3, extra=object())
    G.add_node("b", x=np.array([1.0, 2], np.float32), y=np.int32(1))
    G.add_node("a", x=np.array([3.0, 4], np.float32), y=np.int32(2))
    G.add_edge("a", "b", capacity=2.5, kind="road", odd={1})
    graph = from_networkx(G, weight="capacity")
    assert (graph.name, graph.labels, graph.edges.tolist(), graph.directed) == ("g", ("b", "a"), [[1, 0]], True)
    assert graph.weight is not None
    assert graph.weight.tolist() == [2.5]
    assert same_array(graph.node["x"], np.array([[1, 2], [3, 4]], np.float32))
    assert graph.node["y"].dtype == np.int32
    assert graph.edge["kind"].tolist() == ["road"]
    assert graph.graph["level"].item() == 3
    assert graph.provenance[-1].notes["left_out"] == ["odd"]
    assert from_networkx(G, weight=None).weight is None


def test_networkx_multigraph_adds_up_weights() -> None:
    G = nx.MultiGraph()
    G.add_edge(0, 1, weight=1.5)
    G.add_edge(1, 0, weight=2.0)
    G.add_edge(1, 2)
    graph = from_networkx(G)
    assert graph.weight is not None
    assert graph.weight.tolist() == [3.5, 1.0]
    with pytest.raises(InputError, match="number as 'weight'"):
        from_networkx(nx.Graph([(0, 1, {"weight": "heavy"})]))


def test_to_networkx_names_nodes_and_edges() -> None:
    graph = Graph(
        2, np.array([[0, 1]]), weight=np.array([0.5]), labels=("a", "b"), node={"y": np.array([1, 2])},
        edge={"t": np.array([[3, 4]])}, graph={"y": np.array([7])}, name="pair",
    )  # fmt: skip
    G = to_networkx(graph)
    assert dict(G.nodes(data=True)) == {"a": {"y": 1}, "b": {"y": 2}}
    assert list(G.edges(data=True)) == [("a", "b", {"weight": 0.5, "t": [3, 4]})]
    assert G.graph == {"name": "pair", "y": [7]}
    same = to_networkx(graph.replace(labels=("a", "a")))
    assert dict(same.nodes(data="label")) == {0: "a", 1: "a"}


@pytest.mark.parametrize("make", [np.asarray, sp.csr_matrix, sp.coo_array, sp.dia_matrix, sp.lil_matrix])
def test_scipy_and_back(make: object) -> None:
    dense = np.array([[0, 0.5, 0], [0.5, 0, 2], [0, 2, 0]])
    graph = from_scipy(make(dense), name="path")  # type: ignore[operator]
    assert (graph.n, graph.m, graph.directed, graph.name) == (3, 2, False, "path")
    matrix = to_scipy(graph)
    assert (matrix.toarray() == dense).all()
    matrix.data[:] = 7
    assert graph.adjacency.max() == 2
    assert from_scipy(sp.csr_array(np.triu(dense))).directed


def test_scipy_refuses() -> None:
    for matrix in (np.ones((2, 3)), sp.csr_array((2, 3))):
        with pytest.raises(InputError, match="square"):
            from_scipy(matrix)
    with pytest.raises(InputError, match="real edge weights"):
        from_scipy(sp.csr_array(np.array([[0, 1j], [1j, 0]])))
