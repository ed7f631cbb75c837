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
    done = run("--quick", *options)
    assert done.returncode == 0, done.stderr
    rows = [line for line in done.stdout.splitlines() if line.startswith("| made up")]
    assert len(rows) == (1 if options else 3)
    assert all("x" in row for row in rows)
