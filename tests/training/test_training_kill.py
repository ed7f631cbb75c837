"""`kill -9` again and again during a sweep: no trial lost, none trained twice once stored, the file intact.

`MIXCLI_KILLS=20` kills twenty times.
"""

import os
import random
import subprocess
import sys
from pathlib import Path

from test_training_compare import data, quick, values

from mixcli.training.store import Store

KILLS = int(os.environ.get("MIXCLI_KILLS", "2"))
ARMS = ["none", "random:iterations=2"]
TRIALS = 10 * (KILLS + 1)

SWEEP = """
import sys
sys.path.insert(0, sys.argv[1])
from test_training_compare import data, quick
from mixcli.training.store import Store

class Telling(Store):
    def put(self, key, spec, result):
        super().put(key, spec, result)
        print(key, flush=True)

with Telling(sys.argv[2]) as store:
    quick(data(), ["none", "random:iterations=2"], trials=int(sys.argv[3]), store=store)
"""


def test_killed_sweeps_lose_no_trial_and_train_none_twice(tmp_path: Path) -> None:
    path, moment, told = tmp_path / "k.db", random.Random(0), []
    for run in range(KILLS + 1):
        before = rows(path)
        process = subprocess.Popen(
            [sys.executable, "-c", SWEEP, str(Path(__file__).parent), str(path), str(TRIALS)],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        wait = moment.randint(1, 18) if run < KILLS else TRIALS * len(ARMS)
        with process.stdout:
            told += [line.strip() for _, line in zip(range(wait), process.stdout, strict=False)]
            if run < KILLS:
                process.kill()
            told += [line.strip() for line in process.stdout if line.endswith("\n")]
        assert process.wait() == (-9 if run < KILLS else 0)
        assert rows(path)[: len(before)] == before  # what was stored stays as it was
    keys = [row[0] for row in rows(path)]
    assert len(keys) == len(set(keys)) == TRIALS * len(ARMS)
    assert len(told) == len(set(told))  # none was trained again once it was stored
    assert set(told) <= set(keys)
    assert len(told) >= len(keys) - KILLS  # a kill may fall between the storing and the telling
    with Store(path) as store:
        assert store._db.execute("pragma integrity_check").fetchone() == ("ok",)
        whole = quick(data(), ARMS, trials=TRIALS, store=store)
        assert len(store.trials()) == len(keys)
    fresh = quick(data(), ARMS, trials=3)
    assert [v[:3] for v in values(whole)] == values(fresh)


def rows(path: Path) -> list[tuple]:
    if not path.exists():
        return []
    with Store(path) as store:
        return list(store.rows())
