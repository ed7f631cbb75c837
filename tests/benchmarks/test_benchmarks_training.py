"""The benchmark of training runs, alone and stacked, and what it compares agrees."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parent.parent.parent / "benchmarks" / "training.py"


def run(*options: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k != "MIXCLI_DATA"}
    command = [sys.executable, str(SCRIPT), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False, env=environment)


@pytest.mark.parametrize("options", [(), ("--stack", "4", "--only", "made up gcn")])
def test_benchmark_runs(options: tuple[str, ...]) -> None:
    rows = rows_of("--quick", *options)
    assert len(rows) == (1 if options else 3)
    assert all("x" in row[-2] for row in rows)


def rows_of(*options: str) -> list[list[str]]:
    done = run(*options)
    assert done.returncode == 0, done.stderr
    return [line.strip("| ").split(" | ") for line in done.stdout.splitlines() if line.startswith("| made up")]


def test_operators_called_hardly_grow_with_the_trials() -> None:
    few, many = ({r[1].strip(): r for r in rows_of("--quick", "--count", "--stack", str(s))} for s in (2, 12))
    assert few.keys() == many.keys() == {"gcn", "gin", "sage", "rgcn", "rgin", "gat", "gatedgcn"}
    for model, row in many.items():
        alone, together = int(row[2]), int(row[4])
        assert together <= 1.05 * int(few[model][4])
        assert together <= 2 * alone
