"""The benchmark of curvature runs, checks its results and prints a table."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parent.parent.parent / "benchmarks" / "curvature.py"


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, timeout=240, check=False
    )


def test_quick_run_compares_with_every_peer() -> None:
    pytest.importorskip("GraphRicciCurvature", reason="the peer needs Python < 3.13")
    done = _run("--quick")
    assert done.returncode == 0, done.stderr
    table = [line.split("|") for line in done.stdout.splitlines() if line.startswith("|")]
    assert {len(cells) for cells in table} == {12}
    assert "dense numpy" in done.stdout
    assert "GraphRicciCurvature, " in done.stdout
    assert all(float(cells[9]) > 0 for cells in table[2:] if cells[9].strip())


def test_different_results_end_the_run() -> None:
    code = "import alternating; alternating.same('x', [1.0, 2.0], [1.0, 2.5], 0.1)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=SCRIPT.parent, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "differ by 0.5" in done.stderr
