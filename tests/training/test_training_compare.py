"""The whole comparison: paired arms, resumed stores, several processes, several sources, and the record."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from mixcli.context import Context
from mixcli.errors import InputError, UsageError
from mixcli.generators.graphs import barbell, cycle, path
from mixcli.graph import Graph
from mixcli.training import plan as plans
from mixcli.training.arms import arm_spec
from mixcli.training.compare import Comparison, compare
from mixcli.training.loaders import NodeLoader
from mixcli.training.store import Store
from mixcli.training.tasks.infer import infer_task
from mixcli.training.topology import topology_of

QUICK = {"epochs": 3}


def data(count: int = 24) -> list[Graph]:
    made = [(cycle if i % 2 else path)(6 + i % 5) for i in range(count)]
    return [g.replace(graph={"y": np.array([i % 2])}, name=f"g{i}") for i, g in enumerate(made)]


def quick(sources, arms=("none",), model="gcn:hidden=4,layers=2", trials=3, **kw) -> Comparison:
    return compare(sources, arms, model, trials, protocol=kw.pop("protocol", QUICK), **kw)


def values(comparison: Comparison) -> list:
    return [a["values"] for a in comparison.record()["arms"]]


def test_record_follows_its_schema() -> None:
    found = quick({"toy": data()}, ["none", "random:iterations=2", "last_layer_fa"])
    record = found.record()
    assert record == json.loads(json.dumps(record, allow_nan=False))
    assert (record["schema"], record["dataset"], record["baseline"]) == ("mixcli.comparison/1", "toy", "none")
    assert record["task"]["kind"] == "graph_classification"
    assert [a["name"] for a in record["arms"]] == ["none", "random:iterations=2", "last_layer_fa"]
    none, random, last = record["arms"]
    assert none["difference"] is None
    assert (none["edges_added"], random["edges_added"], random["edges_removed"]) == (0, 48, 0)
    assert random["edges"] == none["edges"] + 48
    for arm in (random, last):
        difference = arm["difference"]
        assert difference["wins"] + difference["ties"] + difference["losses"] == arm["trials"] == 3
        assert difference["test"] == "corrected t"
        assert set(arm["seconds"]) == {"rewire", "train", "evaluate"}
        assert arm["verdict"]
    assert record["interrupted"] is False


@pytest.mark.parametrize("model", ["gcn", "gin", "rgcn"])
@pytest.mark.parametrize("sources", [data(), barbell(6, 0).replace(node={"y": np.arange(12) % 2}), barbell(4, 0)])
def test_arm_that_changes_nothing_differs_by_exactly_nothing(model: str, sources) -> None:
    found = quick(sources, ["none", "random:iterations=0"], f"{model}:hidden=4,layers=2")
    difference = found.arms[1].difference
    assert difference is not None
    assert (difference.mean, difference.ties) == (0.0, 3)
    first, second = (a.trials for a in found.arms)
    assert all(np.array_equal(first[t].curves, second[t].curves) for t in first)
    assert found.arms[1].verdict == "no difference: the same result in each of 3 trials"
    assert found.smallest_detectable_effect is None


def test_results_do_not_depend_on_the_other_arms() -> None:
    alone = quick(data(), ["random:iterations=2"])
    among = quick(data(), ["none", "random:iterations=2", "random:iterations=4"])
    assert values(alone)[0] == values(among)[1]
    assert alone.baseline == "random:iterations=2"
    assert among.arms[1].difference is not None
    assert among.arms[1].p_adjusted is None or among.arms[1].p_adjusted >= among.arms[1].difference.p


def test_stored_trials_are_not_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path_ = tmp_path / "r.db"
    ran = []
    train = plans.Plan.run
    monkeypatch.setattr(plans.Plan, "run", lambda plan, *job: ran.append(job) or train(plan, *job))
    quick(data(), ["none"], trials=2, store=path_)
    assert len(ran) == 2
    more = quick(data(), ["none", "random:iterations=1"], trials=3, store=path_)
    assert len(ran) == 6
    again = quick(data(), ["none", "random:iterations=1"], trials=3, store=path_)
    assert len(ran) == 6
    assert values(more) == values(again)
    for changed in ({"epochs": 4}, {"lr": 0.5}):
        quick(data(), trials=1, store=path_, protocol=changed)
    quick(data(), model="gcn:hidden=5,layers=2", trials=1, store=path_)
    quick(data(), trials=1, store=path_, context=Context(seed=1))
    quick(data(22), trials=1, store=path_)
    assert len(ran) == 11
    with Store(path_) as store:
        assert len(store.trials()) == 11
        assert len(store.records()) == 7
        facts = store.arm(again.arms[1].arm.topology.digest)
        assert facts is not None
        assert (facts["spec"], facts["edges_added"]) == ("random:iterations=1", 24)


def test_ctrl_c_keeps_what_is_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train, ran = plans.Plan.run, []

    def interrupted(plan, *job):
        if len(ran) == 3:
            raise KeyboardInterrupt
        ran.append(job)
        return train(plan, *job)

    with monkeypatch.context() as patch:
        patch.setattr(plans.Plan, "run", interrupted)
        partial = quick(data(), ["none", "random:iterations=1"], trials=4, store=tmp_path / "r.db")
    assert partial.interrupted
    assert [len(a.trials) for a in partial.arms] == [2, 1]
    assert (partial.finished, partial.planned) == (3, 8)
    assert partial.record()["arms"][1]["difference"]["ties"] <= 1
    whole = quick(data(), ["none", "random:iterations=1"], trials=4, store=tmp_path / "r.db")
    assert not whole.interrupted
    assert (whole.finished, whole.planned) == (8, 8)
    assert values(whole) == values(quick(data(), ["none", "random:iterations=1"], trials=4))


def test_several_processes_give_the_same(tmp_path: Path) -> None:
    steps = []
    context = Context(progress=lambda what, done, total: steps.append((what, done, total)))
    pooled = quick(data(), ["none", "random:iterations=2"], jobs=2, store=tmp_path / "p.db", context=context)
    assert values(pooled) == values(quick(data(), ["none", "random:iterations=2"]))
    trained = [done for what, done, total in steps if what == "train" and total == 6]
    assert trained == list(range(7))


SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
from test_training_compare import data, quick
quick(data(40), ["none", "random:iterations=2"], trials=12, store=sys.argv[2], protocol={"epochs": 30}, jobs=2)
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to see the workers")
def test_kill_minus_nine_loses_no_trial_and_repeats_none(tmp_path: Path) -> None:
    path_, here = tmp_path / "k.db", str(Path(__file__).parent)
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, here, str(path_)], stderr=subprocess.DEVNULL)
    seen: set[int] = set()
    deadline = time.monotonic() + 120
    while len(seen) < 4 and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.02)
        if path_.exists():
            seen = stored(path_)
    workers = children(process.pid)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before = stored(path_)
    assert seen <= before
    assert len(before) >= 4
    whole = quick(data(40), ["none", "random:iterations=2"], trials=12, store=path_, protocol={"epochs": 30})
    after = stored(path_)
    assert before <= after  # the rows themselves, so nothing was written twice
    assert len(after) == 24
    fresh = quick(data(40), ["none", "random:iterations=2"], trials=2, protocol={"epochs": 30})
    assert [v[:2] for v in values(whole)] == values(fresh)
    assert len(workers) >= 2
    while any(Path(f"/proc/{w}").exists() for w in workers):  # they end with the process that started them
        assert time.monotonic() < deadline
        time.sleep(0.05)


def children(pid: int) -> list[str]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it may have ended meanwhile
            if stat.read_text().rpartition(")")[2].split()[1] == str(pid):
                found.append(stat.parent.name)
    return found


def stored(path_: Path) -> set:
    try:
        with Store(path_) as store:
            return set(store._db.execute("select rowid, key, stored from trial").fetchall())
    except InputError:  # caught between the making of the file and of its tables
        return set()


def test_sources_are_arms_as_given() -> None:
    before, after = barbell(5, 1), barbell(5, 1).undirected()
    more = Graph(after.n, np.array(sorted([*map(tuple, after.edges.tolist()), (0, 9)])))
    found = quick({"before.mtx": before, "after.mtx": more})
    assert [a.arm.name for a in found.arms] == ["before.mtx", "after.mtx"]
    assert [(a["edges_added"], a["edges_removed"]) for a in found.record()["arms"]] == [(0, 0), (1, 0)]
    back = quick({"after.mtx": more, "before.mtx": before}, trials=1)
    assert [(a.arm.added, a.arm.removed) for a in back.arms] == [(0, 0), (0, 1)]
    assert found.baseline == "before.mtx"
    crossed = quick({"a": data(), "b": data()}, ["none", "random:iterations=1"], trials=1)
    assert [a.arm.name for a in crossed.arms] == ["a", "a + random:iterations=1", "b", "b + random:iterations=1"]
    assert values(crossed)[0] == values(crossed)[2]


@pytest.mark.parametrize("other", [data(22), cycle(30), []])
def test_sources_must_be_versions_of_one_data_set(other) -> None:
    with pytest.raises(InputError):
        quick({"a": data(), "b": other})
    with pytest.raises(InputError, match="of 12 nodes"):
        quick({"a": cycle(12), "b": cycle(13)})


def test_wrong_requests_are_refused_before_anything_is_trained() -> None:
    for kw, words in (
        ({"arms": ["sdfr"]}, "sdrf"),
        ({"arms": ["none:3"]}, "none"),
        ({"model": "gnc"}, "a model"),
        ({"trials": 0}, "trial"),
        ({"protocol": {"epoch": 3}}, "epochs"),
        ({"context": Context(device="gpu")}, "device"),
    ):
        with pytest.raises(UsageError, match=words):
            quick(data(), **kw)


@pytest.mark.parametrize("several", [{"jobs": 2}, {"cluster": "tcp://127.0.0.1:1"}])
def test_a_stack_and_several_processes_exclude_each_other(several) -> None:
    with pytest.raises(UsageError, match="a stack or several processes, found both"):
        quick(barbell(5), stack=8, **several)


def test_batches_of_one_graph_are_training_nodes() -> None:
    graph = cycle(40).replace(node={"y": np.arange(40) % 2, "x": np.random.default_rng(0).normal(size=(40, 4))})
    whole, small, large = (
        values(quick(graph, trials=2, protocol={"epochs": 5, "lr": 0.1, "batch_size": size})) for size in (0, 3, 1000)
    )
    assert whole == large  # 24 nodes to train on fit into one step
    loader = NodeLoader(infer_task([graph]), topology_of([graph]), 1, torch.device("cpu"))
    sizes = [len(batch.y) for batch in loader.batches(np.arange(24), 3)]
    assert sizes == [3] * 8
    assert small != whole


def test_specs_are_spelled_out() -> None:
    assert arm_spec("NONE") == "none"
    assert arm_spec("random:iterations=5") == arm_spec("Random:5")
    twice = quick(data(), ["none", "none"], trials=1)
    assert [a.arm.name for a in twice.arms] == ["none", "none #2"]


def test_one_trial_has_no_interval_but_a_reason() -> None:
    record = quick(data(), ["none", "random:iterations=2"], trials=1).record()
    assert record["arms"][1]["ci95"] is None
    assert "two trials" in record["arms"][1]["reason"]
    assert record["smallest_detectable_effect"] is None


def test_interval_is_corrected_only_where_splits_vary() -> None:
    part = np.arange(24) % 3
    masks = {f"{m}_mask": part == i for i, m in enumerate(("train", "val", "test"))}
    graph = barbell(12, 0).replace(node={"y": np.arange(24) % 2, **masks})
    x = np.random.default_rng(0).normal(size=(24, 4))
    fixed = quick(graph.replace(node={**graph.node, "x": x}), ["none", "random:iterations=5"])
    assert fixed.record()["arms"][1]["difference"]["test"] == "t"


def test_edits_of_a_source_need_the_same_nodes() -> None:
    other = data()
    other[0] = path(9).replace(graph=other[0].graph, name="g0")
    found = quick({"a": data(), "b": other}, trials=1)
    assert [(a.arm.added, a.arm.removed) for a in found.arms] == [(0, 0), (None, None)]
    assert found.arms[1].arm.facts(0)["edges_added"] == 0


def test_one_arm_alone_is_said_to_be_no_comparison() -> None:
    for arm, way in (("none", "add a rewiring"), ("random:iterations=1", "add --arm none")):
        assert way in quick(data(), [arm], trials=1).record()["note"]
    assert "note" not in quick(data(), ["none", "random:iterations=1"], trials=1).record()


def test_intervals_of_the_record_are_possible_accuracies() -> None:
    for arm in quick(data(), ["none", "random:iterations=2"], trials=2).record()["arms"]:
        for low, high in (e["ci95"] for e in (arm, arm["last"]) if e["ci95"]):
            assert 0 <= low <= high <= 1
        if arm["difference"] and arm["difference"]["ci95"]:
            assert -1 <= arm["difference"]["ci95"][0] <= arm["difference"]["ci95"][1] <= 1
