"""`.pt` files: every form PyG saves, what belongs to what, and files that plain torch and PyG accept."""

import io
from typing import Any

import numpy as np
import pytest
import torch
from torch_geometric import EdgeIndex
from torch_geometric.data import Data, InMemoryDataset
from torch_geometric.data.data import DataEdgeAttr, DataTensorAttr
from torch_geometric.data.storage import GlobalStorage
from torch_geometric.loader import DataLoader
from torch_geometric.nn import GCNConv, GINConv
from torch_geometric.transforms import ToUndirected

from mixcli.errors import InputError
from mixcli.graph import Graph
from mixcli.io.base import Reading
from mixcli.io.pt import FORMAT

PATH = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])


def saved(value: Any, **options: Any) -> bytes:
    out = io.BytesIO()
    torch.save(value, out, **options)
    return out.getvalue()


def read(data: bytes, **options: Any) -> list[Graph]:
    return list(FORMAT.read(io.BytesIO(data), Reading("file", **options)))


def one(value: Any, **options: Any) -> Graph:
    (graph,) = read(saved(value), **options)
    return graph


def plain_load(data: bytes) -> Any:
    """As a PyG user would load it: weights_only and the three classes of a Data."""
    registered = torch.serialization.get_safe_globals()  # leaving the block below removes Data for good
    with torch.serialization.safe_globals([Data, DataEdgeAttr, DataTensorAttr, GlobalStorage]):
        loaded = torch.load(io.BytesIO(data), weights_only=True)
    torch.serialization.add_safe_globals(registered)
    return loaded


def written(*graphs: Graph) -> bytes:
    out = io.BytesIO()
    FORMAT.write(graphs, out)
    return out.getvalue()


def test_symmetric_data_is_undirected_and_payload_finds_its_place() -> None:
    mask = torch.tensor([True, False, False])
    data = Data(
        x=torch.eye(3), edge_index=PATH, edge_attr=torch.tensor([1, 2, 3, 4]), y=torch.tensor([1]), train_mask=mask
    )
    graph = one(data)
    assert (graph.n, graph.edges.tolist(), graph.directed) == (3, [[0, 1], [1, 2]], False)
    assert graph.node["x"].dtype == np.float32
    assert graph.node["train_mask"].tolist() == [True, False, False]
    assert graph.edge["edge_attr"].tolist() == [1, 3]
    assert graph.edge["edge_attr.reverse"].tolist() == [2, 4]
    assert graph.graph["y"].tolist() == [1]
    assert graph.name == "file"


def test_asymmetric_data_stays_directed_unless_the_user_decides() -> None:
    data = Data(edge_index=torch.tensor([[0, 1], [1, 2]]), num_nodes=4)
    assert one(data).directed
    assert one(data).n == 4
    forgotten = one(data, directed=False)
    assert (forgotten.directed, forgotten.m) == (False, 2)


def test_weights_that_differ_by_direction_make_a_directed_graph() -> None:
    data = Data(edge_index=PATH, edge_weight=torch.tensor([1.0, 2.0, 3.0, 3.0]), num_nodes=3)
    assert one(data).directed
    averaged = one(data, directed=False)
    assert averaged.weight is not None
    assert averaged.weight.tolist() == [1.5, 3.0]
    assert averaged.notes["weights_averaged"] == 1
    assert one(data, weighted=False).weight is None


@pytest.mark.parametrize(
    ("dtype", "kind"),
    [(torch.bool, "bool"), (torch.uint8, "uint8"), (torch.int32, "int32"), (torch.int64, "int64"),
     (torch.float16, "float16"), (torch.float32, "float32"), (torch.float64, "float64"), (torch.bfloat16, "float32")],
)  # fmt: skip
def test_dtypes_survive(dtype: torch.dtype, kind: str) -> None:
    assert one(Data(x=torch.ones(3, 2).to(dtype), edge_index=PATH)).node["x"].dtype == kind


@pytest.mark.parametrize(
    "value",
    [
        {"edge_index": PATH, "num_nodes": 3},
        Data(edge_index=PATH, num_nodes=3).to_dict(),
        PATH,
        torch.tensor([[0, 1, 0], [1, 0, 1], [0, 1, 0]]),
        torch.tensor([[0.0, 1, 0], [1, 0, 1], [0, 1, 0]]).to_sparse(),
        torch.tensor([[0.0, 1, 0], [1, 0, 1], [0, 1, 0]]).to_sparse_csr(),
        torch.tensor([[0.0, 1, 0], [1, 0, 1], [0, 1, 0]]).to_sparse_csc(),
        Data(adj_t=torch.tensor([[0.0, 1, 0], [1, 0, 1], [0, 1, 0]]).to_sparse_csr()),
        Data(edge_index=EdgeIndex(PATH, sparse_size=(3, 3), sort_order="row"), num_nodes=3),
        Data(edge_index=PATH.to(torch.int32), num_nodes=torch.tensor(3)),
        Data(edge_index=PATH.numpy(), num_nodes=np.int64(3)),
    ],
    ids=["dict", "to_dict", "edge_index", "dense", "coo", "csr", "csc", "adj_t", "EdgeIndex", "int32", "numpy"],
)  # fmt: skip
def test_every_form_of_the_path(value: Any) -> None:
    graph = one(value)
    assert (graph.n, graph.edges.tolist(), graph.directed, graph.weight) == (3, [[0, 1], [1, 2]], False, None)


def test_edge_index_may_state_the_number_of_nodes() -> None:
    assert one(Data(edge_index=EdgeIndex(PATH, sparse_size=(7, 7)))).n == 7
    assert one(Data(edge_index=EdgeIndex(PATH))).n == 3


def test_adj_t_is_transposed() -> None:
    adj_t = torch.tensor([[0.0, 0], [3, 0]]).to_sparse_csr()  # row 1 holds the predecessors of node 1
    graph = one(Data(adj_t=adj_t))
    assert graph.edges.tolist() == [[0, 1]]
    assert graph.weight is not None
    assert graph.weight.tolist() == [3.0]


def test_legacy_file_format() -> None:
    (graph,) = read(saved(Data(edge_index=PATH, num_nodes=3), _use_new_zipfile_serialization=False))
    assert graph.m == 2


def test_attribute_cache_of_pyg_transforms_does_not_stop_reading() -> None:
    data = ToUndirected()(Data(x=torch.ones(3, 1), edge_index=PATH[:, :2]))
    assert data.is_node_attr("x")
    assert one(data).n == 3


def test_list_names_graphs_and_decides_levels_together() -> None:
    single = Data(x=torch.ones(1, 2), edge_index=torch.zeros(2, 0, dtype=torch.long), y=torch.tensor([3]))
    triple = Data(x=torch.ones(3, 2), edge_index=PATH, y=torch.tensor([1]), score=torch.ones(3))
    first, second = read(saved([single, triple]))
    assert [first.name, second.name] == ["file[0]", "file[1]"]
    assert first.graph["y"].tolist() == [3]
    assert first.node["x"].shape == (1, 2)
    assert second.node["score"].shape == (3,)


def test_lengths_that_fit_two_ways_go_by_name() -> None:
    cycle = torch.tensor([[0, 1, 2], [1, 2, 0]])
    graph = one(Data(edge_index=cycle, num_nodes=3, z=torch.arange(3), edge_type=torch.arange(3)))
    assert (set(graph.node), set(graph.edge)) == ({"z"}, {"edge_type"})
    arc = one(Data(edge_index=cycle[:, :1], num_nodes=2, y=torch.tensor([1]), edge_attr=torch.tensor([5])))
    assert (set(arc.graph), set(arc.edge)) == ({"y"}, {"edge_attr"})


def test_index_attributes_belong_to_the_graph() -> None:
    graph = one(Data(edge_index=PATH, num_nodes=2 + 1, edge_label_index=torch.zeros(2, 3, dtype=torch.long)))
    assert graph.graph["edge_label_index"].shape == (2, 3)


def test_text_numbers_and_the_unreadable() -> None:
    data = Data(edge_index=PATH, num_nodes=3, names=["a", "b", "c"], title="path", level=2, extra={"a": 1})
    graph = one(data)
    assert graph.node["names"].tolist() == ["a", "b", "c"]
    assert (graph.graph["title"].item(), graph.graph["level"].item()) == ("path", 2)
    assert graph.notes["left_out"] == ["extra"]


@pytest.mark.parametrize("form", ["collated", "pyg", "tu"])
def test_collated_datasets_come_apart(form: str) -> None:
    several = [
        Data(x=torch.full((n, 2), float(n)), y=torch.tensor([n]), name=str(n),
             edge_index=torch.tensor([[0, n - 1], [n - 1, 0]]), edge_attr=torch.ones(2, 1))
        for n in (2, 5, 3)
    ]  # fmt: skip
    data, slices = InMemoryDataset.collate(several)
    forms = {
        "collated": (data, slices),
        "pyg": (data.to_dict(), slices, Data),
        "tu": (data.to_dict(), slices, {"num_node_labels": 2}, Data),
    }
    graphs = read(saved(forms[form]))
    assert [g.n for g in graphs] == [2, 5, 3]
    assert [g.edges.tolist() for g in graphs] == [[[0, 1]], [[0, 4]], [[0, 2]]]
    assert [g.graph["y"].item() for g in graphs] == [2, 5, 3]
    assert graphs[1].node["x"].tolist() == [[5.0, 5.0]] * 5
    assert [g.graph["name"].item() for g in graphs] == ["2", "5", "3"]


def test_collated_without_features_keeps_isolated_nodes() -> None:
    several = [Data(edge_index=torch.tensor([[0], [1]]), num_nodes=n) for n in (4, 2)]
    data, slices = InMemoryDataset.collate(several)
    assert [g.n for g in read(saved((data.to_dict(), slices, Data)))] == [4, 2]


def test_written_file_is_plain_pyg() -> None:
    graph = Graph(
        3, np.array([[0, 1], [1, 2]]), weight=np.array([0.5, 0.1]), node={"x": np.ones((3, 4), np.float32)},
        edge={"edge_attr": np.array([7, 8])}, graph={"y": np.array([1])}, labels=("a", "b", "c"),
    )  # fmt: skip
    data = plain_load(written(graph))
    assert type(data) is Data
    assert data.validate()
    assert data.edge_index.tolist() == PATH.tolist()
    assert data.edge_attr.tolist() == [7, 7, 8, 8]
    assert data.edge_weight.dtype == torch.float32
    assert data.node_labels == ["a", "b", "c"]
    assert isinstance(data.mixcli_provenance, str)
    assert isinstance(data.mixcli_plan, str)
    assert data.is_coalesced()
    assert data.is_undirected()
    assert GCNConv(4, 2)(data.x, data.edge_index, data.edge_weight).shape == (3, 2)
    assert GINConv(torch.nn.Linear(4, 2))(data.x, data.edge_index).shape == (3, 2)


def test_written_list_goes_through_a_loader() -> None:
    first = Graph(2, np.array([[0, 1]]), node={"x": np.ones((2, 3), np.float32)}, graph={"y": np.array([0])})
    second = Graph(
        3, np.array([[0, 2]]), weight=np.array([0.1]), node={"x": np.zeros((3, 3), np.float32)},
        graph={"y": np.array([1])}, labels=("a", "b", "c"),
    )  # fmt: skip
    (batch,) = DataLoader(plain_load(written(first, second)), batch_size=2)
    assert batch.num_nodes == 5
    assert batch.edge_index.tolist() == [[0, 1, 2, 4], [1, 0, 4, 2]]
    assert batch.y.tolist() == [0, 1]
    assert torch.allclose(batch.edge_weight, torch.tensor([1.0, 1, 0.1, 0.1]))


def test_exact_weights_give_way_to_edited_ones() -> None:
    data = plain_load(written(Graph(2, np.array([[0, 1]]), weight=np.array([0.1]))))
    data.edge_weight = torch.tensor([0.25, 0.25])
    edited = one(data)
    assert edited.weight is not None
    assert edited.weight.tolist() == [0.25]


def test_edited_topology_wins_over_the_stated_direction() -> None:
    data = plain_load(written(Graph(3, np.array([[0, 1], [1, 2]]))))
    data.edge_index = data.edge_index[:, :1]
    assert one(data).directed


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (Data(x=torch.ones(3, 1)), "found attributes x"),
        (Data(edge_index=PATH.float(), num_nodes=3), "float32"),
        (Data(edge_index=-PATH, num_nodes=3), r"edge \(0, -1\)"),
        (Data(edge_index=PATH, num_nodes=2), r"edge \(1, 2\)"),
        (Data(edge_index=PATH, num_nodes=2.5), "num_nodes of float64"),
        (Data(edge_index=PATH, num_nodes=3, edge_weight=torch.tensor([1, 1, float("nan"), 1])), "nan at edge 2"),
        (Data(edge_index=PATH, num_nodes=3, edge_weight=torch.ones(3)), "4 real edge weights"),
        (Data(edge_index=PATH, num_nodes=3, edge_weight=-torch.ones(4)), "-1 at edge 0"),
        ({"weight": torch.ones(3)}, "found attributes weight"),
        (torch.ones(3), "two axes"),
        ([torch.nn.Parameter(torch.ones(2, 3, 4))], "two axes"),
        ("text", "found a str"),
        (7, "found a int"),
        ([[PATH]], "found a list"),
    ],
)
def test_invalid_graphs_are_named(value: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(saved(value))


def test_empty_list_has_no_graphs() -> None:
    assert read(saved([])) == []
