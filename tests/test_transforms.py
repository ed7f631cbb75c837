"""Rewirings as PyG transforms: what comes out, batching, workers, pickles."""

from __future__ import annotations

import copy
import inspect
import pickle

import numpy as np
import pytest
import torch
import torch_geometric.transforms as T
from torch_geometric.data import Batch, Data, HeteroData
from torch_geometric.loader import DataLoader
from torch_geometric.nn import GINConv, global_mean_pool

import mixcli
from mixcli import transforms
from mixcli.catalog import REWIRINGS
from mixcli.context import Context
from mixcli.errors import InputError, NotApplicable, UsageError
from mixcli.generators import graphs as families
from mixcli.rewiring.base import rewire

NAMES = [name for name in dir(transforms) if name not in ("Rewire", "Replay")]
MOLECULES = [families.barbell(4, k) for k in range(4)] + [families.cycle(n) for n in (3, 6, 24)]


def data_of(graph: mixcli.Graph, label: int = 0) -> Data:
    """A `Data` as data sets have them."""
    arcs = np.concatenate([graph.edges, graph.edges[:, ::-1]]).T.copy()
    marks = torch.arange(graph.m).repeat(2)
    return Data(
        x=torch.arange(2.0 * graph.n).view(-1, 2) + 1, edge_index=torch.from_numpy(arcs),
        edge_attr=marks[:, None].half(), y=torch.tensor([label]), node_label=torch.arange(graph.n),
    )  # fmt: skip


def same(a: Data, b: Data) -> bool:
    one, other = a.to_dict(), b.to_dict()
    return one.keys() == other.keys() and all(
        torch.equal(v, other[k]) if isinstance(v, torch.Tensor) else v == other[k] for k, v in one.items()
    )


class Lazy(torch.utils.data.Dataset):
    """A data set that transforms each graph as it is asked for."""

    def __init__(self, transform: T.BaseTransform) -> None:
        self.transform = transform

    def __len__(self) -> int:
        return len(MOLECULES)

    def __getitem__(self, k: int) -> Data:
        return self.transform(data_of(MOLECULES[k], k))


def test_there_is_one_for_every_rewiring() -> None:
    assert len(dir(transforms)) == len(list(REWIRINGS)) + 1
    for name in dir(transforms):
        made = getattr(transforms, name)
        assert issubclass(made, T.BaseTransform)
        assert (made.__name__, made.__module__) == (name, "mixcli.transforms")
    assert mixcli.transforms is transforms
    with pytest.raises(AttributeError, match="Nothing"):
        transforms.Nothing  # noqa: B018


def test_parameters_are_the_methods_and_are_checked() -> None:
    assert repr(transforms.SDRF(iterations=50, seed=3)) == "SDRF(iterations=50, seed=3)"
    assert repr(transforms.FoSR(5, budget=2)) == "FoSR(iterations=5, seed=0, budget=2)"
    assert repr(transforms.Cayley(mode="egp")) == "Cayley(mode='egp', seed=0)"
    names = list(inspect.signature(transforms.FoSR).parameters)
    assert (names[0], *names[-2:]) == ("iterations", "seed", "budget")
    assert inspect.getdoc(transforms.FoSR) == inspect.getdoc(REWIRINGS.get("fosr"))
    for wrong in ({"iterations": -1}, {"iteration": 3}, {"iterations": "many"}):
        with pytest.raises(UsageError):
            transforms.FoSR(**wrong)


@pytest.mark.parametrize("name", NAMES)
def test_every_transform_does_what_its_method_does(name: str) -> None:
    method = next(n for n in REWIRINGS if REWIRINGS.target(n).endswith(f":{name}"))
    graph = families.barbell(5, 1)
    given = data_of(graph)
    kept = copy.deepcopy(given)
    out = getattr(transforms, name)(seed=2)(given)
    assert same(given, kept), "the input was changed"
    assert out.x is given.x or out.num_nodes > graph.n
    expected = rewire(graph, method, context=Context(seed=2)).graph
    arcs = {(u, v) for u, v in expected.edges.tolist()} | {(v, u) for u, v in expected.edges.tolist()}
    assert set(map(tuple, out.edge_index.T.tolist())) == arcs
    assert out.edge_index.shape[1] == len(arcs) == len(out.edge_type)
    assert out.edge_index.is_contiguous()
    for (u, v), kind, mark in zip(out.edge_index.T.tolist(), out.edge_type, out.edge_attr, strict=True):
        row = np.flatnonzero((expected.edges == sorted((u, v))).all(axis=1))
        assert kind == expected.edge["edge_type"][row]
        old = np.flatnonzero((graph.edges == sorted((u, v))).all(axis=1))
        assert mark == (old if kind == 0 else 0)
    assert out.edge_attr.dtype == torch.float16
    assert out.y.tolist() == [0]
    assert out.validate()
    laid = {o.name: o for o in expected.plan.overlays}
    assert {k.removesuffix("_edge_index") for k in out.keys() if k.endswith("_edge_index")} == set(laid)  # noqa: SIM118
    for key, overlay in laid.items():
        found = out[f"{key}_edge_index"]
        assert {tuple(sorted(p)) for p in found.T.tolist()} == {tuple(e) for e in overlay.edges.tolist()}
        assert found.shape[1] == 2 * len(overlay.edges)
    assert out.num_nodes == graph.n + expected.plan.virtual
    assert out.get("last_layer") == expected.plan.last


@pytest.mark.parametrize("name", NAMES)
def test_pickles_are_the_same_transform(name: str) -> None:
    made = getattr(transforms, name)(seed=5)
    again = pickle.loads(pickle.dumps(made))
    assert type(again) is type(made)
    assert repr(again) == repr(made)
    given = data_of(families.barbell(5, 1))
    assert same(again(given), made(given))


@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_the_graphs_does_not_matter(name: str) -> None:
    given, made = [data_of(g) for g in MOLECULES[2:]], getattr(transforms, name)(seed=1)
    first = [made(d) for d in given]
    again = getattr(transforms, name)(seed=1)
    assert all(same(a, b) for a, b in zip(first[::-1], [again(d) for d in given[::-1]], strict=True))


def test_seeds_decide_and_order_does_not() -> None:
    given = [data_of(g) for g in MOLECULES]
    made = transforms.RandomEdges(iterations=3, seed=1)
    first = [made(d) for d in given]
    assert all(same(a, b) for a, b in zip(first[::-1], [made(d) for d in given[::-1]], strict=True))
    other = transforms.RandomEdges(iterations=3, seed=2)
    assert not all(same(a, other(d)) for a, d in zip(first, given, strict=True))


class Every(torch.utils.data.Dataset):
    """Every rewiring, one after the other, each on a graph of its own."""

    def __len__(self) -> int:
        return len(NAMES)

    def __getitem__(self, k: int) -> Data:
        return getattr(transforms, NAMES[k])(seed=7)(data_of(MOLECULES[k % len(MOLECULES)], k))


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_every_transform_is_the_same_in_workers(start: str) -> None:
    plain = torch.utils.data.DataLoader(Every(), batch_size=None)  # one at a time: their attributes differ
    loader = torch.utils.data.DataLoader(Every(), batch_size=None, num_workers=2, multiprocessing_context=start)
    assert all(same(a, b) for a, b in zip(plain, loader, strict=True))


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_workers_give_what_one_process_gives(start: str) -> None:
    both = T.Compose([transforms.FoSR(iterations=2, seed=3), transforms.Cayley(align="random", seed=4)])
    alone = list(DataLoader(Lazy(both), batch_size=3))
    loader = DataLoader(Lazy(both), batch_size=3, num_workers=2, multiprocessing_context=start)
    assert all(same(a, b) for a, b in zip(alone, loader, strict=True))


@pytest.mark.parametrize(
    "spec", ["cayley", "cayley:egp", "virtual_node:2", "expander:virtual=1", "laser", "fosr", "fa"]
)
def test_a_batch_is_its_graphs_one_by_one(spec: str) -> None:
    """Layers over every edge index, and a readout without virtual nodes."""
    ones = [transforms.Rewire(spec)(data_of(g)) for g in MOLECULES]
    batch = Batch.from_data_list(ones)
    torch.manual_seed(0)
    layer = GINConv(torch.nn.Linear(2, 2))
    indices = [k for k in ones[0].keys() if k.endswith("edge_index")]  # noqa: SIM118

    def forward(data: Data) -> torch.Tensor:
        h = data.x
        for key in indices:
            h = torch.tanh(layer(h / 10, data[key]))
        which = torch.zeros(len(h), dtype=torch.int64) if data.batch is None else data.batch
        real = ~data.get("virtual_node_mask", torch.zeros(len(h), dtype=torch.bool))
        return global_mean_pool(h[real], which[real])

    torch.testing.assert_close(forward(batch), torch.cat([forward(d) for d in ones]))
    assert all(same(a, b) for a, b in zip(batch.to_data_list(), ones, strict=True))


def test_virtual_nodes_are_in_no_mask_and_have_no_label() -> None:
    graph = families.cycle(20)
    given = data_of(graph)
    given.y, given.train_mask = torch.arange(20) % 3, torch.arange(20) < 9
    given.score, given.name_of = torch.rand(20, 2), [f"v{i}" for i in range(20)]
    given.node_labels = [str(i) for i in range(20)]
    out = transforms.Cayley()(given)
    assert out.num_nodes == 24
    assert out.virtual_node_mask.tolist() == [False] * 20 + [True] * 4
    assert torch.equal(out.x[:20], given.x)
    assert not out.x[20:].any()
    assert not out.train_mask[20:].any()
    assert out.y[20:].tolist() == [-1] * 4
    assert out.y.dtype == torch.int64
    assert out.score.shape == (24, 2)
    assert out.node_labels[19:] == ["19", "", "", "", ""]
    given.y = torch.rand(20)
    assert transforms.Cayley()(given).y[20:].isnan().all()


def test_a_virtual_node_is_pygs() -> None:
    given = data_of(families.barbell(4))
    ours, theirs = transforms.VirtualNode()(given), T.VirtualNode()(given)
    assert ours.num_nodes == theirs.num_nodes
    whole = torch.cat([ours.edge_index, ours.virtual_node_edge_index], dim=1)
    assert set(map(tuple, whole.T.tolist())) == set(map(tuple, theirs.edge_index.T.tolist()))
    assert torch.equal(ours.x, theirs.x)


def test_transforms_after_one_another_share_virtual_nodes() -> None:
    given = data_of(families.cycle(20))
    out = T.Compose([transforms.Cayley(), transforms.VirtualNode(), transforms.FoSR(iterations=2)])(given)
    assert out.num_nodes == 24
    assert out.virtual_node_mask.sum() == 4
    assert out.edge_index.max() < 20
    assert out.edge_index.shape[1] == 44
    assert out.virtual_node_edge_index.max() == 20
    assert torch.equal(out.cayley_edge_index, transforms.Cayley()(given).cayley_edge_index)
    assert out.validate()
    bad = data_of(families.cycle(5))
    bad.virtual_node_mask = torch.tensor([True, False, False, False, False])
    with pytest.raises(InputError, match="virtual nodes"):
        transforms.FoSR()(bad)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_weights_keep_their_type(dtype: torch.dtype) -> None:
    given = data_of(families.path(4))
    weight = torch.tensor([0.1, 2.0, 3.0], dtype=dtype)
    given.edge_weight = weight.repeat(2)
    out = transforms.FoSR(iterations=1, converged=True)(given)
    assert out.edge_weight.dtype == dtype
    assert out.edge_weight[out.edge_type == 1].tolist() == [1.0, 1.0]
    assert set(out.edge_weight[out.edge_type == 0].tolist()) == set(weight.tolist())
    given.edge_weight = torch.ones(6, dtype=dtype)
    assert transforms.FoSR(iterations=1)(given).edge_weight.tolist() == [1.0] * 8


def test_a_sparse_matrix_comes_out_as_edge_index() -> None:
    given = T.ToSparseTensor(layout=torch.sparse_coo)(data_of(families.cycle(6)))
    out = transforms.FoSR(iterations=1)(given)
    assert "adj_t" not in out
    assert out.edge_index.shape == (2, 14)
    assert "adj_t" in given


def test_what_mixcli_wrote_stays_readable() -> None:
    graph = families.barbell(4).replace(node={"x": np.ones((8, 2), np.float32), "batch": np.arange(8)})
    out = transforms.FoSR(iterations=2)(mixcli.to_pyg(graph))
    back = mixcli.from_pyg(out)
    assert [s.op for s in back.provenance] == ["convert", "rewire", "convert"]
    assert back.node["batch"].tolist() == list(range(8))
    assert np.array_equal(back.edges, rewire(graph, "fosr:iterations=2").graph.edges)


def test_what_is_no_single_undirected_graph_is_refused() -> None:
    with pytest.raises(NotApplicable, match="to_homogeneous"):
        transforms.SDRF()(HeteroData())
    with pytest.raises(InputError, match="Batch"):
        transforms.SDRF()(Batch.from_data_list([data_of(families.path(3))]))
    one_way = Data(edge_index=torch.tensor([[0, 1], [1, 2]]), num_nodes=3)
    with pytest.raises(NotApplicable, match="ToUndirected"):
        transforms.SDRF()(one_way)
    assert transforms.VirtualNode()(one_way).edge_index.tolist() == [[0, 1], [1, 2]]


@pytest.mark.parametrize("n", [0, 1, 2])
@pytest.mark.parametrize("name", ["FoSR", "Cayley", "Expander", "LASER", "VirtualNode"])
def test_tiny_graphs(name: str, n: int) -> None:
    given = Data(x=torch.ones(n, 3), edge_index=torch.empty(2, 0, dtype=torch.int64))
    out = getattr(transforms, name)()(given)
    assert out.edge_index.shape[0] == 2
    assert out.x.shape[1] == 3
    assert len(out.x) == out.num_nodes


def test_ctrl_c_does_not_leave_half_a_rewiring(monkeypatch: pytest.MonkeyPatch) -> None:
    made = transforms.FoSR(iterations=3)

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(type(made.method), "edits", stopped)
    with pytest.raises(KeyboardInterrupt):
        made(data_of(families.path(5)))
