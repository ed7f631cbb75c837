"""Published numbers on published data."""

import os
from pathlib import Path

import pytest

from mixcli.sources import load_all
from mixcli.training.compare import compare


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    where = os.environ.get("MIXCLI_TEST_DATA")
    if not where:
        pytest.skip("MIXCLI_TEST_DATA is not set: no real data sets to train on")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return Path(where)


def test_gcn_on_cora_reaches_the_published_accuracy(root: Path) -> None:
    graphs = list(load_all("pyg:Planetoid/Cora", data_root=root))
    found = compare(graphs, ["none"], "gcn", trials=2)
    task = found.record()["task"]
    assert (task["nodes"], task["labelled"], task["features"], task["split"]) == (2708, 2708, 1433, "as given")
    assert found.arms[0].best.mean == pytest.approx(0.815, abs=0.015)


def test_gin_trains_on_mutag(root: Path) -> None:
    graphs = list(load_all("pyg:TUDataset/MUTAG", data_root=root))
    found = compare(graphs, ["none"], "gin", trials=2, protocol={"epochs": 40})
    assert found.record()["task"]["graphs"] == 188
    assert found.arms[0].last.mean is not None
    assert found.arms[0].last.mean > 0.6
