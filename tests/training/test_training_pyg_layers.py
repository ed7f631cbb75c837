"""The reference path: a trial on torch_geometric's modules is the trial on ours, up to rounding."""

import pytest

from mixcli.errors import NotApplicable
from mixcli.generators.graphs import barbell
from mixcli.graph import LayerPlan
from mixcli.training.compare import compare


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
