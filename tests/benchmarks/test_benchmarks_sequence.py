"""The benchmark of token resistances runs, and what it compares agrees."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent.parent.parent / "benchmarks"


def test_quick_run() -> None:
    done = subprocess.run(
        [sys.executable, str(FOLDER / "sequence.py"), "--quick"],
        capture_output=True, text=True, check=False, timeout=180,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("|")]
    assert len(lines) == 6
    assert "DIFFER" not in done.stdout
    assert all(float(line.split("|")[3]) < 1e-7 for line in lines[2:])
