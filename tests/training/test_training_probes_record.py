"""Probes in a comparison: every model, the record, the store, refusals and the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from probe_nets import RINGS

from mixcli.catalog import MODELS, PROBES
from mixcli.context import Context
from mixcli.errors import LimitExceeded, UsageError
from mixcli.generators.graphs import barbell
from mixcli.limits import Limits
from mixcli.report.probes import probe_lines
from mixcli.spec import spec_of
from mixcli.training import plan as plans
from mixcli.training.compare import compare
from mixcli.training.merging import merge
from mixcli.training.probes.run import probe_specs
from mixcli.training.shards import Shard
from mixcli.training.store import Store

SMALL = [
    "sensitivity:graphs=3,targets=2", "obstruction:graphs=3,targets=4", "dirichlet:graphs=3", "mad:graphs=3",
    "rank:graphs=3", "collapse:graphs=3", "gradients:units=8", "spectrum:graphs=1,order=64", "relation_share:graphs=3",
]  # fmt: skip
QUICK = {"epochs": 1}


def figures(record: dict, arm: int, probe: str) -> dict:
    return {k: v["mean"] for k, v in record["arms"][arm]["probes"][probe]["figures"].items()}


def without_seconds(record: dict) -> list:
    probes = [arm["probes"] for arm in record["arms"]]
    return [{spec: {**p, "seconds": 0} for spec, p in one.items()} for one in probes]


@pytest.mark.parametrize("model", [name for name in MODELS if MODELS.get(name).reads == "graph"])
def test_every_model_is_probed_or_a_reason_given(model: str) -> None:
    arms = ["none", "fosr:iterations=2"]
    shape = "layers=3" if model == "sgc" else "hidden=4,layers=3"
    found = compare({"toy": RINGS}, arms, f"{model}:{shape}", 1, protocol=QUICK, probes=SMALL).record()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    for arm in found["arms"]:
        assert list(arm["probes"]) == [*probe_specs(SMALL)]
        for spec, probe in arm["probes"].items():
            cls = PROBES.get(spec.partition(":")[0])
            assert probe["figures"].keys() <= cls.figures.keys()
            assert probe["figures"] or probe["reason"]
            assert probe["by"] == cls.by


@pytest.mark.parametrize("source", [barbell(5, 1), barbell(6, 0).replace(node={"y": np.arange(12) % 2})])
def test_other_tasks_are_probed_too(source) -> None:
    arms = ["none", "virtual_node:1", "last_layer_fa"]
    found = compare({"toy": [source]}, arms, "rgcn:hidden=4,layers=3", 1, protocol=QUICK, probes=SMALL).record()
    for arm in found["arms"]:
        for spec, probe in arm["probes"].items():
            assert probe["figures"], spec
    assert figures(found, 0, "relation_share:graphs=3")["share"] == 0
    assert figures(found, 2, "relation_share:graphs=3")["share"] > 0


def test_decoder_has_gradients_and_reasons() -> None:
    from mixcli.sources import load_sequence

    mask = load_sequence("mask:window:4,tokens=8,layers=2")
    found = compare(
        mask, ["none"], "decoder:hidden=8,heads=2", 1, protocol=QUICK, probes=["gradients", "rank", "sensitivity"]
    ).record()  # fmt: skip
    probes = found["arms"][0]["probes"]
    assert figures(found, 0, "gradients")["ratio_start"] > 0
    assert "masks" in probes["rank"]["reason"]
    assert "masks" in probes["sensitivity"]["reason"]


def test_arm_that_changes_nothing_is_probed_alike() -> None:
    found = compare({"toy": RINGS}, ["none", "random:iterations=0"], "gin:hidden=4,layers=2", 3, protocol=QUICK,
                    probes=SMALL[:3]).record()  # fmt: skip
    for spec in probe_specs(SMALL[:3]):
        for figure in found["arms"][1]["probes"][spec]["figures"].values():
            if figure["mean"] is not None:
                assert (figure["difference"]["mean"], figure["difference"]["trials"]) == (0, 3)
                assert figure["error"] >= 0


def test_probes_change_no_result_and_are_not_done_twice(tmp_path: Path, monkeypatch) -> None:
    told = {"toy": RINGS}, ["none", "fosr:iterations=1"], "gcn:hidden=4,layers=2", 2
    plain = compare(*told, protocol=QUICK).record()
    with Store(tmp_path / "r.db") as store:
        compare(*told, protocol=QUICK, store=store)
        late = compare(*told, protocol=QUICK, store=store, probes=SMALL[:2]).record()  # trains again, for the networks
        assert [a["values"] for a in late["arms"]] == [a["values"] for a in plain["arms"]]
        monkeypatch.setattr(plans.Plan, "run", lambda *_: pytest.fail("a stored trial was trained again"))
        again = compare(*told, protocol=QUICK, store=store, probes=SMALL[:2]).record()
    assert without_seconds(again) == without_seconds(late)
    monkeypatch.undo()
    at_once = compare(*told, protocol=QUICK, probes=SMALL[:2]).record()
    assert without_seconds(at_once) == without_seconds(late)


def test_mistyped_probes_and_expensive_ones_are_refused() -> None:
    with pytest.raises(UsageError, match="sensitivity"):
        compare(barbell(5, 0), probes=["sensitivty"])
    assert probe_specs(["all"]) == tuple(PROBES)
    few = Context(limits=Limits(operations=1e4))
    with pytest.raises(LimitExceeded, match="sensitivity:graphs=4"):
        compare({"toy": RINGS}, ["none"], "gcn", 1, probes=["sensitivity"], context=few)


def test_lines_for_people() -> None:
    found = compare({"toy": RINGS}, ["none", "fosr:iterations=2"], "gcn:hidden=4,layers=2", 2, protocol=QUICK,
                    probes=[SMALL[0]]).record()  # fmt: skip
    text = probe_lines(found)
    assert "S at 1 hop " in text
    assert "out of reach" in text
    assert text.count("±") > 4
    assert probe_lines({"arms": [{"name": "none"}], "baseline": "none"}) == ""


def test_command_line_asks_for_probes() -> None:
    options = [
        "--model",
        "gcn:hidden=4,layers=2",
        "--trials",
        "1",
        "--protocol",
        "epochs=1",
        "--probe",
        "rank,collapse",
    ]
    command = [sys.executable, "-m", "mixcli", "compare", "zoo:barbell:k=5", *options, "--format", "json"]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert list(found["arms"][0]["probes"]) == ["rank", "collapse"]


def test_merged_shards_keep_their_probes(tmp_path: Path) -> None:
    told = {"toy": RINGS}, ["none", "fosr:iterations=1"], "gcn:hidden=4,layers=2", 2
    paths = [tmp_path / f"{i}.db" for i in (1, 2)]
    for i, path in enumerate(paths):
        compare(*told, protocol=QUICK, probes=SMALL[:1], store=path, shard=Shard(i + 1, 2))
    (record,) = merge(paths, tmp_path / "all.db").records
    alone = compare(*told, protocol=QUICK, probes=SMALL[:1]).record()
    assert without_seconds(record) == without_seconds(alone)


@pytest.mark.parametrize("name", list(PROBES))
def test_probe_states_its_facts(name: str) -> None:
    cls = PROBES.get(name)
    for fact in ("equation", "cites", "cost"):
        assert isinstance(getattr(cls, fact), str)
        assert getattr(cls, fact)
    assert cls.figures
    assert cls.by in ("layer", "distance")
    assert spec_of(name, PROBES.make(name)) == name


def test_networks_that_regress_are_probed() -> None:
    graphs = [g.replace(graph={"y": np.array([g.m / g.n + 0.01 * i])}) for i, g in enumerate(RINGS)]
    told = {"toy": graphs}, ["none", "random:iterations=2"], "gin:hidden=8,layers=2", 1
    record = compare(*told, protocol=QUICK, probes=["relation_share", "gradients"]).record()
    shares = [figures(record, arm, "relation_share") for arm in (0, 1)]
    values = [arm["values"][0]["best"] for arm in record["arms"]]
    assert [s["metric"] for s in shares] == pytest.approx(values, rel=1e-4)
    assert shares[1]["lost"] == pytest.approx(shares[1]["metric_masked"] - shares[1]["metric"])  # less error is better
    assert figures(record, 0, "gradients")["ratio_start"] > 0
