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
    assert len(lines) == 9
    assert "DIFF" not in done.stdout
    assert all(kind in done.stdout for kind in ("| edges", "| drops", "| curvatures"))


def test_promises_are_listed_without_the_data_too(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(FOLDER / "rewiring.py"), "--quick", "--only", "limits", "--data-root", str(tmp_path)],
        capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("skipped: ") == 10
    assert done.stdout.count("| yes") == 3
