"""The ten given splits of the WebKB graphs."""

import os

import numpy as np
import pytest

from mixcli.sources import load_all
from mixcli.training.tasks.infer import infer_task


@pytest.mark.parametrize(("name", "n"), [("Cornell", 183), ("Texas", 183), ("Wisconsin", 251)])
def test_trials_take_the_published_splits_in_turn(name: str, n: int, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = os.environ.get("MIXCLI_TEST_DATA")
    if not root:
        pytest.skip("MIXCLI_TEST_DATA is not set: no real data sets to split")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    task = infer_task(list(load_all(f"pyg:WebKB/{name}", data_root=root)))
    assert (len(task.labels), task.classes, task.width) == (n, 5, 1703)
    assert task.facts()["split"] == "as given, 10 in turn"
    splits = [task.split(0, t) for t in range(11)]
    for s in splits:
        together = np.concatenate([s.train, s.val, s.test])
        assert len(np.unique(together)) == len(together) <= n
        assert len(s.train) / n == pytest.approx(0.48, abs=0.02)
    assert len({s.test.tobytes() for s in splits}) == 10
    assert np.array_equal(splits[0].test, splits[10].test)
