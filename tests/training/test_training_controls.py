"""Controls: no edges, random edges of the same number, and the empty relation."""

import numpy as np
import pytest
from test_training_compare import data, quick, values

from mixcli.context import Context
from mixcli.errors import NotApplicable
from mixcli.generators.graphs import barbell, cycle, path
from mixcli.generators.mask_spec import sequence_of
from mixcli.rewiring.base import apply
from mixcli.training.arms import edits, make_arms
from mixcli.training.controls import MatchedRandom, controlled, mixes
from mixcli.training.models.gcn import GCN
from mixcli.training.models.mlp import MLP
from mixcli.training.models.rgcn import RGCN
from mixcli.training.models.transformer import Transformer
from mixcli.training.results import results_of
from mixcli.training.store import Store
from mixcli.training.trial_result import TrialResult


def made(specs, model=None, graphs=None, **kw) -> dict:
    sources = {"toy": graphs or data()}
    arms = controlled(make_arms(sources, ["none", *specs], Context()), sources, model or GCN(), Context(), **kw)
    return {a.name: a for a in arms}


def test_random_edges_are_as_many_in_every_graph() -> None:
    arms = made(["sdrf:iterations=4,c_plus=0.1", "fosr:iterations=7", "random:iterations=2", "last_layer_fa"])
    assert [n for n in arms if arms[n].control] == [
        "mlp (no edges)", "random for sdrf:iterations=4,c_plus=0.1", "random for fosr:iterations=7",
    ]  # fmt: skip
    for name, arm in arms.items():
        if arm.control == "random":
            target = arms[arm.of[0]]
            assert name == f"random for {target.name}"
            assert np.array_equal(arm.counts, target.counts)
            assert (arm.added, arm.removed, arm.edges) == (target.added, target.removed, target.edges)
            assert arm.topology.digest != target.topology.digest
    assert arms["random for sdrf:iterations=4,c_plus=0.1"].removed > 0


def test_matched_edits_are_distinct_and_drawn_by_the_seed() -> None:
    graph = barbell(6, 2)
    one, same, other = (apply(MatchedRandom(5, 3), graph, context=Context(seed=s)) for s in (0, 0, 1))
    assert (one.added, one.removed, one.graph.m) == (5, 3, graph.m + 2)
    assert np.array_equal(one.graph.edges, same.graph.edges)
    assert not np.array_equal(one.graph.edges, other.graph.edges)
    assert edits([graph], [one.graph]).tolist() == [[5, 3]]


def test_network_without_edges_knows_no_graph() -> None:
    """Two data sets of the same labels and sizes: what is trained without edges is the same, to the last bit."""
    sized = [g.replace(graph=h.graph, name=h.name) for g, h in zip([cycle(8)] * 24, data(), strict=True)]
    other = [g.replace(graph=h.graph, name=h.name) for g, h in zip([path(8)] * 24, data(), strict=True)]
    for model in ("gcn:hidden=4,layers=2", "rgcn:hidden=4,layers=2"):
        found = [quick(graphs, ["none"], model, trials=1, controls=True) for graphs in (sized, other)]
        arms = [f.arms[-1] for f in found]
        assert [a.arm.control for a in arms] == ["mlp", "mlp"]
        assert values(found[0])[-1] == values(found[1])[-1]
        assert np.array_equal(arms[0].trials[0].curves, arms[1].trials[0].curves)
        assert len(arms[0].arm.topology.union.sender) == 0


def test_baseline_of_a_relational_model_is_the_empty_relation() -> None:
    assert made(["fosr"], RGCN())["none"].control == "empty relation"
    assert made(["fosr"], GCN())["none"].control == ""
    assert made([], RGCN())["none"].control == ""  # nothing adds edges: there is no second relation
    found = quick(data(), ["fosr"], "rgcn:hidden=4,layers=2", trials=1, controls=True)
    assert [a.arm.control for a in found.arms] == ["empty relation", "", "mlp", "random"]
    assert len({r.parameters for a in found.arms for r in a.trials.values()}) == 1


def test_record_sets_each_arm_against_its_random_edges() -> None:
    record = quick(data(), ["none", "fosr", "sdrf"], trials=3, controls=True, protocol={"epochs": 8}).record()
    by_name = {a["name"]: a for a in record["arms"]}
    for name in ("fosr", "sdrf"):
        told, control = by_name[name]["to_control"], by_name[f"random for {name}"]
        assert control["control_for"] == [name]
        assert told["control"] == control["name"]
        assert told["mean"] == pytest.approx(by_name[name]["mean"] - control["mean"])
        assert told["verdict"]
    assert "to_control" not in by_name["none"]
    assert "control" not in by_name["none"]


def test_controls_do_not_cost_the_arms_power() -> None:
    """Holm counts the arms that were asked for, and the controls among themselves."""
    alone, among = (
        quick(data(), ["none", "fosr"], trials=4, controls=c, protocol={"epochs": 8}) for c in (False, True)
    )
    assert alone.arms[1].difference == among.arms[1].difference
    assert alone.arms[1].p_adjusted == among.arms[1].p_adjusted


def test_an_arm_that_always_differs_alike_stays_in_its_family() -> None:
    arms = ["none", "random:iterations=1", "random:iterations=2", "random:iterations=3"]
    plan = quick(data(), arms).plan
    base, helped = np.array([0.5, 0.6, 0.55]), np.array([0.61, 0.68, 0.66])
    columns = dict(zip(arms, (base, helped, base + 0.25, base), strict=True))
    with Store() as store:
        for a, arm in enumerate(plan.arms):
            for t, value in enumerate(columns[arm.spec].tolist()):
                made = TrialResult(value, value, value, 1, 1, 1, False, 0.0, 0.0, np.zeros((1, 4), np.float32))
                store.put(plan.key(a, t), plan.describe(a, t), made)
        _, helped_by, alike, same = results_of(plan, store)
    assert alike.difference is not None
    assert helped_by.difference is not None
    assert (alike.difference.p, alike.p_adjusted, same.p_adjusted) == (None, None, 1.0)
    assert helped_by.p_adjusted == 3 * helped_by.difference.p
    assert alike.verdict == "+25.0 points in 3 trials; all trials differ by the same amount"


def test_what_hears_no_edges_has_no_controls() -> None:
    assert not mixes(Transformer())
    assert mixes(Transformer(over="edges"))
    assert not mixes(MLP())
    assert set(made(["fosr"], MLP())) == {"none", "fosr"}


def test_controls_are_refused_where_they_mean_nothing() -> None:
    with pytest.raises(NotApplicable, match="encodings"):
        quick(data(), ["none"], encodings=["laplacian"], controls=True)
    masks = sequence_of("window:4", 12, 2)
    with pytest.raises(NotApplicable, match="masks"):
        quick(masks, ["none"], model="decoder:hidden=8,heads=2", controls=True)


def test_a_source_as_given_has_random_edges_of_its_own_number() -> None:
    before = barbell(6, 1)
    after = apply(MatchedRandom(4, 2), before, context=Context(seed=5)).graph
    record = quick({"before": before, "after": after.replace(edge={})}, trials=1, controls=True).record()
    control = next(a for a in record["arms"] if a.get("control") == "random")
    assert (control["name"], control["edges_added"], control["edges_removed"]) == ("random for after", 4, 2)
