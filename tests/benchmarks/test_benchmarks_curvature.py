"""The benchmark of curvature runs, checks its results and prints a table."""

from __future__ import annotations

import subprocess
import sys

import pytest
from bench import FOLDER, output_of, table_in


def test_quick_run_compares_with_every_peer() -> None:
    pytest.importorskip("GraphRicciCurvature", reason="the peer needs Python < 3.13")
    output = output_of("curvature.py", "--quick")
    table = [line.split("|") for line in table_in(output)]
    assert {len(cells) for cells in table} == {12}
    assert "dense numpy" in output
    assert "GraphRicciCurvature, " in output
    assert all(float(cells[9]) > 0 for cells in table[2:] if cells[9].strip())


def test_different_results_end_the_run() -> None:
    code = "import alternating; alternating.same('x', [1.0, 2.0], [1.0, 2.5], 0.1)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=FOLDER, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "differ by 0.5" in done.stderr
