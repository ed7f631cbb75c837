"""The store keeps what it was given, whatever happens to the process."""

import random
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mixcli.errors import InputError, UsageError
from mixcli.training.store import SCHEMA, Store, canonical, digest_of
from mixcli.training.trial_result import TrialResult


def result(value: float, epochs: int = 3) -> TrialResult:
    curves = np.arange(4 * epochs, dtype=np.float32).reshape(epochs, 4)
    return TrialResult(value, value / 2, 0.7, 2, epochs, 100, False, 1.5, 0.25, curves)


def test_trial_comes_back_as_it_went_in(tmp_path: Path) -> None:
    path = tmp_path / "r.db"
    with Store(path) as store:
        store.put("k", {"trial": 1}, result(1 / 3))
        store.put("k", {"trial": 1}, result(0.9))  # the first one stays
    with Store(path) as store:
        found = store.get("k")
        assert found is not None
        assert found.to_json() == result(1 / 3).to_json()
        assert np.array_equal(found.curves, result(1 / 3).curves)
        assert store.known(["k", "other"]) == {"k"}
        assert store.get("other") is None
        assert [spec for spec, _ in store.trials()] == [{"trial": 1}]


def test_arms_and_records_come_back(tmp_path: Path) -> None:
    with Store(tmp_path / "r.db") as store:
        store.put_arm("a", {"spec": "sdrf", "edges_added": 3})
        store.put_record("c", {"n": 1})
        store.put_record("d", {"n": 2})
        store.put_record("c", {"n": 3})
        assert store.arm("a") == {"spec": "sdrf", "edges_added": 3}
        assert store.arm("b") is None
        assert store.records() == [{"n": 3}, {"n": 2}]


def test_key_ignores_order_and_sees_every_value() -> None:
    assert digest_of({"a": 1, "b": [2]}) == digest_of({"b": [2], "a": 1})
    assert digest_of({"a": 1}) != digest_of({"a": 1.5})
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical({"a": float("nan")})


def test_files_of_others_are_left_alone(tmp_path: Path) -> None:
    text, foreign, newer = tmp_path / "t.db", tmp_path / "f.db", tmp_path / "n.db"
    text.write_text("not a database, but long enough to be taken for one\n" * 50)
    with sqlite3.connect(foreign) as db:
        db.execute("create table bookmarks (url)")
    with Store(newer):
        pass
    with sqlite3.connect(newer) as db:
        db.execute(f"pragma user_version={SCHEMA + 1}")
    short = tmp_path / "s.db"
    short.write_text("hello")
    before = {p: p.read_bytes() for p in (text, foreign, short)}
    for path, words in ((text, "another kind of file"), (short, "another kind of file"), (foreign, "another program")):
        with pytest.raises(UsageError, match=f"{words}; choose another name"):
            Store(path)
    with pytest.raises(InputError, match="upgrade"):
        Store(newer)
    assert {p: p.read_bytes() for p in before} == before


def test_names_that_cannot_be_a_database_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="make it first"):
        Store(tmp_path / "no" / "such.db")
    with pytest.raises(UsageError, match="found a folder"):
        Store(tmp_path)
    for name in ("r.json", "r.JSONL", "r.csv"):
        with pytest.raises(UsageError, match=r"a name like results\.db"):
            Store(tmp_path / name)
    assert not list(tmp_path.iterdir())


WRITER = """
import sys, numpy as np
from mixcli.training.store import Store
from mixcli.training.trial_result import TrialResult
with Store(sys.argv[1]) as store:
    for i in range(int(sys.argv[2])):
        if not store.known([str(i)]):
            store.put(str(i), {"trial": i}, TrialResult(i, 0, 0, 1, 200, 1, False, 0, 0, np.random.rand(200, 4)))
            print(i, flush=True)
"""


def test_killed_writers_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    path, total, kills, reported = tmp_path / "k.db", 1200, 8, []
    moment = random.Random(0)
    for run in range(kills + 1):
        process = subprocess.Popen([sys.executable, "-c", WRITER, path, str(total)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        with process.stdout:
            for _, line in zip(range(moment.randint(1, 100) if run < kills else total), process.stdout, strict=False):
                reported.append(int(line))
            if run < kills:
                process.send_signal(signal.SIGKILL)
            reported += [int(line) for line in process.stdout if line.endswith("\n")]
        assert process.wait() == (-signal.SIGKILL if run < kills else 0)
    with Store(path) as store:
        stored = [spec["trial"] for spec, _ in store.trials()]
        assert store._db.execute("pragma integrity_check").fetchone() == ("ok",)
    assert stored == list(range(total))
    assert len(reported) == len(set(reported))  # no trial was done twice
    assert len(reported) >= total - kills  # a kill may fall between the storing and the telling


@pytest.mark.parametrize("module", ["store", "statistics", "protocol", "models.gin", "tasks.infer", "compare"])
def test_import_without_torch(module: str) -> None:
    code = f"import sys, mixcli.training.{module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
