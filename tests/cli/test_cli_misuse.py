"""A mistyped command line gets one line, like any other error."""

import pytest


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("analyse x.gml", "expected a command, found 'analyse'; did you mean analyze?"),
        ("qqq", "expected a command, found 'qqq'; one of: analyze, "),
        ("rewire x.gml --metod fosr", "expected an option of mixcli rewire, found --metod; did you mean --method?"),
        ("rewire x.gml --qqq", "expected an option of mixcli rewire, found --qqq; `mixcli rewire -h` lists them"),
        ("analyze x.gml --seed -1", "--seed: expected a number >= 0, found '-1'"),
        ("analyze x.gml --seed one", "--seed: expected a whole number, found 'one'"),
        ("compare x.gml --trials 0", "--trials: expected a number >= 1, found '0'"),
        ("analyze x.gml --seed", "expected a value after --seed, found none; -h shows which"),
        ("analyze x.gml --force=1", "expected --force alone, found a value for it; leave the value out"),
        ("analyze x.gml --format xml", "--format: expected one of table, json, jsonl, csv, found xml"),
        ("export", "expected RESULTS.db, found none; `mixcli export -h` shows examples"),
        ("merge a.db", "expected --output ALL.db, found none; `mixcli merge -h` shows examples"),
        ("doctor x", "expected no more arguments for mixcli doctor, found x; `mixcli doctor -h` shows examples"),
    ],
)
def test_misuse_is_answered_in_one_line(mixcli, arguments: str, says: str) -> None:
    done = mixcli(*arguments.split())
    assert done.returncode == 2
    assert done.stdout == b""
    assert done.stderr_text.startswith(f"mixcli: {says}")
    assert done.stderr_text.count("\n") == 1


def test_help_and_version_are_answered_as_ever(mixcli) -> None:
    assert mixcli("--help").stdout_text.startswith("Usage: mixcli [OPTIONS]")
    assert mixcli("analyze", "--help").returncode == 0
    assert mixcli("--version").stdout_text.startswith("mixcli ")
    alone = mixcli()
    assert alone.returncode == 2
    assert "Usage: mixcli" in alone.stderr_text + alone.stdout_text


def test_one_of_a_thing_is_told_in_the_singular(mixcli) -> None:
    matrix = "%%MatrixMarket matrix coordinate pattern symmetric\n3 3 2\n2 1\n2 2\n"
    told = mixcli("analyze", "-", "-m", "size", stdin=matrix).stderr_text
    assert told == "stdin: 1 self-loop left out, 1 isolated node\n"


@pytest.mark.parametrize("setting", ["lr=inf", "weight_decay=inf", "threshold=inf"])
def test_an_infinite_setting_is_refused(mixcli, setting: str) -> None:
    done = mixcli("compare", "zoo:barbell:k=4", "--arm", "none", "--protocol", setting)
    assert done.returncode == 2
    assert f"expected {setting.partition('=')[0]} <= 1000, found inf" in done.stderr_text


def test_a_name_that_cannot_be_written_is_refused_before_the_work(mixcli, tmp_path) -> None:
    (tmp_path / "old.jsonl").write_text("old")
    (tmp_path / "folder.jsonl").mkdir()
    for name, says in (
        ("old.jsonl", "expected a new file, found an existing one; pass --force to replace it"),
        ("folder.jsonl", "expected a file to write, found a folder; add a file name"),
        ("no/new.jsonl", "expected an existing folder, found no "),
    ):
        for method in ("fosr", "double_edge_swap", "sink:1,4"):
            source = "mask:window:4,tokens=24,layers=3" if method.startswith("sink") else "zoo:barbell:k=4"
            done = mixcli("rewire", source, "--method", method, "-o", name)
            assert (done.returncode, done.stderr_text.count("\n")) == (2, 1), done.stderr_text
            assert done.stderr_text.startswith(f"mixcli: {name}: {says}")
    unknown = mixcli("rewire", "zoo:barbell:k=4", "--method", "fosr", "--to", "graphmll")
    assert unknown.returncode == 2
    assert unknown.stderr_text == "mixcli: expected a format, found 'graphmll'; did you mean graphml?\n"
    for more, says in (
        (["--to", "nonsense"], "expected a format, found 'nonsense'; one of: pt, "),
        (["--to", "csv"], "expected a graph for csv, found MaskSequence("),
        (["-o", "new.csv"], "expected a graph for csv, found MaskSequence("),
    ):
        refused = mixcli("rewire", "mask:window:4,tokens=24,layers=3", "--method", "sink:1,4", *more)
        assert (refused.returncode, refused.stderr_text.count("\n")) == (2, 1), refused.stderr_text
        assert refused.stderr_text.startswith(f"mixcli: {says}")
    assert (tmp_path / "old.jsonl").read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["folder.jsonl", "old.jsonl"]


def test_a_summary_of_a_measure_is_not_asked_for_by_name(mixcli) -> None:
    for spec, source in (("balanced_forman.min", "zoo:barbell:k=4"), ("influence.first", "mask:window:4,tokens=9")):
        done = mixcli("analyze", source, "-m", spec)
        name = spec.partition(".")[0]
        assert done.returncode == 2
        assert f"found '{spec}'; ask for {name}: analyze tells its min, mean, max and more" in done.stderr_text


def test_what_several_measures_have_to_say_is_said_once(mixcli) -> None:
    done = mixcli("analyze", "zoo:barbell:k=9", "--max-memory", "1K")
    assert done.stderr_text.count("too large for exact resistances") == 1


def test_sides_that_are_not_there_are_told_apart_from_others(mixcli) -> None:
    done = mixcli("rewire", "zoo:barbell:k=4", "--method", "fosr", "--sides", "club")
    assert done.returncode == 2
    assert "expected a node payload 'club', found none; give auto" in done.stderr_text


def test_resume_says_where_there_is_nothing_to_go_on_with(mixcli, tmp_path) -> None:
    (tmp_path / "out.jsonl").write_text("old")
    done = mixcli("rewire", "zoo:barbell:k=4", "--method", "fosr", "-o", "out.jsonl", "--resume")
    assert done.returncode == 2
    assert done.stderr_text == (
        "mixcli: out.jsonl: expected an unfinished run over several graphs to resume, found no journal of one; "
        "pass --force to start anew\n"
    )


@pytest.mark.parametrize("spec", ["dirichlet:c_r=inf", "dirichlet:c_a=inf", "sensitivity:c_r=inf"])
def test_an_infinite_weight_of_messages_is_refused(mixcli, spec: str) -> None:
    done = mixcli("analyze", "zoo:barbell:k=4", "-m", spec)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr_text.endswith("<= 1000, found inf\n")
    assert done.stderr_text.count("\n") == 1
