"""Stacked layers, batches and optimiser against torch_geometric's modules and torch's Adam, in double precision."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch.nn import functional
from torch_geometric.nn import (
    GATConv,
    GATv2Conv,
    GCNConv,
    GINConv,
    ResGatedGraphConv,
    RGCNConv,
    SAGEConv,
    global_mean_pool,
)

from mixcli.catalog import MODELS
from mixcli.graph import Graph, from_arcs
from mixcli.training.stacked.adam import StackedAdam
from mixcli.training.stacked.job import StackJob
from mixcli.training.stacked.loader import StackedLoader
from mixcli.training.stacked.network import stack
from mixcli.training.tasks.graph_classification import GraphClassification
from mixcli.training.topology import topology_of

RELATIONS, HIDDEN, TRIALS, STEPS = 2, 6, 3, 8


@pytest.fixture(autouse=True)
def double() -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def graphs(directed: bool, count: int = 24) -> list[Graph]:
    made = []
    for i in range(count):
        rng = np.random.default_rng(i)
        n = int(rng.integers(3, 12))
        g = from_arcs(n, rng.integers(0, n, (int(rng.integers(2, 30)), 2)), directed=directed)
        payload = {"x": rng.normal(size=(n, 4)).astype(np.float32)}
        edge = {"edge_type": rng.integers(0, RELATIONS, g.m)}
        made.append(g.replace(node=payload, graph={"y": np.array([i % 3])}, edge=edge))
    return made


def pyg(kind: str, layer: torch.nn.Module, a: int, b: int) -> torch.nn.Module:
    """torch_geometric's module with a layer's weights."""
    nn = torch.nn
    if kind == "gcn":
        conv = GCNConv(a, b)
        copies = [(conv.lin.weight, layer.weight.T), (conv.bias, layer.bias)]
    elif kind == "sage":
        conv = SAGEConv(a, b)
        copies = [(conv.lin_l.weight, layer.weight.T), (conv.lin_l.bias, layer.bias), (conv.lin_r.weight, layer.root.T)]
    elif kind == "rgcn":
        conv = RGCNConv(a, b, RELATIONS)
        copies = [(conv.weight, layer.weight), (conv.root, layer.root), (conv.bias, layer.bias)]
    elif kind == "gat":
        heads, width = layer.send.shape
        conv = GATConv(a, width, heads, concat=layer.join)
        copies = [(conv.lin.weight, layer.weight.T), (conv.bias, layer.bias)]
        copies += [(conv.att_src, layer.send[None]), (conv.att_dst, layer.receive[None])]
    elif kind == "gat:version=2":
        heads, width = layer.attention.shape
        conv = GATv2Conv(a, width, heads, concat=layer.join, bias=True)
        conv.lin_l.bias = conv.lin_r.bias = None
        copies = [(conv.lin_l.weight, layer.weight.T), (conv.lin_r.weight, layer.receive.T), (conv.bias, layer.bias)]
        copies += [(conv.att, layer.attention[None])]
    elif kind == "gatedgcn":
        conv = ResGatedGraphConv(a, b)
        conv.lin_query.bias = conv.lin_value.bias = None
        parts = (conv.lin_skip, conv.lin_value, conv.lin_key, conv.lin_query)
        copies = [(part.weight, w.T) for part, w in zip(parts, layer.weight.chunk(4, dim=1), strict=True)]
        copies += [(conv.lin_key.bias, layer.gate_bias), (conv.bias, layer.bias)]
    else:
        mlp = nn.Sequential(nn.Linear(a, b, bias=False), nn.BatchNorm1d(b), nn.ReLU(), nn.Linear(b, b))
        conv = GINConv(mlp)  # draws the weights anew
        copies = [(mlp[0].weight, layer.first.T), (mlp[3].weight, layer.second.T), (mlp[3].bias, layer.bias)]
    with torch.no_grad():
        for theirs, ours in copies:
            theirs.copy_(ours)
    return conv


def batch_of(chosen: list[Graph]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    first = np.cumsum([0, *(g.n for g in chosen)])
    x = torch.from_numpy(np.concatenate([g.node["x"] for g in chosen])).double()
    index, kind = [], []
    for g, offset in zip(chosen, first, strict=False):
        both = g.edges if g.directed else np.concatenate([g.edges, g.edges[:, ::-1]])
        index.append(both.T + offset)
        kind.append(np.tile(g.edge["edge_type"], 1 if g.directed else 2))
    belongs = torch.arange(len(chosen)).repeat_interleave(torch.tensor([g.n for g in chosen]))
    y = torch.tensor([int(g.graph["y"][0]) for g in chosen])
    return x, torch.from_numpy(np.concatenate(index, axis=1)), torch.from_numpy(np.concatenate(kind)), belongs, y


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("kind", ["gcn", "gin", "sage", "rgcn", "gat", "gat:version=2", "gatedgcn"])
def test_eight_steps_of_adam_are_those_of_pygs_modules(kind: str, directed: bool) -> None:
    data = graphs(directed)
    task, topology = GraphClassification.of(data), topology_of(data)
    more = {"gat": ",heads=2", "gatedgcn": ",norm=none,residual=false"}.get(kind.partition(":")[0], "")
    spec = f"{kind}{',' if ':' in kind else ':'}hidden={HIDDEN},layers=4,dropout=0{more}"
    model = MODELS.make(spec).completed(task)
    jobs = [StackJob(task, topology, model, task.protocol, 0, t, RELATIONS) for t in range(TRIALS)]
    nets = [model.network(task, RELATIONS, torch.Generator().manual_seed(t)) for t in range(TRIALS)]
    widths = [task.width, *[HIDDEN] * 3, task.classes]
    theirs = [
        torch.nn.ModuleList(pyg(kind, la, a, b) for la, (a, b) in zip(net.layers, pairwise(widths), strict=True))
        for net in nets
    ]
    together, loader = stack(nets), StackedLoader(jobs, torch.device("cpu"))
    parameters = list(together.parameters())
    rates = torch.tensor([[1e-2], [1e-3], [3e-3]])
    adam = StackedAdam(parameters, torch.zeros(TRIALS), [False] * len(parameters))
    optimisers = [torch.optim.Adam(m.parameters(), r.item()) for m, r in zip(theirs, rates, strict=True)]
    order = np.random.default_rng(0)
    together.train()
    for _ in range(STEPS):
        units = np.stack([order.permutation(len(data))[:10] for _ in range(TRIALS)])
        batch = loader.batch(units)
        scores = batch.scores(together(batch.x, batch.block))
        losses = torch.stack([functional.cross_entropy(s, y) for s, y in zip(scores, batch.y, strict=True)])
        adam.step(losses.sum(), rates)
        for t, (modules, optimiser) in enumerate(zip(theirs, optimisers, strict=True)):
            x, index, relation, belongs, y = batch_of([data[u] for u in units[t]])
            for i, module in enumerate(modules):
                x = module(x, index, relation) if kind == "rgcn" else module(x, index)
                x = torch.relu(x) if i < len(modules) - 1 else x
            loss = functional.cross_entropy(global_mean_pool(x, belongs), y)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            assert abs(loss.item() - losses[t].item()) <= 1e-12


def test_weight_decay_of_each_trial_is_torchs() -> None:
    start = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(0))
    bias = torch.zeros(2, 1, 3)
    ours = [torch.nn.Parameter(start.clone()), torch.nn.Parameter(bias.clone())]
    adam = StackedAdam(ours, torch.tensor([0.1, 0.0]), [True, False])
    theirs = [[torch.nn.Parameter(start[t].clone()), torch.nn.Parameter(bias[t].clone())] for t in range(2)]
    optimisers = [
        torch.optim.Adam([{"params": p[:1], "weight_decay": d}, {"params": p[1:]}], r)
        for p, d, r in zip(theirs, (0.1, 0.0), (0.05, 0.01), strict=True)
    ]
    x = torch.randn(20, 5, generator=torch.Generator().manual_seed(1))
    for _ in range(12):
        adam.step(((x @ ours[0] + ours[1]).sin()).square().mean(dim=(1, 2)).sum(), torch.tensor([[0.05], [0.01]]))
        for p, optimiser in zip(theirs, optimisers, strict=True):
            optimiser.zero_grad()
            (x @ p[0] + p[1]).sin().square().mean().backward()
            optimiser.step()
    for t in range(2):
        torch.testing.assert_close(ours[0][t], theirs[t][0], rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(ours[1][t], theirs[t][1], rtol=1e-12, atol=1e-12)


def test_trial_with_step_size_zero_stays_even_beside_one_that_diverged() -> None:
    value = torch.nn.Parameter(torch.ones(2, 3, 1))
    adam = StackedAdam([value], torch.zeros(2), [False])
    adam.step((value * torch.tensor([1.0, float("nan")])[:, None, None]).sum(), torch.tensor([[0.1], [0.0]]))
    assert torch.equal(value[1], torch.ones(3, 1))
    assert (value[0] < 1).all()
