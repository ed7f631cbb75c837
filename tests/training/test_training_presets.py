"""Protocols of papers: their settings, their splits, their stopping rules, and what the record says of them."""

import numpy as np
import pytest
from test_training_compare import data, quick

from mixcli.catalog import MODELS, PROTOCOLS
from mixcli.errors import NotApplicable, UsageError
from mixcli.generators.graphs import barbell, cycle
from mixcli.graph import Graph
from mixcli.training.course import Course
from mixcli.training.planning import protocol_of
from mixcli.training.presets.base import largest_component, parse_protocol
from mixcli.training.protocol import Protocol
from mixcli.training.tasks.base import stratified, streams
from mixcli.training.tasks.graph_classification import GraphClassification
from mixcli.training.tasks.node_classification import NodeClassification
from mixcli.training.tasks.splits import SplitRule, development

SMALL = {"epochs": 2}


def nodes(n: int = 60, **payload) -> Graph:
    y = np.arange(n) % 3
    x = np.random.default_rng(0).random((n, 4)) + np.eye(4)[y]
    return barbell(n // 2, 0).replace(node={"y": y, "x": x, **payload})


def test_settings_are_those_of_the_papers() -> None:
    graphs, one = GraphClassification.of(data()), NodeClassification.of(nodes())
    fosr, borf, sdrf = (PROTOCOLS.get(name) for name in ("fosr", "borf", "sdrf"))
    p = fosr.protocol(graphs)
    assert (p.lr, p.epochs, p.patience, p.threshold, p.batch_size) == (1e-3, 10**6, 101, 1.01, 64)
    assert (p.scheduler, p.plateau_patience, p.report, p.splits, p.train, p.val) == (
        "plateau", 10, "last", "random", 0.8, 0.1,
    )  # fmt: skip
    assert borf.protocol(graphs) == Protocol(**{**p.to_json(), "report": "best"})
    n = fosr.protocol(one)
    assert (n.plateau_patience, n.report, n.train, n.val, n.drop_input, n.batch_size) == (
        25,
        "last",
        0.6,
        0.2,
        False,
        0,
    )
    assert borf.protocol(one) == n
    assert [preset.trials(one) for preset in (fosr, borf, sdrf)] == [100, 10, 100]
    s = sdrf.protocol(one)
    assert (s.splits, s.report, s.weight_decay, s.scheduler) == ("development", "best", 5e-4, "none")
    model = fosr.model(MODELS.make("gcn:hidden=7"), one)
    assert (model.layers, model.hidden, model.dropout) == (4, 7, 0.5)
    with pytest.raises(NotApplicable, match="node classification for the protocol sdrf"):
        sdrf.protocol(graphs)
    with pytest.raises(NotApplicable, match="transfer"):
        quick(cycle(20), protocol="fosr,epochs=1", trials=1)


def test_text_and_mapping_ask_for_the_same() -> None:
    assert parse_protocol("FoSR,epochs=50") == ("fosr", {"epochs": "50"})
    assert protocol_of({"preset": "fosr", "epochs": 50}) == ("fosr", {"epochs": 50})
    assert protocol_of(None) == (None, {})
    assert parse_protocol("") == (None, {})
    for wrong, words in (("fsor", "fosr"), ("fosr,borf", "at most one"), ("fosr,epoch=3", "epochs"), ("x", "protocol")):
        with pytest.raises(UsageError, match=words):
            parse_protocol(wrong)
    with pytest.raises(UsageError):
        protocol_of({"preset": "nobody"})


def test_record_names_the_protocol_and_its_deviations() -> None:
    found = quick(data(), ["none", "random:iterations=2"], protocol="fosr,epochs=3", trials=2)
    record = found.record()
    preset = record["preset"]
    assert (preset["name"], preset["changed"]) == ("fosr", {"epochs": "3"})
    assert len(preset["deviations"]) >= 5
    assert record["protocol"]["epochs"] == 3
    assert record["task"]["split"] == "80/10/10 at random, by trial"
    for arm in record["arms"]:
        assert arm["mean"] == arm["last"]["mean"] == pytest.approx(np.mean([v["last"] for v in arm["values"]]))
        assert arm["best"]["mean"] == pytest.approx(np.mean([v["best"] for v in arm["values"]]))
    d = record["arms"][1]["difference"]
    assert d["mean"] == pytest.approx(record["arms"][1]["last"]["mean"] - record["arms"][0]["last"]["mean"])


def test_settings_left_alone_leave_results_alone() -> None:
    task = GraphClassification.of(data(40))
    old = stratified(task.labels, 0.8, 0.1, streams(3, 1).rng("split"))
    new = task.under(Protocol()).split(3, 1)
    assert all(np.array_equal(a, b) for a, b in zip(vars(old).values(), vars(new).values(), strict=True))
    assert NodeClassification.of(nodes()).under(Protocol()).drop_input is True
    assert NodeClassification.of(nodes()).under(Protocol(drop_input=False)).drop_input is False


def test_random_splits_have_the_peers_sizes_and_differ_by_trial() -> None:
    labels = np.arange(188) % 2
    split = SplitRule("random", 0.8, 0.1).split(labels, 0, 0)
    assert [len(p) for p in vars(split).values()] == [150, 18, 20]
    assert sorted(np.concatenate(list(vars(split).values())).tolist()) == list(range(188))
    other = SplitRule("random", 0.8, 0.1).split(labels, 0, 1)
    assert not np.array_equal(split.test, other.test)
    strata = [labels[SplitRule("random", 0.8, 0.1).split(labels, 0, t).test].mean() for t in range(8)]
    assert np.ptp(strata) > 0  # not stratified
    for train, val in ((0, 0.2), (0.5, 0.5), (0.9, 0)):
        with pytest.raises(UsageError, match="shares"):
            SplitRule("random", train, val)
    with pytest.raises(UsageError, match="units to train on"):
        SplitRule("random", 0.05, 0.05).split(np.arange(6) % 2, 0, 0)


def test_development_half_is_the_published_draw() -> None:
    labels = np.random.default_rng(1).integers(0, 4, 301)
    splits = [SplitRule("development").split(labels, 0, t) for t in range(3)]
    drawn = np.random.RandomState(1684992425).choice(301, 151, replace=False)
    for s in splits:
        assert sorted(s.test.tolist()) == sorted(set(range(301)) - set(drawn.tolist()))
        assert sorted(np.concatenate([s.train, s.val, s.test]).tolist()) == list(range(301))
        for c in range(4):
            assert (labels[s.train] == c).sum() == min(20, -(-int((labels[drawn] == c).sum()) // 2))
    assert not np.array_equal(splits[0].train, splits[1].train)
    part = development(np.where(np.arange(301) < 40, -1, labels), np.random.default_rng(0))
    assert min(map(min, vars(part).values())) >= 40  # those without a label take no part


def test_sdrf_takes_the_largest_component_and_one_test_half() -> None:
    graph = nodes()
    apart = Graph(66, np.concatenate([graph.edges, [[60, 61], [62, 63], [64, 65]]])).replace(
        node={k: np.concatenate([v, v[:6]]) for k, v in graph.node.items()}, edge={}
    )
    found = quick(apart, ["none", "random:iterations=3"], protocol={"preset": "sdrf", **SMALL})
    record = found.record()
    assert record["task"]["nodes"] == 60
    assert record["arms"][1]["difference"]["test"] == "t"
    assert record["task"]["split"].startswith("a fixed test half")
    tests = [found.plan.arms[0].task.split(0, t).test for t in range(3)]
    assert all(np.array_equal(t, tests[0]) for t in tests)
    connected = largest_component(graph)
    assert connected is graph


def test_papers_forget_directions_and_we_do_not() -> None:
    graph = nodes()
    arcs = Graph(60, graph.edges, directed=True, node=graph.node)
    for name, directed in (("fosr", False), ("sdrf", False), ("borf", False), ("fair", True)):
        (after,) = PROTOCOLS.get(name).prepared([arcs])
        assert (after.directed, after.m) == (directed, graph.m)
        assert np.array_equal(after.node["y"], graph.node["y"])


def test_largest_component_carries_everything() -> None:
    graph = Graph(6, np.array([[0, 1], [2, 3], [2, 4], [3, 4]]), weight=np.array([1.0, 2, 3, 4])).replace(
        node={"y": np.arange(6)}, edge={"kind": np.arange(4)}, labels=tuple("abcdef"), name="g"
    )
    part = largest_component(graph)
    assert (part.n, part.m, part.labels, part.name) == (3, 3, ("c", "d", "e"), "g")
    assert part.node["y"].tolist() == [2, 3, 4]
    assert part.edge["kind"].tolist() == [1, 2, 3]
    assert part.weight is not None
    assert part.weight.tolist() == [2, 3, 4]


def test_given_splits_are_used_where_there_are_several() -> None:
    part = (np.arange(60)[:, None] + np.arange(5)) % 3
    several = {f"{m}_mask": part == i for i, m in enumerate(("train", "val", "test"))}
    one = {k: v[:, 0] for k, v in several.items()}
    fair = PROTOCOLS.get("fair")
    task = NodeClassification.of(nodes(**several))
    kept = task.under(fair.protocol(task))
    assert kept.masks is task.masks
    assert [kept.split_number(t) for t in (0, 4, 5, 7)] == [0, 4, 0, 2]
    single = NodeClassification.of(nodes(**one))
    assert single.same_test
    spread = single.under(fair.protocol(single))
    assert spread.masks is None
    assert not spread.same_test
    assert spread.facts()["split"] == "60/20/20 stratified by class, by trial"


def test_trials_on_one_of_several_given_splits_count_once() -> None:
    part = (np.arange(60)[:, None] + np.arange(2)) % 3
    masks = {f"{m}_mask": part == i for i, m in enumerate(("train", "val", "test"))}
    d = quick(nodes(**masks), ["none", "random:iterations=40"], trials=6, protocol={"epochs": 8}).arms[1].difference
    assert d.wins + d.ties + d.losses == 6
    assert d.splits == 2


@pytest.mark.parametrize(("threshold", "stops"), [(1.0, 5), (1.01, 5), (1.5, 3)])
def test_patience_sees_only_rises_above_the_threshold(threshold: float, stops: int) -> None:
    """0.4 at first; 0.5 in the third epoch is 25 % more."""
    course = Course(Protocol(patience=2, threshold=threshold, epochs=100))
    for accuracy in (0.4, 0.4, 0.5, 0.5, 0.5, 0.5):
        course.add(1.0, 1.0, accuracy, 0.3)
        if course.ended:
            break
    assert len(course.curves) == stops
    assert course.best_epoch == 3  # the best epoch is the best, whatever patience sees


def test_plateau_bears_as_many_epochs_as_it_is_told() -> None:
    def rates(**kw) -> list:
        found = quick(data(), trials=1, protocol={"epochs": 12, "scheduler": "plateau", "lr": 0.0, **kw})
        return [r.curves.tolist() for r in found.arms[0].trials.values()]

    assert rates(plateau_patience=0) == rates()  # at step size 0 nothing moves
    fast, slow = (
        quick(data(), trials=1, protocol={"epochs": 12, "scheduler": "plateau", "lr": 1.0, "plateau_patience": p})
        for p in (0, 100)
    )
    assert not np.array_equal(fast.arms[0].trials[0].curves, slow.arms[0].trials[0].curves)


def test_fair_brings_controls_and_its_own_number_of_trials() -> None:
    record = quick(data(), ["random:iterations=2", "fosr"], protocol="fair,epochs=2", trials=2).record()
    assert [a.get("control", "") for a in record["arms"]] == ["", "", "", "mlp", "random"]
    assert record["baseline"] == "none"
    bare = quick(data(), ["fosr"], protocol="fair,epochs=2", trials=1, controls=False).record()
    assert [a["name"] for a in bare["arms"]] == ["fosr"]
    assert PROTOCOLS.get("fair").trials(GraphClassification.of(data())) == 20
