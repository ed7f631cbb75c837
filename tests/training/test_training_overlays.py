"""Layer plans in training: every layer mixes over what the plan says, and virtual nodes have no say."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_geometric.nn import GCNConv, GINConv, RGCNConv

from mixcli.context import Context
from mixcli.errors import InputError
from mixcli.generators.graphs import barbell, cycle, path
from mixcli.graph import Graph, from_arcs
from mixcli.plan import LayerPlan, Overlay
from mixcli.rewiring.base import rewire
from mixcli.training.batch_norm import batch_norm
from mixcli.training.compare import compare
from mixcli.training.cost import memory_of
from mixcli.training.layers import GCNLayer, GINLayer, RGCNLayer
from mixcli.training.network import Network
from mixcli.training.pyg_layers import PyGLayer
from mixcli.training.slicer import Slicer
from mixcli.training.tasks.graph_classification import GraphClassification
from mixcli.training.tasks.node_classification import NodeClassification
from mixcli.training.tasks.transfer import Transfer
from mixcli.training.topology import topology_of

CPU = torch.device("cpu")
KINDS = [GCNLayer, GINLayer, RGCNLayer]
ARMS = ["cayley", "cayley:egp", "expander:virtual=1", "virtual_node:2", "laser"]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def layer_of(kind: type, inputs: int, outputs: int, relations: int) -> torch.nn.Module:
    return kind(inputs, outputs, *([relations] if kind is RGCNLayer else []), generator())


def planned(seed: int, *, directed: bool = False, weighted: bool = False) -> Graph:
    """A random graph with an overlay beside it from layer 2 on, and one with 2 virtual nodes instead in even layers."""
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(2, 9)), int(rng.integers(1, 20))
    arcs = np.concatenate([[[0, 1]], rng.integers(0, n, (k - 1, 2))])
    graph = from_arcs(n, arcs, directed=directed, weight=rng.uniform(1, 2, k) if weighted else None)

    def some(nodes: int) -> np.ndarray:
        pairs = rng.integers(0, nodes, (12, 2))
        return pairs[pairs[:, 0] != pairs[:, 1]]

    beside = Overlay("beside", some(n), "from:2")
    instead = Overlay("instead", some(n + 2), "even", replaces=True, virtual=2)
    return graph.replace(
        plan=LayerPlan(overlays=(beside, instead)),
        edge={"edge_type": (np.arange(graph.m) == graph.m - 1).astype(np.int64)},
    )


def expected_arcs(graph: Graph, layer: int, of: int, relations: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """(senders and receivers, weights) of each relation, or of all together, pair by pair."""

    def both(edges: np.ndarray) -> set[tuple[int, int]]:
        return {(u, v) for u, v in edges.tolist()} | {(v, u) for u, v in edges.tolist()}

    used = [o for o in graph.plan.overlays if o.used(layer, of)]
    own: dict[tuple[int, int], tuple[float, int]] = {}
    if not any(o.replaces for o in used):
        for row, (u, v) in enumerate(graph.edges.tolist()):
            facts = (1.0 if graph.weight is None else graph.weight[row], int(graph.edge["edge_type"][row]))
            own[u, v] = facts
            if not graph.directed:
                own[v, u] = facts
    if relations == 1:
        table = {arc: weight for arc, (weight, _) in own.items()}
        for o in used:
            for arc in both(o.edges):
                table.setdefault(arc, 1.0)
        tables = [table]
    else:
        tables = [{arc: w for arc, (w, kind) in own.items() if kind == r} for r in (0, 1)]
        tables += [dict.fromkeys(both(o.edges) if o in used else (), 1.0) for o in graph.plan.overlays]
    return [(np.array(sorted(t), dtype=np.int64).reshape(-1, 2).T, np.array([t[a] for a in sorted(t)])) for t in tables]


def reference(layer: torch.nn.Module, arcs: list[tuple[np.ndarray, np.ndarray]], weighted: bool):
    """A call of torch_geometric's own layer with the same weights; GIN without batch normalisation in evaluation."""
    index = torch.from_numpy(np.concatenate([a for a, _ in arcs], axis=1))
    if isinstance(layer, GCNLayer):
        gcn = GCNConv(*layer.weight.shape)
        gcn.lin.weight.data, gcn.bias.data = layer.weight.data.T, layer.bias.data
        weight = torch.from_numpy(np.concatenate([w for _, w in arcs])).float() if weighted else None
        return lambda h: gcn(h, index, weight)
    if isinstance(layer, RGCNLayer):
        relations, inputs, outputs = layer.weight.shape
        rgcn = RGCNConv(inputs, outputs, relations)
        rgcn.weight.data, rgcn.root.data, rgcn.bias.data = layer.weight.data, layer.root.data, layer.bias.data
        kind = torch.from_numpy(np.repeat(np.arange(len(arcs)), [a.shape[1] for a, _ in arcs]))
        return lambda h: rgcn(h, index, kind)
    inputs, outputs = layer.first.shape
    linear = torch.nn.Linear
    mlp = torch.nn.Sequential(
        linear(inputs, outputs, bias=False), torch.nn.BatchNorm1d(outputs), torch.nn.ReLU(), linear(outputs, outputs)
    )
    gin = GINConv(mlp)
    mlp[0].weight.data, mlp[3].weight.data, mlp[3].bias.data = layer.first.data.T, layer.second.data.T, layer.bias.data
    return lambda h: gin.eval()(h, index)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("directed", [False, True], ids=["undirected", "directed"])
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_every_layer_is_pygs_over_the_arcs_of_the_plan(kind: type, directed: bool, seed: int) -> None:
    weighted = kind is GCNLayer and bool(seed % 2)
    graph = planned(seed, directed=directed, weighted=weighted)
    topology = topology_of([graph])
    relations = 4 if kind is RGCNLayer else 1
    block = Slicer(topology, relations, CPU).block(torch.zeros(1, dtype=torch.int64))
    layer = layer_of(kind, 3, 4, 4).eval()
    x = torch.randn(graph.n + 2, 3, generator=generator(seed))
    for number in (1, 2, 3, 4):
        a, b = x.clone().requires_grad_(), x.clone().requires_grad_()
        out = layer(a, block.at(number, 4))
        arcs = expected_arcs(graph, number, 4, relations)
        expected = reference(layer, arcs, weighted)(b)
        torch.testing.assert_close(out, expected, rtol=1e-4, atol=1e-5)
        push = torch.linspace(-1, 1, out.numel()).view_as(out)
        (out * push).sum().backward()
        (expected * push).sum().backward()
        torch.testing.assert_close(a.grad, b.grad, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("training", [False, True], ids=["evaluation", "training"])
def test_networks_on_both_paths_agree(kind: type, training: bool) -> None:
    graphs = [planned(s) for s in (1, 2, 3)]
    topology = topology_of(graphs)
    block = Slicer(topology, 4 if kind is RGCNLayer else 1, CPU).block(torch.tensor([2, 0, 1, 0]))
    widths = [(3, 6), (6, 6), (6, 2)]
    ours = Network([layer_of(kind, a, b, 4) for a, b in widths])
    theirs = Network([PyGLayer(layer_of(kind, a, b, 4)) for a, b in widths])
    x = torch.randn(len(block.node), 3, generator=generator()) * block.real[:, None]
    found = []
    for net in (ours, theirs):
        h = x.clone().requires_grad_()
        scores = block.average(net.train(training)(h, block))
        scores.square().sum().backward()
        found.append((scores.detach(), h.grad))
    torch.testing.assert_close(found[0], found[1], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_graphs_of_a_batch_do_not_hear_each_other(kind: type) -> None:
    graphs = [planned(s) for s in range(5)]
    slicer = Slicer(topology_of(graphs), 4 if kind is RGCNLayer else 1, CPU)
    net = Network([layer_of(kind, 3, 5, 4), layer_of(kind, 5, 2, 4)]).eval()
    chosen = torch.tensor([3, 1, 1, 4])
    block = slicer.block(chosen)
    x = torch.randn(len(block.node), 3, generator=generator())
    together = block.average(net(x, block))
    rows = 0
    for copy, g in enumerate(chosen.tolist()):
        alone = slicer.block(torch.tensor([g]))
        size = graphs[g].n + 2
        torch.testing.assert_close(together[copy], alone.average(net(x[rows : rows + size], alone))[0])
        rows += size


def test_readout_and_last_layer_leave_virtual_nodes_out() -> None:
    graph = planned(4)
    block = Slicer(topology_of([graph]), 1, CPU).block(torch.zeros(1, dtype=torch.int64))
    h = torch.randn(graph.n + 2, 3, generator=generator())
    assert block.real.tolist() == [True] * graph.n + [False] * 2
    assert int(block.size) == graph.n
    torch.testing.assert_close(block.average(h)[0], h[: graph.n].mean(dim=0))
    last = graph.replace(plan=LayerPlan("mean", graph.plan.overlays))
    block = Slicer(topology_of([last]), 1, CPU).block(torch.zeros(1, dtype=torch.int64))
    torch.testing.assert_close(block.at(3, 3).gcn(h)[0], h[: graph.n].mean(dim=0))


def test_batch_norm_takes_its_statistics_from_real_rows() -> None:
    h, real = torch.randn(9, 4, generator=generator()) * 3 + 1, torch.arange(9) % 3 > 0
    scale, shift = torch.rand(4, generator=generator()), torch.rand(4, generator=generator(1))
    reference_ = torch.nn.BatchNorm1d(4)
    reference_.weight.data, reference_.bias.data = scale.clone(), shift.clone()
    mean, var = torch.zeros(4), torch.ones(4)
    for training in (True, True, False):
        out = batch_norm(h, real, mean, var, scale, shift, training)
        torch.testing.assert_close(out[real], reference_.train(training)(h[real]))
        torch.testing.assert_close((mean, var), (reference_.running_mean, reference_.running_var))
    one = torch.arange(9) == 4
    torch.testing.assert_close(
        batch_norm(h, one, mean, var, scale, shift, True), batch_norm(h, None, mean, var, scale, shift, False)
    )


def test_an_overlay_of_edges_that_are_there_changes_nothing() -> None:
    graph = barbell(4, 1)
    same = graph.replace(plan=LayerPlan(overlays=(Overlay("same", graph.edges),)))
    for model in ("gcn:hidden=8", "gin:hidden=8"):
        plain, laid = (
            compare(g, ["none"], model, trials=1, protocol={"epochs": 3}).arms[0].trials[0].curves
            for g in (graph, same)
        )
        assert np.array_equal(plain, laid)


def test_plans_without_overlays_keep_their_keys() -> None:
    assert topology_of([path(4)]).digest == "baa3b227c93bf55cc501f8cf1d122ce56ee2375facc6fd03c7455b314334b0b2"


def test_digest_sees_overlays() -> None:
    ring, chord = Overlay("a", cycle(4).edges), Overlay("a", np.array([[0, 2]]))
    plans = [
        (), (ring,), (chord,), (Overlay("b", ring.edges),), (Overlay("a", ring.edges, "odd"),),
        (Overlay("a", ring.edges, replaces=True),), (Overlay("a", ring.edges, virtual=1),), (ring, chord),
    ]  # fmt: skip
    digests = {topology_of([path(4).replace(plan=LayerPlan(overlays=p))]).digest for p in plans}
    assert len(digests) == len(plans)


def test_graphs_of_an_arm_have_one_plan() -> None:
    a, b = (path(4).replace(plan=LayerPlan(overlays=(Overlay(name, path(4).edges),))) for name in "ab")
    with pytest.raises(InputError, match="same layer plan"):
        topology_of([a, b])
    with pytest.raises(InputError, match="same layer plan"):
        topology_of([a, path(4)])


def labelled(n: int = 12) -> list[Graph]:
    return [
        cycle(3 + k % 5).replace(graph={"y": np.array([k % 2])}, node={"x": np.ones((3 + k % 5, 2), np.float32)})
        for k in range(n)
    ]


def test_virtual_rows_start_at_zero_in_every_task() -> None:
    graphs = [rewire(g, "virtual_node:2").graph for g in labelled()]
    batch = GraphClassification.of(graphs).loader(topology_of(graphs), 1, CPU).batch(np.array([5, 0]))
    assert batch.x[batch.block.real].all()
    assert not batch.x[~batch.block.real].any()
    for width in (3, 20_000):  # dense and sparse features
        x = np.zeros((12, width), np.float32)
        x[:, 0] = 1
        graph = rewire(cycle(12).replace(node={"y": np.arange(12) % 2, "x": x}), "cayley").graph
        batch = NodeClassification.of(graph).loader(topology_of([graph]), 1, CPU).batch(np.array([3, 4]))
        assert batch.x.shape == (24, width)
        assert (batch.x @ torch.ones(width, 1)).ravel().tolist() == [1.0] * 12 + [0.0] * 12
        assert batch.rows.tolist() == [3, 4]
    graph = rewire(barbell(5, 1), "virtual_node:3").graph
    task = Transfer.of(graph)
    batch = task.loader(topology_of([graph]), 1, CPU).batch(np.array([7, 2]))
    x = batch.x.view(2, graph.n + 3, task.classes)
    assert not x[:, graph.n :].any()
    assert (x[:, : graph.n].sum(dim=2) == task.classes).sum().item() == 2 * (graph.n - 2)


@pytest.mark.parametrize("model", ["gcn", "gin", "rgcn"])
def test_comparison_with_every_layer_plan(model: str) -> None:
    spec = f"{model}:layers=3,hidden=6"
    arms = ["none", "random:iterations=2", *ARMS]
    record = compare(barbell(5, 0), arms, spec, trials=2, protocol={"epochs": 3}).record()
    json.dumps(record, allow_nan=False)
    found = {a["name"]: (a.get("overlay_edges"), a.get("virtual_nodes")) for a in record["arms"]}
    assert found["none"] == found["random:iterations=2"] == (None, None)
    assert found["cayley"] == (48, 14)
    assert found["cayley:mode=egp"] == (13, 0)
    assert found["expander:virtual=1"] == (31, 1)  # 10 nodes: 21 of the 30 pairs drawn are different, and 10 to the hub
    assert found["virtual_node:count=2"] == (20, 2)
    assert all(a["trials"] == 2 and a["edges_added"] == (2 if "random" in a["name"] else 0) for a in record["arms"])
    if model == "rgcn":
        assert record["relations"] == 3  # the graph's own, and at most two overlays


@pytest.mark.parametrize("model", ["gcn", "gin", "rgcn"])
def test_same_trials_on_both_paths(model: str) -> None:
    values = []
    for layers_of in ("mixcli", "pyg"):
        spec = f"{model}:layers=3,hidden=8,layers_of={layers_of}"
        made = compare(barbell(4, 1), ["cayley", "virtual_node", "laser"], spec, trials=1, protocol={"epochs": 4})
        values.append([arm.trials[0].curves[:, 0] for arm in made.arms])
    np.testing.assert_allclose(values[0], values[1], rtol=1e-2)


def test_graphs_as_read_train_as_the_arm_does() -> None:
    graphs = labelled(20)
    arm = compare(graphs, ["cayley"], "gin:layers=3,hidden=4", trials=1, protocol={"epochs": 2})
    given_ = [rewire(g, "cayley", context=Context()).graph for g in graphs]
    read = compare(given_, ["none"], "gin:layers=3,hidden=4", trials=1, protocol={"epochs": 2})
    assert np.array_equal(arm.arms[0].trials[0].curves, read.arms[0].trials[0].curves)


def test_memory_counts_overlays() -> None:
    plain, laid = (
        memory_of(compare(barbell(6, 0), [spec], "gcn:layers=4,hidden=4", trials=1, protocol={"epochs": 1}).plan)
        for spec in ("none", "virtual_node:40")
    )
    assert laid > 2 * plain


def test_overlays_and_a_fully_adjacent_last_layer_go_together() -> None:
    graph = rewire(rewire(barbell(5, 1), "laser:hops=2").graph, "virtual_node").graph
    for model, relations in (("rgcn", 4), ("gcn", 1)):  # the graph's, two overlays' and the whole graph's
        found = compare(graph, ["last_layer_fa"], f"{model}:layers=2,hidden=6", trials=1, protocol={"epochs": 2})
        assert found.record()["relations"] == relations
        assert found.arms[0].trials[0].epochs == 2
