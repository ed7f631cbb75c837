"""`mixcli report`, as a user types it."""

import json
from pathlib import Path

import pytest

from mixcli.training.store import Store
from tests.report.test_report_page import harmless

ROOT = Path(__file__).parents[2]


def test_a_short_report_on_sample_data(mixcli, tmp_path: Path) -> None:
    sample = ROOT / "sample_data" / "barbell.edgelist"
    (tmp_path / "a.jsonl").write_bytes(mixcli("analyze", str(sample)).stdout)
    (tmp_path / "t.json").write_bytes(
        mixcli("trace", str(sample), "--method", "fosr", "--budget", "5", "--format", "json").stdout
    )
    training = ("--arm", "none", "--arm", "sdrf", "--model", "gcn:hidden=4", "--trials", "2", "--protocol", "epochs=3")
    assert mixcli("compare", str(sample), *training, "-o", "r.db", "-q").returncode == 0
    done = mixcli("report", "a.jsonl", "t.json", "r.db", "--title", "Barbell", "-o", "report.html")
    assert done.returncode == 0, done.stderr_text
    assert "report.html: 3 sections, 4 figures" in done.stderr_text
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    seen = harmless(text)
    for word in ("Barbell", "Where information gets stuck", "What rewiring did", "What the comparison says",
                 "Provenance and environment", "mixcli compare"):  # fmt: skip
        assert word in seen.text
    again = mixcli("report", "a.jsonl", "t.json", "r.db", "--title", "Barbell")
    assert again.stdout_text == text  # the same records give the same bytes


def test_sources_are_measured_and_rewired(quick, tmp_path: Path) -> None:
    done = quick("report", "zoo:barbell:k=4", "--method", "sdrf:3", "-m", "balanced_forman", "-m", "spectral_gap")
    assert done.returncode == 0, done.stderr_text
    seen = harmless(done.stdout_text)
    assert "(+3 −0)" in seen.text
    assert "kirchhoff" not in seen.text


def test_records_come_through_a_pipe(quick) -> None:
    record = quick("analyze", "zoo:barbell:k=4").stdout
    trace = quick("trace", "zoo:barbell:k=4", "--method", "fosr", "--budget", "3").stdout
    done = quick("report", stdin=record + trace)
    assert done.returncode == 0, done.stderr_text
    assert harmless(done.stdout_text).text.count("How to make it again") == 2


@pytest.mark.parametrize(
    ("arguments", "stdin", "code", "says"),
    [
        (["zoo:path", "-o", "a.svg"], b"", 2, "mixcli plot"),
        (["zoo:path", "-m", "spectral_gpa"], b"", 2, "did you mean spectral_gap"),
        (["none.json"], b"", 3, "none of this name"),
        (["e.db"], b"", 3, "mixcli export"),
        (["x.db"], b"", 3, "another kind of file"),
        ([], b'{"schema":"mixcli.comparison/2"}', 3, "mixcli.comparison/2"),
        ([], b'{"schema":"mixcli.analysis/1"}\n{"schema":', 3, "line 2"),
        ([], b'{"schema":"mixcli.analysis/1"}\n7', 3, "JSON objects"),
        (["r.jsonl", "--method", "fosr"], b"", 2, "leave it out"),
    ],
)
def test_errors_are_one_line_with_their_code(
    quick, tmp_path: Path, arguments: list[str], stdin: bytes, code: int, says: str
) -> None:
    Store(tmp_path / "e.db").close()
    (tmp_path / "x.db").write_text("no database, but text of some length" * 20)
    (tmp_path / "r.jsonl").write_text('{"schema":"mixcli.analysis/1"}')
    done = quick("report", *arguments, stdin=stdin)
    assert done.returncode == code, done.stderr_text
    assert says in done.stderr_text
    assert len(done.stderr_text.splitlines()) == 1
    assert done.stdout == b""


def test_what_can_be_read_is_reported_and_the_rest_is_told(quick, tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text('{"schema":"mixcli.analysis/7"}')
    (tmp_path / "good.jsonl").write_text(json.dumps({"schema": "mixcli.analysis/1", "source": {"name": "good"}}))
    done = quick("report", "bad.jsonl", "good.jsonl")
    assert done.returncode == 3
    assert "good" in harmless(done.stdout_text).text


def test_an_existing_page_stays_unless_forced(quick, tmp_path: Path) -> None:
    (tmp_path / "r.html").write_text("mine")
    assert quick("report", "zoo:path:n=3", "-o", "r.html").returncode == 2
    assert (tmp_path / "r.html").read_text() == "mine"
    assert quick("report", "zoo:path:n=3", "-o", "r.html", "--force").returncode == 0
