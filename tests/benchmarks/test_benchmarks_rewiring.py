"""The benchmark of rewirings runs, and what it compares agrees."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent.parent.parent / "benchmarks"


def test_quick_run() -> None:
    done = subprocess.run(
        [sys.executable, str(FOLDER / "rewiring.py"), "--quick", "--only", "molecules"],
        capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("|")]
    assert len(lines) == 8
    assert "DIFF" not in done.stdout
    assert all(kind in done.stdout for kind in ("| edges", "| drops", "| curvatures"))
