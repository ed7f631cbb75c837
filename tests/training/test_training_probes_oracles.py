"""Probes against computations that share nothing with them: dense float64 networks in numpy, breadth-first search."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from probe_nets import RINGS, averaging, labelled, linear_gcn, plan_of, trained, with_net
from scipy import stats

from mixcli.generators.graphs import erdos_renyi, path
from mixcli.graph import Graph
from mixcli.training.probes.collapse import CollapseOfStates
from mixcli.training.probes.dirichlet import DirichletEnergy
from mixcli.training.probes.gradients import Gradients
from mixcli.training.probes.jacobian import block_norms
from mixcli.training.probes.mad import MeanAverageDistance
from mixcli.training.probes.obstruction import Obstruction
from mixcli.training.probes.rank import RankOfStates
from mixcli.training.probes.relation_share import RelationShare
from mixcli.training.probes.sensitivity import JacobianSensitivity, sensitivities
from mixcli.training.probes.spectrum import layer_jacobian
from mixcli.training.probes.targets import targets
from mixcli.training.probes.trained import Trained

Array = NDArray[np.float64]
MODEL = "gcn:hidden=5,layers=3"
ARMS = ["none", "random:iterations=2"]


def loaded(count: int, seed: int, width: int = 3) -> list[Graph]:
    """Random graphs of several components, with features and classes."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(6, 11, count)
    return labelled([erdos_renyi(int(n), int(n), seed=seed + i) for i, n in enumerate(sizes)], width)


def dense_of(graph: Graph) -> Array:
    """(n, n) weights of the edges."""
    a = np.zeros((graph.n, graph.n))
    for k, (u, v) in enumerate(graph.edges.tolist()):
        a[u, v] = a[v, u] = 1.0 if graph.weight is None else graph.weight[k]
    return a


def rewired_of(one: Trained, graph: int) -> Array:
    """(n, n) weights of an arm's arcs, read off its topology one by one."""
    t = one.topology
    n, offset = int(t.start[graph + 1] - t.start[graph]), int(t.start[graph])
    a = np.zeros((n, n))
    for k in range(int(t.union.start[graph]), int(t.union.start[graph + 1])):
        weight = 1.0 if t.union.weight is None else float(t.union.weight[k])
        a[t.union.receiver[k] - offset, t.union.sender[k] - offset] = weight
    return a


def normalised(a: Array) -> Array:
    """D̃^-½ (A + I) D̃^-½."""
    loops = a + np.eye(len(a))
    d = loops.sum(1)
    return loops / np.sqrt(np.outer(d, d))


def parameters(one: Trained) -> list[tuple[Array, Array]]:
    return [(m.weight.detach().double().numpy(), m.bias.detach().double().numpy()) for m in one.net.layers]


def forward(weights: list[tuple[Array, Array]], mixing: Array, x: Array) -> list[Array]:
    """H_1 … H_L of a GCN."""
    out = []
    for k, (weight, bias) in enumerate(weights):
        x = mixing @ x @ weight + bias
        x = np.maximum(x, 0) if k < len(weights) - 1 else x
        out.append(x)
    return out


def cases(one: Trained, graphs: int) -> Iterator[tuple[int, int, Array]]:
    """(place in the sample, number, features) of each sampled graph."""
    sample = one.sample(graphs)
    for c, g in enumerate(sample.graph):
        first, n = int(sample.first[c]), int(sample.size[c])
        yield c, int(g), sample.dense[first : first + n].double().numpy()


def hops(a: Array, source: int) -> list[float]:
    """By breadth-first search."""
    found = [math.inf] * len(a)
    found[source], queue = 0.0, deque([source])
    while queue:
        u = queue.popleft()
        for v in np.flatnonzero(a[u]):
            if math.isinf(found[v]):
                found[v] = found[u] + 1
                queue.append(int(v))
    return found


def averages(rows: list[list[float]]) -> list[float]:
    return [float(np.mean(column)) for column in zip(*rows, strict=True)]


@pytest.mark.parametrize("spec", ARMS)
def test_sensitivities_are_finite_differences(spec: str) -> None:
    one, step = trained(RINGS, spec, MODEL), 1e-6
    weights = parameters(one)
    for layer in (2, 3):
        found = block_norms(one, 3, [np.array([0, 4])] * one.sample(3).copies, layer, 0)
        for c, g, x in cases(one, 3):
            mixing = normalised(rewired_of(one, g))
            squares = np.zeros((2, len(x)))
            for u in range(len(x)):
                for k in range(x.shape[1]):
                    shift = np.zeros_like(x)
                    shift[u, k] = step
                    up, down = (forward(weights, mixing, x + s * shift)[layer - 1] for s in (1, -1))
                    squares[:, u] += (((up - down) / (2 * step))[[0, 4]] ** 2).sum(1)
            np.testing.assert_allclose(found[c], np.sqrt(squares), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("spec", ["none", "random:iterations=3"])
def test_unreached_share_is_that_of_breadth_first_search(spec: str) -> None:
    graphs, depth = loaded(20, 5, width=0), 2
    one = with_net(trained(graphs, spec, "gcn:hidden=2,layers=2"), linear_gcn(depth))
    reading = JacobianSensitivity(graphs=4, targets=20)(one)
    shares, across = [], 0
    for _, g, x in cases(one, 4):
        before, after = dense_of(graphs[g]), rewired_of(one, g)
        pairs = [(hops(before, v)[u], hops(after, v)[u]) for v in range(len(x)) for u in range(len(x))]
        connected = [reach > depth for given, reach in pairs if math.isfinite(given)]
        across += sum(math.isinf(given) and reach <= depth for given, reach in pairs)
        shares.append(sum(connected) / len(connected))
    assert 0 < np.mean(shares) < 1
    assert reading.figures["unreached"] == pytest.approx(np.mean(shares))
    assert reading.figures["out_of_reach"] == pytest.approx(np.mean(shares))
    assert (reading.figures["across"] > 0) == (across > 0)


def test_sensitivity_curve_and_range_by_hand() -> None:
    one = trained(loaded(20, 3), "random:iterations=2", MODEL)
    reading = JacobianSensitivity(graphs=3, targets=3, probes=0)(one)
    found = sensitivities(one, 3, 3, 0, 0, "best")
    ranges, at_one = [], []
    for c, g, _ in cases(one, 3):
        away = dense_of(loaded(20, 3)[g])
        nodes = targets(one, 3, 3)[c]
        of_graph, near = [], []
        for row, v in zip(found[c], nodes, strict=True):
            known = [(s, h) for s, h in zip(row, hops(away, int(v)), strict=True) if math.isfinite(h)]
            near += [s for s, h in known if h == 1 and s > 0]
            if sum(s for s, _ in known) > 0:
                of_graph.append(sum(s * h for s, h in known) / sum(s for s, _ in known))
        ranges.append(np.mean(of_graph))
        at_one += [np.mean(near)] if near else []
    assert reading.figures["range"] == pytest.approx(np.mean(ranges))
    assert reading.curves["sensitivity"][1] == pytest.approx(np.mean(at_one))


@pytest.mark.parametrize("weighted", [False, True])
def test_energies_and_quotients_are_those_of_a_dense_laplacian(weighted: bool) -> None:
    graphs = loaded(20, 7)
    if weighted:
        rng = np.random.default_rng(0)
        graphs = [g.replace(weight=rng.uniform(0.2, 3.0, g.m)) for g in graphs]
    one = trained(graphs, "fosr:iterations=2", MODEL)
    reading, weights = DirichletEnergy(graphs=5)(one), parameters(one)
    rows: dict[str, list[list[float]]] = {"energy": [], "rayleigh": [], "energy_rewired": [], "rayleigh_rewired": []}
    for _, g, x in cases(one, 5):
        states = forward(weights, normalised(rewired_of(one, g)), x)
        for name, a in (("", dense_of(graphs[g])), ("_rewired", rewired_of(one, g))):
            laplacian = np.eye(len(a)) - normalised(a)
            energy = [float(np.trace(h.T @ laplacian @ h)) for h in states]
            rows[f"energy{name}"].append(energy)
            rows[f"rayleigh{name}"].append([e / (h**2).sum() for e, h in zip(energy, states, strict=True)])
    for name, expected in rows.items():
        assert reading.curves[name] == pytest.approx(averages(expected), rel=1e-4)
    logs = [np.polyfit(range(3), np.log(row), 1)[0] for row in rows["rayleigh"]]
    assert reading.figures["slope"] == pytest.approx(np.mean(logs), rel=1e-3)


def test_ranks_and_collapse_are_those_of_singular_values_and_projections() -> None:
    graphs = loaded(20, 11)
    one = trained(graphs, "random:iterations=2", MODEL)
    rank, collapse, weights = RankOfStates(graphs=5)(one), CollapseOfStates(graphs=5)(one), parameters(one)
    rows: dict[str, list[list[float]]] = {"effective": [], "stable": [], "uniform": [], "weighted": []}
    for _, g, x in cases(one, 5):
        a = rewired_of(one, g)
        states, degree = forward(weights, normalised(a), x), 1 + a.sum(1)
        values = [np.linalg.svd(h - h.mean(0), compute_uv=False) for h in states]
        rows["effective"].append([float(np.exp(stats.entropy(s / s.sum()))) for s in values])
        rows["stable"].append([float((s**2).sum() / s.max() ** 2) for s in values])
        for name, p in (("uniform", np.ones(len(x))), ("weighted", np.sqrt(degree))):
            off = np.eye(len(x)) - np.outer(p, p) / (p @ p)
            rows[name].append([float(np.linalg.norm(off @ h) / np.linalg.norm(h)) for h in states])
    assert rank.curves["effective_rank"] == pytest.approx(averages(rows["effective"]), rel=1e-4)
    assert rank.curves["stable_rank"] == pytest.approx(averages(rows["stable"]), rel=1e-4)
    assert collapse.curves["uniform"] == pytest.approx(averages(rows["uniform"]), rel=1e-4)
    assert collapse.curves["weighted"] == pytest.approx(averages(rows["weighted"]), rel=1e-4)
    assert rank.figures["stable_rank"] == rank.curves["stable_rank"][-2]


def test_cosine_distances_are_those_of_loops_over_pairs() -> None:
    graphs = labelled([path(8 + i % 3) for i in range(20)], 3)
    one = trained(graphs, "random:iterations=1", "gcn:hidden=5,layers=2")
    reading, weights = MeanAverageDistance(graphs=4, targets=50)(one), parameters(one)

    def apart(h: Array, u: int, v: int) -> float:
        return 1 - float(h[u] @ h[v] / np.linalg.norm(h[u]) / np.linalg.norm(h[v]))

    mad, centred, gap = [], [], []
    for _, g, x in cases(one, 4):
        a = dense_of(graphs[g])
        h = forward(weights, normalised(rewired_of(one, g)), x)[-1]
        edges = [(u, v) for u in range(len(x)) for v in range(len(x)) if a[u, v]]
        mad.append(np.mean([apart(h, u, v) for u, v in edges]))
        centred.append(np.mean([apart(h - h.mean(0), u, v) for u, v in edges]))
        pairs = [(hops(a, u)[v], apart(h, u, v)) for u in range(len(x)) for v in range(len(x)) if u != v]
        far, near = [d for r, d in pairs if r > 4], [d for r, d in pairs if r <= 2]
        gap.append(np.mean(far) - np.mean(near))
    for name, expected in (("mad", mad), ("centred", centred), ("gap", gap)):
        assert reading.curves[name][-1] == pytest.approx(np.mean(expected), rel=1e-3, abs=1e-6)


@pytest.mark.parametrize("on", ["given", "rewired"])
def test_obstruction_is_that_of_a_pseudoinverse(on: str) -> None:
    graphs = loaded(20, 13)
    one = trained(graphs, "random:iterations=2", MODEL)
    reading = Obstruction(graphs=4, targets=20, probes=0, on=on)(one)
    found, rows = sensitivities(one, 4, 20, 0, 0, "best"), []
    for c, g, x in cases(one, 4):
        a = dense_of(graphs[g]) if on == "given" else rewired_of(one, g)
        inverse = np.linalg.pinv(np.diag(a.sum(1)) - a)
        values = []
        for v in range(len(x)):
            away = hops(a, v)
            volume = sum(a[u].sum() for u in range(len(x)) if math.isfinite(away[u]))
            for u in range(len(x)):
                if u != v and math.isfinite(away[u]) and found[c][v, u] > 0:
                    resistance = inverse[u, u] + inverse[v, v] - 2 * inverse[u, v]
                    values.append((math.log(found[c][v, u]), resistance, resistance * volume, away[u]))
        log, resistance, commute, away = np.round(np.array(values).T, 9)
        s_r, s_d, r_d = (
            stats.spearmanr(p, q).statistic for p, q in ((log, resistance), (log, away), (resistance, away))
        )
        rows.append(
            {
                "spearman_resistance": s_r, "spearman_commute": stats.spearmanr(log, commute).statistic,
                "spearman_distance": s_d, "partial": (s_r - s_d * r_d) / math.sqrt((1 - s_d**2) * (1 - r_d**2)),
                "slope_resistance": np.polyfit(resistance, log, 1)[0], "slope_commute": np.polyfit(commute, log, 1)[0],
                "slope_distance": np.polyfit(away, log, 1)[0],
            }
        )  # fmt: skip
    for name in rows[0]:
        assert reading.figures[name] == pytest.approx(np.mean([row[name] for row in rows]), rel=1e-5), name


@pytest.mark.parametrize(
    "model", ["gcn:hidden=4,layers=3", "gin:hidden=4,layers=3,residual=true", "rgcn:hidden=4,layers=3,norm=layer",
              "transformer:hidden=4,layers=2,over=edges"],
)  # fmt: skip
def test_layer_jacobian_is_the_dense_one_of_autograd(model: str) -> None:
    one = trained(RINGS, "random:iterations=2", model)
    with one.at("start"):
        sample, net = one.sample(4), one.net
        found = layer_jacobian(one, sample, 1, 2)
        graph = torch.tensor([int(sample.graph[1])])
        block, n, depth = one.slicer.block(graph), int(sample.size[1]), len(net.layers)
        first = int(sample.block.offset[1])

        def second(h: torch.Tensor) -> torch.Tensor:
            out = net.layers[1](h, block.at(2, depth))
            if model.startswith("transformer"):
                return out
            out = torch.relu(net.norms[1](out, block.real) if net.norms else out)
            return h + out if net.residual else out

        x = sample.dense[first : first + n]
        if model.startswith("transformer"):
            h = net.layers[0](x @ net.first + net.first_bias, block.at(1, depth))
        else:
            h = net.layers[0](x, block.at(1, depth))
            h = torch.relu(net.norms[0](h, block.real) if net.norms else h)
        whole = torch.autograd.functional.jacobian(second, h.detach())
    assert np.abs(found).max() > 0
    np.testing.assert_allclose(found, whole.reshape(found.shape).double().numpy(), rtol=1e-4, atol=1e-6)


def test_share_of_one_added_edge_among_three_nodes_by_hand() -> None:
    graphs, close = labelled([path(3)] * 20, 2), "random:iterations=1"  # 0 - 1 - 2 lacks the edge 0 - 2 alone
    one = trained(graphs, close, "rgcn:hidden=2,layers=2")
    layer, shares = one.net.layers[0], []
    root, weight = layer.root.detach().double().numpy(), layer.weight.detach().double().numpy()
    for _, _, x in cases(one, 4):
        own = x @ root + layer.bias.detach().double().numpy()
        given = np.array([x[1], (x[0] + x[2]) / 2, x[1]]) @ weight[0]
        added = np.array([x[2], [0.0, 0.0], x[0]]) @ weight[1]
        shares.append(np.linalg.norm(added) / np.linalg.norm(own + given + added))
    assert RelationShare(graphs=4)(one).curves["share"][0] == pytest.approx(np.mean(shares), rel=1e-5)

    plain = trained(graphs, close, "gcn:hidden=2,layers=2")
    (w, b), shares = parameters(plain)[0], []
    for _, _, x in cases(plain, 4):
        triangle = np.full((3, 3), 1 / 3) @ x @ w + b  # every degree with its loop is 3
        line = averaging(path(3)) @ x @ w + b
        shares.append(np.linalg.norm(triangle - line) / np.linalg.norm(triangle))
    assert RelationShare(graphs=4)(plain).curves["share"][0] == pytest.approx(np.mean(shares), rel=1e-4)


def test_gradients_are_finite_differences_of_a_dense_network() -> None:
    one, step = trained(RINGS, "random:iterations=2", "gcn:hidden=4,layers=3"), 1e-6
    reading = Gradients(units=6)(one)
    units = np.sort(one.random.rng("probe units").permutation(one.split.train)[:6])
    starts = one.task.start
    given = [(normalised(rewired_of(one, int(g))), one.task.x[starts[g] : starts[g + 1]].astype(float)) for g in units]
    labels = one.task.labels[units]

    def loss(weights: list[tuple[Array, Array]], shift: Callable[[int, int], Any] = lambda graph, layer: 0.0) -> float:
        total = 0.0
        for k, (mixing, x) in enumerate(given):
            for i, (weight, bias) in enumerate(weights):
                x = mixing @ x @ weight + bias
                x = (np.maximum(x, 0) if i < len(weights) - 1 else x) + shift(k, i)
            scores = x.mean(0)
            total += np.log(np.exp(scores).sum()) - scores[labels[k]]
        return total / len(given)

    for moment in ("start", "best"):
        with one.at(moment):
            weights = parameters(one)
        for i in range(3):
            squares = 0.0
            for part in (0, 1):
                for at in np.ndindex(weights[i][part].shape):
                    value = weights[i][part][at]
                    around = []
                    for s in (step, -step):
                        weights[i][part][at] = value + s
                        around.append(loss(weights))
                    weights[i][part][at] = value
                    squares += ((around[0] - around[1]) / (2 * step)) ** 2
            assert reading.curves[f"weight_{moment}"][i] == pytest.approx(math.sqrt(squares), rel=1e-3)
        squares = 0.0  # with respect to the output of the second layer
        for k, (mixing, _) in enumerate(given):
            for at in np.ndindex(len(mixing), 4):
                moved = np.zeros((len(mixing), 4))
                moved[at] = step
                around = [
                    loss(weights, lambda g, i, s=s, k=k, m=moved: s * m if (g, i) == (k, 1) else 0.0) for s in (1, -1)
                ]
                squares += ((around[0] - around[1]) / (2 * step)) ** 2
        assert reading.curves[f"state_{moment}"][1] == pytest.approx(math.sqrt(squares), rel=1e-3)
        hidden = [np.concatenate([forward(weights, m, x)[i] for m, x in given]) for i in (0, 1)]
        dead = np.mean([(column == 0).all() for h in hidden for column in h.T])
        assert reading.figures[f"dead_{moment}"] == pytest.approx(dead)


def test_plans_have_the_graphs_as_given_for_every_arm() -> None:
    plan = plan_of(RINGS, ARMS, MODEL)
    assert plan.original is not None
    assert plan.original.digest == plan.arms[0].topology.digest != plan.arms[1].topology.digest
