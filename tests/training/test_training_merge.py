"""Merging: shards give what one run gives, and nothing is overwritten."""

import json
import os
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from test_training_compare import data, quick

from mixcli.errors import InputError, UsageError
from mixcli.generators.graphs import barbell
from mixcli.training.merging import merge, records
from mixcli.training.shards import Shard
from mixcli.training.store import SCHEMA, Store

ARMS = ["none", "random:iterations=2", "last_layer_fa"]


def timeless(value):
    """A record without what differs between two runs of the same."""
    if isinstance(value, dict):
        return {k: timeless(v) for k, v in value.items() if k not in ("seconds", "merged")}
    return [timeless(v) for v in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("shards")
    paths = [folder / f"{i}.db" for i in (1, 2, 3)]
    for i, path in enumerate(paths):
        quick({"toy": data()}, ARMS, store=path, shard=Shard(i + 1, 3))
    return paths


def test_merged_shards_equal_a_single_run(shards: list[Path], tmp_path: Path) -> None:
    single = quick({"toy": data()}, ARMS).record()
    before = [p.read_bytes() for p in shards]
    found = merge(shards, tmp_path / "all.db")
    assert (found.files, found.added, found.again, found.conflicts, found.partial) == (3, 9, 0, (), ())
    (record,) = found.records
    assert timeless(record) == timeless(json.loads(json.dumps(single)))
    assert record["merged"] == 3
    assert record["seconds"] > 0
    assert records(tmp_path / "all.db") == [record]
    assert [p.read_bytes() for p in shards] == before
    assert sorted(p.name for p in shards[0].parent.iterdir()) == ["1.db", "2.db", "3.db"]
    with Store(tmp_path / "all.db") as store:
        resumed = quick({"toy": data()}, ARMS, store=store)
        assert len(store.trials()) == 9
    assert timeless(resumed.record()) == timeless(single)


def test_any_order_and_any_number_of_times(shards: list[Path], tmp_path: Path) -> None:
    target = tmp_path / "all.db"
    first = merge(shards[2:], target)
    assert (first.added, first.records, len(first.partial)) == (3, (), 1)
    assert (first.partial[0].finished, first.partial[0].planned, first.partial[0].name) == (3, 9, "toy")
    (partial,) = records(target)
    assert (partial["interrupted"], partial["note"]) == (True, "3 of 9 trials are there")
    second = merge([target, shards[1], shards[0], shards[1]], target)
    assert (second.added, second.again, second.conflicts) == (6, 6, ())
    assert [r["interrupted"] for r in second.records] == [False]
    third = merge(shards, target)
    assert (third.added, third.again) == (0, 9)
    assert third.records == second.records


def test_a_trial_with_two_results_keeps_the_first_and_is_reported(shards: list[Path], tmp_path: Path) -> None:
    other, clock = tmp_path / "other.db", tmp_path / "clock.db"
    with Store(shards[0], read_only=True) as store:
        rows = list(store.rows())
        results = [store.get(row[0]) for row in rows]
    with Store(other) as changed, Store(clock) as slow:
        for row, result in zip(rows, results, strict=True):
            assert result is not None
            changed.put(row[0], json.loads(row[1]), replace(result, best=result.best + 0.25))
            slow.put(row[0], json.loads(row[1]), replace(result, train=result.train + 9))
    found = merge([shards[0], other, clock], tmp_path / "all.db")
    assert (found.added, found.again, len(found.conflicts)) == (3, 6, 3)
    conflict = found.conflicts[0]
    spec = json.loads(rows[0][1])
    assert (conflict.file, conflict.key, conflict.arm, conflict.trial) == (
        str(other), rows[0][0], spec["arm"], spec["trial"],
    )  # fmt: skip
    assert conflict.other == conflict.kept + 0.25
    with Store(tmp_path / "all.db") as store:
        assert list(store.rows()) == rows


def test_several_comparisons_fit_into_one_file(shards: list[Path], tmp_path: Path) -> None:
    quick(barbell(4, 0), ["none"], trials=2, store=tmp_path / "other.db")
    found = merge([*shards, tmp_path / "other.db"], tmp_path / "all.db")
    assert [r["task"]["kind"] for r in found.records] == ["graph_classification", "transfer"]
    assert "merged" not in found.records[1]  # complete before, with its own seconds


def test_files_of_others_and_of_other_versions_are_refused_before_anything_is_written(
    shards: list[Path], tmp_path: Path
) -> None:
    newer, older, foreign, empty = (tmp_path / f"{n}.db" for n in ("newer", "older", "foreign", "empty"))
    for path, version in ((newer, SCHEMA + 1), (older, SCHEMA - 1)):
        with Store(path):
            pass
        with sqlite3.connect(path) as db:
            db.execute(f"pragma user_version={version}")
    with sqlite3.connect(foreign) as db:
        db.execute("create table bookmarks (url)")
    empty.touch()
    target = tmp_path / "all.db"
    for path, error, words in (
        (newer, InputError, f"schema {SCHEMA + 1}"),
        (older, InputError, f"schema {SCHEMA - 1}"),
        (foreign, InputError, "another program"),
        (empty, InputError, "an empty file"),
        (tmp_path / "none.db", InputError, "no such file"),
    ):
        with pytest.raises(error, match=words):
            merge([shards[0], path], target)
        assert not target.exists()
        with pytest.raises(error, match=words):
            records(path)
    with pytest.raises(UsageError, match="another program"):
        merge(shards, foreign)


def test_stores_without_outlines_are_read(shards: list[Path], tmp_path: Path) -> None:
    old = tmp_path / "old.db"
    merge(shards[:1], old)
    with sqlite3.connect(old) as db:
        db.execute("drop table plan")
        db.execute("drop table failure")
    found = merge([old], tmp_path / "all.db")
    assert (found.added, found.records, found.partial) == (3, (), ())
    assert records(old) == []


def test_a_store_that_is_being_written_to_is_read_and_so_is_one_in_a_folder_without_permission(
    shards: list[Path], tmp_path: Path
) -> None:
    live = tmp_path / "live.db"
    with Store(live) as writer:
        with Store(shards[0], read_only=True) as reader:
            for row in reader.rows():
                writer.adopt(row)
        found = merge([live], tmp_path / "all.db")
        assert found.added == 3
    locked = tmp_path / "locked"
    locked.mkdir()
    (locked / "1.db").write_bytes(shards[0].read_bytes())
    os.chmod(locked / "1.db", 0o400)  # noqa: PTH101
    os.chmod(locked, 0o500)  # noqa: PTH101
    try:
        assert merge([locked / "1.db"], tmp_path / "more.db").added == 3
    finally:
        os.chmod(locked, 0o700)  # noqa: PTH101


def test_failures_travel_until_the_trial_is_done(shards: list[Path], tmp_path: Path) -> None:
    target = tmp_path / "all.db"
    with Store(shards[1], read_only=True) as store:
        key, spec, *_ = next(store.rows())
    with Store(tmp_path / "failed.db") as store:
        store.put_failure(key, json.loads(spec), "killed each worker")
        store.put_failure(key, json.loads(spec), "killed every worker")
        assert store.failures() == [(key, json.loads(spec), "killed every worker")]
    found = merge([tmp_path / "failed.db", shards[0]], target)
    (failed,) = found.partial[0].record()["failed"]
    assert (failed["arm"], failed["trial"]) == (json.loads(spec)["arm"], json.loads(spec)["trial"])
    done = merge(shards, target)
    assert "failed" not in done.records[0]
    with Store(target) as store:
        assert store.failures() == []
