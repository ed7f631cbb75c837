"""The further layers: against torch_geometric's modules, against each other, and what every layer owes the graph."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from torch import nn
from torch_geometric.nn import SGConv

from mixcli.errors import NotApplicable
from mixcli.generators.graphs import barbell, cycle, lollipop
from mixcli.graph import Graph, LayerPlan, from_arcs
from mixcli.plan import Overlay
from mixcli.training.block import Block, FullyAdjacent, SparseRows
from mixcli.training.complete_attention import attention_over_all, complete_arcs
from mixcli.training.layers import GCNLayer, GINLayer, RGCNLayer
from mixcli.training.layers_arcs import GatedGCNLayer, GATLayer, GATv2Layer
from mixcli.training.layers_plain import LinearLayer, RGINLayer, SAGELayer
from mixcli.training.network import Network
from mixcli.training.norms import Norm
from mixcli.training.pyg_layers import PyGLayer
from mixcli.training.sgc_network import SGCNetwork
from mixcli.training.slicer import Slicer
from mixcli.training.topology import topology_of

CPU = torch.device("cpu")
INPUTS, OUTPUTS = 6, 8

LAYERS: dict[str, Callable[[torch.Generator], nn.Module]] = {
    "gcn": lambda g: GCNLayer(INPUTS, OUTPUTS, g),
    "gin": lambda g: GINLayer(INPUTS, OUTPUTS, g),
    "rgcn": lambda g: RGCNLayer(INPUTS, OUTPUTS, 2, g),
    "sage": lambda g: SAGELayer(INPUTS, OUTPUTS, g),
    "gat": lambda g: GATLayer(INPUTS, OUTPUTS, 4, True, g),
    "gat-mean": lambda g: GATLayer(INPUTS, OUTPUTS, 3, False, g),
    "gatv2": lambda g: GATv2Layer(INPUTS, OUTPUTS, 4, True, g),
    "gatv2-mean": lambda g: GATv2Layer(INPUTS, OUTPUTS, 3, False, g),
    "gatedgcn": lambda g: GatedGCNLayer(INPUTS, OUTPUTS, False, g),
    "gatedgcn-normalised": lambda g: GatedGCNLayer(INPUTS, OUTPUTS, True, g),
    "rgin": lambda g: RGINLayer(INPUTS, OUTPUTS, 2, g),
    "mlp": lambda g: LinearLayer(INPUTS, OUTPUTS, g),
}
RELATIONAL = {"rgcn", "rgin"}
HEARING = [name for name in LAYERS if name != "mlp"]
OURS_ALONE = {"gatedgcn-normalised"}


@pytest.fixture
def double() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def made(name: str, seed: int = 0) -> nn.Module:
    """A layer with no parameter zero, and batch norms as in evaluation."""
    layer = LAYERS[name](generator(seed))
    with torch.no_grad():
        for p in layer.parameters():
            p.add_(0.1 * torch.randn(p.shape, generator=generator(7)))
    return layer.eval()


def graph_of(seed: int = 1, n: int = 9, *, directed: bool = False, relations: int = 1) -> Graph:
    rng = np.random.default_rng(seed)
    graph = from_arcs(n, rng.integers(0, n, (20, 2)), directed=directed)
    return graph.replace(edge={"edge_type": rng.integers(0, relations, graph.m)}) if relations > 1 else graph


def block_of(*graphs: Graph, relations: int = 1) -> Block:
    return Slicer(topology_of(graphs), relations, CPU).block(torch.arange(len(graphs)))


def block_for(name: str, *graphs: Graph) -> Block:
    return block_of(*graphs, relations=2 if name in RELATIONAL else 1)


def features(rows: int, seed: int = 5) -> torch.Tensor:
    return torch.randn(rows, INPUTS, generator=generator(seed))


def gradients(layer: nn.Module, out: torch.Tensor) -> list[torch.Tensor]:
    push = torch.linspace(-1, 1, out.numel(), dtype=out.dtype).view_as(out)
    found = torch.autograd.grad((out * push).sum(), list(layer.parameters()), materialize_grads=True, allow_unused=True)
    return [g for g in found if g.numel()]


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("name", [name for name in LAYERS if name not in OURS_ALONE])
def test_layer_is_torch_geometrics_to_rounding(name: str, directed: bool, double: None) -> None:
    graph = graph_of(directed=directed, relations=2 if name in RELATIONAL else 1)
    block, x = block_for(name, graph), features(graph.n)
    layer = made(name)
    theirs = PyGLayer(layer)
    theirs.eval()
    _share_statistics(layer, theirs)
    torch.testing.assert_close(layer(x, block), theirs(x, block), rtol=0, atol=1e-12)
    sizes = sum(p.numel() for p in layer.parameters()), sum(p.numel() for p in theirs.parameters())
    assert sizes[0] == sizes[1]


@pytest.mark.parametrize("name", [name for name in LAYERS if name not in OURS_ALONE])
def test_layer_is_torch_geometrics_in_single_precision(name: str) -> None:
    graph = graph_of(relations=2 if name in RELATIONAL else 1)
    block, x = block_for(name, graph), features(graph.n)
    layer = made(name)
    theirs = PyGLayer(layer)
    theirs.eval()
    _share_statistics(layer, theirs)
    expected = theirs(x, block).detach()
    torch.testing.assert_close(layer(x, block), expected, rtol=0, atol=1e-6 * max(1.0, float(expected.abs().max())))


def _share_statistics(layer: nn.Module, theirs: PyGLayer) -> None:
    """Batch norm of the stand-in has scales of its own; give it ours."""
    ours = [m for m in layer.modules() if isinstance(m, GINLayer)]
    norms = [m for m in theirs.modules() if isinstance(m, nn.BatchNorm1d)]
    for gin, norm in zip(ours, norms, strict=True):
        norm.weight.data.copy_(gin.scale.data)
        norm.bias.data.copy_(gin.shift.data)


@pytest.mark.parametrize("name", ["sage", "gat", "gatv2", "gatedgcn", "rgin", "mlp"])
def test_eight_steps_of_training_are_torch_geometrics(name: str, double: None) -> None:
    graph = graph_of(relations=2 if name in RELATIONAL else 1)
    block, x = block_for(name, graph), features(graph.n)
    layer = LAYERS[name](generator(3))
    theirs = PyGLayer(layer)
    losses = []
    for net in (layer, theirs):
        adam = torch.optim.Adam(net.parameters(), 0.01)
        seen = []
        for _ in range(8):
            loss = (net(x, block) - 1).square().mean()
            adam.zero_grad()
            loss.backward()
            adam.step()
            seen.append(float(loss))
        losses.append(seen)
    assert losses[0] == pytest.approx(losses[1], rel=0, abs=1e-12)
    assert losses[0][-1] < losses[0][0]


@pytest.mark.parametrize("name", LAYERS)
def test_sparse_features_are_the_dense_ones(name: str, double: None) -> None:
    graph = graph_of()
    dense = features(graph.n) * (torch.rand(graph.n, INPUTS, generator=generator(2)) < 0.4)
    row, column = dense.nonzero().T
    sparse = SparseRows(tuple(dense.shape), row, column, dense[row, column], torch.argsort(column, stable=True))
    layer, block = made(name), block_for(name, graph)
    outs = [layer(x, block) for x in (dense, sparse)]
    torch.testing.assert_close(*outs)
    torch.testing.assert_close(*(gradients(layer, out) for out in outs))


@pytest.mark.parametrize("name", LAYERS)
def test_relabelling_the_nodes_relabels_the_result(name: str, double: None) -> None:
    graph = graph_of()
    order = np.random.default_rng(3).permutation(graph.n)
    moved = from_arcs(graph.n, order[graph.edges], directed=False)
    layer, x = made(name), features(graph.n)
    y = torch.empty_like(x)
    y[order] = x
    here, there = layer(x, block_for(name, graph)), layer(y, block_for(name, moved))
    torch.testing.assert_close(here, there[order])


@pytest.mark.parametrize("name", LAYERS)
def test_a_node_hears_the_tails_of_its_arcs_and_itself(name: str, double: None) -> None:
    graph = graph_of(directed=True)
    layer, block = made(name), block_for(name, graph)
    x = features(graph.n)
    jacobian = torch.autograd.functional.jacobian(lambda h: layer(h, block), x).abs().sum(dim=(1, 3)) > 0
    expected = torch.eye(graph.n, dtype=torch.bool)
    if name != "mlp":
        tail, head = torch.from_numpy(graph.edges.T.copy())
        expected[head, tail] = True
    assert torch.equal(jacobian, expected)


@pytest.mark.parametrize("name", LAYERS)
def test_an_edge_of_weight_k_is_k_parallel_edges(name: str, double: None) -> None:
    graph = graph_of(directed=True)
    weight = np.random.default_rng(0).integers(1, 4, graph.m)
    layer, x = made(name), features(graph.n)
    weighted = block_for(name, graph.replace(weight=weight.astype(float)))
    for matrix in weighted.matrices:  # weights are kept in single precision
        row, column, value = matrix.entries
        matrix.entries = row, column, None if value is None else value.double()
        matrix.row_sum = matrix.row_sum.double()
        matrix._forth, matrix._back = (_double(part) for part in (matrix._forth, matrix._back))
    weighted = weighted.over(weighted.matrices)
    parallel = block_for(name, graph)
    row, column, _ = parallel.matrices[0].entries
    order = np.lexsort((graph.edges[:, 0], graph.edges[:, 1]))
    times = torch.from_numpy(weight[order])
    again = row.repeat_interleave(times), column.repeat_interleave(times)
    first = type(parallel.matrices[0])(graph.n, *again, None, (again[0], again[1], None))
    torch.testing.assert_close(layer(x, weighted), layer(x, parallel.over([first, *parallel.matrices[1:]])))


def _double(matrix):
    return matrix.to(torch.float64) if isinstance(matrix, torch.Tensor) else (*matrix[:3], matrix[3].double())


def complete(graph: Graph) -> Graph:
    pairs = np.array([(u, v) for u in range(graph.n) for v in range(u + 1, graph.n)])
    return from_arcs(graph.n, pairs, directed=False)


@pytest.mark.parametrize("name", [name for name in HEARING if name not in RELATIONAL])
def test_complete_last_layer_is_the_layer_on_the_complete_graph(name: str, double: None) -> None:
    graphs = [barbell(4, 1), lollipop(3, 2), cycle(5)]
    layer = made(name)
    last = block_of(*(g.replace(plan=LayerPlan(last="complete")) for g in graphs)).last_layer()
    assert isinstance(last, FullyAdjacent)
    x = features(sum(g.n for g in graphs))
    expected = layer(x, block_of(*map(complete, graphs)))
    torch.testing.assert_close(layer(x, last), expected)
    torch.testing.assert_close(gradients(layer, layer(x, last)), gradients(layer, expected))


def test_complete_last_layer_of_rgin_is_one_more_relation(double: None) -> None:
    graph, layer = barbell(4, 1), made("rgin")
    x = features(graph.n)
    last = block_of(graph.replace(plan=LayerPlan(last="complete")), relations=2).last_layer()
    h = x @ layer.root + layer.bias + layer.relations[0](x, block_of(graph))
    torch.testing.assert_close(layer(x, last), h + layer.relations[1](x, block_of(complete(graph))))


@pytest.mark.parametrize("variant", ["mean", "sum"])
@pytest.mark.parametrize("name", [name for name in HEARING if name not in RELATIONAL])
def test_mean_and_sum_last_layers_weigh_all_nodes_alike(name: str, variant: str, double: None) -> None:
    graph, layer = cycle(6), made(name)
    last = block_of(graph.replace(plan=LayerPlan(last=variant))).last_layer()
    x = features(6)
    bump = torch.zeros_like(x)
    bump[2] = 1.0
    change = layer(x + bump, last) - layer(x, last)
    others = change[torch.arange(6) != 2]
    assert torch.allclose(others, others[:1].expand_as(others))
    assert others.abs().max() > 1e-6
    larger = block_of(graph.replace(plan=LayerPlan(last="sum"))).last_layer()
    if name.partition("-")[0] in ("gat", "gatv2"):
        values = layer(x, larger) - layer.bias
        torch.testing.assert_close(layer(x, last) - layer.bias, values / (6 if variant == "mean" else 1))


def test_a_perceptron_hears_nothing_whatever_the_plan(double: None) -> None:
    layer, x = made("mlp"), features(9)
    plain = layer(x, block_of(barbell(4, 1)))
    for last in ("complete", "mean", "sum"):
        assert torch.equal(plain, layer(x, block_of(barbell(4, 1).replace(plan=LayerPlan(last=last))).last_layer()))


def virtual(graph: Graph) -> Graph:
    star = np.array([(u, graph.n) for u in range(graph.n)])
    return graph.replace(plan=LayerPlan(overlays=(Overlay("hub", star, virtual=1),)))


@pytest.mark.parametrize("last", [None, "complete"])
@pytest.mark.parametrize("name", LAYERS)
def test_virtual_nodes_are_heard_along_arcs_and_not_by_fully_adjacent_layers(
    name: str, last: str | None, double: None
) -> None:
    graph = virtual(cycle(5))
    graph = graph.replace(plan=LayerPlan(last=last, overlays=graph.plan.overlays))
    block = block_for(name, graph, graph)
    mix = block.at(1, 1)
    layer = made(name)
    x = features(12)
    x[~block.real] = 0
    shout = x.clone()
    shout[5] = 3.0  # the virtual node of the first graph
    heard = (layer(shout, mix) - layer(x, mix)).abs().sum(dim=1) > 1e-9
    assert bool(heard[:5].any()) == (name != "mlp" and (last is None or name in RELATIONAL))
    assert not heard[6:].any()
    assert torch.isfinite(layer(x, mix)).all()


def test_attention_over_all_nodes_by_sorting_is_the_softmax_over_all_pairs(double: None) -> None:
    block = block_of(*(virtual(g) for g in (cycle(5), barbell(4, 0), cycle(3))))
    rows = len(block.node)
    for scale in (0.1, 3.0, 400.0):  # exponents far beyond what a number holds
        receive, send = (scale * torch.randn(rows, 2, generator=generator(s)) for s in (1, 2))
        receive, send = receive.requires_grad_(), send.requires_grad_()
        value = torch.randn(rows, 2, 3, generator=generator(3)).requires_grad_()
        i, j = complete_arcs(block)
        logits = torch.full((rows, rows, 2), -torch.inf)
        logits[i, j] = nn.functional.leaky_relu(receive[i] + send[j], 0.2)
        expected = torch.einsum("ijh,jhd->ihd", logits.softmax(dim=1), value)
        found = attention_over_all(receive, send, value, block, 0.2)
        torch.testing.assert_close(found, expected)
        push = torch.linspace(-1, 1, found.numel()).view_as(found)
        grads = [torch.autograd.grad((out * push).sum(), [receive, send, value]) for out in (found, expected)]
        torch.testing.assert_close(*grads)


def test_normalised_gates_sum_to_one(double: None) -> None:
    layer, block = made("gatedgcn-normalised"), block_of(cycle(7))
    with torch.no_grad():
        own, _, receive, send = layer.weight.chunk(4, dim=1)
        layer.weight.copy_(torch.cat([0 * own, torch.ones_like(own), receive, send], dim=1))
        layer.bias.zero_()
    torch.testing.assert_close(layer(torch.ones(7, INPUTS), block), torch.full((7, OUTPUTS), 6.0), rtol=1e-5, atol=0)


@pytest.mark.parametrize("directed", [False, True])
def test_sgc_is_torch_geometrics(directed: bool, double: None) -> None:
    graph = graph_of(directed=directed)
    net = SGCNetwork(INPUTS, 3, 4, generator())
    theirs = SGConv(INPUTS, 3, K=4)
    theirs.lin.weight.data, theirs.lin.bias.data = net.linear.weight.data.T, net.linear.bias.data
    arcs = graph.edges if directed else np.concatenate([graph.edges, graph.edges[:, ::-1]])
    x = features(graph.n)
    expected = theirs(x, torch.from_numpy(arcs.T.copy()))
    torch.testing.assert_close(net(x, block_of(graph)), expected, rtol=0, atol=1e-12)


def test_last_step_of_sgc_follows_the_plan(double: None) -> None:
    graph = cycle(6)
    net = SGCNetwork(INPUTS, 3, 2, generator())
    x = features(6)
    block = block_of(graph)
    last = net(x, block_of(graph.replace(plan=LayerPlan(last="mean"))))
    torch.testing.assert_close(last, (block.gcn(x) @ net.linear.weight).mean(0).expand(6, 3) + net.linear.bias)


@pytest.mark.parametrize("kind", ["batch", "layer"])
def test_norms_are_torchs(kind: str) -> None:
    norm, x = Norm(kind, 4), torch.randn(20, 4, generator=generator())
    with torch.no_grad():
        norm.scale.copy_(torch.arange(1.0, 5.0)), norm.shift.fill_(0.5)
    theirs = nn.BatchNorm1d(4) if kind == "batch" else nn.LayerNorm(4)
    theirs.weight.data, theirs.bias.data = norm.scale.data, norm.shift.data
    for training in (True, False):
        norm.train(training), theirs.train(training)
        torch.testing.assert_close(norm(x, None), theirs(x))


def test_residuals_and_norms_stand_where_they_should(double: None) -> None:
    generators = generator()
    layers = [LinearLayer(6, 8, generators), LinearLayer(8, 8, generators), LinearLayer(8, 2, generators)]
    norms = [Norm("layer", 8), Norm("layer", 8)]
    net = Network(layers, norms=norms, residual=True)
    block, x = block_of(cycle(9)), features(9)
    first = torch.relu(norms[0](layers[0](x, block), None))
    second = first + torch.relu(norms[1](layers[1](first, block), None))
    torch.testing.assert_close(net(x, block), layers[2](second, block))


def test_normalised_gates_have_no_stand_in() -> None:
    with pytest.raises(NotApplicable, match="layers_of=mixcli"):
        PyGLayer(GatedGCNLayer(3, 2, True, generator()))
