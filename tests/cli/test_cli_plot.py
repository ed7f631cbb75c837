"""`mixcli plot`, as a user types it: sources, records in files and pipes, hostile input, exit codes."""

import json
import os
import pty
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tests.cli.conftest import ENVIRONMENT

SVG = "{http://www.w3.org/2000/svg}"


def texts(svg: bytes) -> list[str]:
    """What is written in a figure."""
    return ["".join(node.itertext()) for node in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_a_source_has_its_natural_figure(mixcli) -> None:
    done = mixcli("plot", "zoo:barbell:k=5")
    assert done.returncode == 0, done.stderr_text
    words = " ".join(texts(done.stdout))
    assert "balanced forman" in words
    assert "10 nodes, 21 edges" in words
    assert done.stderr == b""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["zoo:barbell:k=5", "-m", "effective_resistance"], "effective resistance (1 / conductance)"),
        (["zoo:barbell:k=5", "zoo:barbell:k=6"], "edges of barbell:k=6"),
        (["zoo:barbell:k=5", "--method", "sdrf:3"], "3 edges added"),
        (["zoo:barbell:k=5", "--figure", "heatmap"], "by Fiedler vector"),
        (["mask:window:2,tokens=8,layers=2"], "key that a query may read"),
        (["mask:window:2,tokens=8,layers=2", "-m", "runway"], "runway (steps)"),
        (["mask:window:2,tokens=8,layers=2", "--method", "sink:1,2"], "pairs added"),
        (["zoo:path:n=400"], "edges of path:n=400"),
        (["mask:" + "window:3; " * 60 + "causal,tokens=6,layers=61"], "key that a query may read"),
    ],
)
def test_sources_and_options(quick, arguments: list[str], says: str) -> None:
    done = quick("plot", *arguments)
    assert done.returncode == 0, done.stderr_text
    assert says in " ".join(texts(done.stdout))


def test_pipes_of_values_traces_records_and_graphs(quick) -> None:
    for made, says in (
        (("analyze", "zoo:barbell:k=5", "-m", "balanced_forman", "--values", "-"), "Balanced forman of 21 edges"),
        (("trace", "zoo:barbell:k=5", "--method", "fosr", "--budget", "4"), "Spectral gap after each edit of fosr"),
        (("trace", "zoo:barbell:k=5", "--method", "fosr", "--budget", "4", "--format", "csv"), "Spectral gap after"),
        (("trace", "zoo:barbell:k=5", "--method", "fosr", "--budget", "4", "--format", "json"), "of fosr on barbell"),
        (("analyze", "zoo:barbell:k=5"), "Spread of degree"),
        (("analyze", "zoo:barbell:k=5", "--format", "json"), "Spread of degree"),
        (("rewire", "zoo:barbell:k=5", "--method", "sdrf:2", "--to", "jsonl"), "2 edges added"),
        (("convert", "zoo:barbell:k=5", "--to", "edgelist"), "10 nodes, 21 edges"),
    ):
        piped = quick(*made)
        assert piped.returncode == 0, piped.stderr_text
        done = quick("plot", stdin=piped.stdout)
        assert done.returncode == 0, (made, done.stderr_text)
        assert says in " ".join(texts(done.stdout)), made


def test_two_traces_one_after_the_other_are_two_curves(quick) -> None:
    rows = b"".join(
        quick("trace", "zoo:barbell:k=5", "--method", m, "--budget", "4").stdout for m in ("fosr", "random:4")
    )
    done = quick("plot", "--until", "spectral_gap>=0.1", stdin=rows)
    words = texts(done.stdout)
    assert "fosr" in words
    assert "random:4" in words or any(w.startswith("random") for w in words)
    assert any("reached: fosr at edit" in w for w in words)


def test_values_may_come_from_a_file(quick, tmp_path: Path) -> None:
    quick("analyze", "zoo:barbell:k=5", "-m", "ollivier", "--values", "e.csv", "-q")
    done = quick("plot", "e.csv", "-o", "o.svg")
    assert done.returncode == 0, done.stderr_text
    assert "Ollivier of 21 edges of e.csv" in " ".join(texts((tmp_path / "o.svg").read_bytes()))


@pytest.mark.parametrize(("name", "magic"), [("a.png", b"\x89PNG"), ("a.pdf", b"%PDF"), ("a.svg", b"<?xml")])
def test_the_suffix_says_what_is_written_and_nothing_is_replaced(
    quick, tmp_path: Path, name: str, magic: bytes
) -> None:
    assert quick("plot", "zoo:path", "-o", name).returncode == 0
    first = (tmp_path / name).read_bytes()
    assert first.startswith(magic)
    again = quick("plot", "zoo:path", "-o", name)
    assert again.returncode == 2
    assert "--force" in again.stderr_text
    assert quick("plot", "zoo:path", "-o", name, "--force").returncode == 0
    assert (tmp_path / name).read_bytes() == first  # byte for byte the same figure


@pytest.mark.parametrize(
    ("arguments", "stdin", "code", "says"),
    [
        (["zoo:path", "-o", "a.gif"], b"", 2, "svg, png, pdf"),
        (["zoo:path", "--figure", "drawwing"], b"", 2, "did you mean drawing"),
        (["zoo:path", "--figure", "histogram:bin=3"], b"", 2, "did you mean bins"),
        (["zoo:path", "-m", "bfcc"], b"", 2, "a measure"),
        (["zoo:path", "--figure", "curve"], b"", 4, "of graph:"),
        (["zoo:path:n=3000", "--figure", "drawing"], b"", 5, "histogram"),
        (["zoo:path", "--until", "spectral_gap>=1"], b"", 2, "--figure with one of curve"),
        (["none.svg"], b"", 3, "none of this name"),
        ([], b'{"schema":"mixcli.analysis/9","source":{}}', 3, "mixcli.analysis/9"),
        ([], b'{"schema":"mixcli.nonsense/1"}', 3, "mixcli.nonsense/1"),
        ([], b'{"schema":"mixcli.trace/1","rows":[', 3, "JSON records"),
        ([], b'{"schema":"mixcli.trace/1"}', 4, "a measure along the edits"),
        ([], b'{"schema":"mixcli.comparison/1"}', 4, "to compare"),
        ([], b'{"schema":"mixcli.analysis/1"}', 4, "values by element"),
        ([], b'{"schema":"mixcli.analysis/1"}\n{"schema":"mixcli.trace/1"}', 4, "one kind"),
        ([], b'{"schema":"mixcli.analysis/1","measures":[' + b"[" * 100_000, 3, "JSON records"),
        ([], b"", 3, "an empty file"),
    ],
)
def test_errors_are_one_line_with_their_code(quick, arguments: list[str], stdin: bytes, code: int, says: str) -> None:
    done = quick("plot", *arguments, stdin=stdin)
    assert done.returncode == code, done.stderr_text
    assert says in done.stderr_text
    assert len(done.stderr_text.splitlines()) == 1
    assert done.stdout == b""


def test_a_figure_is_not_written_to_a_terminal() -> None:
    leader, follower = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "mixcli", "plot", "zoo:path"], stdout=follower, stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL, env=ENVIRONMENT, timeout=120, check=False,
    )  # fmt: skip
    os.close(follower)
    os.close(leader)
    assert done.returncode == 2
    assert b"pass -o figure.svg" in done.stderr


def test_hostile_names_stay_text(mixcli, tmp_path: Path) -> None:
    names = ["<script>alert(1)</script>", "a\"b'&c", "$x_{1$ \\frac", "\u202egnp.exe\u202c", "\x01\x02", "n" * 10_000]
    lines = [{"schema": "mixcli.graph/1", "n": 6, "directed": False, "edges": [[0, 1], [1, 2], [2, 3], [3, 4], [4, 5]],
              "labels": names, "name": names[0]}]  # fmt: skip
    done = mixcli("plot", stdin="".join(json.dumps(line) + "\n" for line in lines))
    assert done.returncode == 0, done.stderr_text
    assert b"<script" not in done.stdout
    assert b"\xe2\x80\xae" not in done.stdout
    words = texts(done.stdout)
    assert "<script…" in words
    assert "a\"b'&c" in words
    assert len(done.stdout) < 100_000


def test_a_name_of_ten_megabytes_is_cut(quick, tmp_path: Path) -> None:
    spread = {"min": 0, "max": 1, "mean": None, "q05": "x", "count": 1e400}
    record = {
        "schema": "mixcli.analysis/1", "source": {"name": "x" * 10_000_000}, "kind": "graph",
        "measures": {"degree": {"level": "node", "summary": spread}, "bad": 3, "worse": {"summary": [1]}},
    }  # fmt: skip
    text = json.dumps(record).replace("Infinity", "1e400")
    done = quick("plot", stdin=text)
    assert done.returncode == 0, done.stderr_text
    assert len(done.stdout) < 100_000


def test_data_sets_are_counted_and_broken_sources_are_told(quick, tmp_path: Path) -> None:
    (tmp_path / "bad.gml").write_text("graph [ node [")
    done = quick("plot", "bad.gml", "zoo:barbell:k=5", "-m", "forman")
    assert done.returncode == 3
    assert "bad.gml" in done.stderr_text
    assert "21 edges" in " ".join(texts(done.stdout))
