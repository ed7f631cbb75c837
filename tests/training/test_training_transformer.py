"""A transformer layer is message passing on the complete graph: proved against PyG, and on our own two paths."""

import math

import numpy as np
import pytest
import torch
from torch_geometric.nn import MessagePassing, TransformerConv
from torch_geometric.utils import softmax

from mixcli.catalog import MODELS
from mixcli.context import Context
from mixcli.errors import NotApplicable, UsageError
from mixcli.generators.graphs import cycle, erdos_renyi, path
from mixcli.generators.mask_spec import sequence_of
from mixcli.graph import Graph
from mixcli.training.arms import make_arms
from mixcli.training.attention import MultiHeadAttention
from mixcli.training.compare import compare
from mixcli.training.cost import memory_of
from mixcli.training.encodings import check_encodings, with_encoding
from mixcli.training.node_attention import over_all_pairs, over_arcs, over_pairs_of_graphs
from mixcli.training.plan import Plan
from mixcli.training.tasks.graph_classification import GraphClassification

MASKS = ["full", "causal", "window:3", "sink:1,3", "strided:4", "chunk:5"]


def layer(width: int = 12, heads: int = 3) -> MultiHeadAttention:
    return MultiHeadAttention(width, heads, torch.Generator().manual_seed(0)).double()


def signals(n: int, width: int = 12) -> torch.Tensor:
    return torch.randn(n, width, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def arcs(mask: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    query, key = np.nonzero(mask)
    return torch.from_numpy(query), torch.from_numpy(key)


class Heard(MessagePassing):
    """The same layer as PyG spells message passing: a message an arc, a softmax a receiver."""

    def __init__(self, attention: MultiHeadAttention) -> None:
        super().__init__(aggr="add", node_dim=0)
        self.attention = attention

    def forward(self, x: torch.Tensor, edge_index: torch.Tensor) -> torch.Tensor:
        n, width = x.shape
        heads = self.attention.heads
        q, k, v = (x @ self.attention.qkv + self.attention.qkv_bias).split(width, dim=1)
        shape = (n, heads, width // heads)
        out = self.propagate(edge_index, q=q.view(shape), k=k.view(shape), v=v.view(shape))
        return out.reshape(n, width) @ self.attention.out + self.attention.out_bias

    def message(self, q_i, k_j, v_j, index, ptr, size_i):
        alpha = softmax((q_i * k_j).sum(-1) / math.sqrt(q_i.shape[-1]), index, ptr, size_i)
        return v_j * alpha[..., None]


@pytest.mark.parametrize("spec", MASKS)
def test_attention_over_a_mask_is_message_passing_over_its_graph(spec: str) -> None:
    mask = sequence_of(spec, tokens=20, layers=1).visible(0)
    attention, x = layer(), signals(20)
    receiver, sender = arcs(mask)
    dense = over_all_pairs(attention, x, None if spec == "full" else torch.from_numpy(mask.copy()))
    sparse = over_arcs(attention, x, receiver, sender)
    theirs = Heard(attention)(x, torch.stack([sender, receiver]))
    assert (dense - theirs).abs().max() < 1e-10
    assert (sparse - theirs).abs().max() < 1e-10


@pytest.mark.parametrize("spec", MASKS)
def test_attention_equals_the_layer_that_pyg_ships(spec: str) -> None:
    mask = sequence_of(spec, tokens=15, layers=1).visible(0)
    attention, x = layer(), signals(15)
    conv = TransformerConv(12, 4, heads=3, root_weight=False).double()
    parts = zip((conv.lin_query, conv.lin_key, conv.lin_value), attention.qkv.split(12, 1), strict=True)
    with torch.no_grad():
        for (lin, weight), bias in zip(parts, attention.qkv_bias.split(12), strict=True):
            lin.weight.copy_(weight.T)
            lin.bias.copy_(bias)
    receiver, sender = arcs(mask)
    theirs = conv(x, torch.stack([sender, receiver])) @ attention.out + attention.out_bias
    assert (over_all_pairs(attention, x, torch.from_numpy(mask.copy())) - theirs).abs().max() < 1e-10


def test_gradients_of_both_paths_agree() -> None:
    mask = sequence_of("window:3", tokens=12, layers=1).visible(0)
    found = []
    for sparse in (False, True):
        attention, x = layer(), signals(12).requires_grad_()
        out = over_arcs(attention, x, *arcs(mask)) if sparse else over_all_pairs(attention, x, torch.tensor(mask))
        found.append(torch.autograd.grad((out**2).sum(), [x, *attention.parameters()]))
    assert all((a - b).abs().max() < 1e-9 for a, b in zip(*found, strict=True))


def test_graphs_of_a_batch_do_not_hear_each_other() -> None:
    attention, x = layer(), signals(9)
    graph = torch.tensor([0, 0, 0, 0, 1, 1, 2, 2, 2])
    place = torch.tensor([0, 1, 2, 3, 0, 1, 0, 1, 2])
    alone = torch.cat([over_all_pairs(attention, x[graph == g]) for g in range(3)])
    assert (over_pairs_of_graphs(attention, x, graph, place, 4) - alone).abs().max() < 1e-12


def test_huge_logits_do_not_overflow() -> None:
    attention, x = layer(), signals(6) * 1e4
    receiver, sender = arcs(np.ones((6, 6), bool))
    assert torch.isfinite(over_arcs(attention, x, receiver, sender)).all()


def labelled(count: int = 30) -> list[Graph]:
    made = [(cycle if i % 2 else path)(5 + i % 7) for i in range(count)]
    return [g.replace(graph={"y": np.array([i % 2])}) for i, g in enumerate(made)]


QUICK = {"epochs": 2, "batch_size": 16}


def test_without_an_encoding_the_complete_graph_tells_nothing_of_the_edges() -> None:
    """On constant features a transformer over all pairs cannot tell cycles from paths; with encodings it can."""
    record = compare(
        labelled(60), ["none"], "transformer:layers=2,hidden=16,heads=2,dropout=0", trials=1,
        encodings=["none", "random-walk"], protocol={"epochs": 60, "lr": 0.01, "patience": 0},
    ).record()  # fmt: skip
    without, walk = record["arms"]
    assert without["name"] == "none"
    assert walk["name"] == "random_walk"
    assert without["mean"] <= 0.75
    assert walk["mean"] == 1.0
    assert record["parameters"] is not None


def test_arms_share_parameters_whatever_their_encoding() -> None:
    task = GraphClassification.of(labelled())
    tasks = [with_encoding(task, labelled(), name) for name in ("none", "laplacian", "random_walk")]
    assert len({t.width for t in tasks}) == 1
    assert len({t.digest for t in tasks}) == 3


def test_over_edges_a_rewiring_is_heard() -> None:
    spec = "transformer:layers=2,hidden=8,heads=2,over={}"
    edges = compare(labelled(), ["none", "random:iterations=3"], spec.format("edges"), trials=2, protocol=QUICK)
    pairs = compare(labelled(), ["none", "random:iterations=3"], spec.format("complete"), trials=2, protocol=QUICK)
    curves = [[t.curves[:, 0] for t in arm.trials.values()] for arm in edges.arms]
    assert not np.array_equal(curves[0][0], curves[1][0])
    same = [[t.curves[:, 0] for t in arm.trials.values()] for arm in pairs.arms]
    assert np.allclose(same[0], same[1], atol=1e-6)


def test_encodings_are_refused_where_they_have_no_place() -> None:
    with pytest.raises(UsageError, match="did you mean laplacian"):
        check_encodings(["laplacean"])
    with pytest.raises(NotApplicable, match="features by node"):
        compare(erdos_renyi(40, 150, 1), ["none"], trials=1, encodings=["laplacian"])
    with pytest.raises(NotApplicable, match="positions"):
        compare(sequence_of("causal", 8, 2), ["none"], trials=1, encodings=["laplacian"])
    with pytest.raises(UsageError, match="heads divide"):
        compare(labelled(), ["none"], "transformer:hidden=10,heads=4", trials=1)


def test_relations_and_the_last_layer_of_a_plan_are_heard() -> None:
    model = MODELS.make("transformer:hidden=8,heads=2,over=edges,layers=2")
    assert model.reads == "graph"
    record = compare(labelled(), ["none", "last_layer_fa"], "transformer:hidden=8,heads=2,over=edges,layers=2",
                     trials=1, protocol=QUICK).record()  # fmt: skip
    assert [arm["trials"] for arm in record["arms"]] == [1, 1]


def test_memory_grows_with_the_pairs() -> None:
    def need(n: int, over: str) -> float:
        graphs = [cycle(n).replace(graph={"y": np.array([i % 2])}) for i in range(20)]
        arms = make_arms({"g": graphs}, ["none"], Context())
        model = MODELS.make(f"transformer:hidden=8,heads=2,over={over}").completed(arms[0].task)
        return memory_of(Plan(tuple(arms), model, arms[0].task.protocol, 0, 1, "cpu"))

    assert need(400, "complete") / need(200, "complete") > 3.5
    assert need(400, "edges") / need(200, "edges") < 2.1
