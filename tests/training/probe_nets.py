"""Networks to probe: trained for an epoch, or made by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from mixcli.catalog import MODELS
from mixcli.context import Context
from mixcli.generators.graphs import cycle, path
from mixcli.graph import Graph
from mixcli.training.arms import make_arms
from mixcli.training.engine import fit
from mixcli.training.layers import GCNLayer
from mixcli.training.network import Network
from mixcli.training.plan import Plan
from mixcli.training.probes.trained import Trained


def labelled(graphs: Sequence[Graph], width: int = 0) -> list[Graph]:
    """The graphs with classes 0, 1, 0, … and, if asked for, random features."""
    rng = np.random.default_rng(0)
    return [
        g.replace(
            graph={"y": np.array([i % 2])},
            node={"x": rng.normal(size=(g.n, width)).astype(np.float32)} if width else {},
        )
        for i, g in enumerate(graphs)
    ]


RINGS = labelled([(cycle if i % 2 else path)(6 + i % 4) for i in range(20)], 3)


def plan_of(graphs: Sequence[Graph], specs: Sequence[str], model: str, **settings: object) -> Plan:
    arms = make_arms({"toy": list(graphs)}, specs, Context())
    task = arms[0].task
    protocol = task.protocol.changed({"epochs": 1, **settings})
    made = MODELS.make(model).completed(task)
    return Plan(tuple(arms), made, protocol, 0, 1, "cpu", original=arms[0].topology)


def trained(graphs: Sequence[Graph], spec: str = "none", model: str = "gcn:hidden=4,layers=3", **settings) -> Trained:
    """The network of one arm after an epoch; the graphs as given are arm 0."""
    plan = plan_of(graphs, list(dict.fromkeys(["none", spec])), model, **settings)
    arm = len(plan.arms) - 1
    a = plan.arms[arm]
    done = fit(
        a.task, a.topology, plan.model, plan.protocol, seed=0, trial=0, relations=plan.relations, early=True
    )  # fmt: skip
    return Trained(plan, arm, 0, done)


def with_net(one: Trained, net: nn.Module) -> Trained:
    """The same with another network, the same at all moments."""
    one.net, one.fit.net = net, net
    state = {k: v.clone() for k, v in net.state_dict().items()}
    one.fit.best_state, one.fit.early = state, {"start": state, "first epoch": state}
    net.eval()
    return one


def linear_gcn(depth: int, weights: Sequence[float] = (1.0,)) -> Network:
    """GCN layers whose weights are diagonal and positive: linear on features >= 0."""
    layers = [GCNLayer(len(weights), len(weights), torch.Generator()) for _ in range(depth)]
    with torch.no_grad():
        for layer in layers:
            layer.weight.copy_(torch.diag(torch.tensor(weights)))
            layer.bias.zero_()
    return Network(layers)


class Same(nn.Module):
    """A layer that mixes nothing."""

    def forward(self, x: torch.Tensor, mix: object) -> torch.Tensor:
        return x * 1.0


def averaging(graph: Graph) -> np.ndarray:
    """D̃^-½ (A + I) D̃^-½."""
    a = np.eye(graph.n)
    u, v = graph.edges.T
    a[u, v] = a[v, u] = 1.0
    d = a.sum(1)
    return a / np.sqrt(np.outer(d, d))
