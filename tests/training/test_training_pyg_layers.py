"""The reference path: a trial on torch_geometric's modules is the trial on ours, up to rounding."""

import pytest
import torch

from mixcli.errors import NotApplicable
from mixcli.generators.graphs import barbell
from mixcli.graph import LayerPlan
from mixcli.training.compare import compare
from mixcli.training.layers import GCNLayer, GINLayer, RGCNLayer
from mixcli.training.pyg_layers import PyGLayer
from mixcli.training.slicer import Slicer
from mixcli.training.topology import topology_of


def values(model: str, graph=None, arms=("none", "random:iterations=3"), epochs: int = 6) -> list[list[float]]:
    found = compare(graph or barbell(4, 1), list(arms), model, trials=2, protocol={"epochs": epochs})
    return [[r["last"] for r in arm["values"]] for arm in found.record()["arms"]]


@pytest.mark.parametrize("model", ["gcn", "gin", "rgcn"])
def test_same_trials_on_both_paths(model: str) -> None:
    ours, theirs = (values(f"{model}:layers=3,hidden=8,layers_of={path}") for path in ("mixcli", "pyg"))
    # Six epochs from equal weights: rounding may move a borderline pair (of 7 in the test share) but not more.
    assert all(abs(a - b) <= 0.15 for x, y in zip(ours, theirs, strict=True) for a, b in zip(x, y, strict=True))


def test_parameters_are_the_same_in_number() -> None:
    counts = [
        compare(barbell(4, 0), ["none"], f"gin:hidden=8,layers_of={path}", trials=1, protocol={"epochs": 1}).record()
        for path in ("mixcli", "pyg")
    ]
    assert counts[0]["parameters"] == counts[1]["parameters"]


def test_what_it_lacks_is_refused() -> None:
    with pytest.raises(NotApplicable, match="layers_of=mixcli"):
        values("gcn:layers_of=pyg", barbell(4, 0).replace(plan=LayerPlan(last="mean")), arms=["none"])


@pytest.mark.parametrize("kind", [GCNLayer, GINLayer, RGCNLayer])
def test_a_layer_and_its_stand_in_give_the_same_numbers(kind: type) -> None:
    generator = torch.Generator().manual_seed(3)
    layer = kind(4, 5, 2, generator) if kind is RGCNLayer else kind(4, 5, generator)
    graph = barbell(5, 2)
    graph = graph.replace(edge={"edge_type": torch.arange(graph.m).numpy() % 2})
    topology = topology_of([graph])
    block = Slicer(topology, 2 if kind is RGCNLayer else 1, torch.device("cpu")).block(
        torch.zeros(1, dtype=torch.int64)
    )
    x = torch.randn(graph.n, 4, generator=generator)
    torch.testing.assert_close(PyGLayer(layer)(x, block), layer(x, block), rtol=1e-4, atol=1e-5)
