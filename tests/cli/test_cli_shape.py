"""The shape of the command line: fast help, versions, usage errors, what stands in the contract."""

import json
import re
import resource
import subprocess
import sys

import pytest

from mixcli.catalog import COMMANDS, GRAPHS, MEASURES, MODELS, REWIRINGS

HELP = """
import sys
sys.argv = ["mixcli", "--help"]
from mixcli.__main__ import main
try:
    main()
except SystemExit as stop:
    assert stop.code in (0, None), stop.code
heavy = {"numpy", "scipy", "torch", "networkx", "numba", "matplotlib", "jinja2"} & set(sys.modules)
assert not heavy, heavy
"""


def cpu_seconds(code: str) -> float:
    """Least processor time of five runs: the first may write bytecode, a neighbour may be busy."""
    spent = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(spent)


def test_help_is_fast_and_light() -> None:
    # A busy machine makes everything dearer; then typer's own import, about half of it, is the yardstick.
    assert cpu_seconds(HELP) < max(0.25, 3 * cpu_seconds("import typer"))


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_has_help_and_examples(mixcli, name: str) -> None:
    done = mixcli(name, "--help")
    assert done.returncode == 0
    assert COMMANDS.summary(name) in " ".join(done.stdout_text.split())
    assert f"mixcli {name}" in done.stdout_text


def test_version_names_what_it_runs_on(mixcli) -> None:
    assert re.match(r"mixcli \d+\.\d+\.\d+ \(python 3.*torch", mixcli("--version").stdout_text)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["analyse"], "analyze"),
        (["analyze", "-m", "spectral_gpa", "zoo:path"], "did you mean spectral_gap"),
        (["analyze", "zoo:barbel"], "did you mean barbell"),
        (["analyze", "zo:barbell"], "did you mean zoo"),
        (["analyze", "--format", "xml", "zoo:path"], "table, json, jsonl, csv"),
        (["rewire", "zoo:path"], "--method METHOD"),
        (["rewire", "--method", "sdrf:iteration=3", "zoo:path"], "did you mean iterations"),
        (["rewire", "--method", "fosr", "--budget", "lots", "zoo:path"], "a count like 40"),
        (["convert", "zoo:path"], "-o FILE or --to FORMAT"),
        (["methods", "sdfr"], "did you mean sdrf"),
    ],
)
def test_usage_errors_say_what_would_be_right(mixcli, arguments: list[str], says: str) -> None:
    done = mixcli(*arguments)
    assert done.returncode == 2
    assert says in " ".join(done.stderr_text.replace("│", " ").split())
    assert done.stdout == b""
    assert "Traceback" not in done.stderr_text


def test_methods_lists_everything(mixcli) -> None:
    listing = json.loads(mixcli("methods", "--format", "json").stdout)
    assert list(listing["measures"]) == list(MEASURES)
    assert list(listing["rewirings"]) == list(REWIRINGS)
    assert list(listing["models"]) == list(MODELS)
    assert list(listing["graphs"]) == list(GRAPHS)
    assert all(text for kind in listing.values() for text in kind.values())


def test_a_card_says_equation_cost_and_source(mixcli) -> None:
    card = mixcli("methods", "balanced_forman").stdout_text
    for word in ("equation", "cost", "cites", "Topping", "variant"):
        assert word in card
