"""The benchmark of resistances runs, and what it compares agrees."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent.parent.parent / "benchmarks"


def test_quick_run() -> None:
    done = subprocess.run(
        [sys.executable, str(FOLDER / "resistance.py"), "--quick"],
        capture_output=True, text=True, check=False, timeout=180,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("|")]
    assert len(lines) == 15
    assert "DIFF" not in done.stdout
    assert sum("| mixcli" in line for line in lines) == 4
