"""Shards, merge, export and stored results, as a user drives them."""

import csv
import io
import json
from pathlib import Path

RUN = (
    "compare", "zoo:barbell:k=4", "--arm", "none", "--arm", "random:iterations=2", "--model", "gcn:hidden=4,layers=2",
    "--protocol", "epochs=2", "--trials", "2",
)  # fmt: skip


def test_shards_are_merged_shown_and_exported(mixcli, tmp_path: Path) -> None:
    for number in "12":
        done = mixcli(*RUN, "--shard", f"{number}/2", "-o", f"{number}.db")
        assert done.returncode == 0, done.stderr_text
        assert json.loads(done.stdout)["shard"] == f"{number}/2"
        assert "2 of 4 trials are its own" in done.stderr_text
    part = mixcli("merge", "1.db", "-o", "all.db")
    assert (part.returncode, part.stdout_text) == (0, "")
    assert "2 trials added from 1 file" in part.stderr_text
    assert "2 of 4 trials are there" in part.stderr_text
    whole = mixcli("merge", "1.db", "2.db", "-o", "all.db", "--no-timing")
    assert whole.returncode == 0
    assert "2 trials added from 2 files, 2 that were there already" in whole.stderr_text
    record = json.loads(whole.stdout)
    assert [a["trials"] for a in record["arms"]] == [2, 2]
    shown = mixcli("compare", "all.db", "--no-timing")
    assert json.loads(shown.stdout) == record
    again = mixcli("compare", "all.db", "--trials", "3", "--arm", "none")
    assert (again.returncode, "found --arm" in again.stderr_text) == (2, True)
    out = mixcli("export", "all.db", "--curves", "-o", "trials.csv")
    assert out.returncode == 0, out.stderr_text
    rows = list(csv.DictReader(io.StringIO((tmp_path / "trials.csv").read_text())))
    assert sorted((r["arm"], r["trial"]) for r in rows) == [
        ("none", "0"), ("none", "1"), ("random:iterations=2", "0"), ("random:iterations=2", "1"),
    ]  # fmt: skip
    assert all(len(json.loads(r["curve.test"])) == 2 for r in rows)


def test_what_does_not_fit_together_is_refused(mixcli, tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("not a database, but long enough to be taken for one\n" * 50)
    for arguments, code, words in (
        (("merge", "none.db", "-o", "all.db"), 3, "no such file"),
        (("export", "text.db", "-o", "trials.xlsx"), 2, "jsonl, json, csv, parquet"),
        ((*RUN, "--shard", "1/2"), 2, "-o RESULTS.db"),
        ((*RUN, "--cluster", "tcp://127.0.0.1:1", "--jobs", "2"), 2, "both"),
    ):
        done = mixcli(*arguments)
        assert (done.returncode, words in done.stderr_text) == (code, True), done.stderr_text
        assert done.stderr_text.count("\n") == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["text.db"]


def test_several_comparisons_are_one_document(mixcli, tmp_path: Path) -> None:
    for number, model in enumerate(("gcn:hidden=4,layers=2", "gcn:hidden=3,layers=2"), 1):
        run = [*RUN[:7], model, *RUN[8:], "-o", f"{number}.db"]
        assert mixcli(*run).returncode == 0
    merged = mixcli("merge", "1.db", "2.db", "-o", "all.db", "--format", "json", "--no-timing")
    models = [record["model"].partition(",drop")[0] for record in json.loads(merged.stdout)]
    assert sorted(models) == ["gcn:layers=2,hidden=3", "gcn:layers=2,hidden=4"]
    assert mixcli("compare", "all.db", "--format", "json", "--no-timing").stdout == merged.stdout
    for sources in (["all.db"], ["1.db", "2.db"]):
        rows = list(csv.DictReader(io.StringIO(mixcli("compare", *sources, "--format", "csv").stdout_text)))
        assert [r["name"] for r in rows] == ["none", "random:iterations=2"] * 2
        assert [r["model"] == rows[0]["model"] for r in rows] == [True, True, False, False]
    mixed = mixcli("compare", "1.db", "zoo:path:n=9")
    assert (mixed.returncode, "found 1.db beside zoo:path:n=9" in mixed.stderr_text) == (2, True)
    for option in (["--trials", "3"], ["--probe", "rank"], ["--stack", "2"]):
        trained = mixcli("compare", "1.db", *option)
        said = f"expected no options of training for stored results, found {option[0]}" in trained.stderr_text
        assert (trained.returncode, said) == (2, True), trained.stderr_text


def test_what_is_no_results_database_cannot_be_read_as_one(mixcli, tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("not a database, but long enough to be taken for one\n" * 50)
    for arguments in (("merge", "text.db", "-o", "all.db"), ("compare", "text.db"), ("export", "text.db")):
        done = mixcli(*arguments)
        told = (
            "mixcli: text.db: expected a results database, found another kind of file; name what `compare -o` wrote\n"
        )
        assert (done.returncode, done.stderr_text) == (3, told)
    assert [p.name for p in tmp_path.iterdir()] == ["text.db"]
