"""Layers, batches and optimiser against torch_geometric and torch, and against dense algebra."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_geometric.nn import GCNConv, GINConv, RGCNConv, global_mean_pool

from mixcli.errors import InputError
from mixcli.generators.graphs import barbell, cycle, path
from mixcli.graph import Graph, LayerPlan, from_arcs
from mixcli.training import block as blocks
from mixcli.training.block import Block, SparseRows
from mixcli.training.layers import GCNLayer, GINLayer, RGCNLayer
from mixcli.training.optimiser import Adam, Plateau
from mixcli.training.slicer import Slicer
from mixcli.training.topology import topology_of

CPU = torch.device("cpu")


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def random_graph(seed: int, *, directed: bool = False, weighted: bool = False, relations: int = 1) -> Graph:
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(2, 12)), int(rng.integers(1, 30))
    arcs = rng.integers(0, n, (k, 2))
    graph = from_arcs(n, arcs, directed=directed, weight=rng.uniform(0.5, 2, k) if weighted else None)
    return graph.replace(edge={"edge_type": rng.integers(0, relations, graph.m)}) if relations > 1 else graph


def arcs_of(graph: Graph) -> tuple[torch.Tensor, torch.Tensor | None, torch.Tensor]:
    both = np.concatenate([graph.edges, graph.edges[:, ::-1]]) if not graph.directed else graph.edges
    times = 1 if graph.directed else 2
    weight = None if graph.weight is None else torch.from_numpy(np.tile(graph.weight, times)).float()
    kind = torch.from_numpy(np.tile(graph.edge.get("edge_type", np.zeros(graph.m, int)), times))
    return torch.from_numpy(both.T.copy()), weight, kind


def whole(graph: Graph, relations: int = 1) -> Block:
    return Slicer(topology_of([graph]), relations, CPU).block(torch.zeros(1, dtype=torch.int64))


def agree(ours, theirs, x: torch.Tensor, block: Block, call) -> None:
    """Same output, same gradient of the input."""
    a, b = x.clone().requires_grad_(), x.clone().requires_grad_()
    out, expected = ours(a, block), call(theirs, b)
    torch.testing.assert_close(out, expected, rtol=1e-3, atol=1e-4)  # batch norm of two rows magnifies rounding
    push = torch.linspace(-1, 1, out.numel()).view_as(out)
    (out * push).sum().backward()
    (expected * push).sum().backward()
    torch.testing.assert_close(a.grad, b.grad, rtol=1e-3, atol=1e-4)


CASES = given(st.integers(0, 10**6), st.booleans(), st.sampled_from([(3, 5), (5, 3)]))


@settings(max_examples=25, deadline=None)
@CASES
def test_gcn_is_pygs(seed: int, directed: bool, shape: tuple[int, int]) -> None:
    graph = random_graph(seed, directed=directed, weighted=bool(seed % 2))
    ours, theirs = GCNLayer(*shape, generator()), GCNConv(*shape)
    theirs.lin.weight.data, theirs.bias.data = ours.weight.data.T, ours.bias.data
    index, weight, _ = arcs_of(graph)
    x = torch.randn(graph.n, shape[0], generator=generator(seed))
    agree(ours, theirs, x, whole(graph), lambda conv, h: conv(h, index, weight))


@settings(max_examples=25, deadline=None)
@CASES
def test_gin_is_pygs(seed: int, directed: bool, shape: tuple[int, int]) -> None:
    graph = random_graph(seed, directed=directed)
    ours = GINLayer(*shape, generator())
    linear = torch.nn.Linear
    norm = torch.nn.BatchNorm1d(shape[1])
    mlp = torch.nn.Sequential(linear(*shape, bias=False), norm, torch.nn.ReLU(), linear(shape[1], shape[1]))
    theirs = GINConv(mlp)  # draws the weights anew
    mlp[0].weight.data, mlp[3].weight.data, mlp[3].bias.data = ours.first.data.T, ours.second.data.T, ours.bias.data
    index, _, _ = arcs_of(graph)
    x = torch.randn(graph.n, shape[0], generator=generator(seed))
    for mode in (True, False):  # the second pass uses the running statistics of the first
        ours.train(mode), mlp.train(mode)
        agree(ours, theirs, x, whole(graph), lambda conv, h: conv(h, index))


@settings(max_examples=25, deadline=None)
@CASES
def test_rgcn_is_pygs(seed: int, directed: bool, shape: tuple[int, int]) -> None:
    graph = random_graph(seed, directed=directed, relations=3)
    ours, theirs = RGCNLayer(*shape, 3, generator()), RGCNConv(*shape, 3)
    theirs.weight.data, theirs.root.data, theirs.bias.data = ours.weight.data, ours.root.data, ours.bias.data
    index, _, kind = arcs_of(graph)
    x = torch.randn(graph.n, shape[0], generator=generator(seed))
    agree(ours, theirs, x, whole(graph, 3), lambda conv, h: conv(h, index, kind))


def test_initial_weights_have_the_spread_of_pygs() -> None:
    gcn, gin, rgcn = GCNLayer(40, 60, generator()), GINLayer(40, 60, generator()), RGCNLayer(40, 60, 2, generator())
    for weight, bound in (
        (gcn.weight, GCNConv(40, 60).lin.weight.abs().max().item()),
        (rgcn.weight, RGCNConv(40, 60, 2).weight.abs().max().item()),
        (gin.first, torch.nn.Linear(40, 60).weight.abs().max().item()),
        (gin.second, torch.nn.Linear(60, 60).weight.abs().max().item()),
    ):
        assert weight.abs().max().item() == pytest.approx(bound, rel=0.01)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("directed", [False, True])
def test_batch_of_some_graphs_is_those_graphs_side_by_side(weighted: bool, directed: bool) -> None:
    graphs = [random_graph(s, directed=directed, weighted=weighted, relations=2) for s in range(6)]
    chosen = [4, 1, 1, 5]
    slicer = Slicer(topology_of(graphs), 2, CPU)
    block = slicer.block(torch.tensor(chosen))
    x = torch.randn(len(block.node), 3, generator=generator())
    offset = 0
    for copy, g in enumerate(chosen):
        rows = slice(offset, offset + graphs[g].n)
        alone = slicer.block(torch.tensor([g]))
        torch.testing.assert_close(block.gin(x)[rows], alone.gin(x[rows]))
        torch.testing.assert_close(block.mean(x, 1)[rows], alone.mean(x[rows], 1))
        torch.testing.assert_close(block.average(x)[copy], x[rows].mean(dim=0))
        assert int(block.offset[copy]) == offset
        offset += graphs[g].n
    torch.testing.assert_close(block.average(x), global_mean_pool(x, block.graph))


def test_index_path_and_csr_path_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = random_graph(3, directed=True, weighted=True)
    x = torch.randn(graph.n, 4, generator=generator())
    found = []
    for csr in (True, False):
        monkeypatch.setattr(blocks, "_has_csr", lambda device, csr=csr: csr)
        h = x.clone().requires_grad_()
        out = whole(graph).gcn(h)
        out.square().sum().backward()
        found.append((out.detach(), h.grad))
    torch.testing.assert_close(found[0], found[1])


def test_sparse_features_are_the_dense_ones() -> None:
    dense = torch.randn(8, 6, generator=generator()) * (torch.rand(8, 6, generator=generator(1)) < 0.3)
    row, column = dense.nonzero().T
    sparse = SparseRows((8, 6), row, column, dense[row, column], torch.argsort(column, stable=True))
    for make in (lambda g: GCNLayer(6, 4, g), lambda g: GINLayer(6, 4, g), lambda g: RGCNLayer(6, 4, 2, g)):
        layer, block = make(generator()), whole(cycle(8), 2)
        grads = []
        for x in (dense, sparse):
            out = layer(x, block)
            grads.append((out.detach(), *torch.autograd.grad(out.square().sum(), list(layer.parameters()))))
        torch.testing.assert_close(grads[0], grads[1], rtol=1e-4, atol=1e-5)


def complete(graph: Graph) -> Graph:
    pairs = np.array([(u, v) for u in range(graph.n) for v in range(u + 1, graph.n)])
    return from_arcs(graph.n, pairs, directed=False)


@pytest.mark.parametrize("make", [GCNLayer, GINLayer], ids=["gcn", "gin"])
def test_complete_last_layer_is_the_layer_on_the_complete_graph(make) -> None:
    graph, layer = barbell(4, 1), make(3, 2, generator())
    x = torch.randn(graph.n, 3, generator=generator())
    last = whole(graph.replace(plan=LayerPlan(last="complete"))).last_layer()
    torch.testing.assert_close(layer(x, last), layer(x, whole(complete(graph))), rtol=1e-4, atol=1e-5)


def test_complete_last_layer_of_rgcn_is_one_more_relation() -> None:
    graph, layer = path(5), RGCNLayer(3, 2, 2, generator())
    x = torch.randn(5, 3, generator=generator())
    both = np.concatenate([graph.edges, complete(graph).edges])
    kind = np.repeat([0, 1], [graph.m, len(both) - graph.m])
    arcs = torch.from_numpy(np.concatenate([both, both[:, ::-1]]).T.copy())
    theirs = RGCNConv(3, 2, 2)
    theirs.weight.data, theirs.root.data, theirs.bias.data = layer.weight.data, layer.root.data, layer.bias.data
    last = whole(graph.replace(plan=LayerPlan(last="complete")), 2).last_layer()
    torch.testing.assert_close(
        layer(x, last), theirs(x, arcs, torch.from_numpy(np.tile(kind, 2))), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize(("variant", "scale"), [("mean", 1 / 5), ("sum", 1.0)])
def test_mean_and_sum_last_layers_give_every_node_the_same(variant: str, scale: float) -> None:
    graph = path(5).replace(plan=LayerPlan(last=variant))
    x = torch.randn(5, 3, generator=generator())
    last = whole(graph).last_layer()
    expected = (x.sum(dim=0) * scale).expand(5, 3)
    for mixed in (last.gcn(x), last.gin(x), last.mean(x, 1)):
        torch.testing.assert_close(mixed, expected)
    assert not last.mean(x, 2).any()
    two = Slicer(topology_of([graph, cycle(3).replace(plan=graph.plan)]), 1, CPU).block(torch.tensor([0, 1]))
    y = torch.cat([x, torch.ones(3, 3)])
    torch.testing.assert_close(two.last_layer().gcn(y)[:5], expected)  # graphs of a batch do not hear each other


def test_unknown_or_mixed_plans_are_refused() -> None:
    with pytest.raises(InputError, match="complete, mean or sum"):
        whole(path(3).replace(plan=LayerPlan(last="max"))).last_layer()
    with pytest.raises(InputError, match="same layer plan"):
        topology_of([path(3), path(3).replace(plan=LayerPlan(last="sum"))])
    with pytest.raises(InputError, match="relation number"):
        topology_of([path(3).replace(edge={"edge_type": np.array([0, -1])})])


def test_topology_digest_sees_arcs_relations_plan_and_weights() -> None:
    g = path(4)
    kinds = [
        g,
        cycle(4),
        g.replace(edge={"edge_type": np.array([0, 1, 0])}),
        g.replace(plan=LayerPlan(last="sum")),
        g.replace(weight=np.array([1.0, 2.0, 1.0])),
        g.replace(directed=True),
    ]
    assert len({topology_of([k]).digest for k in kinds}) == len(kinds)
    assert topology_of([g]).digest == topology_of([path(4).replace(name="other")]).digest


def test_adam_is_torchs() -> None:
    start = torch.randn(7, 3, generator=generator()), torch.randn(3, generator=generator(1))
    ours, theirs = ([torch.nn.Parameter(p.clone()) for p in start] for _ in range(2))
    mine = Adam(ours, 0.05, [0.1, 0.0])
    groups = [{"params": theirs[:1], "weight_decay": 0.1}, {"params": theirs[1:], "weight_decay": 0.0}]
    reference = torch.optim.Adam(groups, 0.05)
    x = torch.randn(20, 7, generator=generator(2))
    for step in range(30):
        mine.step((x @ ours[0] + ours[1]).square().mean() + step % 3)
        reference.zero_grad()
        (x @ theirs[0] + theirs[1]).square().mean().backward()
        reference.step()
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)


def test_plateau_is_torchs() -> None:
    parameter = torch.nn.Parameter(torch.zeros(1))
    adam = Adam([torch.nn.Parameter(torch.zeros(1))], 1.0, [0.0])
    reference = torch.optim.Adam([parameter], 1.0)
    mine, theirs = Plateau(adam, patience=3), torch.optim.lr_scheduler.ReduceLROnPlateau(reference, patience=3)
    for loss in [5, 4, 4, 4, 4, 4, 3.99999, 4, 4, 4, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3]:
        mine.step(loss), theirs.step(loss)
        assert adam.lr == pytest.approx(reference.param_groups[0]["lr"])
    assert adam.lr < 1
